// Values of maps: the number of a pixel, the colour range, signs, agreement of two maps; pure.
//
// A map is {q, width, height, scale}: q is an Int8Array view with one number from -127 to 127 a pixel, row by
// row, and a pixel's value is q / 127 * scale.

import { table } from "#colours";

/** The map of row `n` in an unpacked array of the shape (N, height, width). */
export function mapAt(array, [, height, width], n, scale) {
  const size = height * width;
  return { q: array.subarray(n * size, (n + 1) * size), width, height, scale };
}

/** {value, half}: the value of a pixel, and half a step of the 8-bit scale, within which it is exact. */
export function valueAt(map, x, y) {
  if (map.exact) return { value: map.exact[y * map.width + x], half: map.half };
  return { value: (map.q[y * map.width + x] / 127) * map.scale, half: map.scale / 254 };
}

/** The pixel of a map that a pixel of a picture of width x height falls on: maps may be coarser. */
export function mapPixel(map, x, y, width, height) {
  return { x: Math.floor((x * map.width) / width), y: Math.floor((y * map.height) / height) };
}

/** How a map is read: "signed", "absolute" or "positive"; "own" is what the method declares. */
export function reading(sign, signed) {
  if (sign !== "own") return sign;
  return signed ? "signed" : "positive";
}

/** The number that a reading makes of q: itself, its size, or its positive part. */
export function read(q, kind) {
  if (kind === "signed") return q;
  return kind === "absolute" ? Math.abs(q) : Math.max(q, 0);
}

/**
 * The smallest size (1 to 127) that `percent` of the pixels do not exceed: there the colours end.
 * Where that would be 0, the largest size of the map; 0 for a map of zeros.
 */
export function clipLevel(q, percent, kind) {
  const counts = new Uint32Array(129);
  for (let i = 0; i < q.length; i++) counts[Math.abs(read(q[i], kind))]++;
  let largest = 128;
  while (largest > 0 && !counts[largest]) largest--;
  let below = 0;
  for (let size = 0; size < largest; size++) {
    below += counts[size];
    if (below >= (percent / 100) * q.length) return size || largest;
  }
  return largest;
}

/** q of a reading as a share of the colour range: -1 to 1 if signed, else 0 to 1. */
export function share(q, kind, level) {
  return level ? Math.max(-1, Math.min(1, read(q, kind) / level)) : 0;
}

const IS_LITTLE = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/**
 * 256 pixels for q = -128...127 (index q + 128), as 32-bit numbers in the order of ImageData; with `fade`
 * they are the more transparent the weaker.
 */
export function palette(kind, level, colours, fade = false, out = new Uint32Array(256)) {
  const rgb = table(colours);
  for (let q = -128; q < 128; q++) {
    const part = share(q, kind, level);
    const at = 3 * Math.round((kind === "signed" ? (part + 1) / 2 : part) * 256);
    const [r, g, b] = [rgb[at], rgb[at + 1], rgb[at + 2]];
    const alpha = fade ? Math.round(255 * Math.abs(part)) : 255;
    const bytes = IS_LITTLE ? [alpha, b, g, r] : [r, g, b, alpha];
    out[q + 128] = (bytes[0] << 24) | (bytes[1] << 16) | (bytes[2] << 8) | bytes[3];
  }
  return out;
}

/**
 * The difference a - b of two maps, each divided by the value at which its colours end, enlarged to the finer
 * of the two: a map from -2 to 2 (`exact`: its values without rounding, within `half`).
 */
export function difference(a, b, kinds, levels) {
  const width = Math.max(a.width, b.width);
  const height = Math.max(a.height, b.height);
  const exact = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [p, r] = [a, b].map((map) => {
        const at = mapPixel(map, x, y, width, height);
        return map.q[at.y * map.width + at.x];
      });
      exact[y * width + x] = share(p, kinds[0], levels[0]) - share(r, kinds[1], levels[1]);
    }
  }
  const half = levels.reduce((sum, level) => sum + (level ? 0.5 / level : 0), 0);
  const largest = exact.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  const q = Int8Array.from(exact, (v) => Math.round((v / 2) * 127));
  return { q, width, height, scale: 2, exact, half, largest };
}

/** Spearman's rank correlation of two maps (ties share their mean rank), or null where one is constant. */
export function rankCorrelation(a, b) {
  const width = Math.min(a.width, b.width);
  const height = Math.min(a.height, b.height);
  return correlation(ranks(shrink(a, width, height)), ranks(shrink(b, width, height)));
}

function shrink(map, width, height) {
  if (map.width === width && map.height === height) return map.q;
  const sums = new Float64Array(width * height);
  const counts = new Float64Array(width * height);
  for (let y = 0; y < map.height; y++) {
    for (let x = 0; x < map.width; x++) {
      const at = Math.floor((y * height) / map.height) * width + Math.floor((x * width) / map.width);
      sums[at] += map.q[y * map.width + x];
      counts[at]++;
    }
  }
  return sums.map((sum, i) => sum / counts[i]);
}

/** Ranks from 0 of numbers; equal ones get the mean of their ranks. */
export function ranks(values) {
  const order = Array.from(values.keys()).sort((i, j) => values[i] - values[j]);
  const out = new Float64Array(values.length);
  for (let start = 0; start < order.length;) {
    let end = start;
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (let k = start; k < end; k++) out[order[k]] = (start + end - 1) / 2;
    start = end;
  }
  return out;
}

/** Pearson's correlation, or null where one of the two is constant. */
export function correlation(a, b) {
  const mean = (v) => v.reduce((sum, x) => sum + x, 0) / v.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += (a[i] - ma) * (b[i] - mb);
    aa += (a[i] - ma) ** 2;
    bb += (b[i] - mb) ** 2;
  }
  return aa && bb ? ab / Math.sqrt(aa * bb) : null;
}
