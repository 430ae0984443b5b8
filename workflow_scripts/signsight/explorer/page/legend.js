// The legend of the colours: a bar, and words for what its ends mean.

import { css, DIVERGING, SEQUENTIAL } from "#colours";
import { h, svg } from "#dom";

/** What the colours of a reading mean: [{at: 0...1, colour, text}]; pure. */
export function meaning(kind, state) {
  if (kind === "signed") {
    const { low, middle, high } = DIVERGING[state.diverging] ?? DIVERGING["blue-red"];
    return [
      { at: 0, colour: low, text: "speaks against the class" },
      { at: 0.5, colour: middle, text: "no influence" },
      { at: 1, colour: high, text: "speaks for the class" },
    ];
  }
  const { low, high } = SEQUENTIAL[state.sequential] ?? SEQUENTIAL.inferno;
  const most = kind === "absolute" ? "strongest, for or against the class" : "speaks most for the class";
  const least = kind === "absolute" ? "no influence" : "no influence, or against the class";
  return [
    { at: 0, colour: low, text: least },
    { at: 1, colour: high, text: most },
  ];
}

/** The legend of a difference A - B. */
export function differenceLegend(state) {
  const { low, middle, high } = DIVERGING[state.diverging] ?? DIVERGING["blue-red"];
  const entries = [
    [low, "larger in B"],
    [middle, "equal"],
    [high, "larger in A"],
  ];
  const words = entries.map(([colour, text]) => `${colour}: ${text}`).join("; ");
  return h(
    "div",
    { class: "legend" },
    h(
      "figure",
      { class: "colour-bar" },
      colourBar("signed", state, `difference A − B. ${words}`, "bar-difference"),
      h("figcaption", {}, ...entries.map(([colour, text]) => h("span", {}, h("b", {}, colour), ` ${text}`))),
    ),
    h(
      "p",
      { class: "fine" },
      "Difference A − B: each map is first divided by the value at which its colours end, so that it lies ",
      "between ",
      "−1 and 1 if it is signed, else between 0 and 1. The colours of the difference end at −1 and 1.",
    ),
  );
}

/** One sentence on where the colours end; pure. */
export function clipWords(clip) {
  if (clip >= 100) return "Each map has a scale of its own: the last colour is its largest value.";
  return (
    `Each map has a scale of its own: the last colour starts at the value that ${clip} % of its ` +
    "pixels do not exceed, so that a few strong pixels cannot dim the rest."
  );
}

/** The colour map of a reading. */
export function coloursOf(kind, state) {
  const [list, name] = kind === "signed" ? [DIVERGING, state.diverging] : [SEQUENTIAL, state.sequential];
  return Object.hasOwn(list, name) ? name : Object.keys(list)[0];
}

/** The legend for the readings that are on the page, such as ["signed", "positive"]. */
export function legend(kinds, state, note = "") {
  const bars = kinds.map((kind) => bar(kind, state));
  return h(
    "div",
    { class: "legend", "data-testid": "legend" },
    ...bars,
    h("p", { class: "fine" }, clipWords(state.clip) + note),
  );
}

function bar(kind, state) {
  const entries = meaning(kind, state);
  const words = entries.map(({ colour, text }) => `${colour}: ${text}`).join("; ");
  return h(
    "figure",
    { class: "colour-bar", "data-kind": kind },
    colourBar(kind, state, `${kind} values. ${words}`),
    h("figcaption", {}, ...entries.map(({ colour, text }) => h("span", {}, h("b", {}, colour), ` ${text}`))),
  );
}

/** An SVG bar of 256 x 12 with the colours of a reading. */
export function colourBar(kind, state, label, id = `bar-${kind}`) {
  const name = coloursOf(kind, state);
  const stops = Array.from({ length: 33 }, (_, i) =>
    svg("stop", { offset: i / 32, "stop-color": css(name, i / 32) }),
  );
  return svg(
    "svg",
    { viewBox: "0 0 256 12", preserveAspectRatio: "none", role: "img", "aria-label": label },
    svg("defs", {}, svg("linearGradient", { id }, ...stops)),
    svg("rect", { width: 256, height: 12, fill: `url(#${id})` }),
  );
}
