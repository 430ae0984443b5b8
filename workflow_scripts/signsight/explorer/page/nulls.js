// What a method gains over null maps, which know nothing of the image: marks, and the words for them.

import { h } from "#dom";
import { number, signed } from "#text";

const MARKS = { better: "▲", worse: "▼", open: "○" };
const OUTCOMES = {
  better: "better than every null map",
  worse: "worse than the strongest null map",
  open: "not told apart from the strongest null map",
};

/** What the marks mean, for a legend of a ranking by images, or by a detector's boxes. */
export function nullKey(ofBoxes) {
  const [thing, things] = ofBoxes ? ["box", "boxes"] : ["image", "images"];
  const unknown = ofBoxes ? "what is in the box" : "the image";
  return (
    "▲ better than every null map; ▼ worse than the strongest of them; ○ not told apart. Null maps know " +
    `nothing of ${unknown}: a spot in its middle, the method’s own maps of other ${things}, and the ` +
    `controls. A method that beats none of them shows what all ${things} share, if anything, and not this ` +
    `${thing}.`
  );
}

/** The row of a method in the ranking by images or by boxes, where null maps were measured for it. */
export function nullRow({ ranking: images, box_ranking: boxes }, name, id) {
  const rows = [...(images?.rows ?? []), ...(boxes?.rows ?? [])];
  return rows.find(
    ({ metric, quantity, method, against_null: outcome }) =>
      `${metric}.${quantity}` === name && method === id && outcome,
  );
}

/** "▲", "▼", "○", or "" where null maps were not measured. */
export function mark(row) {
  return MARKS[row?.against_null] ?? "";
}

/** "+0.034 [0.020, 0.048]": the gap to the strongest null map, above 0 where the method is better. */
export function gapWords({ gap, gap_low: low, gap_high: high }) {
  return `${signed(gap)} [${number(low)}, ${number(high)}]`;
}

/** The sentence on a row, for a tooltip and for screen readers; "" where null maps were not measured. */
export function nullWords(experiment, row) {
  if (!mark(row)) return "";
  return `${OUTCOMES[row.against_null]}: ${gapWords(row)} against “${nullLabel(experiment, row)}”`;
}

/** Name of the null map of a row: of a kind of its own, or of a control of the run. */
export function nullLabel({ ranking: images, box_ranking: boxes, methods }, row) {
  const own = (boxes?.rows.includes(row) ? boxes : images)?.nulls?.[row.null];
  return own ?? methods.find(({ id }) => id === row.null)?.label ?? row.null;
}

/** The mark with its sentence as a tooltip, read out too; null where null maps were not measured. */
export function nullMark(experiment, row) {
  if (!mark(row)) return null;
  const words = nullWords(experiment, row);
  const told = { role: "img", "aria-label": words, title: words };
  return h("span", { class: "null-mark", "data-outcome": row.against_null, ...told }, mark(row));
}
