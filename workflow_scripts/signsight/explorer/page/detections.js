// The detector's pictures: its boxes, and the map of each box by each method.

import { load } from "#blobs";
import { choice, listed, slider, tick } from "#controls";
import { drawPicture } from "#draw";
import { h, onChange, say, svg } from "#dom";
import { legend } from "#legend";
import { look, mapControls, readings } from "#look";
import { mapAt } from "#maps";
import { detectionSet, find, named, quantityOf, standard } from "#model";
import { nullKey, nullMark, nullRow } from "#nulls";
import { mapPanel } from "#panel";
import { pointer } from "#pointer";
import { number, percent } from "#text";

/** The view: {element, update(scene)}. */
export function detections(app) {
  const { store } = app;
  const controls = [
    choice(store, "image", "Picture", ({ experiment }) => pictures(detectionSet(experiment)), pictureOf),
    choice(store, "class", "Class", classes),
    choice(
      store,
      "box",
      "Box",
      (scene) => boxes(scene).map((box) => ({ value: String(box.id), label: boxWords(box) })),
      (scene) => String(boxOf(scene)?.id),
    ),
    choice(
      store,
      "detector",
      "Method",
      (scene) => listed(methods(scene)),
      (scene) => methodOf(scene)?.id,
    ),
    slider(store, "veil", "Map over picture", { min: 0, max: 100, step: 5 }, (v) => `${v} %`),
    tick(store, "cover", "weak values too"),
  ];
  const looks = mapControls(store, (scene) => readings([methodOf(scene)], scene.state)).filter(
    ({ element }) => !element.querySelector("#control-opacity, #control-size, #control-fade"),
  );
  const layer = h("p", { class: "subtitle", "data-testid": "layer" });
  const frame = h("div", { class: "maps detection", "data-testid": "detection" });
  const at = h("output", { class: "fine", "data-testid": "coordinates" });
  const key = h("div", {});
  const values = h("div", {});
  const buildValues = onChange((_, scene) => values.replaceChildren(...boxValues(scene)));
  const picture = h("canvas", {});
  let panel;
  const build = onChange((_, scene) => {
    panel = mapPanel(methodOf(scene), { title: "" });
    frame.replaceChildren(panel.element);
  });
  const buildBoxes = onChange((_, scene) => {
    panel.stage.querySelector(".boxes")?.remove();
    panel.stage.append(boxLayer(scene, store));
  });
  const buildKey = onChange((_, scene) => key.replaceChildren(legend([panel.kind], scene.state)));
  const point = pointer(
    app,
    frame,
    () => picture,
    () => (panel ? [panel] : []),
    at,
  );
  return {
    element: h(
      "div",
      { class: "detections" },
      h("h2", {}, "What does a detection rest on?"),
      h("div", { class: "controls" }, ...controls.map((one) => one.element)),
      h("div", { class: "controls" }, ...looks.map((one) => one.element)),
      layer,
      frame,
      at,
      key,
      values,
    ),
    async update(scene) {
      const set = detectionSet(scene.experiment);
      const { state } = scene;
      for (const one of [...controls, ...looks]) one.update(scene);
      const row = set.ids.indexOf(pictureOf(scene));
      const box = boxOf(scene);
      const method = methodOf(scene);
      const stored = set.maps.main[method.id];
      const n = set.boxes.indexOf(box);
      const reference = stored.values[n];
      const array = reference && (await load(reference));
      await drawPicture(picture, set.pictures, row);
      if (app.scene !== scene) return;
      build([method.id], scene);
      frame.classList.toggle("smooth", state.smooth);
      frame.style.setProperty("--size", "min(100%, 900px)");
      const map = array && box ? mapAt(array, [1, ...reference.shape.slice(-2)], 0, stored.scale[n]) : null;
      panel.draw(map, {
        state: { ...state, opacity: state.veil, fade: !state.cover },
        image: set.ids[row],
        picture,
      });
      buildBoxes([scene.experiment.name, row, state.class, box?.id, method.id], scene);
      buildValues([scene.experiment.name, n], scene);
      if (map) buildKey([panel.kind, look(state)], scene);
      say(
        layer,
        [box && boxWords(box), method.label, stored.layer && `layer ${stored.layer}`]
          .filter(Boolean)
          .join(" · "),
      );
      point.show(state.x, state.y);
    },
  };
}

function pictures(set) {
  return set.ids.map((id) => ({ value: id, label: id }));
}

function pictureOf({ experiment, state }) {
  const { ids } = detectionSet(experiment);
  return ids.includes(state.image) ? state.image : ids[0];
}

