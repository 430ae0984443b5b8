"""Methods whose maps are identical, up to a positive factor for each image, found from the map files."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from signsight.core.errors import UserError
from signsight.core.files import ArrayFile

TOLERANCE = 1e-5  # of a map's peak; float32 rounding leaves 4e-7 between CAM variants that are equal
FIRST, BATCH = 16, 256  # images that every pair is tried on, and images that are read at a time
COLUMNS = ["method", "same_as"]
Kept = TypeVar("Kept")


def same_up_to_scale(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """Whether each pair of maps is the same but for a positive factor: (n, H, W) twice -> (n,) bool.

    Every pixel, as a share of its map's largest absolute value, must agree within TOLERANCE. Two empty maps
    (all zero) are the same, an empty one and another are not; nor are maps with values that are not finite.
    """
    a, b = (_by_peak(maps) for maps in (one, two))
    with np.errstate(invalid="ignore"):
        return (np.abs(a - b) <= TOLERANCE).all(axis=1)


def _by_peak(maps: np.ndarray) -> np.ndarray:
    """(n, H, W) -> (n, H * W) float64, each map divided by its largest absolute value."""
    flat = maps.reshape(len(maps), -1).astype(np.float64)
    peak = np.abs(flat).max(axis=1, keepdims=True, initial=0)
    return flat / np.where(peak > 0, peak, 1)


def identical(one: ArrayFile, two: ArrayFile) -> bool:
    """Whether all maps of two files are the same up to a factor, and not all of them are empty."""
    if one.shape != two.shape:
        return False
    seen = False
    for a, b in zip(one.batches(BATCH), two.batches(BATCH), strict=True):
        if not same_up_to_scale(a, b).all():
            return False
        seen = seen or bool(a.any())
    return seen


def identical_maps(files: Mapping[str, Path | str], controls: Collection[str] = ()) -> pd.DataFrame:
    """Methods that repeat the maps of one before them: columns COLUMNS, a row for each that does.

    files: method -> its maps.npy, all of the same images in the same order. same_as is the first method with
    these maps, in the order of `files`. `controls` are never among them. UserError for
    files of other numbers of images.
    """
    named = {name: ArrayFile(path) for name, path in files.items() if name not in controls}
    counts = {len(file) for file in named.values()}
    if len(counts) > 1:
        told = f"The maps of {', '.join(named)} are of {min(counts)} to {max(counts)} images"
        raise UserError(f"{told}; delete them and run again.")
    first = {name: file.read(0, FIRST) for name, file in named.items()}
    same: dict[str, str] = {}
    for name, file in named.items():
        for other in named:
            if other == name:
                break
            alike = other not in same and first[name].shape == first[other].shape
            if alike and same_up_to_scale(first[name], first[other]).all() and identical(file, named[other]):
                same[name] = other
                break
    return pd.DataFrame(list(same.items()), columns=COLUMNS)


def repeats(table: pd.DataFrame, names: Collection[str]) -> set[str]:
    """The methods among `names` that repeat another one of them. table: of `identical_maps`.

    Where the first method with these maps is not among them, the next one stands for it.
    """
    left_out: set[str] = set()
    for first, own in table.groupby("same_as", sort=False)["method"]:
        there = [name for name in (first, *own) if name in names]
        left_out |= set(there[1:])
    return left_out


def shown_once(of_methods: Mapping[str, Kept], table: pd.DataFrame) -> dict[str, Kept]:
    """What there is of each method, without the methods that repeat another one's maps."""
    left_out = repeats(table, of_methods)
    return {name: own for name, own in of_methods.items() if name not in left_out}


def without_repeats(rows: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table with a column `method`, without those of methods that repeat another one's maps."""
    return rows[~rows["method"].isin(repeats(table, set(rows["method"])))]


def groups(table: pd.DataFrame) -> list[Sequence[str]]:
    """Methods with the same maps, the first one of each group first."""
    return [[str(first), *own] for first, own in table.groupby("same_as", sort=False)["method"]]
