"""Whether a network treats optimised pictures as natural ones, layer by layer.

Geirhos et al. 2023, arXiv:2306.04719, section 3: how similar the activations of a picture that is made for a
class and those of natural pictures of that class are, on a scale from natural pictures of different classes
to those of one class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch

from signsight.data.imageset import ImageSet
from signsight.evaluation.similarity import average_ranks
from signsight.evaluation.statistics import bootstrap
from signsight.features.natural import examples_of, stage_layers
from signsight.features.numbers import Set
from signsight.features.objectives import layer_named
from signsight.features.optimise import untouched
from signsight.models.classifier import Classifier, to_pixels

NATURAL = 8  # natural pictures of a class
KINDS = ("made", "natural, same class", "natural, other class")


def activations(model: Classifier, images: np.ndarray, layers: Sequence[str]) -> dict[str, np.ndarray]:
    """Layer -> (B, P) float32, all values of its output for images (B, H, W, 3) uint8; `logits` besides."""
    found: dict[str, np.ndarray] = {}

    def keep(name: str) -> object:
        def hook(module: torch.nn.Module, inputs: object, output: torch.Tensor) -> None:
            found[name] = output.detach().flatten(1).float().cpu().numpy()

        return hook

    handles = [layer_named(model, name, "model.name").register_forward_hook(keep(name)) for name in layers]
    try:
        with untouched(model), torch.no_grad():
            found["logits"] = model(to_pixels(images, model.mean.device)).float().cpu().numpy()
    finally:
        for handle in handles:
            handle.remove()
    return {name: found[name] for name in [*layers, "logits"]}


def rank_correlations(values: np.ndarray) -> np.ndarray:
    """Spearman's correlation of every pair of rows of (n, P): (n, n) float64; NaN of a constant row."""
    ranks = average_ranks(values)
    ranks -= ranks.mean(1, keepdims=True)
    length = np.sqrt((ranks**2).sum(1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return (ranks @ ranks.T) / np.outer(length, length)


def class_similarity(
    model: Classifier,
    made: Mapping[tuple[str, str], np.ndarray],
    own: np.ndarray,
    other: np.ndarray,
    layers: Sequence[str],
) -> list[tuple[str, str, str, str, float]]:
    """(network, preset, layer, kind, mean similarity) for one class.

    made: (network, preset) -> its pictures (n, H, W, 3) uint8 of this class; own, other: natural pictures of
    the class and of others. The natural rows have empty names.
    """
    sizes = [len(own), len(other), *(len(images) for images in made.values())]
    edges = np.cumsum([0, *sizes])
    seen = activations(model, np.concatenate([own, other, *made.values()]), layers)
    rows = []
    first = slice(0, len(own))
    for layer, values in seen.items():
        alike = rank_correlations(values)
        within = alike[first, first][np.triu_indices(len(own), 1)]
        rows.append(("", "", layer, KINDS[1], _mean(within)))
        rows.append(("", "", layer, KINDS[2], _mean(alike[first, edges[1] : edges[2]])))
        for place, (network, preset) in enumerate(made, 2):
            part = alike[first, edges[place] : edges[place + 1]]
            rows.append((network, preset, layer, KINDS[0], _mean(part)))
    return rows


def _mean(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else np.nan


def similarity_table(
    model: Classifier, sets: Sequence[Set], test: ImageSet, confidence: float, seed: int
) -> pd.DataFrame:
    """`path_table` of all sets against the test images, class by class."""
    layers, rows = stage_layers(model), []
    classes = [one.of_classes() for one in sets]
    for class_id in sorted({int(c) for one in classes for c in one.index["class_id"]}):
        own = examples_of(test.class_ids, class_id, NATURAL)
        others = examples_of(test.class_ids != class_id, True, NATURAL)
        if len(own) < 2 or not len(others):
            continue
        made = {
            (one.network, one.preset): one.images[one.index["class_id"].to_numpy() == class_id]
            for one in classes
        }
        made = {key: images for key, images in made.items() if len(images)}
        rows += class_similarity(model, made, test.take(own), test.take(others), layers)
    columns = ["network", "preset", "layer", "kind", "value"]
    return path_table(pd.DataFrame(rows, columns=columns), layers, confidence, seed)


def path_table(rows: pd.DataFrame, layers: Sequence[str], confidence: float, seed: int) -> pd.DataFrame:
    """Mean similarity over classes with its bootstrap interval.

    rows: of `class_similarity`, all classes. Columns: network, preset, depth (of the layer, from 1), layer,
    kind, n (classes), value, low, high.
    """
    table = []
    depth = {layer: place for place, layer in enumerate([*layers, "logits"], 1)}
    keys = ["network", "preset", "layer", "kind"]
    for (network, preset, layer, kind), own in rows.groupby(keys, sort=False):
        values = own["value"].dropna().to_numpy()
        if not len(values):
            continue
        mean, low, high = (float(np.ravel(one)[0]) for one in bootstrap(values[:, None], confidence, seed))
        table.append((network, preset, depth[layer], layer, kind, len(values), mean, low, high))
    columns = ["network", "preset", "depth", "layer", "kind", "n", "value", "low", "high"]
    return pd.DataFrame(table, columns=columns)
