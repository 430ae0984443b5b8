// Two methods, two networks or two experiments side by side, with the difference of their maps.

import { load } from "#blobs";
import { choice, listed, pick, slider } from "#controls";
import { h, onChange, say } from "#dom";
import { differenceLegend, legend } from "#legend";
import { look, mapControls, readings } from "#look";
import { clipLevel, difference, mapAt, rankCorrelation, reading } from "#maps";
import { asSeenBy, comparisons, find, imageSets, methodsOf, networksOf, standard } from "#model";
import { mapPanel, picturePanel } from "#panel";
import { pointer } from "#pointer";
import { isRight } from "#select";
import { format } from "#state";
import { number, percent } from "#text";

const KINDS = { methods: "two methods", networks: "two networks", experiments: "two experiments" };
const DIFFERENCE = { id: "difference", label: "Difference", signed: true };

/** The view: {element, update(scene)}. */
export function compare(app) {
  const { store } = app;
  const kinds = (scene) => comparisons(scene).map((value) => ({ value, label: KINDS[value] }));
  const controls = [
    pick(store, "between", "Compare", kinds, (scene) => between(scene)),
    choice(
      store,
      "a",
      "A",
      (scene) => listed(sides(scene)),
      (scene) => pair(scene)[0]?.id,
    ),
    choice(
      store,
      "b",
      "B",
      (scene) => listed(sides(scene)),
      (scene) => pair(scene)[1]?.id,
    ),
    choice(
      store,
      "with",
      "Maps of",
      (scene) => (between(scene) === "methods" ? [] : listed(common(scene))),
      (scene) => methodOf(scene)?.id,
    ),
    slider(store, "rows", "Images", { min: 1, max: 24 }, (v) => String(v)),
  ];
  const looks = mapControls(store, (scene) => [
    "signed",
    ...readings(
      pair(scene).map((side) => sourceOf(scene, side).method),
      scene.state,
    ),
  ]);
  const list = h("div", { class: "comparison", "data-testid": "comparison" });
  const summary = h("p", { class: "outcome", role: "status", "data-testid": "agreement" });
  const key = h("div", { class: "under-maps" });
  let rows = [];
  const build = onChange((_, scene) => {
    rows = imagesShown(scene).map((n) => makeRow(app, scene, n));
    list.replaceChildren(...rows.map(({ element }) => element));
  });
  const buildKey = onChange(([kindsShown], scene) =>
    key.replaceChildren(legend(kindsShown, scene.state), differenceLegend(scene.state)),
  );
  return {
    element: h(
      "div",
      { class: "compare" },
      h("h2", {}, "Side by side"),
      h("div", { class: "controls" }, ...controls.map((one) => one.element)),
      h("div", { class: "controls" }, ...looks.map((one) => one.element)),
      summary,
      list,
      key,
    ),
    async update(scene) {
      for (const one of [...controls, ...looks]) one.update(scene);
      const chosen = pair(scene);
      const { state, set } = scene;
      build(
        [
          scene.experiment.name,
          set.id,
          between(scene),
          chosen.map(({ id }) => id),
          methodOf(scene)?.id,
          imagesShown(scene),
        ],
        scene,
      );
      list.style.setProperty("--size", `${state.size}px`);
      list.classList.toggle("smooth", state.smooth);
      const sources = chosen.map((side) => sourceOf(scene, side));
      await Promise.all(sources.map(({ stored }) => load(stored.values)));
      const agreements = [];
      for (const row of rows) {
        await row.picture.draw(set, row.n);
        if (app.scene !== scene) return;
        agreements.push(drawRow(row, scene, await mapsOf(sources, set.ids[row.n])));
      }
      say(summary, agreementWords(agreements, chosen));
      const [shown] = rows;
      buildKey(
        [
          [
            ...new Set(
              shown?.panels
                .slice(0, 2)
                .filter(({ map }) => map)
                .map(({ kind }) => kind),
            ),
          ],
          look(state),
        ],
        scene,
      );
    },
  };
}

function between(scene) {
  const offered = comparisons(scene);
  return offered.includes(scene.state.between) ? scene.state.between : offered[0];
}

/** What can be put on either side: things with id and label. */
function sides(scene) {
  const { document, experiment, methods, networks, set } = scene;
  if (between(scene) === "methods") return methods;
  if (between(scene) === "networks") return networks;
  const shared = document.experiments.filter((one) => imageSets(one).some(({ id }) => id === set.id));
  const first = shared.filter((one) => one === experiment);
  return [...first, ...shared.filter((one) => one !== experiment)].map((one) => ({
    id: one.name,
    label: one.name,
  }));
}

function pair(scene) {
  const all = sides(scene);
  const { a, b } = scene.state;
  const first = between(scene) === "methods" ? standard(all, a) : find(all, a);
  const others = all.filter(({ id, control }) => id !== first.id && !control);
  return [first, all.find(({ id }) => id === b) ?? others[0] ?? all.find(({ id }) => id !== first.id)];
}

