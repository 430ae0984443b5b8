// Perturbed pictures, and which of them the page offers.

import assert from "node:assert/strict";
import test from "node:test";
import { homography, warp } from "../../workflow_scripts/signsight/explorer/page/geometry.js";
import {
  cellEdges,
  paintBox,
  paintCells,
  removePixels,
} from "../../workflow_scripts/signsight/explorer/page/perturb.js";
import {
  nearest,
  needs,
  outcome,
  possibilities,
  series,
} from "../../workflow_scripts/signsight/explorer/page/possible.js";

const grey = (values) => Uint8ClampedArray.from(values.flatMap((v) => [v, v, v, 255]));
const reds = (pixels) => [...pixels].filter((_, i) => i % 4 === 0);

test("cells begin and end where numpy's rounding puts them", () => {
  assert.deepEqual(cellEdges(48, 8), [0, 6, 12, 18, 24, 30, 36, 42, 48]);
  assert.deepEqual(cellEdges(10, 4), [0, 2, 5, 8, 10]); // halves to even: 2.5 -> 2, 7.5 -> 8
});

test("the first cells of the order are painted, those that do not exist are not", () => {
  const pixels = grey([1, 2, 3, 4]);
  const paint = { height: 2, width: 2, grid: 2, colour: [9, 9, 9] };
  assert.deepEqual(
    reds(paintCells(pixels, { ...paint, order: Uint8Array.of(3, 0, 1, 2), count: 2 })),
    [9, 2, 3, 9],
  );
  assert.deepEqual(
    reds(paintCells(pixels, { ...paint, order: Uint8Array.of(255, 255), count: 2 })),
    [1, 2, 3, 4],
  );
  assert.deepEqual(reds(pixels), [1, 2, 3, 4], "the picture itself stays");
});

test("pixels are removed, or shown, in the order of their steps", () => {
  const pixels = grey([1, 2, 3, 4]);
  const step = Uint8Array.of(1, 0, 2, 1);
  const deleted = (count, fill) => reds(removePixels(pixels, { step, count, isInsertion: false, fill }));
  const shown = (count) => reds(removePixels(pixels, { step, count, isInsertion: true, fill: [0, 0, 0] }));
  assert.deepEqual(deleted(0, [7, 7, 7]), [1, 2, 3, 4]);
  assert.deepEqual(deleted(1, [7, 7, 7]), [1, 7, 3, 4]);
  assert.deepEqual(deleted(3, [7, 7, 7]), [7, 7, 7, 7]);
  assert.deepEqual(deleted(2, grey([10, 20, 30, 40])), [10, 20, 3, 40], "by another picture");
  assert.deepEqual(
    [shown(0), shown(1), shown(3)],
    [
      [0, 0, 0, 0],
      [0, 2, 0, 0],
      [1, 2, 3, 4],
    ],
  );
});

