// What if: the picture with cells masked, pixels removed, turned, or with a sticker, as it was measured.

import { load } from "#blobs";
import { curves } from "#chart";
import { choice, listed, slider } from "#controls";
import { drawPixels, pixelsOf } from "#draw";
import { h, onChange, say } from "#dom";
import { homography, warp } from "#geometry";
import { isMain } from "#measures";
import { distinct, find, standard } from "#model";
import { paintBox, paintCells, removePixels } from "#perturb";
import { needs, outcome, possibilities, series } from "#possible";
import { number, percent } from "#text";

/** A section for the image view: {element, update(scene)}. */
export function whatIf(app) {
  const canvas = h("canvas", { class: "changed", role: "img", "data-testid": "what-if-canvas" });
  const result = h("p", { class: "outcome", role: "status", "data-testid": "outcome" });
  const chart = h("div", { class: "what-if-chart" });
  const kinds = choice(app.store, "what", "What if we", options, (scene) => chosen(scene).value, {
    also: { step: -1 },
  });
  const methods = choice(
    app.store,
    "with",
    "as ranked by",
    (scene) => listed(ranking(scene)),
    (scene) => methodOf(scene),
    { least: 1 },
  );
  const step = slider(
    app.store,
    "step",
    "Amount",
    { min: 0, max: 1 },
    (v, scene) => chosen(scene).words(v),
    stepOf,
  );
  const element = h(
    "section",
    { class: "what-if", "data-testid": "what-if" },
    h("h2", {}, "What if …"),
    h("div", { class: "controls" }, kinds.element, methods.element, step.element),
    h(
      "div",
      { class: "what-if-row" },
      h("figure", { class: "panel" }, h("div", { class: "stage" }, canvas), result),
      chart,
    ),
  );
  step.field.parentElement.classList.add("wide");
  let drawn;
  const rebuild = onChange((_, lines, option) => {
    drawn = lines.length
      ? curves({
          x: option.x,
          series: lines,
          xLabel: option.xLabel,
          yLabel: option.yLabel ?? title(lines),
        })
      : null;
    chart.replaceChildren(...(drawn ? [drawn.element] : []));
  });
  const source = cached((set, row) => pixelsOf(set.pictures, row));
  return {
    element,
    async update(scene) {
      const { experiment, set, row } = scene;
      element.hidden = !isMain(scene) || options(scene).length === 0;
      if (element.hidden) return;
      const option = chosen(scene);
      const method = methodOf(scene);
      step.field.max = option.steps - 1;
      for (const control of [kinds, methods, step]) control.update(scene);
      const arrays = await unpacked(needs(option, set, method));
      const picture = await source(`${experiment.name} ${set.id} ${row}`, set, row);
      if (app.scene !== scene) return;
      const at = stepOf(scene);
      const lines = series(option, set, method, arrays, row);
      rebuild([experiment.name, set.id, row, option.value, method], lines, option);
      drawn?.mark(option.x[at]);
      const other = await second(option, set, method, row);
      if (app.scene !== scene) return;
      draw(canvas, option, set, method, arrays, row, at, picture, other);
      const now = outcome(option, set, method, arrays, row, at);
      const before = outcome(option, set, method, arrays, row, option.start);
      say(result, sentence(now, before, at === option.start, option, scene));
      canvas.setAttribute("aria-label", `picture ${set.ids[row]}, ${option.label}: ${option.words(at)}`);
      canvas.dataset.step = at;
    },
  };
}

/** What the y axis shows where no metric says it. */
function title(lines) {
  return lines.some(({ label }) => label === "this image") ? "Probability of the true class" : "Accuracy";
}

function options({ experiment, set }) {
  return set ? possibilities(experiment, set) : [];
}

function chosen(scene) {
  return find(options(scene), scene.state.what, "value");
}

function ranking(scene) {
  const { methods } = chosen(scene);
  return distinct(scene.experiment.methods.filter(({ id }) => methods.includes(id)));
}

function methodOf(scene) {
  return standard(ranking(scene), scene.state.with)?.id ?? "";
}

function stepOf(scene) {
  const { steps, start } = chosen(scene);
  const { step } = scene.state;
  return step >= 0 && step < steps ? step : start;
}

async function unpacked(references) {
  const there = Object.entries(references).filter(([, reference]) => reference?.dtype);
  return Object.fromEntries(
    await Promise.all(there.map(async ([name, reference]) => [name, await load(reference)])),
  );
}

function cached(make) {
  let [last, value] = ["", null];
  return async (key, ...rest) => {
    if (key !== last) [last, value] = [key, await make(...rest)];
    return value;
  };
}

/** The pixels or the colour that are put in place of others, or null. */
async function second({ kind, metric, of }, set, method, row) {
  if (kind === "pixels") {
    const fill = set.pixels.fill[metric];
    return fill.sprites ? (await pixelsOf(fill, row)).pixels : fill;
  }
  if (kind !== "sticker") return null;
  const { pictures, colour } = of[method];
  return pictures ? (await pixelsOf(pictures, row)).pixels : colour;
}

function draw(canvas, option, set, method, arrays, row, step, { pixels, width, height }, other) {
  const size = width * height;
  let out = pixels;
  if (option.kind === "cells") {
    const { grid, colour, methods } = set.cells;
    const count = methods[method].order.shape[1];
    const order = arrays.order.subarray(row * count, (row + 1) * count);
    out = paintCells(pixels, { height, width, grid, colour, order, count: step });
  } else if (option.kind === "pixels") {
    const own = arrays.step.subarray(row * size, (row + 1) * size);
    out = removePixels(pixels, { step: own, count: step, isInsertion: option.isInsertion, fill: other });
  } else if (option.kind === "turn") {
    out = warp(
      pixels,
      homography(option.turn.transform, option.turn.degrees[step], height, width),
      height,
      width,
      option.turn.fill,
    );
  } else if (step) {
    const box = arrays.rectangle ? arrays.rectangle.subarray(4 * row, 4 * row + 4) : [0, 0, width, height];
    out = paintBox(pixels, width, box, other);
  }
  drawPixels(canvas, out, width, height);
}

/** What the network made of it; of deleted and inserted pixels only the metric's score is stored. */
function sentence(now, before, isStart, option, { names }) {
  const isScore = option.kind === "pixels";
  const what = isScore ? option.yLabel : "probability of the true class";
  const words = isScore ? number : percent;
  const said = now.predicted === null ? "" : `the network says ${names.get(now.predicted) ?? now.predicted}`;
  const sure = said && now.confidence !== null ? ` (${percent(now.confidence)} sure)` : "";
  const value = now.probability === null ? "" : `${what} ${words(now.probability)}`;
  const start = option.isInsertion ? "at the start" : "untouched";
  const isCompared = !isStart && value && before.probability !== null;
  const was = isCompared ? `, ${start} ${words(before.probability)}` : "";
  const all = [said + sure, value + was].filter(Boolean).join("; ");
  return all ? `${all[0].toUpperCase()}${all.slice(1)}.` : "Not measured for this image.";
}
