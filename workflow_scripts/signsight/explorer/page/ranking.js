// The ranking of the methods by each metric: intervals, groups, and links to the images behind a number.

import { agreement } from "#agreement";
import { choice } from "#controls";
import { h, onChange, svg } from "#dom";
import { measured, named, quantityOf } from "#model";
import { notes } from "#notes";
import { gapWords, mark, nullKey, nullLabel, nullMark } from "#nulls";
import { format } from "#state";
import { number, percent } from "#text";

const GAP = "Against null maps: the gap to the strongest of them, with its interval. ";
const ARROWS = { higher: "↑", lower: "↓", none: "" };

/** Whether there is anything to rank. */
export function hasRanking(experiment) {
  return ranks(experiment).length > 0;
}

/** The rows of the ranking by images, and of that by a detector's boxes. */
function ranks({ ranking: images, box_ranking: boxes }) {
  return [...(images?.rows ?? []), ...(boxes?.rows ?? [])];
}

function confidence({ ranking: images, box_ranking: boxes }) {
  return percent((images ?? boxes).confidence ?? 0.95, 0);
}

/** The view: {element, update(scene)}. */
export function ranking(app) {
  const one = choice(
    app.store,
    "order",
    "Metric",
    ({ experiment }) => columns(experiment),
    (scene) => chosen(scene).value,
  );
  const plot = h("div", { class: "forest" });
  const table = h("div", {
    class: "wide-table",
    role: "region",
    tabindex: "0",
    "aria-label": "Ranking by every metric",
  });
  const tableKey = h("p", { class: "fine" });
  const rest = h("div", {});
  const build = onChange((_, scene) => {
    plot.replaceChildren(forest(scene));
    table.replaceChildren(wholeTable(scene));
    tableKey.textContent = ranks(scene.experiment).some(mark) ? nullKey(!scene.experiment.ranking) : "";
    rest.replaceChildren(
      ...[
        agreement(scene.experiment),
        notes(scene.experiment.methods.filter(isRanked(scene.experiment))),
      ].filter(Boolean),
    );
  });
  return {
    element: h(
      "div",
      { class: "ranking" },
      h("h2", {}, "Which explanation is to be trusted?"),
      h("div", { class: "controls" }, one.element),
      plot,
      h("h3", {}, "By every metric"),
      table,
      tableKey,
      rest,
    ),
    update(scene) {
      one.update(scene);
      build([scene.experiment.name, scene.set?.id, chosen(scene).value, format(scene.state)], scene);
    },
  };
}

/** Quantities that the methods are ranked by: [{value, label, direction, chance}]. */
function columns(experiment) {
  const names = [...new Set(ranks(experiment).map(({ metric, quantity }) => `${metric}.${quantity}`))];
  return names.map((value) => {
    const known = quantityOf(experiment, value);
    return {
      value,
      ...(known ? named(known.metric, known.quantity) : { label: value, direction: "none", chance: null }),
    };
  });
}

function chosen({ experiment, state }) {
  const all = columns(experiment);
  return all.find(({ value }) => value === state.order) ?? all[0];
}

function rowsOf(experiment, name) {
  return ranks(experiment).filter(({ metric, quantity }) => `${metric}.${quantity}` === name);
}

function labelOf(experiment, id) {
  return experiment.methods.find((method) => method.id === id)?.label ?? id;
}

/** One metric: every method's mean with its interval, on a common scale. */
function forest(scene) {
  const { experiment } = scene;
  const column = chosen(scene);
  const rows = rowsOf(experiment, column.value).toSorted((a, b) => a.rank - b.rank || better(column, b, a));
  const ends = rows.flatMap(({ mean, low, high }) => [mean, low, high]);
  const known = [...ends, column.chance].filter((v) => v !== null && v !== undefined);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const against = rows.some(mark);
  const gap = against ? ["Against null maps"] : [];
  const heads = ["Method", "", "Mean, interval", "Rank", "Group", ...gap, "Its images"];
  const body = rows.map((row) =>
    h(
      "tr",
      { "data-method": row.method },
      h("th", { scope: "row" }, labelOf(experiment, row.method)),
      h(
        "td",
        { class: "strip-cell" },
        interval(row, low, high, column.chance, labelOf(experiment, row.method)),
      ),
      h(
        "td",
        { class: "figure" },
        h("b", {}, number(row.mean)),
        " ",
        h("span", { class: "fine" }, bracket(row)),
      ),
      h("td", { class: "group" }, String(row.rank)),
      h("td", { class: "group" }, row.group ?? ""),
      against ? h("td", { class: "null-gap" }, ...nullGap(experiment, row)) : null,
      h("td", { class: "words" }, ...links(scene, row)),
    ),
  );
  const direction = { higher: "higher is better", lower: "lower is better", none: "" }[column.direction];
  const n = Math.max(...rows.map((row) => row.n));
  const unit = experiment.box_ranking?.rows.includes(rows[0]) ? "boxes" : "images";
  return h(
    "div",
    {},
    h(
      "table",
      { class: "strips forest-table" },
      h("caption", {}, [column.label, direction].filter(Boolean).join(", ")),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ...heads.map((text) => h("th", { scope: "col" }, text)),
        ),
      ),
      h("tbody", {}, ...body),
    ),
    h(
      "p",
      { class: "fine" },
      `Dot: mean of ${n} ${unit}; bar: its ${confidence(experiment)} interval. `,
      "The rank is one more than the number of methods that are significantly better; methods that share a ",
      "letter cannot be told apart.",
      column.chance === null || column.chance === undefined ? "" : " Dashed: chance.",
    ),
    against ? h("p", { class: "fine" }, GAP, nullKey(unit === "boxes")) : null,
  );
}

