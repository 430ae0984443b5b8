// Numbers as text, legends, charts, CSV, and blobs.

import assert from "node:assert/strict";
import test from "node:test";
import { gzipSync } from "node:zlib";
import { runningSum, unpack } from "../../workflow_scripts/signsight/explorer/page/blobs.js";
import { path, quantileOf, ticks } from "../../workflow_scripts/signsight/explorer/page/chart.js";
import { DIVERGING, SEQUENTIAL, css, table } from "../../workflow_scripts/signsight/explorer/page/colours.js";
import { clipWords, coloursOf, meaning } from "../../workflow_scripts/signsight/explorer/page/legend.js";
import { csv } from "../../workflow_scripts/signsight/explorer/page/saving.js";
import { DEFAULTS } from "../../workflow_scripts/signsight/explorer/page/state.js";
import {
  count,
  degrees,
  number,
  percent,
  signed,
} from "../../workflow_scripts/signsight/explorer/page/text.js";

test("numbers have three significant digits and a real minus sign", () => {
  const said = [0, 1, -0.5, 0.0123456, 123.456, 1234567, 0.00001, null, NaN].map((v) => number(v));
  assert.deepEqual(said, ["0", "1.00", "−0.500", "0.0123", "123", "1.23e+6", "1.00e−5", "–", "–"]);
  assert.equal(signed(0.25), "+0.250");
  assert.equal(percent(0.9942), "99.4\u202f%");
  assert.equal(percent(null), "–");
  assert.equal(percent(-0.0001), "0.0\u202f%");
  assert.deepEqual([degrees(15), degrees(-15), degrees(0)], ["+15°", "−15°", "0°"]);
  assert.deepEqual([count(1, "image"), count(2000, "image")], ["1 image", "2,000 images"]);
});

test("a legend names the colours at the ends and what they mean", () => {
  const words = meaning("signed", DEFAULTS).map(({ colour, text }) => `${colour}: ${text}`);
  assert.deepEqual(words, [
    "blue: speaks against the class",
    "white: no influence",
    "red: speaks for the class",
  ]);
  assert.match(meaning("absolute", DEFAULTS)[1].text, /for or against/);
  assert.match(meaning("positive", DEFAULTS)[1].text, /for the class/);
  assert.match(clipWords(99), / 99 %/);
  assert.match(clipWords(100), /largest value/);
  assert.equal(coloursOf("signed", { diverging: "toString" }), "blue-red", "an unknown name is the default");
});

test("every colour map is 257 colours; diverging ones are light in the middle and dark at the ends", () => {
  const light = (name, level) =>
    table(name)
      .subarray(3 * level, 3 * level + 3)
      .reduce((sum, v) => sum + v, 0);
  for (const name of [...Object.keys(DIVERGING), ...Object.keys(SEQUENTIAL)])
    assert.equal(table(name).length, 771);
  for (const name of Object.keys(DIVERGING)) {
    assert.ok(light(name, 128) > 700);
    assert.ok(light(name, 0) < 250 && light(name, 256) < 250);
  }
  assert.equal(css("grey", 0.5), "rgb(128 128 128)");
});

test("a path is interrupted where there is no value", () => {
  assert.equal(path([0, 1, 2, 3], [1, null, 2, 3]), "M0.0 1.0M2.0 2.0L3.0 3.0");
});

test("ticks are round numbers inside the range", () => {
  assert.deepEqual(ticks(0, 1), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(ticks(-90, 90), [-50, 0, 50]);
  assert.deepEqual(ticks(0.1, 0.13), [0.1, 0.11, 0.12, 0.13]);
});

test("where a value lies among quantiles", () => {
  const quantiles = Array.from({ length: 21 }, (_, i) => i);
  assert.equal(quantileOf(quantiles, 5), 0.25);
  assert.equal(quantileOf(quantiles, 5.5), 0.275);
  assert.deepEqual([quantileOf(quantiles, -1), quantileOf(quantiles, 99)], [0, 1]);
  assert.deepEqual([quantileOf(undefined, 1), quantileOf(quantiles, null)], [null, null]);
});

test("values as CSV: a line for each row of the map", () => {
  assert.equal(
    csv({ q: Int8Array.of(127, 0, -127, 127), width: 2, height: 2, scale: 0.5 }),
    "0.5,0\n-0.5,0.5\n",
  );
});

test("a blob is gzip of little-endian numbers in base64; differences are summed up, modulo 256", async () => {
  const text = (bytes) => gzipSync(Buffer.from(bytes)).toString("base64");
  const plain = await unpack(text([0, 0, 128, 63, 0, 0, 192, 127]), {
    dtype: "float32",
    shape: [2],
    delta: false,
  });
  assert.deepEqual([...plain], [1, NaN]);
  const summed = await unpack(` ${text([100, 100, 200, 5, 255, 255])}\n`, {
    dtype: "int8",
    shape: [2, 3],
    delta: true,
  });
  assert.deepEqual([...summed], [100, -56, -112, 5, 4, 3]);
  const bytes = Uint8Array.of(250, 10, 1, 1);
  runningSum(bytes, 2);
  assert.deepEqual([...bytes], [250, 4, 1, 2]);
});
