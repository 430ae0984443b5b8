// The wall: the images of a set as a grid, filtered and sorted; each is a link to its own page.

import { load } from "#blobs";
import { button, choice, listed, pick, slider, tick, words } from "#controls";
import { drawMap, drawPicture } from "#draw";
import { h, onChange, say } from "#dom";
import { coloursOf, legend } from "#legend";
import { look } from "#look";
import { clipLevel, mapAt, reading } from "#maps";
import { measured, sorting } from "#model";
import { isRight, sortValue } from "#select";
import { DEFAULTS, format } from "#state";
import { count, number, percent } from "#text";

const FILTERS = ["class", "judged", "low", "high", "text", "sort", "metric", "by", "descending", "show"];

/** The wall: {element, update(scene), focus(row)}. */
export function wall(app) {
  const controls = filters(app.store);
  const title = h("h2", {});
  const chosen = h("p", { class: "fine" });
  const found = h("p", { class: "found", role: "status", "data-testid": "found" });
  const grid = h("ul", { class: "wall", "data-testid": "wall", "aria-label": "Images" });
  const key = h("div", {});
  const buildKey = onChange(([kind], scene) => key.replaceChildren(kind ? legend([kind], scene.state) : ""));
  const more = button("more", "Show more", () => app.store.set({ number: app.scene.state.number + 60 }));
  const clear = button("clear", "Show all images", () => app.store.set(Object.fromEntries(FILTERS.map((key) => [key, DEFAULTS[key]]))));
  grid.addEventListener("keydown", (event) => walk(event, grid));
  const build = onChange((_, scene) => fillGrid(grid, scene));
  const element = h(
    "section",
    { "aria-label": "Wall of images" },
    title,
    chosen,
    h("div", { class: "controls" }, ...controls.map((one) => one.element)),
    h("div", { class: "found-row" }, found, clear),
    grid,
    more,
    key,
  );
  return {
    element,
    async update(scene) {
      const { set, state, selection } = scene;
      element.hidden = !set;
      if (!set) return;
      say(title, set.label);
      say(chosen, [set.total > set.count ? `${count(set.count, "image")} of ${set.total.toLocaleString("en")}.` : "", set.chosen].join(" ").trim());
      for (const one of controls) one.update(scene);
      say(found, foundWords(scene));
      clear.hidden = FILTERS.every((key) => state[key] === DEFAULTS[key]);
      more.hidden = state.number >= selection.length;
      const shown = selection.slice(0, state.number);
      const sort = sorting(scene.experiment, set, state);
      build([scene.experiment.name, set.id, scene.network?.id, shown, state.sort, sort], scene);
      const method = scene.methods.find(({ id }) => id === state.show);
      buildKey([method ? reading(state.sign, method.signed) : "", look(state)], scene);
      await paint(grid, scene);
    },
    focus: (id) => focusTile(grid, [...grid.querySelectorAll("a")].find((link) => link.dataset.image === id)),
  };
}

function filters(store) {
  const classes = ({ set, names }) => {
    const ids = [...new Set(set.truth?.some((id) => id >= 0) ? set.truth : set.predicted)].filter((id) => id >= 0);
    const named = ids.map((id) => ({ value: String(id), label: names.get(id) ?? String(id) }));
    return ids.length > 1 ? [{ value: "", label: "all" }, ...named.sort((a, b) => a.label.localeCompare(b.label))] : [];
  };
  const judged = ({ set }) => {
    const kinds = new Set(set.truth?.map((_, n) => isRight(set, n)));
    const both = kinds.has(true) && kinds.has(false);
    return both ? ["any", "right", "wrong"].map((value) => ({ value, label: value === "any" ? "all" : value })) : [];
  };
  const orders = ({ set, experiment }) => [
    { value: "order", label: "order of the data set" },
    ...(has(set.confidence) ? [{ value: "confidence", label: "confidence" }] : []),
    ...(has(set.probability) ? [{ value: "probability", label: "probability of the true class" }] : []),
    ...(has(set.disagreement) ? [{ value: "disagreement", label: "disagreement between the methods" }] : []),
    ...(measured(experiment, set).length ? [{ value: "metric", label: "value of a metric" }] : []),
  ];
  const byMetric = (list) => (scene) => scene.state.sort === "metric" ? list(scene) : [];
  const metrics = byMetric(({ experiment, set }) => measured(experiment, set));
  const sortOf = ({ experiment, set, state }) => sorting(experiment, set, state);
  const byMethods = byMetric((scene) => {
    const chosen = measured(scene.experiment, scene.set).find(({ value }) => value === sortOf(scene).metric);
    return listed(chosen.methods);
  });
  const shown = ({ methods }) => methods.length ? [{ value: "", label: "only the pictures" }, ...listed(methods).map((one) => ({ ...one, label: `maps of ${one.label}` }))] : [];
  const from = slider(store, "low", "Confidence from", { min: 0, max: 100 }, (v) => `${v} %`);
  const to = slider(store, "high", "to", { min: 0, max: 100 }, (v) => `${v} %`);
  const descending = tick(store, "descending", "highest first");
  return [
    words(store, "text", "Search", "class, id or file"),
    choice(store, "class", "Class", classes),
    pick(store, "judged", "Prediction", judged),
    hiddenUnless(from, ({ set }) => has(set.confidence)),
    hiddenUnless(to, ({ set }) => has(set.confidence)),
    choice(store, "sort", "Sort by", orders),
    choice(store, "metric", "Metric", metrics, (scene) => sortOf(scene).metric),
    choice(store, "by", "Method", byMethods, (scene) => sortOf(scene).by),
    hiddenUnless(descending, ({ state }) => state.sort !== "order"),
    choice(store, "show", "Show", shown),
  ];
}

