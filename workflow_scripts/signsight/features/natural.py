"""What a network makes of natural pictures, to hold optimised ones against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from signsight.core.rng import generator
from signsight.data.imageset import ImageSet
from signsight.data.progress import progress
from signsight.features.objectives import layer_named
from signsight.features.optimise import untouched
from signsight.models.classifier import Classifier, to_pixels
from signsight.models.layers import as_map, target_layer
from signsight.models.stages import stages

MOST = 20_000  # natural pictures, drawn at random from a larger set


@dataclass(frozen=True)
class Natural:
    """Natural pictures as the network has them.

    class_ids: (N,) int64; logits: (N,) float32, of the picture's own class, NaN where the network has none;
    features: (N, K) float32, the means over all positions of the layer that the CAM methods look at; rows:
    (N,) their places in the image set.
    """

    class_ids: np.ndarray
    logits: np.ndarray
    features: np.ndarray
    rows: np.ndarray

    @cached_property
    def typical_distance(self) -> float:
        """The median distance of a natural picture to the nearest other one."""
        return float(np.median(nearest_distances(self.features, self.features, same=True)))

    def logits_of(self, class_id: int) -> np.ndarray:
        """(n,) logits of the pictures of one class."""
        return self.logits[self.class_ids == class_id]


def embedding_layer(model: Classifier) -> str | None:
    """The layer whose means over positions are the features; None stands for the logits."""
    try:
        return target_layer(model.network, model.size, model.channels)
    except ValueError:
        return None


def stage_layers(model: Classifier) -> list[str]:
    """The last layer of every resolution; none of a network without maps."""
    try:
        return stages(model.network, model.size, model.channels)
    except ValueError:
        return []


def logits_and_features(
    model: Classifier, images: np.ndarray, layer: str | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Images (B, H, W, 3) uint8 -> logits (B, C) and features (B, K) by one pass."""
    found: list[torch.Tensor] = []

    def keep(module: torch.nn.Module, inputs: object, output: object) -> None:
        values = as_map(output)
        found.append(values.mean((2, 3)) if values is not None else output.flatten(1))

    handle = layer_named(model, layer, "attribution.layer").register_forward_hook(keep) if layer else None
    try:
        logits = model(to_pixels(images, model.mean.device))
    finally:
        if handle:
            handle.remove()
    return logits, found[0] if found else logits


def natural(model: Classifier, images: ImageSet, batch_size: int, seed: int) -> Natural:
    """What the network makes of the images, at most `MOST` of them, streamed."""
    rows = np.arange(len(images))
    if len(rows) > MOST:
        rows = np.sort(generator(seed, "natural").choice(rows, MOST, replace=False))
    layer, logits, features = embedding_layer(model), [], []
    told = progress("natural pictures", len(rows), "pictures", step=batch_size)
    with untouched(model), torch.no_grad(), told as step:
        for start in range(0, len(rows), batch_size):
            some = rows[start : start + batch_size]
            out, inner = logits_and_features(model, images.take(some), layer)
            logits.append(_own(out.float().cpu().numpy(), images.class_ids[some]))
            features.append(inner.float().cpu().numpy())
            step(len(some))
    return Natural(images.class_ids[rows], np.concatenate(logits), np.concatenate(features), rows)


def _own(logits: np.ndarray, class_ids: np.ndarray) -> np.ndarray:
    """(B,) the logits of the pictures' own classes; NaN where the network does not have the class."""
    known = (class_ids >= 0) & (class_ids < logits.shape[1])
    return np.where(known, logits[np.arange(len(logits)), np.where(known, class_ids, 0)], np.nan)


def nearest_distances(features: np.ndarray, others: np.ndarray, same: bool = False) -> np.ndarray:
    """(n,) Euclidean distance of each of (n, K) to the nearest of (N, K); with `same`, not to itself."""
    found = np.empty(len(features))
    squares = (others.astype(np.float64) ** 2).sum(1)
    for start in range(0, len(features), 256):
        part = features[start : start + 256].astype(np.float64)
        away = (part**2).sum(1)[:, None] + squares - 2 * part @ others.astype(np.float64).T
        if same:
            away[np.arange(len(part)), start + np.arange(len(part))] = np.inf
        found[start : start + 256] = np.sqrt(np.maximum(away.min(1), 0))
    return found


def examples_of(class_ids: np.ndarray, class_id: int, count: int) -> np.ndarray:
    """The first `count` rows of a class, spread evenly over all of its rows."""
    own = np.flatnonzero(class_ids == class_id)
    return (
        own[np.unique(np.linspace(0, len(own) - 1, min(count, len(own))).round().astype(int))]
        if len(own)
        else own
    )


def class_means(batches: Sequence[np.ndarray], class_ids: np.ndarray, classes: int) -> np.ndarray:
    """(C, H, W, 3) float32 mean picture of every class in [0, 1], streamed; mid-grey where there are none."""
    total, start = None, 0
    counts = np.bincount(class_ids[class_ids >= 0], minlength=classes)[:classes]
    for batch in batches:
        ids = class_ids[start : start + len(batch)]
        total = np.zeros((classes, *batch.shape[1:])) if total is None else total
        known = (ids >= 0) & (ids < classes)
        np.add.at(total, ids[known], batch[known] / 255)
        start += len(batch)
    means = total / np.maximum(counts, 1)[:, None, None, None]
    means[counts == 0] = 0.5
    return means.astype(np.float32)
