// What the network has learned: optimised pictures of classes beside natural ones, filters, other pictures.

import { pick } from "#controls";
import { drawPicture } from "#draw";
import { h, onChange } from "#dom";
import { format } from "#state";
import { number, percent } from "#text";

const PARTS = {
  classes: [
    "Classes",
    "Pictures that were optimised so that the network sees a class in them, beside natural pictures of it.",
  ],
  filters: [
    "Filters",
    "What a unit responds to: an optimised picture, and the patches of natural pictures that excite it most.",
  ],
  activations: ["Activations", "What a layer makes of a picture."],
  inversions: ["Inversions", "Pictures rebuilt from what a layer still holds of them."],
  dreams: ["Dreams", "Natural pictures, changed until a layer responds more strongly."],
};

/** The parts that there are: [{value, label}]. */
export function parts({ learned: all }) {
  return Object.keys(PARTS)
    .filter((part) => all?.[part]?.length)
    .map((value) => ({ value, label: PARTS[value][0] }));
}

/** The view: {element, update(scene)}. */
export function learned(app) {
  const control = pick(
    app.store,
    "part",
    "Show",
    ({ experiment }) => parts(experiment),
    (scene) => chosen(scene),
  );
  const body = h("div", { class: "learned-body", "data-testid": "learned" });
  const intro = h("p", { class: "subtitle" });
  const build = onChange((_, scene) => {
    const part = chosen(scene);
    intro.textContent = PARTS[part][1];
    const make = { classes: classCard, filters: filterCard }[part] ?? plainCard;
    body.replaceChildren(...scene.experiment.learned[part].map((one) => make(one, scene)));
  });
  return {
    element: h(
      "div",
      { class: "learned" },
      h("h2", {}, "What has the network learned to look for?"),
      h("div", { class: "controls" }, control.element),
      intro,
      body,
    ),
    update(scene) {
      control.update(scene);
      build([scene.experiment.name, chosen(scene), format(scene.state)], scene);
    },
  };
}

function chosen({ experiment, state }) {
  const all = parts(experiment);
  return (all.find(({ value }) => value === state.part) ?? all[0]).value;
}

function classCard(
  { class_id: id, label, network, picture, reached, probability, natural, examples = [] },
  scene,
) {
  const name = scene.names.get(id) ?? String(id);
  const control = network === "random" ? " (network with random weights, for comparison)" : "";
  const facts = [
    isNumber(reached) && `reaches ${number(reached)}`,
    isNumber(natural) && `natural pictures at most ${number(natural)}`,
    isNumber(probability) && `probability ${percent(probability)}`,
  ]
    .filter(Boolean)
    .join("; ");
  const set = scene.experiment.sets.find((one) => one.id === "test");
  const beside = set ? examples.filter((n) => n < set.count).map((n) => example(set, n, scene.state)) : [];
  return card(
    `${name}${control}`,
    [label, facts].filter(Boolean).join(" · "),
    shown(picture, `optimised picture of the class ${name}`),
    beside,
    "natural:",
  );
}

function example(set, n, state) {
  const canvas = h("canvas", { role: "img", "aria-label": `picture ${set.ids[n]}` });
  drawPicture(canvas, set.pictures, n);
  const href = format({ ...state, view: "image", set: set.id, image: set.ids[n] });
  return h("a", { href, class: "patch", "aria-label": `image ${set.ids[n]}` }, canvas);
}

function filterCard({ layer, unit, picture, patches = [], activation }) {
  const fact = isNumber(activation) ? `activation ${number(activation)}` : "never activated";
  const beside = patches.map((patch, i) => h("span", { class: "patch" }, shown(patch, `patch ${i + 1}`)));
  return card(
    `${layer}, unit ${unit}`,
    fact,
    picture ? shown(picture, `optimised picture of unit ${unit}`) : null,
    beside,
    "top patches:",
  );
}

function plainCard({ label, picture, text }) {
  return card(label ?? "", text ?? "", shown(picture, label ?? ""), [], "");
}

function card(title, facts, picture, beside, words) {
  return h(
    "figure",
    { class: "card" },
    h(
      "div",
      { class: "card-pictures" },
      picture && h("span", { class: "made" }, picture),
      beside.length ? h("div", { class: "patches" }, h("span", { class: "fine" }, words), ...beside) : null,
    ),
    h("figcaption", {}, h("b", {}, title), facts ? h("span", { class: "fine" }, facts) : null),
  );
}

function shown({ href, width, height }, alt) {
  return h("img", { src: href, alt, width, height, loading: "lazy" });
}

function isNumber(value) {
  return value !== null && value !== undefined;
}
