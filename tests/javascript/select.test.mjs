// Filters, orders, and what a state means in a document.

import assert from "node:assert/strict";
import test from "node:test";
import { DEFAULTS } from "../../workflow_scripts/signsight/explorer/page/state.js";
import { isRight, select, splitMetric } from "../../workflow_scripts/signsight/explorer/page/select.js";
import {
  comparisons,
  measured,
  methodsOf,
  resolve,
  sorting,
  standard,
} from "../../workflow_scripts/signsight/explorer/page/model.js";

const names = new Map([
  [0, "Stop"],
  [1, "Give way"],
]);
const set = {
  id: "test",
  count: 4,
  ids: ["a1", "b2", "c3", "d4"],
  files: ["x/stop.png", null, null, "y.jpg"],
  truth: [0, 1, 1, -1],
  predicted: [0, 0, 1, 1],
  confidence: [0.9, 0.5, 0.7, 0.2],
  values: { deletion: { area: { lrp: [0.3, null, 0.1, 0.2] } } },
  maps: { main: { random: {}, lrp: {}, twin: {} } },
};
const experiment = {
  name: "one",
  classes: [
    { id: 0, name: "Stop" },
    { id: 1, name: "Give way" },
  ],
  networks: [{ id: "main" }],
  sets: [set],
  methods: [
    { id: "random", label: "Random", control: true },
    { id: "lrp", label: "LRP" },
    { id: "twin", label: "Twin", same_as: "lrp" },
    { id: "absent", label: "Absent" },
  ],
  metrics: [
    { id: "deletion", label: "Deletion", quantities: [{ id: "area", label: "area", direction: "lower" }] },
  ],
};
const rows = (changes) => select(set, names, { ...DEFAULTS, ...changes });

test("filters", () => {
  assert.deepEqual(rows({}), [0, 1, 2, 3]);
  assert.deepEqual(
    rows({ class: "1" }),
    [1, 2, 3],
    "by the true class, by the predicted one where that is unknown",
  );
  assert.deepEqual(rows({ judged: "right" }), [0, 2]);
  assert.deepEqual(rows({ judged: "wrong" }), [1]);
  assert.deepEqual(rows({ low: 50, high: 80 }), [1, 2]);
  assert.deepEqual(rows({ text: "STOP" }), [0, 1], "of file, predicted and true class");
  assert.deepEqual(rows({ text: "give d4" }), [3], "every word");
  assert.deepEqual(rows({ text: "nothing" }), []);
});

test("orders; images without a value come last both ways", () => {
  assert.deepEqual(rows({ sort: "confidence" }), [3, 1, 2, 0]);
  assert.deepEqual(rows({ sort: "confidence", descending: true }), [0, 2, 1, 3]);
  const by = { sort: "metric", metric: "deletion.area", by: "lrp" };
  assert.deepEqual(rows(by), [2, 3, 0, 1]);
  assert.deepEqual(rows({ ...by, descending: true }), [0, 3, 2, 1]);
  assert.deepEqual(rows({ sort: "disagreement" }), [0, 1, 2, 3], "nothing stored: the order of the set");
});

test("right and wrong are known only with the truth", () => {
  assert.deepEqual(
    [0, 1, 2, 3].map((n) => isRight(set, n)),
    [true, false, true, null],
  );
  assert.equal(isRight({ ...set, truth: null }, 0), null);
});

test("a metric's name is split at its first dot", () => {
  assert.deepEqual(splitMetric("a.b.c"), ["a", "b.c"]);
});

test("identical maps are one method, which names its twins", () => {
  const methods = methodsOf(experiment, set, "main");
  assert.deepEqual(
    methods.map(({ id }) => id),
    ["random", "lrp"],
  );
  assert.deepEqual(methods[1].twins, ["Twin"]);
  const alone = { ...set, maps: { main: { twin: {} } } };
  assert.deepEqual(
    methodsOf(experiment, alone, "main").map(({ id }) => id),
    ["twin"],
    "where the other is not there",
  );
});

test("a control is the standard choice only where there is nothing else", () => {
  assert.equal(standard(experiment.methods, "").id, "lrp");
  assert.equal(standard(experiment.methods, "random").id, "random");
  assert.equal(standard([experiment.methods[0]], "").id, "random");
  assert.equal(standard([], ""), undefined);
});

test("what a state leaves open is filled in, what is not there is replaced", () => {
  const document = { experiments: [experiment] };
  const scene = resolve(document, {
    ...DEFAULTS,
    set: "gone",
    network: "gone",
    image: "gone",
    experiment: "gone",
  });
  assert.equal(scene.set, set);
  assert.equal(scene.network.id, "main");
  assert.equal(scene.row, 0);
  assert.equal(resolve(document, { ...DEFAULTS, image: "c3" }).row, 2);
  assert.equal(resolve(document, { ...DEFAULTS, text: "d4" }).row, 3, "the first of the selection");
  assert.deepEqual(sorting(experiment, set, { ...DEFAULTS, sort: "metric" }), {
    sort: "metric",
    metric: "deletion.area",
    by: "lrp",
  });
  assert.equal(measured(experiment, set)[0].label, "Deletion");
});

test("an experiment without images has no set", () => {
  const scene = resolve({ experiments: [{ ...experiment, sets: [] }] }, DEFAULTS);
  assert.equal(scene.set, undefined);
  assert.deepEqual(scene.methods, []);
  assert.deepEqual(comparisons(scene), []);
});

test("predictions are those of the chosen network", () => {
  const two = {
    ...experiment,
    networks: [{ id: "main" }, { id: "seeds/1" }],
    sets: [
      {
        ...set,
        maps: { ...set.maps, "seeds/1": { lrp: {} } },
        networks: { "seeds/1": { predicted: [1, 1, 1, 1] } },
      },
    ],
  };
  const scene = resolve({ experiments: [two] }, { ...DEFAULTS, network: "seeds/1" });
  assert.deepEqual(scene.set.predicted, [1, 1, 1, 1]);
  assert.deepEqual(
    scene.methods.map(({ id }) => id),
    ["lrp"],
  );
});

test("comparisons are offered where there are two", () => {
  const document = { experiments: [experiment, { ...experiment, name: "two" }] };
  assert.deepEqual(comparisons(resolve(document, DEFAULTS)), ["methods", "experiments"]);
  const strange = {
    experiments: [experiment, { ...experiment, name: "two", sets: [{ ...set, ids: ["z"], count: 1 }] }],
  };
  assert.deepEqual(comparisons(resolve(strange, DEFAULTS)), ["methods"], "no image in common");
});
