"""Guided backpropagation from units of layers to given pictures, as files."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from signsight.core.files import ArrayWriter, write_csv
from signsight.data.progress import progress
from signsight.features.activations import layer_activation, tiles
from signsight.features.given import Given
from signsight.features.inversion import features
from signsight.features.picture_files import write_picture
from signsight.features.units import check_units
from signsight.features.wanted import slug
from signsight.models.classifier import Classifier

KEY = "features.activations.layers"
RULES = ("published", "signed")


def write_activations(
    model: Classifier,
    given: Given,
    asked: Mapping[str, int | list[int]],
    batch_size: int,
    folder: Path,
    pictures: Path,
) -> None:
    """The gradients of every unit that is asked for in every given picture, by both rules.

    Writes `gradients.npy` (M, 3, H, W) float32 and `index.csv` to `folder`, and each gradient in four
    colourings to `pictures`.
    """
    rows = []
    for layer, wish in asked.items():
        values = features(model, given.images, layer, batch_size, KEY)
        strengths = (values if values.ndim == 2 else values.mean((2, 3))).float().cpu().numpy()
        if not isinstance(wish, int):
            check_units(wish, strengths.shape[1], layer, KEY)
        for row, name in enumerate(given.names):
            units = np.argsort(-strengths[row], kind="stable")[:wish] if isinstance(wish, int) else wish
            rows += [
                {"picture": name, "row": row, "layer": layer, "channel": int(unit), "rule": rule}
                | {"strength": float(strengths[row, unit])}
                for unit in units
                for rule in RULES
            ]
    index = pd.DataFrame(rows)
    shape = (len(index), 3, *given.images.shape[1:3])
    with (
        ArrayWriter(folder / "gradients.npy", shape, np.float32) as out,
        progress("layer activations", len(index), "gradients", step=batch_size) as step,
    ):
        for (layer, rule), place in _runs(index):
            part = index.iloc[place]
            images = given.images[part["row"]]
            out.append(layer_activation(model, images, layer, part["channel"], rule, batch_size, KEY))
            step(len(part))
    with np.errstate(all="ignore"):
        gradients = np.load(folder / "gradients.npy", mmap_mode="r")
    files = []
    for row, gradient in zip(rows, gradients, strict=True):
        stem = f"{row['picture']}-{slug(row['layer'])}-{row['channel']}-{row['rule']}"
        for kind, picture in tiles(np.asarray(gradient)).items():
            write_picture(pictures, f"{stem}-{kind}", picture)
        files.append(f"{stem}-colour.png")
    write_csv(folder / "index.csv", index.assign(file=files))


def _runs(index: pd.DataFrame) -> list[tuple[tuple[str, str], slice]]:
    """((layer, rule), rows) of every stretch of rows of one layer and rule."""
    pairs = list(zip(index["layer"], index["rule"], strict=True))
    edges = [0, *(n for n in range(1, len(pairs)) if pairs[n] != pairs[n - 1]), len(pairs)]
    return [(pairs[low], slice(low, high)) for low, high in pairwise(edges)]
