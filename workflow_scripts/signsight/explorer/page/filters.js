// The controls of the wall: what is shown of a set, and in which order.

import { choice, listed, pick, slider, tick, words } from "#controls";
import { measured, sorting } from "#model";
import { isRight } from "#select";

/** The keys of the state that these controls set. */
export const FILTERS = [
  "class",
  "judged",
  "low",
  "high",
  "text",
  "sort",
  "metric",
  "by",
  "descending",
  "show",
];

/** The controls; each is hidden where the set has nothing that it could tell apart. */
export function filters(store) {
  const classes = ({ set, names }) => {
    const ids = [...new Set(set.truth?.some((id) => id >= 0) ? set.truth : set.predicted)].filter(
      (id) => id >= 0,
    );
    const named = ids.map((id) => ({ value: String(id), label: names.get(id) ?? String(id) }));
    return ids.length > 1
      ? [{ value: "", label: "all" }, ...named.sort((a, b) => a.label.localeCompare(b.label))]
      : [];
  };
  const judged = ({ set }) => {
    const kinds = new Set(set.truth?.map((_, n) => isRight(set, n)));
    const both = kinds.has(true) && kinds.has(false);
    return both
      ? ["any", "right", "wrong"].map((value) => ({ value, label: value === "any" ? "all" : value }))
      : [];
  };
  const orders = ({ set, experiment }) => [
    { value: "order", label: "order of the data set" },
    ...(has(set.confidence) ? [{ value: "confidence", label: "confidence" }] : []),
    ...(has(set.probability) ? [{ value: "probability", label: "probability of the true class" }] : []),
    ...(has(set.disagreement) ? [{ value: "disagreement", label: "disagreement between the methods" }] : []),
    ...(measured(experiment, set).length ? [{ value: "metric", label: "value of a metric" }] : []),
  ];
  const byMetric = (list) => (scene) => (scene.state.sort === "metric" ? list(scene) : []);
  const metrics = byMetric(({ experiment, set }) => measured(experiment, set));
  const sortOf = ({ experiment, set, state }) => sorting(experiment, set, state);
  const byMethods = byMetric((scene) => {
    const chosen = measured(scene.experiment, scene.set).find(({ value }) => value === sortOf(scene).metric);
    return listed(chosen.methods);
  });
  const shown = ({ methods }) =>
    methods.length
      ? [
          { value: "", label: "only the pictures" },
          ...listed(methods).map((one) => ({ ...one, label: `maps of ${one.label}` })),
        ]
      : [];
  const from = slider(store, "low", "Confidence from", { min: 0, max: 100 }, (v) => `${v} %`);
  const to = slider(store, "high", "to", { min: 0, max: 100 }, (v) => `${v} %`);
  const descending = tick(store, "descending", "highest first");
  return [
    words(store, "text", "Search", "class, id or file"),
    choice(store, "class", "Class", classes),
    pick(store, "judged", "Prediction", judged),
    hiddenUnless(from, ({ set }) => has(set.confidence)),
    hiddenUnless(to, ({ set }) => has(set.confidence)),
    choice(store, "sort", "Sort by", orders),
    choice(store, "metric", "Metric", metrics, (scene) => sortOf(scene).metric),
    choice(store, "by", "Method", byMethods, (scene) => sortOf(scene).by),
    hiddenUnless(descending, ({ state }) => state.sort !== "order"),
    choice(store, "show", "Show", shown),
  ];
}

function hiddenUnless(control, isOffered) {
  return {
    element: control.element,
    update(scene) {
      control.update(scene);
      control.element.hidden = !isOffered(scene);
    },
  };
}

function has(list) {
  return list?.some((value) => value !== null) ?? false;
}
