// Values, colour ranges and agreement of maps.

import assert from "node:assert/strict";
import test from "node:test";
import {
  clipLevel,
  correlation,
  difference,
  mapAt,
  mapPixel,
  palette,
  rankCorrelation,
  ranks,
  reading,
  share,
  valueAt,
} from "../../workflow_scripts/signsight/explorer/page/maps.js";
import { table } from "../../workflow_scripts/signsight/explorer/page/colours.js";

const map = (q, width, scale = 1) => ({ q: Int8Array.from(q), width, height: q.length / width, scale });

test("a value is q / 127 of the scale, exact within half a step", () => {
  const array = Int8Array.from([1, 2, 3, 4, 5, 6, 127, -127, 0, 9, 10, 11]);
  const second = mapAt(array, [2, 2, 3], 1, 0.5);
  assert.deepEqual(valueAt(second, 0, 0), { value: 0.5, half: 0.5 / 254 });
  assert.equal(valueAt(second, 1, 0).value, -0.5);
  assert.equal(valueAt(second, 2, 1).value, (11 / 127) * 0.5);
});

test("a coarse map has one pixel for several of the picture", () => {
  assert.deepEqual(mapPixel({ width: 4, height: 2 }, 7, 3, 8, 4), { x: 3, y: 1 });
  assert.deepEqual(mapPixel({ width: 4, height: 2 }, 1, 1, 8, 4), { x: 0, y: 0 });
});

test("a method's own reading is signed where it says so", () => {
  assert.equal(reading("own", true), "signed");
  assert.equal(reading("own", false), "positive");
  assert.equal(reading("absolute", true), "absolute");
});

test("colours end at the percentile of the sizes", () => {
  const q = Int8Array.from({ length: 100 }, (_, i) => i + 1);
  assert.equal(clipLevel(q, 100, "signed"), 100);
  assert.equal(clipLevel(q, 90, "signed"), 90);
  assert.equal(clipLevel(Int8Array.from([-100, 1, 1, 1]), 100, "signed"), 100);
  assert.equal(clipLevel(Int8Array.from([-100, 1, 1, 1]), 100, "positive"), 1);
  assert.equal(clipLevel(Int8Array.from([0, 0, 0, 7]), 50, "signed"), 7, "not 0 while there is a value");
  assert.equal(clipLevel(new Int8Array(4), 99, "signed"), 0, "a map of zeros");
});

test("shares keep to their range", () => {
  assert.equal(share(-64, "signed", 32), -1);
  assert.equal(share(-64, "absolute", 128), 0.5);
  assert.equal(share(-64, "positive", 128), 0);
  assert.equal(share(5, "signed", 0), 0);
});

test("the palette puts zero in the middle of a signed scale and at the start of others", () => {
  const rgb = (word) => [word & 255, (word >> 8) & 255, (word >> 16) & 255];
  const at = (name, level) => [...table(name).subarray(3 * level, 3 * level + 3)];
  const signed = palette("signed", 100, "blue-red");
  assert.deepEqual(rgb(signed[128]), at("blue-red", 128));
  assert.deepEqual(rgb(signed[128 + 100]), at("blue-red", 256));
  assert.deepEqual(rgb(signed[128 - 100]), at("blue-red", 0));
  const positive = palette("positive", 50, "inferno");
  assert.deepEqual(rgb(positive[128]), at("inferno", 0));
  assert.deepEqual(rgb(positive[128 - 60]), at("inferno", 0));
  assert.deepEqual(rgb(positive[128 + 60]), at("inferno", 256));
  const faded = palette("absolute", 100, "inferno", true);
  assert.equal(faded[128] >>> 24, 0);
  assert.equal(faded[128 - 100] >>> 24, 255);
});

test("a difference is of shares, turns its sign with its sides, and is 0 of equals", () => {
  const [a, b] = [map([100, -50, 0, 25], 2, 3), map([10, 10, -10, 0], 2, 9)];
  const kinds = ["signed", "signed"];
  const ab = difference(a, b, kinds, [100, 10]);
  assert.deepEqual([...ab.exact], [0, -1.5, 1, 0.25]);
  assert.deepEqual([...difference(b, a, kinds, [10, 100]).exact], [0, 1.5, -1, -0.25]);
  assert.ok(difference(a, a, kinds, [100, 100]).exact.every((v) => v === 0));
  assert.equal(valueAt(ab, 1, 0).value, -1.5);
  assert.equal(ab.largest, 1.5);
  for (let i = 0; i < 4; i++) assert.ok(Math.abs((ab.q[i] / 127) * 2 - ab.exact[i]) <= 1 / 127);
});

test("a coarse map is compared with a fine one pixel by pixel", () => {
  const fine = map(
    Array.from({ length: 16 }, (_, i) => i),
    4,
  );
  const coarse = map([0, 20, 40, 60], 2);
  const out = difference(fine, coarse, ["signed", "signed"], [100, 100]);
  assert.deepEqual([out.width, out.height], [4, 4]);
  assert.ok(Math.abs(out.exact[15] - (15 - 60) / 100) < 1e-6);
});

test("ranks share their mean among equal values", () => {
  assert.deepEqual([...ranks([10, 30, 20, 20])], [0, 3, 1.5, 1.5]);
});

test("the rank correlation is 1 of any rising function, -1 of a falling one, null of a constant", () => {
  const a = map([1, 5, 3, 2, 4, 6], 3);
  assert.equal(rankCorrelation(a, map([1, 25, 9, 4, 16, 36], 3)), 1);
  assert.equal(rankCorrelation(a, map([-1, -5, -3, -2, -4, -6], 3)), -1);
  assert.equal(rankCorrelation(a, map([7, 7, 7, 7, 7, 7], 3)), null);
  assert.ok(Math.abs(correlation([1, 2, 3], [1, 3, 2]) - 0.5) < 1e-12);
});