/** Mark, gap and name of the strongest null map; a dash for what is a null map itself. */
function nullGap(experiment, row) {
  if (!mark(row)) return ["–"];
  return [
    nullMark(experiment, row),
    h("b", {}, ` ${row.against_null} `),
    h("span", { class: "fine" }, `${gapWords(row)} · ${nullLabel(experiment, row)}`),
  ];
}

function better({ direction }, a, b) {
  return (direction === "lower" ? -1 : 1) * (a.mean - b.mean);
}

function bracket({ low, high }) {
  return low === null || low === undefined ? "" : `[${number(low)}, ${number(high)}]`;
}

function interval({ mean, low, high }, from, to, chance, name) {
  const [width, height] = [300, 24];
  const px = (v) => 8 + ((v - from) / (to - from || 1)) * (width - 16);
  return svg(
    "svg",
    {
      class: "strip",
      viewBox: `0 0 ${width} ${height}`,
      role: "img",
      "aria-label": `${name}: ${number(mean)} ${bracket({ low, high })}`,
    },
    svg("line", { class: "strip-base", x1: 0, x2: width, y1: 12, y2: 12 }),
    chance === null || chance === undefined
      ? null
      : svg("line", { class: "strip-chance", x1: px(chance), x2: px(chance), y1: 0, y2: height }),
    low === null || low === undefined
      ? null
      : svg("rect", {
          class: "strip-interval",
          x: px(low),
          width: Math.max(px(high) - px(low), 1),
          y: 9,
          height: 6,
        }),
    svg("circle", { class: "strip-dot", cx: px(mean), cy: 12, r: 5 }),
  );
}

/** Links to the wall, sorted by this metric of this method: "best" and "worst" first. */
function links(scene, row) {
  const name = `${row.metric}.${row.quantity}`;
  const first = scene.sets.find((set) => set.values?.[row.metric]?.[row.quantity]?.[row.method]);
  if (!first || !measured(scene.experiment, first).some(({ value }) => value === name)) return [];
  const { direction } = quantityOf(scene.experiment, name)?.quantity ?? {};
  const to = (descending) =>
    format({
      ...scene.state,
      view: "overview",
      set: first.id,
      sort: "metric",
      metric: name,
      by: row.method,
      show: row.method,
      descending,
    });
  const label = labelOf(scene.experiment, row.method);
  const link = (text, descending) =>
    h(
      "a",
      {
        href: to(descending),
        "data-testid": `${text}-${name}-${row.method}`,
        "aria-label": `images where ${label} is ${text}`,
      },
      text,
    );
  if (direction === "none") return [link("lowest", false), " · ", link("highest", true)];
  return [link("best", direction !== "lower"), " · ", link("worst", direction === "lower")];
}

function wholeTable(scene) {
  const { experiment } = scene;
  const all = columns(experiment);
  const ids = [...new Set(ranks(experiment).map(({ method }) => method))];
  const first = rowsOf(experiment, all[0].value);
  const rank = (id) => first.find(({ method }) => method === id)?.rank ?? Infinity;
  const head = h(
    "tr",
    {},
    h("th", { scope: "col" }, "Method"),
    ...all.map(({ label, direction }) => h("th", { scope: "col" }, ...heading(label, direction))),
  );
  const body = ids
    .toSorted((a, b) => rank(a) - rank(b))
    .map((id) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, labelOf(experiment, id)),
        ...all.map(({ value }) =>
          cell(
            scene,
            rowsOf(experiment, value).find(({ method }) => method === id),
          ),
        ),
      ),
    );
  return h(
    "table",
    { class: "ranks", "data-testid": "ranking-table" },
    h("thead", {}, head),
    h("tbody", {}, ...body),
  );
}

/** "Metric: quantity" on two lines, with the arrow of the better direction. */
function heading(label, direction) {
  const [metric, quantity] = label.split(": ");
  const arrow = ` ${ARROWS[direction] ?? ""}`;
  return quantity ? [h("small", {}, metric), quantity + arrow] : [metric + arrow];
}

function cell(scene, row) {
  if (!row) return h("td", { class: "none" }, "–");
  const [best] = links(scene, row);
  const inside = [
    h("span", { class: "mean" }, number(row.mean)),
    h("sup", {}, row.group ?? ""),
    nullMark(scene.experiment, row),
    h("span", { class: "fine" }, bracket(row)),
  ];
  const name = `${row.metric}.${row.quantity}-${row.method}`;
  const href = best?.getAttribute("href");
  return h(
    "td",
    { class: row.rank === 1 ? "first" : null },
    href
      ? h("a", { href, "data-testid": `cell-${name}`, title: "the images where it is best" }, ...inside)
      : h("span", {}, ...inside),
  );
}

function isRanked(experiment) {
  return ({ id }) => ranks(experiment).some(({ method }) => method === id);
}
