// What the page shows, as plain values, and the hash of the address that says it; pure but for `Store`.

/** Every control's key with its default; the type of the default is the type of the value. */
export const DEFAULTS = {
  view: "overview", // see main.js
  theme: "auto", // auto, light, dark
  experiment: "", // "": the first that there is; so for set and network
  set: "",
  network: "",
  // the wall
  class: "",
  judged: "any", // any, right, wrong
  low: 0, // confidence, in percent
  high: 100,
  text: "",
  sort: "order", // order, confidence, probability, disagreement, metric
  metric: "", // metric.quantity
  by: "", // the method whose values sort
  descending: false,
  number: 60,
  show: "", // the method whose map the tiles show; "": the picture
  // one image
  image: "", // id; "": the first of the selection
  methods: [], // those shown; []: all
  sign: "own", // own, signed, absolute, positive
  diverging: "blue-red",
  sequential: "inferno",
  clip: 99.5, // percent of the pixels below the end of the colours
  opacity: 100, // percent, of the map over the picture
  fade: false, // weak values transparent
  smooth: false,
  size: 168, // of a map on the screen, px
  x: -1, // pixel of the cross-hair; -1: none
  y: -1,
  measure: "", // metric.quantity of the distributions
  curve: "", // of that metric
  line: "", // the method whose curve is shown
  // what if
  what: "", // cells, pixels.<metric>, turn.<transform>, sticker.<number>
  with: "", // the method that ranks
  step: -1, // -1: nothing done
  // comparison
  between: "", // methods, networks, experiments
  a: "",
  b: "",
  rows: 6, // images
  // ranking
  order: "", // metric.quantity
  // what is learned
  part: "",
  // detections
  box: "",
  detector: "", // the method
  veil: 80, // opacity, percent
  cover: false, // weak values too
};

// What a value must be where the document does not decide it: one of some words, or within two numbers.
const WORDS = {
  theme: ["auto", "light", "dark"],
  judged: ["any", "right", "wrong"],
  sort: ["order", "confidence", "probability", "disagreement", "metric"],
  sign: ["own", "signed", "absolute", "positive"],
};
const RANGES = {
  low: [0, 100],
  high: [0, 100],
  clip: [80, 100],
  opacity: [0, 100],
  veil: [0, 100],
  size: [96, 384],
};
const WHOLE = { number: 1, rows: 1, x: -1, y: -1, step: -1 }; // whole numbers with the least that they may be

/** The state that a hash says: unknown keys, and values that a key cannot have, are ignored. */
export function parse(hash) {
  const state = { ...DEFAULTS };
  for (const pair of hash.replace(/^#/, "").split("&")) {
    const [key, text] = splitOnce(pair);
    if (!Object.hasOwn(DEFAULTS, key)) continue;
    const value = valueOf(text, DEFAULTS[key]);
    if (isPossible(key, value)) state[key] = value;
  }
  return state;
}

function isPossible(key, value) {
  if (key in WORDS) return WORDS[key].includes(value);
  if (key in RANGES) return value >= RANGES[key][0] && value <= RANGES[key][1];
  return !(key in WHOLE) || (Number.isInteger(value) && value >= WHOLE[key]);
}

/** The shortest hash that says a state: only what differs from the defaults. */
export function format(state) {
  const said = Object.keys(DEFAULTS).filter((key) => String(state[key]) !== String(DEFAULTS[key]));
  return "#" + said.map((key) => `${key}=${encode(state[key])}`).join("&");
}

function splitOnce(pair) {
  const at = pair.indexOf("=");
  return at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
}

function valueOf(text, standard) {
  const decoded = decode(text);
  if (Array.isArray(standard)) return text ? text.split(",").map(decode) : [];
  if (typeof standard === "boolean") return decoded === "true";
  if (typeof standard !== "number") return decoded;
  return decoded !== "" && Number.isFinite(Number(decoded)) ? Number(decoded) : standard;
}

function encode(value) {
  return Array.isArray(value) ? value.map(encodeURIComponent).join(",") : encodeURIComponent(value);
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Holds the state, tells `listen` of every change, and keeps the address and its history in step. */
export class Store {
  constructor(listen) {
    this.listen = listen;
    this.state = parse(location.hash);
    this.last = ""; // the control that made the newest entry of the history
    addEventListener("popstate", () => this.follow());
  }

  /**
   * Change some values. `merge` names a control that is changed many times in a row, such as a slider:
   * all its steps are one entry of the history.
   */
  set(changes, merge = "") {
    const again = merge !== "" && merge === this.last;
    if (!again) this.flush();
    this.state = { ...this.state, ...changes };
    if (again) {
      clearTimeout(this.later); // browsers refuse too many changes of the address
      this.later = setTimeout(() => this.write("replaceState"), 150);
    } else {
      this.write("pushState");
    }
    this.last = merge;
    this.listen(this.state);
  }

  /** Write what is not yet in the address. */
  flush() {
    clearTimeout(this.later);
    if (this.later) this.write("replaceState");
  }

  write(how) {
    this.later = undefined;
    const hash = format(this.state);
    if (hash !== (location.hash || "#")) history[how](null, "", hash);
  }

  follow() {
    clearTimeout(this.later);
    this.later = undefined;
    this.last = "";
    this.state = parse(location.hash);
    this.listen(this.state);
  }
}
