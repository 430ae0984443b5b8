"""Inversions of given pictures from a list of layers, as files, and their errors by depth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from signsight.core.files import write_csv
from signsight.data.imageset import image_writer
from signsight.data.progress import progress
from signsight.evaluation.statistics import mean_interval
from signsight.features.given import Given
from signsight.features.inversion import invert, inverted_layers
from signsight.features.made import Arrays, Store
from signsight.features.make import Making
from signsight.features.picture_files import write_picture
from signsight.features.wanted import slug


def write_inversions(
    making: Making, given: Given, layers: str | Sequence[str], store: Store, folder: Path, pictures: Path
) -> None:
    """Invert every given picture from every layer.

    layers: names, or "stages": the last layer of each resolution. Writes `images.npy` and `index.csv` to
    `folder`, PNGs to `pictures`.
    """
    named = inverted_layers(making.model, layers)
    store.keep_only(f"{layer}/{name}" for layer in named for name in given.names)
    side, rows = making.model.size, []
    with (
        image_writer(folder, len(named) * len(given.names), side, side) as out,
        progress("inversion", len(named), "layers") as step,
    ):
        for depth, layer in enumerate(named, 1):
            for name, found in zip(given.names, _inverted(making, given, layer, store), strict=True):
                stem = f"{name}-{depth:02d}-{slug(layer)}"
                out.append(found["picture"][None])
                told = {"image_id": stem, "class_id": -1, "track": "", "source": name, "picture": name}
                numbers = {key: float(found[key]) for key in ("error", "start_error", "psnr")}
                file = write_picture(pictures, stem, found["picture"])
                rows.append(told | {"layer": layer, "depth": depth} | numbers | {"file": file})
            step(1)
    write_csv(folder / "index.csv", pd.DataFrame(rows))


def _inverted(making: Making, given: Given, layer: str, store: Store) -> list[Arrays]:
    """The inversions from one layer, those that are not in the store made together."""
    found = [store.get(f"{layer}/{name}") for name in given.names]
    missing = [place for place, one in enumerate(found) if one is None]
    if missing:
        names = [given.names[place] for place in missing]
        made = invert(
            making.model,
            given.images[missing],
            names,
            layer,
            making.recipe,
            making.seed,
            batch_size=making.batch_size,
            magnitude=making.magnitude,
        )
        for row, (place, name) in enumerate(zip(missing, names, strict=True)):
            numbers = {key: getattr(made, key)[row] for key in ("error", "start_error", "psnr")}
            found[place] = {"picture": made.made.pictures[row]} | numbers
            store.put(f"{layer}/{name}", found[place])
    return found


def error_table(index: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Mean `error` and `psnr` over the pictures, by layer: layer, depth, quantity, n, value, low, high."""
    rows = []
    for (depth, layer), own in index.groupby(["depth", "layer"], sort=True):
        for quantity in ("error", "psnr"):
            values = own[quantity].to_numpy(float)
            values = values[np.isfinite(values)]
            mean, low, high = (float(np.ravel(one)[0]) for one in mean_interval(values[:, None], confidence))
            rows.append((layer, depth, quantity, len(values), mean, low, high))
    return pd.DataFrame(rows, columns=["layer", "depth", "quantity", "n", "value", "low", "high"])
