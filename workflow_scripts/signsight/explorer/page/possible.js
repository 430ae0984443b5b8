// What was done to the images of a set and stored: what the page can show as "what if"; pure.

import { isDrawable } from "#geometry";
import { degrees, percent } from "#text";

/** [{value, label, group, kind, methods, steps, start, words, ...}]; steps: positions of the slider. */
export function possibilities(experiment, set) {
  const isKnown = (id) => experiment.methods.some((method) => method.id === id);
  const ranked = [...cells(set), ...pixels(experiment, set), ...stickers(set)];
  return [...ranked.filter(({ methods }) => methods.some(isKnown)), ...turns(set)];
}

function cells({ cells: stored }) {
  if (!stored || !Object.keys(stored.methods).length) return [];
  const words = (step) => (step === 1 ? "1 cell" : `${step} cells`);
  const steps = stored.max + 1;
  const x = Array.from({ length: steps }, (_, k) => k);
  const methods = Object.keys(stored.methods);
  return [
    {
      value: "cells",
      label: "mask the most relevant cells",
      kind: "cells",
      methods,
      steps,
      start: 0,
      words,
      x,
      xLabel: "masked cells",
    },
  ];
}

function pixels(experiment, { pixels: stored, curves }) {
  if (!stored) return [];
  return stored.metrics.flatMap((id) => {
    const metric = experiment.metrics.find((one) => one.id === id);
    const known = curves?.[id] ?? {};
    const curve = stored.curve?.[id] ?? Object.keys(known)[0];
    const measured = known[curve]?.methods ?? {};
    const methods = Object.keys(stored.methods).filter((method) => measured[method]);
    if (!metric || !methods.length) return [];
    const isInsertion = (stored.shown ?? []).includes(id);
    const label = `${isInsertion ? "insert" : "delete"} pixels (${metric.label.toLowerCase()})`;
    const words = (step) => `${percent(stored.x[step], 0)} of the pixels`;
    return [
      {
        value: `pixels.${id}`,
        label,
        kind: "pixels",
        metric: id,
        curve,
        methods,
        words,
        x: known[curve].x,
        steps: stored.steps + 1,
        start: 0,
        xLabel: metric.curves?.find((one) => one.id === curve)?.x_label ?? "share of pixels",
        yLabel: metric.curves?.find((one) => one.id === curve)?.y_label ?? metric.label,
        isInsertion,
      },
    ];
  });
}

function turns({ geometry }) {
  return (geometry ?? [])
    .filter(({ transform, degrees: all }) => isDrawable(transform) && all.length > 1)
    .map((turn) => ({
      value: `turn.${turn.transform}`,
      label: turn.label.toLowerCase(),
      kind: "turn",
      turn,
      methods: [],
      steps: turn.degrees.length,
      start: nearest(turn.degrees, 0),
      words: (step) => degrees(turn.degrees[step]),
      x: turn.degrees,
      xLabel: "degrees",
    }));
}

function stickers({ stickers: stored }) {
  const drawable = (stored ?? []).filter(
    ({ rectangle, colour, pictures }) => pictures || (rectangle && colour),
  );
  const out = new Map();
  for (const sticker of drawable) {
    const value = `sticker.${sticker.design}.${sticker.sign_size}`;
    const label = `${sticker.design} sticker, as on a ${sticker.sign_size} sign`;
    const words = (step) => (step ? "on" : "off");
    if (!out.has(value))
      out.set(value, {
        value,
        label,
        group: "Sticker",
        kind: "sticker",
        methods: [],
        of: {},
        steps: 2,
        start: 0,
        words,
      });
    out.get(value).methods.push(sticker.method);
    out.get(value).of[sticker.method] = sticker;
  }
  return [...out.values()];
}

/** The index of the number in a list that is nearest to a target. */
export function nearest(list, target) {
  return list.reduce(
    (best, value, i) => (Math.abs(value - target) < Math.abs(list[best] - target) ? i : best),
    0,
  );
}

/** References of all arrays that a possibility needs, by name. */
export function needs(option, set, method) {
  if (option.kind === "cells") return { ...set.cells.methods[method] };
  if (option.kind === "pixels") {
    return {
      step: set.pixels.methods[method],
      images: set.curves[option.metric][option.curve].methods[method].images,
    };
  }
  if (option.kind === "turn") {
    const { probability, predicted, confidence } = option.turn;
    return { probability, predicted, confidence };
  }
  return { rectangle: option.of[method].rectangle ?? null };
}

const NOT_COMPUTED = 65535;

/**
 * What the network made of row n at a step: {predicted, probability, confidence}, null where not stored.
 * `arrays`: the unpacked arrays that `needs` names.
 */
export function outcome(option, set, method, arrays, n, step) {
  const at = n * option.steps + step;
  const item = (array) => (array && Number.isFinite(array[at]) ? array[at] : null);
  if (option.kind === "pixels")
    return { predicted: null, probability: item(arrays.images), confidence: null };
  if (option.kind === "sticker") {
    const sticker = option.of[method];
    return step
      ? {
          predicted: sticker.predicted[n],
          probability: sticker.probability[n],
          confidence: sticker.confidence?.[n] ?? null,
        }
      : {
          predicted: set.predicted[n],
          probability: sticker.clean_probability?.[n] ?? null,
          confidence: set.confidence[n],
        };
  }
  const predicted = item(arrays.predicted);
  return {
    predicted: predicted === NOT_COMPUTED ? null : predicted,
    probability: item(arrays.probability),
    confidence: item(arrays.confidence),
  };
}

/** The curves of a possibility: this image's, and the mean of all with its interval. */
export function series(option, set, method, arrays, n) {
  const own = (array) => Array.from(array.subarray(n * option.steps, (n + 1) * option.steps));
  const { all, label, images, words } = {
    pixels: () => ({ all: set.curves[option.metric][option.curve].methods[method], images: arrays.images }),
    cells: () => ({
      all: set.cells.mean?.[method],
      label: set.cells.mean_label,
      images: arrays.probability ?? named(arrays.predicted, set, option.steps),
      words: arrays.probability ? undefined : "this image (1: named rightly)",
    }),
    turn: () => ({ all: option.turn.mean, label: option.turn.mean?.label, images: arrays.probability }),
    sticker: () => ({}),
  }[option.kind]();
  const mean = {
    label: label ?? "mean of all images",
    style: "mean",
    y: all?.mean,
    low: all?.low,
    high: all?.high,
  };
  const line = { label: words ?? "this image", style: "this", y: images && own(images) };
  return [all && mean, line.y?.some(Number.isFinite) && line].filter(Boolean);
}

/** 1 where the prediction is the truth, 0 where it is not; undefined where either is not known. */
function named(predicted, { truth }, steps) {
  if (!predicted || !truth) return undefined;
  return Float32Array.from(predicted, (id, i) => (id === truth[Math.floor(i / steps)] ? 1 : 0));
}
