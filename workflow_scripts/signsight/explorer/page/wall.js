// The wall: the images of a set as a grid, filtered and sorted; each is a link to its own page.

import { load } from "#blobs";
import { button } from "#controls";
import { drawMap, drawPicture } from "#draw";
import { h, onChange, say } from "#dom";
import { filters, FILTERS } from "#filters";
import { coloursOf, legend } from "#legend";
import { look } from "#look";
import { clipLevel, mapAt, reading } from "#maps";
import { sorting } from "#model";
import { isRight, sortValue } from "#select";
import { DEFAULTS, format } from "#state";
import { count, number, percent } from "#text";

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
  const clear = button("clear", "Show all images", () =>
    app.store.set(Object.fromEntries(FILTERS.map((key) => [key, DEFAULTS[key]]))),
  );
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
      say(
        chosen,
        [
          set.total > set.count ? `${count(set.count, "image")} of ${set.total.toLocaleString("en")}.` : "",
          set.chosen,
        ]
          .join(" ")
          .trim(),
      );
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
    focus: (id) =>
      focusTile(
        grid,
        [...grid.querySelectorAll("a")].find((link) => link.dataset.image === id),
      ),
  };
}

function foundWords({ set, selection, state }) {
  const right = selection.map((n) => isRight(set, n)).filter((value) => value !== null);
  const shown = Math.min(state.number, selection.length);
  const start =
    selection.length === set.count
      ? count(set.count, "image")
      : `${selection.length} of ${count(set.count, "image")}`;
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
  const truth = right === false ? (names.get(set.truth[n]) ?? "") : "";
  const mark =
    right === null
      ? null
      : h(
          "span",
          { class: right ? "right" : "wrong", role: "img", "aria-label": right ? "right: " : "wrong: " },
          right ? "✓" : "✗",
        );
  const shown =
    value === null
      ? state.sort === "order" || state.sort === "confidence"
        ? ""
        : "no value"
      : number(value);
  return h(
    "li",
    {},
    h(
      "a",
      {
        href: format({ ...state, view: "image", image: id }),
        tabindex: i ? "-1" : "0",
        "data-image": id,
        "data-row": n,
        title: set.files?.[n] ?? id,
      },
      h(
        "span",
        { class: "tiles" },
        h("canvas", { class: "tile", role: "img", "data-image": id, "aria-label": `picture ${id}` }),
      ),
      h(
        "span",
        { class: "said" },
        mark,
        ` ${said} `,
        h("span", { class: "how-sure" }, percent(set.confidence?.[n], 0)),
      ),
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
  const links = [...grid.querySelectorAll("a")];
  const empty = links.map((link) => link.querySelector("canvas")).filter(({ dataset }) => !dataset.drawn);
  const row = ({ dataset }) => Number(dataset.row);
  await Promise.all(empty.map((canvas) => drawPicture(canvas, set.pictures, row(canvas.closest("a")))));
  for (const canvas of empty) canvas.dataset.drawn = "true";
  for (const link of links) {
    const n = row(link);
    link.setAttribute("href", format({ ...state, view: "image", image: link.dataset.image }));
    const tiles = link.querySelector(".tiles");
    if (!stored) tiles.replaceChildren(tiles.firstChild);
    else if (stored.missing?.[n])
      tiles.replaceChildren(tiles.firstChild, h("span", { class: "no-map" }, "no map"));
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
  const steps = {
    ArrowRight: 1,
    ArrowLeft: -1,
    ArrowDown: columns,
    ArrowUp: -columns,
    Home: -at,
    End: links.length - 1 - at,
  };
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
