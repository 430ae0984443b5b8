"""Holding out part of a data set: whole tracks, every class in both parts where it can be."""

from __future__ import annotations

import numpy as np
import pandas as pd

from signsight.core.rng import generator


def held_out_tracks(index: pd.DataFrame, fraction: float, seed: int, what: str) -> np.ndarray:
    """Which rows are held out, (N,) bool: about `fraction` of every class's rows, in whole tracks.

    index: columns `class_id` and `track`. All rows of a track go the same way. A class of two or
    more tracks has at least one on either side (fraction > 0); a class of one track is not held
    out. A track that spans several classes counts for the lowest one. The draw depends on `seed`,
    `what` (its purpose) and the track names, not on the order of the rows.
    """
    if not 0 <= fraction < 1:
        raise ValueError(f"fraction {fraction} is not in [0, 1)")
    if fraction == 0:
        return np.zeros(len(index), bool)
    tracks = index.groupby("track", sort=True)["class_id"].agg(["min", "size"])
    held: list[str] = []
    for class_id, group in tracks.groupby("min", sort=True):
        if len(group) < 2:
            continue
        order = generator(seed, what, int(class_id)).permutation(len(group))
        held.extend(group.index[order[: _how_many(group["size"].to_numpy()[order], fraction)]])
    return index["track"].isin(held).to_numpy()


def _how_many(sizes: np.ndarray, fraction: float) -> int:
    """How many of the first tracks (1 .. all but one) come nearest to `fraction` of all rows."""
    rows = np.cumsum(sizes)[:-1]
    return int(np.argmin(np.abs(rows - fraction * sizes.sum()))) + 1


def held_out_rows(class_id: np.ndarray, fraction: float, seed: int, what: str) -> np.ndarray:
    """Which rows are held out, (N,) bool: `fraction` of every class's rows at random, one by one.

    class_id: (N,) int. A class of two or more rows has at least one on either side (fraction > 0).
    Rows of one track land on both sides: this leaks, see `held_out_tracks`.
    """
    held = np.zeros(len(class_id), bool)
    for number in np.unique(class_id):
        rows = np.flatnonzero(class_id == number)
        count = int(np.clip(round(fraction * len(rows)), min(fraction > 0, 1), len(rows) - 1))
        held[generator(seed, what, int(number)).permutation(rows)[:count]] = True
    return held
