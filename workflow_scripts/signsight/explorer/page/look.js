// The controls of how maps are drawn, shared by the views that draw them.

import { DIVERGING, SEQUENTIAL } from "#colours";
import { button, choice, pick, slider, tick } from "#controls";
import { h, onChange, say } from "#dom";
import { reading } from "#maps";

const SIGNS = [
  { value: "own", label: "as each method says" },
  { value: "signed", label: "signed" },
  { value: "absolute", label: "absolute" },
  { value: "positive", label: "positive" },
];

/** The part of the state that says what the colours mean. */
export function look({ sign, diverging, sequential, clip }) {
  return { sign, diverging, sequential, clip };
}

/** Sign, colours, clip, opacity, smoothing, size. kindsOf(scene): the readings of the maps that are shown. */
export function mapControls(store, kindsOf) {
  const named = (list, isUsed) => (scene) =>
    kindsOf(scene).some(isUsed) ? Object.entries(list).map(([value, { label }]) => ({ value, label })) : [];
  return [
    pick(store, "sign", "Values", () => SIGNS),
    choice(
      store,
      "diverging",
      "Signed colours",
      named(DIVERGING, (kind) => kind === "signed"),
    ),
    choice(
      store,
      "sequential",
      "Other colours",
      named(SEQUENTIAL, (kind) => kind !== "signed"),
    ),
    slider(store, "clip", "Colours end at", { min: 80, max: 100, step: 0.5 }, (v) => `${v} % of the pixels`),
    slider(store, "opacity", "Map over picture", { min: 0, max: 100, step: 5 }, (v) => `${v} %`),
    slider(store, "size", "Size", { min: 96, max: 384, step: 24 }, (v) => `${v} px`),
    tick(store, "fade", "only where strong"),
    tick(store, "smooth", "smooth"),
  ];
}

/** The readings of some methods' maps by a state. */
export function readings(methods, state) {
  return [...new Set(methods.map(({ signed }) => reading(state.sign, signed)))];
}

/** Which methods are shown: tick boxes by family. */
export function methodPicker(store) {
  const summary = h("summary", { "data-testid": "methods-summary" });
  const list = h("div", { class: "method-list" });
  const element = h("details", { class: "method-picker" }, summary, list);
  const boxes = new Map();
  addEventListener("pointerdown", ({ target }) => {
    if (!element.contains(target)) element.open = false;
  });
  const rebuild = onChange((_, methods) => {
    boxes.clear();
    const families = Map.groupBy ? Map.groupBy(methods, ({ family }) => family ?? "") : grouped(methods);
    list.replaceChildren(
      h(
        "p",
        {},
        button("all-methods", "all", () => store.set({ methods: [] })),
      ),
      ...[...families].map(([family, members]) =>
        h("fieldset", {}, h("legend", {}, family), ...members.map((method) => box(method))),
      ),
    );
  });
  const box = ({ id, label, measures }) => {
    const field = h("input", { type: "checkbox", id: `method-${id}`, "data-testid": `method-${id}` });
    field.addEventListener("change", () => {
      const on = [...boxes].filter(([, one]) => one.checked).map(([name]) => name);
      store.set({ methods: on.length === boxes.size ? [] : on });
    });
    boxes.set(id, field);
    return h("label", { class: "tick", for: field.id, title: measures || null }, field, label);
  };
  return {
    element,
    update({ methods, state }) {
      element.hidden = methods.length < 2;
      rebuild(
        methods.map(({ id }) => id),
        methods,
      );
      const all = !methods.some(({ id }) => state.methods.includes(id));
      for (const [id, field] of boxes) field.checked = all || state.methods.includes(id);
      const on = [...boxes.values()].filter((field) => field.checked).length;
      say(summary, `Methods: ${on === boxes.size ? `all ${on}` : `${on} of ${boxes.size}`}`);
    },
  };
}

function grouped(methods) {
  const out = new Map();
  for (const method of methods)
    out.set(method.family ?? "", [...(out.get(method.family ?? "") ?? []), method]);
  return out;
}
