// The metrics of one image: what each method's map scores, and where that lies among all images.

import { quantileOf, strip } from "#chart";
import { choice } from "#controls";
import { h, onChange } from "#dom";
import { lines } from "#lines";
import { measured } from "#model";
import { nullKey, nullMark, nullRow } from "#nulls";
import { splitMetric } from "#select";
import { number, percent } from "#text";

const BETTER = { higher: "higher is better", lower: "lower is better", none: "" };

/** A section for the image view: {element, update(scene)}. */
export function measures(app) {
  const body = h("div", {});
  const control = choice(
    app.store,
    "measure",
    "Metric",
    ({ experiment, set }) => measured(experiment, set),
    (scene) => chosen(scene)?.value,
  );
  const note = h("p", { class: "fine" });
  const curve = lines(app);
  const element = h(
    "section",
    { class: "measures", "data-testid": "measures" },
    h("h2", {}, "How good are these maps, by the metrics?"),
    h("div", { class: "controls" }, control.element),
    h("div", { class: "measure-row" }, h("div", {}, body, note), curve.element),
  );
  const build = onChange((_, scene) => fill(body, note, scene));
  return {
    element,
    async update(scene) {
      element.hidden = !chosen(scene);
      if (element.hidden) return;
      control.update(scene);
      build([scene.experiment.name, scene.set.id, scene.network?.id, scene.row, chosen(scene).value], scene);
      await curve.update(scene, splitMetric(chosen(scene).value)[0]);
    },
  };
}

/** Whether the network is the first one, with which alone perturbations were computed. */
export function isMain({ experiment, network }) {
  return !network || network.id === experiment.networks[0]?.id;
}

function chosen({ experiment, set, state }) {
  const all = measured(experiment, set);
  return all.find(({ value }) => value === state.measure) ?? all[0];
}

function fill(body, note, scene) {
  const { experiment, set, row } = scene;
  const { value: name, methods, direction, label, chance } = chosen(scene);
  const [metric, quantity] = splitMetric(name);
  const population = set.population?.[metric]?.[quantity] ?? {};
  const values = set.values[metric][quantity];
  const all = methods.flatMap(({ id }) => [
    ...(population[id]?.quantiles.slice(1, 20) ?? []),
    values[id][row],
  ]);
  const known = [...all, chance].filter((v) => v !== null && v !== undefined);
  const [low, high] = known.length ? [Math.min(...known), Math.max(...known)] : [0, 1];
  const against = (method) => nullMark(experiment, nullRow(experiment, name, method.id));
  const rows = methods.map((method) => {
    const value = values[method.id][row];
    const quantiles = population[method.id]?.quantiles;
    const words = place(quantileOf(quantiles, value), direction);
    const drawn = strip({
      quantiles,
      value,
      low,
      high,
      chance,
      label: `${method.label}: ${value === null ? "not measured" : number(value)}. ${words}`,
    });
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, method.label, against(method)),
      h("td", { class: "strip-cell" }, drawn),
      h("td", { class: "figure" }, value === null ? "not measured" : number(value)),
      h("td", { class: "words" }, words),
    );
  });
  const scale = h(
    "tr",
    { class: "scale" },
    h("td", {}),
    h("td", {}, h("span", {}, number(low)), h("span", {}, number(high))),
    h("td", {}),
    h("td", {}),
  );
  body.replaceChildren(
    h(
      "table",
      { class: "strips" },
      h("caption", {}, [label, BETTER[direction]].filter(Boolean).join(", ")),
      h("tbody", {}, ...rows, scale),
    ),
  );
  const n = Math.max(0, ...methods.map(({ id }) => population[id]?.n ?? 0));
  const dashed = chance === null || chance === undefined ? "" : " Dashed: what a random map gets on average.";
  note.textContent = n
    ? `Dot: this image, and the share of the ${n} measured images that it is better than. Bars: the middle ` +
      `50 % and 90 % of them; upright line: their median.${dashed}`
    : `Dot: this image.${dashed}`;
  if (methods.some(against)) note.append(` By all of them, ${nullKey(false)}`);
}

function place(share, direction) {
  if (share === null) return "";
  if (direction === "none") return `above ${percent(share, 0)}`;
  return `better than ${percent(direction === "lower" ? 1 - share : share, 0)}`;
}