test("a box is painted with a colour or another picture, its ends excluded", () => {
  const pixels = grey([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(reds(paintBox(pixels, 3, [1, 0, 3, 2], [0, 0, 0])), [1, 0, 0, 4, 0, 0, 7, 8, 9]);
  const other = grey([11, 12, 13, 14, 15, 16, 17, 18, 19]);
  assert.deepEqual(reds(paintBox(pixels, 3, [1, 0, 3, 2], other)), [1, 12, 13, 4, 15, 16, 7, 8, 9]);
  assert.deepEqual(reds(paintBox(pixels, 3, [0, 0, 0, 0], other)), reds(pixels), "an empty box");
});

test("no degrees change nothing, a quarter turn moves every pixel, 90 degrees of tilt are black", () => {
  const pixels = grey([1, 2, 3, 4]);
  const turned = (transform, degrees) => reds(warp(pixels, homography(transform, degrees, 2, 2), 2, 2));
  for (const transform of ["rotation", "perspective_vertical", "perspective_horizontal"]) {
    assert.deepEqual(turned(transform, 0), [1, 2, 3, 4]);
  }
  assert.deepEqual(turned("rotation", 90), [2, 4, 1, 3]); // counterclockwise
  assert.deepEqual(turned("perspective_vertical", 90), [0, 0, 0, 0]);
  assert.equal(homography("shear", 1, 2, 2), undefined);
});

const array = (length) => ({ blob: 0, dtype: "float32", shape: [2, length], delta: false });
const set = {
  predicted: [4, 5],
  confidence: [0.9, 0.8],
  cells: {
    grid: 2,
    max: 3,
    colour: [255, 255, 255],
    methods: { lrp: { order: array(4), predicted: null, probability: array(4) } },
  },
  pixels: {
    steps: 2,
    methods: { lrp: array(2), other: array(2) },
    metrics: ["deletion", "insertion"],
    shown: ["insertion"],
    x: [0, 0.5, 1],
    fill: {},
  },
  curves: {
    deletion: {
      p: {
        x: [0, 0.5, 1],
        methods: { lrp: { mean: [1, 0.5, 0], low: [1, 0, 0], high: [1, 1, 0], images: array(3) } },
      },
    },
  },
  geometry: [
    {
      transform: "rotation",
      label: "Rotation",
      degrees: [-30, 0, 30],
      probability: array(3),
      predicted: array(3),
      confidence: array(3),
    },
    { transform: "shear", label: "Shear", degrees: [0, 1], probability: array(2) },
  ],
  stickers: [
    {
      method: "lrp",
      design: "tall",
      sign_size: "small",
      rectangle: array(4),
      colour: [0, 0, 0],
      probability: [0.1, 0.2],
      predicted: [1, 2],
      clean_probability: [0.9, 0.8],
    },
    {
      method: "other",
      design: "tall",
      sign_size: "small",
      rectangle: null,
      colour: null,
      pictures: null,
      probability: [0, 0],
      predicted: [1, 1],
    },
  ],
};
const experiment = {
  methods: [{ id: "lrp" }, { id: "other" }],
  metrics: [
    { id: "deletion", label: "Deletion" },
    { id: "insertion", label: "Insertion" },
  ],
};

test("only what was computed and can be drawn is offered", () => {
  const all = possibilities(experiment, set);
  assert.deepEqual(
    all.map(({ value }) => value),
    ["cells", "pixels.deletion", "sticker.tall.small", "turn.rotation"],
  );
  assert.deepEqual(all[1].methods, ["lrp"], "a method with a curve");
  assert.deepEqual(all[2].methods, ["lrp"], "a sticker that can be drawn");
  assert.equal(all[3].start, 1, "0 degrees");
  assert.deepEqual(possibilities(experiment, {}), []);
});

test("outcomes are the stored ones", () => {
  const [cells, pixels, sticker, turn] = possibilities(experiment, set);
  const ofCells = { probability: Float32Array.of(1, 2, 3, 4, 5, 6, 7, NaN) };
  assert.deepEqual(outcome(cells, set, "lrp", ofCells, 1, 2), {
    predicted: null,
    probability: 7,
    confidence: null,
  });
  assert.equal(outcome(cells, set, "lrp", ofCells, 1, 3).probability, null, "not measured");
  assert.equal(
    outcome(pixels, set, "lrp", { images: Float32Array.of(1, 2, 3, 4, 5, 6) }, 1, 0).probability,
    4,
  );
  const ofTurn = {
    probability: Float32Array.of(0, 1, 0, 0, 1, 0),
    predicted: Uint16Array.of(1, 2, 3, 4, 5, 65535),
  };
  assert.deepEqual(outcome(turn, set, "", ofTurn, 0, 1), { predicted: 2, probability: 1, confidence: null });
  assert.equal(outcome(turn, set, "", ofTurn, 1, 2).predicted, null);
  assert.deepEqual(outcome(sticker, set, "lrp", {}, 1, 0), {
    predicted: 5,
    probability: 0.8,
    confidence: 0.8,
  });
  assert.deepEqual(outcome(sticker, set, "lrp", {}, 1, 1), {
    predicted: 2,
    probability: 0.2,
    confidence: null,
  });
});

test("curves are this image's and the stored mean", () => {
  const [, pixels] = possibilities(experiment, set);
  const lines = series(pixels, set, "lrp", { images: Float32Array.of(1, 2, 3, 4, 5, 6) }, 1);
  assert.deepEqual(
    lines.map(({ y }) => y),
    [
      [1, 0.5, 0],
      [4, 5, 6],
    ],
  );
  assert.deepEqual(Object.keys(needs(pixels, set, "lrp")), ["step", "images"]);
});

test("the nearest degree", () => {
  assert.equal(nearest([-20, -5, 10], 0), 1);
});