/** Methods that both sides have. */
function common(scene) {
  const { experiment, set, document } = scene;
  const [a, b] = pair(scene);
  if (between(scene) === "networks") {
    return methodsOf(experiment, set, a.id).filter(({ id }) => set.maps[b.id]?.[id]);
  }
  const [one, other] = [a, b].map(({ id }) => find(document.experiments, id, "name"));
  const lists = [one, other].map((each) => {
    const own = find(imageSets(each), set.id);
    return methodsOf(each, own, networksOf(each, own)[0]?.id);
  });
  return lists[0].filter(({ id }) => lists[1].some((method) => method.id === id));
}

function methodOf(scene) {
  return between(scene) === "methods" ? null : standard(common(scene), scene.state.with);
}

/** Where the maps of one side are: {set, stored, method, experiment}. */
function sourceOf(scene, side) {
  const kind = between(scene);
  if (kind === "methods") {
    const { experiment, set, network } = scene;
    return { experiment, set, stored: set.maps[network.id][side.id], method: side };
  }
  if (kind === "networks") {
    const { experiment } = scene;
    const set = asSeenBy(side, find(imageSets(experiment), scene.set.id));
    const method = methodOf(scene);
    return { experiment, set, stored: set.maps[side.id][method.id], method };
  }
  const experiment = find(scene.document.experiments, side.id, "name");
  const set = find(imageSets(experiment), scene.set.id);
  const network = networksOf(experiment, set)[0].id;
  const method = methodOf(scene);
  return { experiment, set, stored: set.maps[network][method.id], method };
}

/** The images of the selection from the open one on; for two experiments only those that both have. */
function imagesShown(scene) {
  const { selection, row, state, set } = scene;
  const start = Math.max(selection.indexOf(row), 0);
  const turned = [...selection.slice(start), ...selection.slice(0, start)];
  const both = pair(scene).map((side) => sourceOf(scene, side).set);
  return turned.filter((n) => both.every((one) => one.ids.includes(set.ids[n]))).slice(0, state.rows);
}

async function mapsOf(sources, id) {
  return Promise.all(
    sources.map(async ({ set, stored }) => {
      const n = set.ids.indexOf(id);
      return stored.missing?.[n]
        ? null
        : mapAt(await load(stored.values), stored.values.shape, n, stored.scale[n]);
    }),
  );
}

function makeRow(app, scene, n) {
  const { set, state } = scene;
  const id = set.ids[n];
  const chosen = pair(scene);
  const picture = picturePanel(
    h("a", { href: format({ ...state, view: "image", image: id }) }, `Image ${id}`),
  );
  const panels = chosen.map((side, i) => {
    const { method, ...source } = sourceOf(scene, side);
    const note = between(scene) === "methods" ? "" : saidWords(source, id);
    return mapPanel({ ...method, id: side.id }, { title: `${"AB"[i]}: ${side.label}`, note });
  });
  panels.push(mapPanel(DIFFERENCE, { title: "A − B" }));
  const grid = h(
    "div",
    { class: "maps comparison-row", "data-image": id },
    picture.element,
    ...panels.map(({ element }) => element),
  );
  const point = pointer(
    app,
    grid,
    () => picture.canvas,
    () => panels,
    picture.at,
  );
  return { element: grid, picture, panels, n, point };
}

function saidWords({ experiment, set }, id) {
  const n = set.ids.indexOf(id);
  const right = isRight(set, n);
  const name = experiment.classes.find((one) => one.id === set.predicted?.[n])?.name;
  const mark = right === null ? "" : right ? "✓ " : "✗ ";
  return name ? `${mark}${name} ${percent(set.confidence?.[n], 0)}` : "";
}

/** Draws a row; returns the rank correlation of its two maps, or null. */
function drawRow({ panels, picture, n, point }, { state, set }, maps) {
  const image = set.ids[n];
  maps.forEach((map, i) => panels[i].draw(map, { state, image, picture: picture.canvas }));
  const there = maps.every(Boolean);
  const kinds = panels.slice(0, 2).map(({ method }) => reading(state.sign, method.signed));
  const levels = there ? maps.map((map, i) => clipLevel(map.q, state.clip, kinds[i])) : [];
  const signed = { ...state, sign: "signed", end: 64 };
  panels[2].draw(there ? difference(...maps, kinds, levels) : null, {
    state: signed,
    image,
    picture: picture.canvas,
  });
  const agreement = there ? rankCorrelation(...maps) : null;
  panels[2].caption(agreement === null ? "" : `rank correlation ${number(agreement, 2)}`);
  point.show(state.x, state.y);
  return agreement;
}

function agreementWords(agreements, [a, b]) {
  const known = agreements.filter((value) => value !== null).sort((p, q) => p - q);
  if (!known.length) return `There are no maps of both ${a.label} and ${b.label} for these images.`;
  const middle = (known[(known.length - 1) >> 1] + known[known.length >> 1]) / 2;
  const over = known.length === 1 ? "for this image" : `for these ${known.length} images (median)`;
  return (
    `The rank correlation between ${a.label} and ${b.label} is ${number(middle, 2)} ${over}; ` +
    "1 is the same order of all pixels, 0 none."
  );
}
