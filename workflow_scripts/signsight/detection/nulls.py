"""Null maps of boxes: what a map gets that knows the box, but nothing of what is in it.

The kinds are those of `evaluation.nulls.NULLS`. Where those lie in the middle of the image, these lie about
the box: maps of other boxes are shifted and scaled until their box is this one.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from PIL import Image

from signsight.detection.map_file import MapsFile
from signsight.detection.scene import EDGES
from signsight.evaluation.nulls import FALLBACK, FITTED_ON, donor_rows, halves

# row of the table of boxes and (H, W) of its picture -> the null map for it, (H, W) float32
NullMap = Callable[[int, tuple[int, int]], np.ndarray]


def box_nulls(maps: MapsFile, table: pd.DataFrame, seed: int) -> dict[str, tuple[np.ndarray, NullMap]]:
    """Kind of null map -> the rows of boxes that have one, (m,) int64, and what makes it.

    maps: the method's, in the order of the table of boxes, which has EDGES and `class_id`; of two boxes of an
    unknown class (-1) it is not known that they are of the same.
    """
    boxes, classes = table[list(EDGES)].to_numpy(np.float64), table["class_id"].to_numpy()
    return {
        "centre_prior": _centre_prior(maps, boxes, seed),
        "any_class": _of_others(maps, boxes, donor_rows(np.zeros_like(classes), seed)),
        "same_class": _of_others(maps, boxes, donor_rows(classes, seed)),
    }


def _of_others(maps: MapsFile, boxes: np.ndarray, donors: np.ndarray) -> tuple[np.ndarray, NullMap]:
    def make(row: int, size: tuple[int, int]) -> np.ndarray:
        donor = int(donors[row])
        return moved(maps.read(donor), boxes[donor], boxes[row], size)

    return np.flatnonzero(donors >= 0), make


def _centre_prior(maps: MapsFile, boxes: np.ndarray, seed: int) -> tuple[np.ndarray, NullMap]:
    """A Gaussian about the middle of the box, as wide as the method's maps of the boxes of the other half."""
    half = halves(len(boxes), seed)
    sds = []
    for side in (0, 1):
        spreads = [
            spread(maps.read(int(row)), boxes[row]) for row in np.flatnonzero(half != side)[:FITTED_ON]
        ]
        known = [one for one in spreads if np.isfinite(one)]
        sds.append(float(np.sqrt(np.mean(known))) if known else FALLBACK)
    return np.arange(len(boxes)), lambda row, size: bump(boxes[row], sds[half[row]], size)


def moved(one: np.ndarray, its: np.ndarray, box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A map (H, W) float32 of the box `its`, shifted and scaled to another box in a picture of `size`.

    Boxes: (4,), EDGES in pixels. Bilinear; 0 where the map's picture has ended.
    """
    (left, top), (width, height) = its[:2], _sides(its)
    (x0, y0), (across, down) = box[:2], _sides(box)
    a, e = width / across, height / down
    to_its = (a, 0.0, left - a * x0, 0.0, e, top - e * y0)
    image = Image.fromarray(np.ascontiguousarray(one, np.float32))
    size_of = (size[1], size[0])
    found = image.transform(size_of, Image.Transform.AFFINE, to_its, Image.Resampling.BILINEAR)
    return np.asarray(found, np.float32)


def spread(one: np.ndarray, box: np.ndarray) -> float:
    """Variance of the size of a map (H, W) about the middle of its box, per axis, in sides of the box.

    NaN for a map without any value but 0.
    """
    size = np.abs(np.nan_to_num(one.astype(np.float64)))
    total = size.sum()
    down, across = (away**2 for away in _away(box, size.shape))
    return float((size * (down[:, None] + across)).sum() / total / 2) if total > 0 else np.nan


def bump(box: np.ndarray, sd: float, size: tuple[int, int]) -> np.ndarray:
    """(H, W) float32: a Gaussian about the middle of a box; sd in sides of the box."""
    down, across = (np.exp(-0.5 * (away / sd) ** 2) for away in _away(box, size))
    return (down[:, None] * across).astype(np.float32)


def _away(box: np.ndarray, size: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Distances of rows and of columns of pixels from the middle of a box, in its sides."""
    width, height = _sides(box)
    down = (np.arange(size[0]) + 0.5 - (box[1] + box[3]) / 2) / height
    return down, (np.arange(size[1]) + 0.5 - (box[0] + box[2]) / 2) / width


def _sides(box: np.ndarray) -> np.ndarray:
    """Width and height of a box, (2,), at least a pixel each."""
    return np.maximum(box[2:] - box[:2], 1.0)
