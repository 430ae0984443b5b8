// What there is in the document, and what a state of the page means in it; pure.

import { select, splitMetric } from "#select";

/** The parts that a state refers to, with what applies where it says nothing. */
export function resolve(document, state) {
  const experiment = find(document.experiments, state.experiment, "name");
  const sets = imageSets(experiment);
  const chosen = find(sets, state.set);
  const networks = chosen ? networksOf(experiment, chosen) : [];
  const network = find(networks, state.network);
  const set = chosen && asSeenBy(network, chosen);
  const names = classNames(experiment);
  const methods = set && network ? methodsOf(experiment, set, network.id) : [];
  const selection = set ? select(set, names, { ...state, ...sorting(experiment, set, state) }) : [];
  const at = set ? set.ids.indexOf(state.image) : -1;
  const row = at >= 0 ? at : (selection[0] ?? 0);
  return { document, state, experiment, sets, set, networks, network, names, methods, selection, row };
}

/** A set with the predictions and values of one of several networks, where it has them. */
export function asSeenBy(network, set) {
  const own = set.networks?.[network?.id];
  return own ? { ...set, population: {}, disagreement: [], ...own } : set;
}

/** The image sets of an experiment: all but the detector's. */
export function imageSets(experiment) {
  return experiment.sets.filter((set) => set.id !== "detection" && set.count > 0);
}

/** The detector's set, or undefined. */
export function detectionSet(experiment) {
  return experiment.sets.find((set) => set.id === "detection" && set.boxes?.length);
}

/** Map of class ids to names. */
export function classNames(experiment) {
  return new Map(experiment.classes.map(({ id, name }) => [id, name]));
}

/** Networks that have maps of a set. */
export function networksOf(experiment, set) {
  return experiment.networks.filter(({ id }) => Object.keys(set.maps?.[id] ?? {}).length > 0);
}

/** Methods with maps of a set by a network; of identical ones only the first, which lists its `twins`. */
export function methodsOf(experiment, set, network) {
  const maps = set.maps?.[network] ?? {};
  const there = experiment.methods.filter(({ id }) => maps[id]);
  return distinct(there).map((method) => ({
    ...method,
    twins: there.filter(({ same_as: first }) => first === method.id).map(({ label }) => label),
  }));
}

/** Of methods with identical maps, only the first. */
export function distinct(methods) {
  const isThere = (id) => methods.some((method) => method.id === id);
  return methods.filter(({ same_as: first }) => !first || !isThere(first));
}

/** The method that applies where the state names none: the first that is not a control. */
export function standard(methods, id) {
  return methods.find((method) => method.id === id) ?? methods.find(({ control }) => !control) ?? methods[0];
}

/** Metrics with values of single images: [{value: "metric.quantity", label, direction, methods}]. */
export function measured(experiment, set) {
  const out = [];
  for (const metric of experiment.metrics ?? []) {
    for (const quantity of metric.quantities) {
      const values = set.values?.[metric.id]?.[quantity.id];
      if (!values || !Object.keys(values).length) continue;
      const methods = distinct(experiment.methods.filter(({ id }) => values[id]));
      if (!methods.length) continue;
      out.push({ value: `${metric.id}.${quantity.id}`, ...named(metric, quantity), methods });
    }
  }
  return out;
}

/** Label, direction and chance of a quantity of a metric. */
export function named(metric, quantity) {
  const label = metric.quantities.length > 1 ? `${metric.label}: ${quantity.label}` : metric.label;
  return { label, direction: quantity.direction, chance: quantity.chance };
}

/** The sort keys of a state, with the first metric and method where it names none. */
export function sorting(experiment, set, { sort, metric, by }) {
  const all = measured(experiment, set);
  const chosen = all.find(({ value }) => value === metric) ?? all[0];
  if (!chosen) return { sort: sort === "metric" ? "order" : sort, metric: "", by: "" };
  return { sort, metric: chosen.value, by: standard(chosen.methods, by).id };
}

/** {metric, quantity}: the declarations that "metric.quantity" names, or null. */
export function quantityOf(experiment, text) {
  const [id, name] = splitMetric(text);
  const metric = experiment.metrics?.find((one) => one.id === id);
  const quantity = metric?.quantities.find((one) => one.id === name);
  return quantity ? { metric, quantity } : null;
}

/** What can be compared in a set: of "methods", "networks", "experiments" those that there are two of. */
export function comparisons({ document, set, methods, networks }) {
  if (!set) return [];
  const others = document.experiments.filter((other) =>
    imageSets(other).some((one) => one.id === set.id && sharesImages(one, set)),
  );
  return [
    methods.length > 1 && "methods",
    networks.length > 1 && "networks",
    others.length > 1 && "experiments",
  ].filter(Boolean);
}

function sharesImages(one, other) {
  return one.ids.some((id) => other.ids.includes(id));
}

/** The element of a list with an id, or the first one. */
export function find(list, id, key = "id") {
  return list.find((one) => one[key] === id) ?? list[0];
}
