"""Pictures of units of layers, beside the natural pictures that activate them most."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from signsight.core.files import ArrayFile, ArrayWriter, write_csv
from signsight.data.imageset import image_writer
from signsight.features.inversion import features
from signsight.features.made import Store
from signsight.features.make import Making, make
from signsight.features.objectives import Channels, Objective
from signsight.features.picture_files import write_picture
from signsight.features.units import UnitScan, chosen_units, patch_boxes
from signsight.features.wanted import slug

KEY = "features.filters.layers"


def write_filters(
    making: Making,
    asked: Mapping[str, int | list[int]],
    scans: Mapping[str, UnitScan],
    natural: ArrayFile,
    examples: int,
    store: Store,
    folder: Path,
    pictures: Path,
) -> None:
    """Make a picture of every unit that is asked for.

    scans: of the layers, over the `natural` pictures (N, H, W, 3) uint8. Writes `images.npy` and `index.csv`,
    the natural pictures as `examples.npy` (M, T, H, W, 3) and `examples.csv` to `folder`, and PNGs to
    `pictures`. In the index, `score` is the mean activation of the picture, which was maximised;
    `reached_max` its largest one, to be held against `natural_max`, that of all natural pictures.
    """
    units = {layer: chosen_units(scans[layer], own, KEY) for layer, own in asked.items()}
    count = sum(map(len, units.values()))
    store.keep_only(_name(layer, unit) for layer, own in units.items() for unit in own)
    side, rows, told = making.model.size, [], []
    top = min(examples, *(scan.rows.shape[1] for scan in scans.values()))
    # no memory map: on a full disk, a write to one kills the process
    pieces = ArrayWriter(folder / "examples.npy", (count, top, side, side, 3), np.uint8)
    with image_writer(folder, count, side, side) as made, pieces as shown:
        for layer, own in units.items():
            found, table = _layer(making, layer, own, scans[layer], store)
            made.append(found)
            files = [
                write_picture(pictures, name, one) for name, one in zip(table["image_id"], found, strict=True)
            ]
            rows.append(table.assign(file=files))
            chosen = scans[layer].rows[own, :top]
            patches = natural.take(chosen.ravel()).reshape(-1, *shown.shape[1:])
            shown.append(patches)
            told.append(_patches(making, scans[layer], own, patches))
    write_csv(folder / "index.csv", pd.concat(rows))
    write_csv(folder / "examples.csv", pd.concat(told))


def _name(layer: str, unit: int) -> str:
    return f"{slug(layer)}-{unit}"


def _layer(
    making: Making, layer: str, units: Sequence[int], scan: UnitScan, store: Store
) -> tuple[np.ndarray, pd.DataFrame]:
    """Pictures (n, H, W, 3) uint8 of the units of one layer, and their rows of the index."""
    names = [_name(layer, unit) for unit in units]
    found = list(make(making, names, _objective(making, layer, units), store))
    images = np.stack([one["picture"] for one in found])
    values = features(making.model, images, layer, making.batch_size, KEY)
    peaks = (values if values.ndim == 2 else values.amax((2, 3))).float().cpu().numpy()
    table = pd.DataFrame(
        {
            "image_id": names,
            "class_id": -1,
            "track": "",
            "source": "",
            "layer": layer,
            "channel": units,
            "score": [float(one["score"]) for one in found],
            "active": [int(one["active"]) for one in found],
            "reached_max": peaks[np.arange(len(units)), units],
            "natural_max": scan.values[units, 0],
        }
    )
    return images, table


def _objective(making: Making, layer: str, units: Sequence[int]) -> Callable[[Sequence[int]], Objective]:
    device = making.model.mean.device

    def objective(numbers: Sequence[int]) -> Objective:
        return Channels(layer, torch.tensor([units[n] for n in numbers], device=device), KEY)

    return objective


def _patches(making: Making, scan: UnitScan, units: Sequence[int], shown: np.ndarray) -> pd.DataFrame:
    """A row for each natural picture (n, T, H, W, 3) of each unit: which it is, and the part that does it."""
    count = shown.shape[1]
    channels, ranks = np.repeat(units, count), np.tile(np.arange(count), len(units))
    places = scan.places[channels, ranks]
    flat = shown.reshape(-1, *shown.shape[2:])
    boxes = patch_boxes(making.model, flat, scan.layer, channels, places, making.batch_size)
    table = {
        "layer": scan.layer,
        "channel": channels,
        "rank": ranks + 1,
        "value": scan.values[channels, ranks],
        "row": scan.rows[channels, ranks],
    }
    return pd.DataFrame(table | dict(zip(("top", "left", "bottom", "right"), boxes.T, strict=True)))
