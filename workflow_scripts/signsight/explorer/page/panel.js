// One map on the page: its canvas over the picture, the cross-hair, and the exact value at it.
//
// For tests: canvas.map has data-method and data-image; .readout has data-method, data-value and data-half
// (full precision; no data-value where there is no map).

import { drawMap, drawPicture } from "#draw";
import { h, say } from "#dom";
import { coloursOf } from "#legend";
import { clipLevel, mapPixel, reading, valueAt } from "#maps";
import { number, signed } from "#text";

/** A panel for a method: {element, draw, show, ...}; `draw` and `show` are called again and again. */
export function mapPanel(method, { note = "", title = method.label } = {}) {
  const under = h("canvas", { class: "under", "aria-hidden": "true" });
  const canvas = h("canvas", { class: "map", role: "img", tabindex: "0", "data-method": method.id });
  const none = h("p", { class: "no-map", hidden: true }, "no map");
  const readout = h("output", { class: "readout", "data-method": method.id });
  const stage = h("div", { class: "stage" }, under, canvas, crossHair(), none);
  const small = h("small", {}, note);
  const caption = h("figcaption", { title: method.measures || null }, title, small);
  const element = h("figure", { class: "panel", "data-method": method.id }, caption, stage, readout);
  const panel = { element, stage, canvas, under, readout, method, map: null, kind: "" };
  panel.draw = (map, look) => draw(panel, none, map, look);
  panel.caption = (text) => say(small, text);
  panel.show = (x, y, width, height) => show(panel, x, y, width, height);
  return panel;
}

/** The panel of the picture itself: {element, canvas, at, draw(set, row)}; `at` is for the coordinates. */
export function picturePanel(title = "Picture") {
  const canvas = h("canvas", { class: "picture", role: "img", tabindex: "0" });
  const at = h("output", { class: "readout", "data-testid": "coordinates" });
  const stage = h("div", { class: "stage" }, canvas, crossHair());
  const element = h("figure", { class: "panel" }, h("figcaption", {}, title), stage, at);
  return {
    element,
    canvas,
    at,
    async draw(set, row) {
      canvas.dataset.image = set.ids[row];
      canvas.setAttribute("aria-label", `picture ${set.ids[row]}`);
      await drawPicture(canvas, set.pictures, row);
    },
  };
}

/** The two lines of a cross-hair; CSS places them by --x and --y of the grid around them. */
function crossHair() {
  return h(
    "div",
    { class: "cross", "aria-hidden": "true" },
    h("i", { class: "across" }),
    h("i", { class: "down" }),
  );
}

function draw(panel, none, map, { state, image, picture }) {
  const { canvas, under, method } = panel;
  panel.map = map;
  panel.kind = reading(state.sign, method.signed);
  none.hidden = map !== null;
  canvas.hidden = map === null;
  canvas.dataset.image = image;
  canvas.style.opacity = state.opacity / 100;
  if (picture && (state.opacity < 100 || state.fade)) copy(picture, under);
  if (!map) return;
  const level = state.end ?? clipLevel(map.q, state.clip, panel.kind);
  drawMap(canvas, map, panel.kind, level, coloursOf(panel.kind, state), state.fade);
  const { buffer, byteOffset } = map.q;
  if (panel.told?.buffer === buffer && panel.told.byteOffset === byteOffset) return;
  canvas.setAttribute("aria-label", describe(method, image, map));
  panel.told = { buffer, byteOffset };
}

/** A map in words: for those who do not see it. */
export function describe(method, image, { q, width, scale }) {
  let [low, high] = [0, 0];
  for (let i = 1; i < q.length; i++) {
    if (q[i] < q[low]) low = i;
    if (q[i] > q[high]) high = i;
  }
  const at = (i) => `${signed((q[i] / 127) * scale)} at x ${i % width}, y ${Math.floor(i / width)}`;
  return `${method.label}, map of image ${image}: highest ${at(high)}; lowest ${at(low)}.`;
}

function show({ map, readout }, x, y, width, height) {
  if (!map || x < 0) {
    delete readout.dataset.value;
    return say(readout, map ? `largest ${number(map.largest ?? map.scale)}` : "");
  }
  const at = mapPixel(map, x, y, width, height);
  const { value, half } = valueAt(map, at.x, at.y);
  readout.dataset.value = value;
  readout.dataset.half = half;
  say(readout, `${signed(value)} ± ${number(half, 2)}`);
}

function copy(picture, canvas) {
  if (canvas.width !== picture.width) canvas.width = picture.width;
  if (canvas.height !== picture.height) canvas.height = picture.height;
  canvas.getContext("2d").drawImage(picture, 0, 0);
}
