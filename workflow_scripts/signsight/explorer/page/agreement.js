// How far the metrics agree on the order of the methods: Kendall's tau of each pair of quantities.

import { h } from "#dom";
import { named, quantityOf } from "#model";
import { number } from "#text";

/** The section, or null where nothing was compared. */
export function agreement(experiment) {
  const rows = (experiment.agreement?.rows ?? []).filter(
    ({ tau }) => tau !== null && tau !== undefined && tau !== "",
  );
  const name = (metric, quantity) => `${metric}.${quantity}`;
  const ids = [
    ...new Set(
      rows.flatMap((row) => [name(row.metric_a, row.quantity_a), name(row.metric_b, row.quantity_b)]),
    ),
  ];
  if (ids.length < 2) return null;
  const values = new Map();
  for (const row of rows) {
    const [a, b] = [name(row.metric_a, row.quantity_a), name(row.metric_b, row.quantity_b)];
    values.set(`${a} ${b}`, Number(row.tau)).set(`${b} ${a}`, Number(row.tau));
  }
  const head = h("tr", {}, h("td", {}), ...ids.map((id, i) => h("th", { scope: "col" }, letter(i))));
  const body = ids.map((a, i) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, `${letter(i)}  ${label(experiment, a)}`),
      ...ids.map((b, j) => (j < i ? cell(values.get(`${a} ${b}`)) : h("td", {}, j === i ? "·" : ""))),
    ),
  );
  return h(
    "section",
    {},
    h("h3", {}, "Do the metrics agree?"),
    h(
      "div",
      { class: "wide-table", role: "region", tabindex: "0", "aria-label": "Agreement of the metrics" },
      h(
        "table",
        { class: "agreement", "data-testid": "agreement-table" },
        h("thead", {}, head),
        h("tbody", {}, ...body),
      ),
    ),
    h(
      "p",
      { class: "fine" },
      "Kendall’s τ between the orders in which two metrics put the methods: 1 the same order, 0 unrelated, ",
      "−1 the reverse.",
    ),
  );
}

function cell(tau) {
  if (tau === undefined) return h("td", {}, "–");
  const share = Math.round(Math.abs(tau) * 60);
  return h("td", { class: tau < 0 ? "against" : "along", style: `--share:${share}%` }, number(tau, 2));
}

function letter(i) {
  return i < 26 ? String.fromCharCode(65 + i) : `${letter(Math.floor(i / 26) - 1)}${letter(i % 26)}`;
}

function label(experiment, id) {
  const known = quantityOf(experiment, id);
  return known ? named(known.metric, known.quantity).label : id;
}