function hiddenUnless(control, isOffered) {
  return {
    element: control.element,
    update(scene) {
      control.update(scene);
      control.element.hidden = !isOffered(scene);
    },
  };
}

function has(list) {
  return list?.some((value) => value !== null) ?? false;
}

function foundWords({ set, selection, state }) {
  const right = selection.map((n) => isRight(set, n)).filter((value) => value !== null);
  const shown = Math.min(state.number, selection.length);
  const start = selection.length === set.count ? count(set.count, "image") : `${selection.length} of ${count(set.count, "image")}`;
  const rest = shown < selection.length ? `, the first ${shown} shown` : "";
  return `${start}${rest}${right.length ? `; ${right.filter(Boolean).length} named rightly` : ""}.`;
}

function fillGrid(grid, scene) {
  const { set, state, selection, experiment } = scene;
  const sort = sorting(experiment, set, state);
  const value = state.sort === "order" ? () => null : sortValue(set, sort);
  grid.replaceChildren(...selection.slice(0, state.number).map((n, i) => tile(scene, n, i, value(n))));
}

function tile({ set, state, names }, n, i, value) {
  const id = set.ids[n];
  const right = isRight(set, n);
  const said = names.get(set.predicted?.[n]) ?? "";
  const truth = right === false ? names.get(set.truth[n]) ?? "" : "";
  const mark = right === null ? null : h("span", { class: right ? "right" : "wrong", role: "img", "aria-label": right ? "right: " : "wrong: " }, right ? "✓" : "✗");
  const shown = value === null ? (state.sort === "order" || state.sort === "confidence" ? "" : "no value") : number(value);
  return h(
    "li",
    {},
    h(
      "a",
      { href: format({ ...state, view: "image", image: id }), tabindex: i ? "-1" : "0", "data-image": id, "data-row": n, title: set.files?.[n] ?? id },
      h("span", { class: "tiles" }, h("canvas", { class: "tile", role: "img", "data-image": id, "aria-label": `picture ${id}` })),
      h("span", { class: "said" }, mark, ` ${said} `, h("span", { class: "how-sure" }, percent(set.confidence?.[n], 0))),
      truth ? h("span", { class: "truth" }, `true: ${truth}`) : null,
      state.sort !== "order" && state.sort !== "confidence" ? h("span", { class: "value" }, shown) : null,
    ),
  );
}

/** Pictures into the canvases of the tiles, and beside them the maps of the method that `show` names. */
async function paint(grid, scene) {
  const { set, state, methods, network } = scene;
  const method = methods.find(({ id }) => id === state.show);
  const stored = method && set.maps[network.id][method.id];
  const array = stored && (await load(stored.values));
  const kind = method && reading(state.sign, method.signed);
  const drawn = (n) => {
    const map = mapAt(array, stored.values.shape, n, stored.scale[n]);
    return [map, kind, clipLevel(map.q, state.clip, kind), coloursOf(kind, state)];
  };
  grid.classList.toggle("with-maps", Boolean(stored));
  for (const link of grid.querySelectorAll("a")) {
    const n = Number(link.dataset.row);
    link.setAttribute("href", format({ ...state, view: "image", image: link.dataset.image }));
    const tiles = link.querySelector(".tiles");
    const canvas = tiles.firstChild;
    if (canvas.dataset.drawn !== "true") await drawPicture(canvas, set.pictures, n);
    canvas.dataset.drawn = "true";
    if (!stored) tiles.replaceChildren(canvas);
    else if (stored.missing?.[n]) tiles.replaceChildren(canvas, h("span", { class: "no-map" }, "no map"));
    else drawMap(mapCanvas(tiles, method, link.dataset.image), ...drawn(n));
  }
}

/** The canvas for the map in a tile, made where there is none. */
function mapCanvas(tiles, method, image) {
  const there = tiles.querySelector("canvas.map");
  const canvas = there ?? h("canvas", { class: "map", role: "img", "data-image": image });
  canvas.dataset.method = method.id;
  canvas.setAttribute("aria-label", `${method.label}, map of image ${image}`);
  if (!there) tiles.replaceChildren(tiles.firstChild, canvas);
  return canvas;
}

function walk(event, grid) {
  const links = [...grid.querySelectorAll("a")];
  const at = links.indexOf(document.activeElement);
  if (at < 0) return;
  const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, Home: -at, End: links.length - 1 - at };
  const to = links[at + steps[event.key]];
  if (!to) return;
  event.preventDefault();
  focusTile(grid, to);
}

function focusTile(grid, link) {
  if (!link) return;
  for (const other of grid.querySelectorAll('a[tabindex="0"]')) other.tabIndex = -1;
  link.tabIndex = 0;
  link.focus();
}
