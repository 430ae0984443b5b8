"""Maps of a set of pictures as the document has them, and how far the methods disagree about a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from signsight.core.files import ArrayFile
from signsight.evaluation.similarity import average_ranks
from signsight.explorer.blobs import encoded, quantised

Maps = Mapping[str, np.ndarray]  # method -> (n, H, W) float32


def maps_of(files: Mapping[str, Path | str], rows: np.ndarray) -> dict[str, np.ndarray]:
    """Method -> the maps of `rows`, from files of (N, H, W)."""
    return {method: ArrayFile(file).take(rows) for method, file in files.items()}


def stored_maps(maps: np.ndarray) -> dict[str, Any]:
    """Maps (n, H, W) in 8 bits: values, scale, and which are missing (null where none is)."""
    values, scale, missing = quantised(maps)
    return {
        "values": encoded(values),
        "scale": scale,
        "missing": missing if missing.any() else None,
        "clip": None,
    }


def coarse_map(maps: np.ndarray, longest: int) -> np.ndarray:
    """Maps (n, H, W) with at most `longest` pixels along a side, each the mean of a block, as float64."""
    share, means = longest / max(maps.shape[1:]), maps.astype(np.float64)
    if share >= 1:
        return means
    for axis in (1, 2):
        size = maps.shape[axis]
        count = max(round(size * share), 1)
        edges = np.arange(count) * size // count
        means = np.add.reduceat(means, edges, axis=axis)
        means /= np.expand_dims(np.diff([*edges, size]), (0, 3 - axis))
    return means


def disagreement(maps: Maps) -> np.ndarray | None:
    """1 - mean rank correlation of all pairs of methods, (n,) float64, from 0 (all alike) to 2.

    NaN where fewer than two methods have a map that is not constant; None for fewer than two methods.
    """
    if len(maps) < 2:
        return None
    ranks = []
    for own in maps.values():
        flat = average_ranks(own.reshape(len(own), -1))
        flat -= flat.mean(axis=1, keepdims=True)
        length = np.sqrt((flat * flat).sum(axis=1, keepdims=True))
        finite = np.isfinite(own).all(axis=(1, 2))[:, None]
        ranks.append(np.divide(flat, length, out=np.zeros_like(flat), where=(length > 0) & finite))
    # the sum of all pairs' products, from the length of the sum of the vectors
    whole = np.sum(ranks, axis=0)
    counts = np.sum([(one != 0).any(axis=1) for one in ranks], axis=0)
    pairs = counts * (counts - 1)
    products = (whole * whole).sum(axis=1) - counts
    mean = np.divide(products, pairs, out=np.full(len(whole), np.nan), where=pairs > 0)
    return np.where(pairs > 0, 1 - np.clip(mean, -1, 1), np.nan)
