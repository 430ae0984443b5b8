// The page: reads the document, shows the view that the address names, and follows every change of it.
//
// For tests: tabs have data-testid "tab-<view>", controls "control-<key>" (keys: see state.js), buttons
// "<name>-button", the header's choices "control-experiment", "control-set", "control-network"; the wall's
// tiles are a[data-image] in data-testid "wall"; maps: see panel.js. <body data-ready="<hash>"> names the
// state once it has been drawn, data-milliseconds says how long after the start that first was.

import { compare } from "#compare";
import { choice, listed, pick } from "#controls";
import { detections } from "#detections";
import { h, say } from "#dom";
import { front } from "#front";
import { image } from "#image";
import { learned, parts } from "#learned";
import { comparisons, detectionSet, resolve } from "#model";
import { hasRanking, ranking } from "#ranking";
import { format, Store } from "#state";

const VIEWS = [
  { id: "overview", label: "Overview", make: front, hasImages: true, isOffered: () => true },
  { id: "image", label: "Image", make: image, hasImages: true, isOffered: ({ set }) => Boolean(set) },
  {
    id: "compare",
    label: "Compare",
    make: compare,
    hasImages: true,
    isOffered: (scene) => comparisons(scene).length > 0,
  },
  { id: "ranking", label: "Ranking", make: ranking, isOffered: ({ experiment }) => hasRanking(experiment) },
  {
    id: "learned",
    label: "Learned",
    make: learned,
    isOffered: ({ experiment }) => parts(experiment).length > 0,
  },
  {
    id: "detections",
    label: "Detections",
    make: detections,
    isOffered: ({ experiment }) => Boolean(detectionSet(experiment)),
  },
];

const app = {
  document: JSON.parse(document.getElementById("document").textContent),
  /** Back to the wall, where the image that was open has the focus. */
  async back() {
    const { set, row } = app.scene;
    app.store.set({ view: "overview" });
    await app.drawn;
    app.made.get("overview").focusImage(set?.ids[row]);
  },
};

const main = document.getElementById("main");
const tabs = document.getElementById("tabs");
app.made = new Map();
app.store = new Store((state) => show(state));
const header = headerControls();
document.getElementById("choices").append(...header.map(({ element }) => element));
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the hash holds the state
  main.focus();
});
addEventListener("keydown", ({ key, target }) => {
  if (key !== "Escape") return;
  const list = target.closest?.("details[open]");
  if (list) list.open = false;
  else if (app.scene.view.id === "image") app.back();
});
show(app.store.state);

function show(state) {
  const isFirst = !app.scene;
  delete document.body.dataset.ready;
  const scene = resolve(app.document, state);
  app.scene = scene;
  if (state.theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = state.theme;
  const offered = VIEWS.filter(({ isOffered }) => isOffered(scene));
  const view = offered.find(({ id }) => id === state.view) ?? offered[0];
  scene.view = view;
  heading(scene, view);
  tabs.replaceChildren(...(offered.length > 1 ? offered.map((one) => tab(one, view, state)) : []));
  for (const control of header) control.update(scene);
  if (!app.made.has(view.id)) app.made.set(view.id, view.make(app));
  const made = app.made.get(view.id);
  const isNew = main.firstChild !== made.element;
  if (isNew) main.replaceChildren(made.element);
  app.drawn = Promise.resolve(made.update(scene)).then(() => {
    if (app.scene !== scene) return;
    if (isNew && !isFirst && document.activeElement === document.body) made.focus?.();
    document.body.dataset.ready = format(state);
    document.body.dataset.milliseconds ??= Math.round(performance.now());
  }, report);
  if (isNew && !isFirst) scrollTo({ top: 0, behavior: "instant" });
}

/** Say that something could not be drawn, instead of leaving a gap without a word. */
function report(error) {
  const problem = document.querySelector(".problem") ?? h("p", { class: "problem", role: "alert" });
  say(problem, `This part of the page could not be drawn (${error.message}). A newer browser may help.`);
  main.before(problem);
  throw error;
}

function heading({ experiment }, view) {
  const about = [experiment.network, experiment.data_set].filter(Boolean).join(" on ");
  say(document.getElementById("title"), experiment.name);
  say(document.getElementById("about"), about);
  document.title = `${view.label} · ${experiment.name} · Signsight`;
}

function tab({ id, label }, current, state) {
  const attributes = { href: format({ ...state, view: id }), "data-testid": `tab-${id}` };
  if (id === current.id) attributes["aria-current"] = "page";
  return h("a", attributes, label);
}

function headerControls() {
  const { store } = app;
  const others = () => app.document.experiments.map(({ name }) => ({ value: name, label: name }));
  const themes = [
    ["auto", "auto"],
    ["light", "light"],
    ["dark", "dark"],
  ].map(([value, label]) => ({ value, label }));
  return [
    choice(store, "experiment", "Experiment", others, ({ experiment }) => experiment.name),
    choice(
      store,
      "set",
      "Images",
      ({ sets, view }) => (view.hasImages ? listed(sets) : []),
      ({ set }) => set?.id,
    ),
    choice(
      store,
      "network",
      "Network",
      ({ networks, view }) => (view.hasImages ? listed(networks) : []),
      ({ network }) => network?.id,
    ),
    pick(store, "theme", "Theme", () => themes),
  ];
}
