"""How much of the relevance of photographs lies on their stickers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from signsight.data.photograph_columns import Box, parse_boxes
from signsight.evaluation.statistics import LEAST_DRAWS, bootstrap, holm, sign_flip

COLUMNS = [
    "method", "n", "tracks", "share", "low", "high", "area", "ratio", "gap_area", "gap_area_low",
    "gap_area_high", "p_area", "other", "gap_other", "gap_other_low", "gap_other_high", "p_other",
]  # fmt: skip


def coverage(boxes: Sequence[Box], height: int, width: int) -> np.ndarray:
    """How much of each pixel lies in the boxes, (height, width) float64 in [0, 1].

    boxes: shares of width and height. Where two boxes overlap within one pixel, its share may be too large.
    """
    found = np.zeros((height, width))
    for left, upper, right, lower in boxes:
        found += np.outer(_covered(upper, lower, height), _covered(left, right, width))
    return np.minimum(found, 1.0)


def _covered(start: float, stop: float, count: int) -> np.ndarray:
    """How much of each of `count` pixels in a row lies between two shares of the row."""
    edges = np.arange(count + 1)
    return np.clip(np.minimum(edges[1:], stop * count) - np.maximum(edges[:-1], start * count), 0, 1)


def shares_inside(maps: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Share of the positive relevance of each map in each region: (N, H, W), (n, H, W) -> (N, n) float64.

    inside: float in [0, 1], how much of each pixel counts. NaN for a map without a positive value.
    """
    positive = np.clip(maps, 0, None, dtype=np.float64).reshape(len(maps), -1)
    total = positive.sum(1, keepdims=True)
    found = positive @ inside.reshape(len(inside), -1).T
    return np.divide(found, total, out=np.full(found.shape, np.nan), where=total > 0)


def on_sticker(
    boxes: Sequence[str],
    tracks: Sequence[str],
    maps: Mapping[str, np.ndarray],
    confidence: float,
    seed: int,
) -> pd.DataFrame:
    """The share of the positive relevance that lies on stickers, by method: COLUMNS.

    boxes: of each of N photographs, as `photograph_columns.boxes_text` writes them, empty where not known;
    tracks: the physical objects that they show, '' for one of its own; maps: method -> (N, h, w). The n
    photographs count that have boxes and a map with a positive value. area: the share of the picture that the
    boxes take, what noise gets; ratio: share / area; other: the mean share of the maps of the other
    photographs in the same boxes, what a map gets that is typical of the method but not of the photograph.
    Gaps are the share minus these, with bootstrap intervals over the tracks and p of a sign-flip test,
    corrected for the number of methods by Holm's way.
    """
    rows = []
    for method, own in maps.items():
        rows.append({"method": method, **_of_method(boxes, tracks, own, confidence, seed)})
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.assign(**{key: holm(table[key].to_numpy(np.float64)) for key in ("p_area", "p_other")})


def _of_method(
    boxes: Sequence[str], tracks: Sequence[str], maps: np.ndarray, confidence: float, seed: int
) -> dict[str, float]:
    own, area, other = sticker_shares(boxes, maps)
    there = np.isfinite(own)
    if not there.any():
        return {"n": 0}
    columns = np.stack([own, area, own - area, other, own - other], axis=1)[there]
    named = [track or f"photograph {place}" for place, track in enumerate(tracks)]
    columns = pd.DataFrame(columns).groupby(np.array(named)[there], sort=False).mean().to_numpy()
    mean, low, high = bootstrap(columns, confidence, seed)
    found = {"n": int(there.sum()), "tracks": len(columns), "share": mean[0], "low": low[0], "high": high[0]}
    found |= {"area": mean[1], "ratio": mean[0] / mean[1], "other": mean[3]}
    for name, place in (("area", 2), ("other", 4)):
        pair = columns[:, [0, place - 1]]
        found |= {f"gap_{name}": mean[place], f"gap_{name}_low": low[place], f"gap_{name}_high": high[place]}
        found[f"p_{name}"] = sign_flip(pair, seed, LEAST_DRAWS)[0, 1]
    return found


def sticker_shares(boxes: Sequence[str], maps: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each photograph the share on its sticker, that of the area, and that of other photographs' maps.

    boxes: (N,) texts; maps: (N, h, w). Three arrays (N,), NaN without boxes, and where there is no map.
    """
    known = np.array([bool(text) for text in boxes])
    own, area, other = (np.full(len(boxes), np.nan) for _ in range(3))
    if not known.any():
        return own, area, other
    inside = np.stack([coverage(parse_boxes(text), *maps.shape[1:]) for text in boxes if text])
    shares = shares_inside(maps, inside)  # of each map (N,) in the boxes of each photograph that has some
    rows, places = np.flatnonzero(known), np.arange(known.sum())
    own[rows] = shares[rows, places]
    area[rows] = inside.mean((1, 2))
    there = np.isfinite(shares[:, 0])
    total = np.where(there[:, None], shares, 0).sum(0) - np.nan_to_num(own[rows])
    count = there.sum() - there[rows]
    other[rows] = np.divide(total, count, out=np.full(len(rows), np.nan), where=count > 0)
    return own, area, other