function boxesOfPicture(scene) {
  const set = detectionSet(scene.experiment);
  const row = set.ids.indexOf(pictureOf(scene));
  return set.boxes.filter(({ picture }) => picture === row);
}

/** The classes of the picture's boxes, where there is more than one. */
function classes(scene) {
  const all = [...new Map(boxesOfPicture(scene).map((box) => [String(box.class_id), box.label]))];
  return all.length > 1
    ? [{ value: "", label: "all" }, ...all.map(([value, label]) => ({ value, label }))]
    : [];
}

/** The picture's boxes, of the chosen class if it has any of that. */
function boxes(scene) {
  const all = boxesOfPicture(scene);
  const own = all.filter((box) => String(box.class_id) === scene.state.class);
  return own.length ? own : all;
}

function boxOf(scene) {
  const here = boxes(scene);
  return here.find(({ id }) => String(id) === scene.state.box) ?? here[0];
}

function methods({ experiment }) {
  const stored = detectionSet(experiment).maps?.main ?? {};
  return Object.keys(stored).map(
    (id) =>
      find(
        experiment.methods.filter((one) => one.id === id),
        id,
      ) ?? { id, label: id, signed: false },
  );
}

function methodOf(scene) {
  return standard(methods(scene), scene.state.detector);
}

function boxWords({ label, probability }) {
  return `${label} ${percent(probability, 0)}`;
}

/** The boxes over the picture as buttons; the objects that are really there, dashed. */
function boxLayer(scene, store) {
  const set = detectionSet(scene.experiment);
  const row = set.ids.indexOf(pictureOf(scene));
  const { width, height } = set.pictures[row];
  const chosen = boxOf(scene);
  const place = ({ x0, y0, x1, y1 }) => ({ x: x0, y: y0, width: x1 - x0, height: y1 - y0 });
  const objects = (set.objects ?? []).filter(({ picture }) => picture === row);
  const open = (box) => store.set({ box: String(box.id) });
  const shapes = boxes(scene).map((box) =>
    svg(
      "rect",
      {
        ...place(box),
        class: box === chosen ? "box chosen" : "box",
        role: "button",
        tabindex: "0",
        "aria-label": boxWords(box),
        "aria-pressed": String(box === chosen),
        "data-box": box.id,
        onclick: (event) => (event.stopPropagation(), open(box)),
        onkeydown: (event) =>
          (event.key === "Enter" || event.key === " ") && (event.preventDefault(), open(box)),
      },
      svg("title", {}, boxWords(box)),
    ),
  );
  return svg(
    "svg",
    { class: "boxes", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none" },
    ...objects.map((object) =>
      svg("rect", { ...place(object), class: "object" }, svg("title", {}, `truth: ${object.label}`)),
    ),
    ...shapes,
  );
}

/** What the metrics say of the chosen box, by each method. */
function boxValues(scene) {
  const { experiment } = scene;
  const set = detectionSet(experiment);
  const n = set.boxes.indexOf(boxOf(scene));
  const rows = [];
  for (const [metric, quantities] of Object.entries(set.box_values ?? {})) {
    for (const [quantity, own] of Object.entries(quantities)) {
      rows.push({
        id: `${metric}.${quantity}`,
        known: quantityOf(experiment, `${metric}.${quantity}`),
        name: `${metric}: ${quantity}`,
        own,
      });
    }
  }
  if (!rows.length) return [];
  const columns = methods(scene).filter(({ id }) => rows.some(({ own }) => own[id]));
  const head = h("tr", {}, h("td", {}), ...columns.map(({ label }) => h("th", { scope: "col" }, label)));
  const against = (name, id) => nullMark(experiment, nullRow(experiment, name, id));
  const body = rows.map(({ id: row, known, name, own }) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, known ? named(known.metric, known.quantity).label : name),
      ...columns.map(({ id }) => h("td", {}, h("span", {}, number(own[id]?.[n]), against(row, id)))),
    ),
  );
  const table = h("table", { class: "ranks" }, h("thead", {}, head), h("tbody", {}, ...body));
  const region = { class: "wide-table", role: "region", tabindex: "0", "aria-label": "Metrics of this box" };
  const marked = rows.some(({ id: row }) => columns.some(({ id }) => against(row, id)));
  const note = marked ? [h("p", { class: "fine" }, `By all boxes, ${nullKey(true)}`)] : [];
  return [h("h3", {}, "How good are the maps of this box?"), h("div", region, table), ...note];
}
