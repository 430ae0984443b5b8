"""Pictures of units of layers, beside the natural pictures that activate them most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from signsight.core.files import ArrayFile, atomic, write_csv
from signsight.data.imageset import image_writer
from signsight.features.made import Store
from signsight.features.make import Making, make, write_picture
from signsight.features.objectives import Channels, Objective
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
    `pictures`.
    """
    units = [(layer, unit) for layer, own in asked.items() for unit in chosen_units(scans[layer], own, KEY)]
    names = [f"{slug(layer)}-{unit}" for layer, unit in units]
    store.keep_only(names)
    side, rows, told, place = making.model.size, [], [], 0
    top = min(examples, *(scan.rows.shape[1] for scan in scans.values()))
    with (
        image_writer(folder, len(units), side, side) as made,
        atomic(folder / "examples.npy") as part,
    ):
        shown = np.lib.format.open_memmap(part, "w+", np.uint8, (len(units), top, side, side, 3))
        for layer in asked:
            own = [unit for of, unit in units if of == layer]
            keys = [f"{slug(layer)}-{unit}" for unit in own]
            for unit, name, arrays in zip(
                own, keys, make(making, keys, _objective(making, layer, own), store), strict=True
            ):
                made.append(arrays["picture"][None])
                scan = scans[layer]
                rows.append(
                    {
                        "image_id": name,
                        "class_id": -1,
                        "track": "",
                        "source": "",
                        "layer": layer,
                        "channel": unit,
                        "score": float(arrays["score"]),
                        "active": int(arrays["active"]),
                        "natural_max": float(scan.values[unit, 0]),
                        "file": write_picture(pictures, name, arrays["picture"]),
                    }
                )
                shown[place] = natural.take(scan.rows[unit, :top])
                told += _patches(making, layer, unit, scan, shown[place])
                place += 1
        shown.flush()
    write_csv(folder / "index.csv", pd.DataFrame(rows))
    write_csv(folder / "examples.csv", pd.DataFrame(told))


def _objective(making: Making, layer: str, units: Sequence[int]) -> object:
    device = making.model.mean.device

    def objective(numbers: Sequence[int]) -> Objective:
        return Channels(layer, torch.tensor([units[n] for n in numbers], device=device), KEY)

    return objective


def _patches(
    making: Making, layer: str, unit: int, scan: UnitScan, shown: np.ndarray
) -> list[dict[str, object]]:
    """A row for each natural picture (T, H, W, 3) of a unit: which it is, and the part that does it."""
    count = len(shown)
    places = scan.places[unit, :count]
    boxes = patch_boxes(making.model, shown, layer, np.full(count, unit), places, making.batch_size)
    sides = ("top", "left", "bottom", "right")
    return [
        {"layer": layer, "channel": unit, "rank": rank, "value": scan.values[unit, rank - 1]}
        | {"row": scan.rows[unit, rank - 1]}
        | dict(zip(sides, map(int, box), strict=True))
        for rank, box in enumerate(boxes, 1)
    ]
