// What each method measures and where it misleads, to be opened where maps or numbers are shown.

import { h } from "#dom";

/** A closed list of notes on some methods, or null where nothing is told of them. */
export function notes(methods) {
  const told = methods.filter(({ measures, misleads }) => measures || misleads);
  if (!told.length) return null;
  const list = told.flatMap((method) => [h("dt", {}, method.label), h("dd", {}, note(method, methods))]);
  const title = "What each method measures, and where it misleads";
  return h(
    "details",
    { class: "notes", "data-testid": "notes" },
    h("summary", {}, title),
    h("dl", {}, ...list),
  );
}

function note({ measures, misleads, same_as: id }, methods) {
  const twin = methods.find((method) => method.id === id);
  const same = twin && `Its maps are identical to those of ${twin.label}.`;
  return [measures, misleads, same].filter(Boolean).join(" ");
}
