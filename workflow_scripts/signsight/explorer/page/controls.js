// Form controls that are bound to one key of the state. Each is {element, update(scene)}.
//
// For tests: a control's field has the id and data-testid "control-<key>"; buttons have "<name>-button".

import { h, onChange, say } from "#dom";

/**
 * A drop-down list; `options(scene)` gives [{value, label, group}]. With fewer than `least` it is hidden;
 * `also` are further changes of the state that a choice makes.
 */
export function choice(store, key, label, options, value = valueOf(key), { least = 2, also = {} } = {}) {
  const field = h("select", { id: `control-${key}`, "data-testid": `control-${key}` });
  field.addEventListener("change", () => store.set({ [key]: field.value, ...also }));
  const element = labelled(field, label);
  const rebuild = onChange((list) => field.replaceChildren(...grouped(list)));
  return {
    element,
    update(scene) {
      const list = options(scene);
      rebuild(list);
      element.hidden = list.length < least;
      field.value = value(scene);
    },
  };
}

function valueOf(key) {
  return (scene) => scene.state[key];
}

function grouped(list) {
  const out = [];
  for (const { value, label, group } of list) {
    const option = h("option", { value }, label);
    if (!group) out.push(option);
    else if (out.at(-1)?.label === group) out.at(-1).append(option);
    else out.push(h("optgroup", { label: group }, option));
  }
  return out;
}

/** Things with an id and a label as the options of a list. */
export function listed(things) {
  return things.map(({ id, label }) => ({ value: id, label }));
}

/** A slider with its value in words beside it. */
export function slider(store, key, label, range, words, value = valueOf(key)) {
  const field = h("input", {
    type: "range",
    id: `control-${key}`,
    "data-testid": `control-${key}`,
    ...range,
  });
  const shown = h("output", { for: field.id });
  field.addEventListener("input", () => store.set({ [key]: Number(field.value) }, key));
  return {
    element: labelled(field, [label, " ", shown]),
    field,
    update(scene) {
      field.value = value(scene);
      const text = words(Number(field.value), scene);
      say(shown, text);
      field.setAttribute("aria-valuetext", text);
    },
  };
}

/** A tick box. */
export function tick(store, key, label) {
  const field = h("input", { type: "checkbox", id: `control-${key}`, "data-testid": `control-${key}` });
  field.addEventListener("change", () => store.set({ [key]: field.checked }));
  return {
    element: h("label", { class: "tick", for: field.id }, field, label),
    update: (scene) => (field.checked = scene.state[key]),
  };
}

/** A field for words. */
export function words(store, key, label, hint) {
  const attributes = {
    type: "search",
    placeholder: hint,
    id: `control-${key}`,
    "data-testid": `control-${key}`,
  };
  const field = h("input", attributes);
  field.addEventListener("input", () => store.set({ [key]: field.value }, key));
  return {
    element: labelled(field, label),
    update(scene) {
      if (field.value !== scene.state[key]) field.value = scene.state[key];
    },
  };
}

/** A few buttons of which one is pressed; `options(scene)` as for `choice`. */
export function pick(store, key, label, options, value = valueOf(key)) {
  const row = h("span", { class: "pick-row" });
  const element = h(
    "fieldset",
    { class: "pick", "data-testid": `control-${key}` },
    h("legend", {}, label),
    row,
  );
  const rebuild = onChange((list) => {
    row.replaceChildren(
      ...list.map((option) => {
        const field = h("input", {
          type: "radio",
          name: `control-${key}`,
          value: option.value,
          id: `control-${key}-${option.value}`,
        });
        field.addEventListener("change", () => store.set({ [key]: option.value }));
        return h("label", { for: field.id }, field, h("span", {}, option.label));
      }),
    );
  });
  return {
    element,
    update(scene) {
      const list = options(scene);
      rebuild(list);
      element.hidden = list.length < 2;
      for (const field of row.querySelectorAll("input")) field.checked = field.value === value(scene);
    },
  };
}

/** A plain button. */
export function button(name, label, press, attributes = {}) {
  return h(
    "button",
    { type: "button", "data-testid": `${name}-button`, onclick: press, ...attributes },
    label,
  );
}

function labelled(field, label) {
  return h("div", { class: "control" }, h("label", { for: field.id }, label), field);
}
