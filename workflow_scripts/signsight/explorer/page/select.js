// Which images the wall shows, and in which order; pure.

/** Whether image n was named rightly; null where the truth is not known. */
export function isRight(set, n) {
  if (!set.truth || set.truth[n] < 0) return null;
  return set.truth[n] === set.predicted[n];
}

/** The value that images are sorted by: a function of the row, which may give null. */
export function sortValue(set, { sort, metric, by }) {
  const [measure, quantity] = splitMetric(metric);
  const list = {
    confidence: set.confidence,
    probability: set.probability,
    disagreement: set.disagreement,
    metric: set.values?.[measure]?.[quantity]?.[by],
  }[sort];
  return (n) => list?.[n] ?? null;
}

/** Rows of a set that pass the filters of a state, in its order; rows without a value come last. */
export function select(set, names, state) {
  const rows = Array.from({ length: set.count }, (_, n) => n).filter((n) => passes(set, names, n, state));
  const value = state.sort === "order" ? (n) => n : sortValue(set, state);
  const direction = state.descending ? -1 : 1;
  return rows.sort((m, n) => {
    const [p, q] = [value(m), value(n)];
    if (p === null || q === null) return (p === null) - (q === null) || m - n;
    return direction * (p - q) || m - n;
  });
}

function passes(set, names, n, { class: wanted, judged, low, high, text }) {
  const right = isRight(set, n);
  if (judged !== "any" && right !== (judged === "right")) return false;
  const own = right === null ? set.predicted?.[n] : set.truth[n];
  if (wanted !== "" && String(own) !== wanted) return false;
  const confidence = set.confidence?.[n] ?? null;
  if (confidence !== null && (100 * confidence < low || 100 * confidence > high)) return false;
  return matches(set, names, n, text);
}

/** Whether every word of a text is in the id, the file or a class name of an image. */
function matches(set, names, n, text) {
  const known = [set.ids[n], set.files?.[n], names.get(set.predicted?.[n]), names.get(set.truth?.[n])];
  const all = known.filter(Boolean).join(" ").toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}

/** "deletion.area" -> ["deletion", "area"]. */
export function splitMetric(text) {
  const at = text.indexOf(".");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
