// Small charts in SVG: curves with a mean and its interval, and where a value lies in a distribution.

import { h, svg } from "#dom";
import { number } from "#text";

const [WIDTH, HEIGHT] = [460, 230];
const EDGE = { left: 46, right: 12, top: 10, bottom: 42 };

/**
 * Curves over a common x. series: [{label, style: "this"|"mean", y, low, high}], NaN or null: no point.
 * Returns {element, mark(x)}: `mark` moves the upright line that shows where the slider is.
 */
export function curves({ x, series, xLabel, yLabel, words = tickWords }) {
  const shown = series
    .flatMap(({ y, low, high }) => [...y, ...(low ?? []), ...(high ?? [])])
    .filter(isNumber);
  const [bottom, top] = range(shown);
  const left = Math.min(...x);
  const width = Math.max(...x) - left || 1;
  const px = (v) => EDGE.left + ((v - left) / width) * (WIDTH - EDGE.left - EDGE.right);
  const py = (v) =>
    HEIGHT - EDGE.bottom - ((v - bottom) / (top - bottom)) * (HEIGHT - EDGE.top - EDGE.bottom);
  const mark = svg("line", {
    class: "chart-mark",
    visibility: "hidden",
    y1: EDGE.top,
    y2: HEIGHT - EDGE.bottom,
  });
  const dots = series.map(({ style }) =>
    svg("circle", { class: `chart-dot chart-${style}`, r: 4.5, visibility: "hidden" }),
  );
  const drawing = svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": describe({ x, series, xLabel, yLabel }) },
    ...ticks(bottom, top).map((v) => horizontal(v, py(v))),
    ...ticks(left, left + width).map((v) =>
      svg(
        "text",
        { class: "chart-tick", x: px(v), y: HEIGHT - EDGE.bottom + 16, "text-anchor": "middle" },
        words(v),
      ),
    ),
    svg(
      "text",
      {
        class: "chart-label",
        x: (EDGE.left + WIDTH - EDGE.right) / 2,
        y: HEIGHT - 6,
        "text-anchor": "middle",
      },
      xLabel,
    ),
    ...series.flatMap((one) => curve(one, x, px, py)),
    mark,
    ...dots,
  );
  return {
    element: h(
      "figure",
      { class: "chart" },
      h("figcaption", {}, h("b", {}, yLabel), ...series.map(key)),
      drawing,
    ),
    mark(at) {
      mark.setAttribute("visibility", "visible");
      mark.setAttribute("x1", px(at));
      mark.setAttribute("x2", px(at));
      series.forEach(({ y }, i) => {
        const value = y[x.indexOf(at)];
        dots[i].setAttribute("visibility", isNumber(value) ? "visible" : "hidden");
        if (!isNumber(value)) return;
        dots[i].setAttribute("cx", px(at));
        dots[i].setAttribute("cy", py(value));
      });
    },
  };
}

function curve({ y, low, high, style }, x, px, py) {
  const out = [];
  if (low && high) {
    const there = x.map((_, i) => i).filter((i) => isNumber(low[i]) && isNumber(high[i]));
    const around = [...there.map((i) => [x[i], high[i]]), ...there.reverse().map((i) => [x[i], low[i]])];
    out.push(
      svg("polygon", { class: "chart-band", points: around.map(([a, b]) => `${px(a)},${py(b)}`).join(" ") }),
    );
  }
  out.push(
    svg("path", {
      class: `chart-line chart-${style}`,
      d: path(
        x.map(px),
        Array.from(y, (v) => (isNumber(v) ? py(v) : null)),
      ),
    }),
  );
  return out;
}

/** An SVG path through points, interrupted where y is null. */
export function path(xs, ys) {
  let pen = "M";
  let out = "";
  xs.forEach((x, i) => {
    if (ys[i] !== null) out += `${pen}${x.toFixed(1)} ${ys[i].toFixed(1)}`;
    pen = ys[i] === null ? "M" : "L";
  });
  return out;
}

function horizontal(value, y) {
  return svg(
    "g",
    {},
    svg("line", { class: "chart-grid", x1: EDGE.left, x2: WIDTH - EDGE.right, y1: y, y2: y }),
    svg("text", { class: "chart-tick", x: EDGE.left - 7, y: y + 4, "text-anchor": "end" }, tickWords(value)),
  );
}

function key({ label, style }) {
  return h("span", { class: `chart-key chart-key-${style}` }, label);
}

function describe({ x, series, xLabel, yLabel }) {
  const last = x.length - 1;
  const each = series.map(({ label, y }) => `${label}: from ${number(y[0])} to ${number(y[last])}`);
  return `${yLabel} over ${xLabel}. ${each.join("; ")}.`;
}

function tickWords(value) {
  return String(value).replace("-", "\u2212");
}

/** Round numbers between two ends, about five. */
export function ticks(low, high) {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((v) => v * power).find((v) => v >= rough * 0.999);
  const first = Math.ceil(low / step - 1e-9);
  const out = [];
  for (let i = first; i * step <= high + step * 1e-9; i++) out.push(Number((i * step).toPrecision(12)));
  return out;
}

/** The range of the y axis: 0 to 1 for shares, else what the values need. */
function range(values) {
  const [low, high] = [Math.min(0, ...values), Math.max(...values, 0)];
  if (low >= 0 && high <= 1 && high > 0.3) return [0, 1];
  return high > low ? [low, high] : [0, 1];
}

function isNumber(value) {
  return value !== null && Number.isFinite(value);
}

/** The share (0...1) of a population below a value, from its 21 quantiles; null without them. */
export function quantileOf(quantiles, value) {
  if (!quantiles || !isNumber(value)) return null;
  const last = quantiles.length - 1;
  if (value <= quantiles[0]) return 0;
  if (value >= quantiles[last]) return 1;
  const right = quantiles.findIndex((q) => q > value);
  const [a, b] = [quantiles[right - 1], quantiles[right]];
  return (right - 1 + (value - a) / (b - a)) / last;
}

/** One row: the middle 90 % and 50 % of a population, its median, and the value of this image. */
export function strip({ quantiles, value, low, high, label, chance }) {
  const [width, height] = [300, 24];
  const px = (v) => 6 + ((v - low) / (high - low || 1)) * (width - 12);
  const parts = [];
  if (quantiles?.every(isNumber)) {
    const [q5, q25, q50, q75, q95] = [1, 5, 10, 15, 19].map((i) => px(quantiles[i]));
    parts.push(
      svg("rect", { class: "strip-wide", x: q5, width: Math.max(q95 - q5, 1), y: 10, height: 4 }),
      svg("rect", { class: "strip-half", x: q25, width: Math.max(q75 - q25, 1), y: 7, height: 10 }),
      svg("line", { class: "strip-median", x1: q50, x2: q50, y1: 5, y2: 19 }),
    );
  }
  if (isNumber(chance))
    parts.push(svg("line", { class: "strip-chance", x1: px(chance), x2: px(chance), y1: 0, y2: height }));
  if (isNumber(value)) parts.push(svg("circle", { class: "strip-this", cx: px(value), cy: 12, r: 5 }));
  return svg(
    "svg",
    { class: "strip", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    ...parts,
  );
}
