// The stored curves of a metric: this image's line by one method, and the mean of all images.

import { load } from "#blobs";
import { curves } from "#chart";
import { choice, listed } from "#controls";
import { h, onChange } from "#dom";
import { distinct, find, standard } from "#model";

/** A part of the metrics' section: {element, update(scene, metric)}; hidden where a metric has no curves. */
export function lines(app) {
  let metric = "";
  const names = (scene) => curvesOf(scene, metric);
  const methods = (scene) => methodsOf(scene, metric, chosen(scene, metric));
  const controls = [
    choice(app.store, "curve", "Curve", names, (scene) => chosen(scene, metric)?.value),
    choice(
      app.store,
      "line",
      "by the map of",
      (scene) => listed(methods(scene)),
      (scene) => standard(methods(scene), scene.state.line)?.id,
      { least: 1 },
    ),
  ];
  const chart = h("div", { class: "what-if-chart" });
  const words = h("p", { class: "fine" });
  const draw = onChange((_, one, own) => {
    chart.replaceChildren(curves(given(one, own)).element);
    words.textContent = (one.stored.labels ?? []).map((label, i) => `${i}: ${label}`).join(", ");
  });
  const element = h(
    "div",
    { "data-testid": "lines" },
    h("div", { class: "controls" }, ...controls.map((control) => control.element)),
    chart,
    words,
  );
  return {
    element,
    async update(scene, now) {
      metric = now;
      const one = chosen(scene, metric);
      element.hidden = !one;
      if (!one) return;
      for (const control of controls) control.update(scene);
      const { id } = standard(methods(scene), scene.state.line);
      const { images } = one.stored.methods[id];
      const array = images && (await load(images));
      if (app.scene !== scene) return;
      const count = one.stored.x.length;
      const own = array && Array.from(array.subarray(scene.row * count, (scene.row + 1) * count));
      const key = [scene.experiment.name, scene.set.id, scene.row, metric, one.value, id];
      draw(key, one, { mean: one.stored.methods[id], own });
    },
  };
}

/** The curves of a metric that are stored for the methods of the set: [{value, label, stored, declared}]. */
function curvesOf({ experiment, set }, metric) {
  const declared = experiment.metrics.find(({ id }) => id === metric)?.curves ?? [];
  return Object.entries(set.curves?.[metric] ?? {})
    .filter(([, stored]) => experiment.methods.some(({ id }) => stored.methods[id]))
    .map(([value, stored]) => {
      const told = declared.find(({ id }) => id === value);
      return { value, label: told?.label ?? value, stored, declared: told };
    });
}

function chosen(scene, metric) {
  return find(curvesOf(scene, metric), scene.state.curve, "value");
}

function methodsOf({ experiment }, metric, one) {
  return one ? distinct(experiment.methods.filter(({ id }) => one.stored.methods[id])) : [];
}

function given({ stored, declared, label }, { mean, own }) {
  const all = { label: "mean of all images", style: "mean", y: mean.mean, low: mean.low, high: mean.high };
  const isMeasured = own?.some(Number.isFinite);
  return {
    x: stored.labels ? stored.labels.map((_, i) => i) : stored.x,
    series: isMeasured ? [all, { label: "this image", style: "this", y: own }] : [all],
    xLabel: declared?.x_label ?? "",
    yLabel: declared?.y_label ?? label,
  };
}
