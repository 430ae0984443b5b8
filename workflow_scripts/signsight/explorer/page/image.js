// One image: the picture beside every method's map, with linked cross-hairs, and what is known about it.

import { load } from "#blobs";
import { button } from "#controls";
import { h, onChange, say } from "#dom";
import { legend } from "#legend";
import { look, mapControls, methodPicker, readings } from "#look";
import { mapAt } from "#maps";
import { measures } from "#measures";
import { notes } from "#notes";
import { mapPanel, picturePanel } from "#panel";
import { pointer } from "#pointer";
import { saveRow } from "#save";
import { isRight } from "#select";
import { percent } from "#text";
import { whatIf } from "#whatif";

/** The view: {element, update(scene)}. */
export function image(app) {
  const { store } = app;
  const extras = [whatIf(app), measures(app)];
  const saving = saveRow(app);
  const title = h("h2", { tabindex: "-1" });
  const subtitle = h("p", { class: "subtitle" });
  const picture = picturePanel();
  const grid = h("div", { class: "maps", "data-testid": "maps" });
  const key = h("div", {});
  const top = h("div", { class: "top" });
  const controls = mapControls(store, (scene) => readings(shownMethods(scene), scene.state));
  const picker = methodPicker(store);
  const { steps, place } = stepper(app);
  const refused = h("div", { "data-testid": "refused" });
  const about = h("div", {});
  const buildRefused = onChange((list) =>
    refused.replaceChildren(...list.map((text) => h("p", { class: "fine" }, text))),
  );
  let panels = [];
  const build = onChange((_, scene) => {
    panels = shownMethods(scene).map((method) => mapPanel(method, { note: twinNote(method) }));
    grid.replaceChildren(picture.element, ...panels.map(({ element }) => element));
    about.replaceChildren(notes(shownMethods(scene)) ?? "");
  });
  const buildTop = onChange((_, scene) => top.replaceChildren(topFive(scene)));
  const buildKey = onChange(([kinds, _, note], scene) =>
    key.replaceChildren(legend(kinds, scene.state, note)),
  );
  const point = pointer(
    app,
    grid,
    () => picture.canvas,
    () => panels,
    picture.at,
  );
  const element = h(
    "div",
    { class: "image-view" },
    h("header", { class: "image-head" }, h("div", {}, title, subtitle), steps),
    h("div", { class: "controls" }, ...controls.map((one) => one.element), picker.element),
    grid,
    refused,
    h("div", { class: "under-maps" }, h("div", {}, key, saving.element), top),
    about,
    ...extras.map((extra) => extra.element),
  );
  return {
    element,
    async update(scene) {
      const { set, state, row, network } = scene;
      const id = set.ids[row];
      say(title, headline(scene));
      say(subtitle, subline(scene));
      place(scene);
      for (const one of [...controls, picker]) one.update(scene);
      const methods = shownMethods(scene);
      build(
        methods.map((method) => method.id),
        scene,
      );
      buildTop([scene.experiment.name, set.id, network?.id, row], scene);
      buildRefused(refusals(scene));
      grid.style.setProperty("--size", `${state.size}px`);
      grid.classList.toggle("smooth", state.smooth);
      const stored = methods.map((method) => set.maps[network.id][method.id]); // no methods, no network
      const arrays = await Promise.all(stored.map(({ values }) => load(values)));
      await picture.draw(set, row);
      if (app.scene !== scene) return;
      panels.forEach((panel, i) => {
        const { values, scale, missing } = stored[i];
        const map = missing?.[row] ? null : mapAt(arrays[i], values.shape, row, scale[row]);
        panel.draw(map, { state, image: id, picture: picture.canvas });
      });
      const kinds = [...new Set(panels.filter(({ map }) => map).map(({ kind }) => kind))];
      buildKey([kinds, look(state), explained(scene, panels)], scene);
      point.show(state.x, state.y);
      saving.update(panels);
      for (const extra of extras) await extra.update(scene);
    },
    focus: () => title.focus(),
  };
}

/** Methods that the state shows: those it names, or all. */
export function shownMethods({ methods, state }) {
  const named = methods.filter(({ id }) => state.methods.includes(id));
  return named.length ? named : methods;
}

/** Why some methods have no maps of these images. */
function refusals({ set, experiment }) {
  const label = (id) => experiment.methods.find((method) => method.id === id)?.label ?? id;
  return Object.entries(set.refused ?? {}).map(([id, sentence]) => `No maps by ${label(id)}: ${sentence}`);
}

/** Which class the maps explain, where that is known, and whether they are coarser than the picture. */
function explained({ set, row, names }, panels) {
  const name = names.get(set.explained?.[row]);
  const words = name === undefined ? [] : [` The maps explain the class “${name}”.`];
  const coarse = panels.find(({ map }) => map && map.width < set.size[1])?.map;
  if (coarse)
    words.push(` Some maps are stored at ${coarse.width} × ${coarse.height} px, to keep this page small.`);
  return words.join("");
}

function twinNote({ twins }) {
  return twins?.length ? ` = ${twins.join(", ")} (identical maps)` : "";
}

function headline({ set, row, names }) {
  const said = names.get(set.predicted?.[row]);
  const right = isRight(set, row);
  if (said === undefined) return `Image ${set.ids[row]}`;
  return right === null ? said : `${right ? "✓" : "✗"} ${said}`;
}

function subline({ set, row, names, network }) {
  const right = isRight(set, row);
  const parts = [`Image ${set.ids[row]}`];
  if (set.files?.[row]) parts.push(set.files[row]);
  if (set.confidence) parts.push(`the network is ${percent(set.confidence[row])} sure`);
  if (right === true) parts.push("rightly");
  if (right === false)
    parts.push(`in truth ${names.get(set.truth[row])} (${percent(set.probability?.[row])})`);
  if (network && network.id !== "main") parts.push(`maps of ${network.label}`);
  return parts.join(" · ");
}

function topFive({ set, row, names }) {
  const rows = (set.top?.[row] ?? []).map(([id, probability]) =>
    h(
      "li",
      { class: id === set.truth?.[row] ? "is-truth" : null },
      h(
        "span",
        { class: "name" },
        names.get(id) ?? String(id),
        id === set.truth?.[row] ? " (true class)" : "",
      ),
      h("span", { class: "bar" }, h("i", { style: `width:${(100 * probability).toFixed(2)}%` })),
      h("span", { class: "share" }, percent(probability)),
    ),
  );
  return rows.length
    ? h(
        "section",
        {},
        h("h3", {}, "What the network takes it for"),
        h("ol", { class: "top-five", "data-testid": "top-five" }, ...rows),
      )
    : "";
}

/** Buttons to the image before and after in the selection of the wall, and back to the wall. */
function stepper(app) {
  const go = (by) => {
    const { selection, row, set } = app.scene;
    const to = selection[selection.indexOf(row) + by];
    if (to !== undefined) app.store.set({ image: set.ids[to] });
  };
  const before = button("previous", "← Previous", () => go(-1));
  const after = button("next", "Next →", () => go(1));
  const where = h("span", { class: "fine" });
  const back = button("wall", "All images", () => app.back());
  return {
    steps: h("div", { class: "steps" }, back, before, where, after),
    place({ selection, row }) {
      const at = selection.indexOf(row);
      say(where, at < 0 ? "not in the selection" : `${at + 1} of ${selection.length}`);
      before.disabled = at <= 0;
      after.disabled = at < 0 || at === selection.length - 1;
    },
  };
}
