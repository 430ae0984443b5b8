"""Localisation: how much of a map lies where the object (the sign) and its symbol are known to be.

Regions are labelled 0 outside, 1 the object without its symbol, 2 its symbol. Where the regions
come from a ROI or from the user's masks there is no label 2, and the quantities of the symbol are undefined.
The chance level "area" of a quantity is the mean of `area_<its region>` over the same images: what
a map of independent noise gets.
"""

from __future__ import annotations

import numpy as np

from signsight.core.registry import metrics
from signsight.evaluation.metrics.block import Block, Result


@metrics.register(
    "localisation",
    label="Localisation",
    needs="regions",
    source="Zhang et al. 2018, doi:10.1007/s11263-017-1059-x; Arras et al. 2022, arXiv:2003.07258",
    x="",
    quantities={
        "pointing_game_object": {
            "direction": "higher", "low": 0, "high": 1, "chance": "area",
            "label": "pointing game, object",
            "means": "share of the highest pixel, or of the tied ones, that lies in the object",
        },
        "pointing_game_symbol": {
            "direction": "higher", "low": 0, "high": 1, "chance": "area",
            "label": "pointing game, symbol",
            "means": "share of the highest pixel, or of the tied ones, that lies in the symbol",
        },
        "mass_symbol": {
            "direction": "higher", "low": 0, "high": 1, "chance": "area",
            "label": "relevance in the symbol",
            "means": "share of the positive values that lies in the symbol",
        },
        "mass_sign": {
            "direction": None, "low": 0, "high": 1, "chance": "area",
            "label": "relevance in the rest of the object",
            "means": "share of the positive values that lies in the object but not in its symbol",
        },
        "mass_outside": {
            "direction": "lower", "low": 0, "high": 1, "chance": "area",
            "label": "relevance outside",
            "means": "share of the positive values that lies outside the object",
        },
        "rank_object": {
            "direction": "higher", "low": 0, "high": 1, "chance": "area",
            "label": "rank accuracy, object",
            "means": "share in the object of as many highest pixels as it has",
        },
        "rank_symbol": {
            "direction": "higher", "low": 0, "high": 1, "chance": "area",
            "label": "rank accuracy, symbol",
            "means": "share in the symbol of as many highest pixels as it has",
        },
        "area_object": {
            "direction": None, "low": 0, "high": 1, "chance": None,
            "label": "area of the object", "means": "share of the image that is object or symbol",
        },
        "area_symbol": {
            "direction": None, "low": 0, "high": 1, "chance": None,
            "label": "area of the symbol", "means": "share of the image that is symbol",
        },
        "area_sign": {
            "direction": None, "low": 0, "high": 1, "chance": None,
            "label": "area of the rest of the object",
            "means": "share of the image that is object, not symbol",
        },
        "area_outside": {
            "direction": None, "low": 0, "high": 1, "chance": None,
            "label": "area outside", "means": "share of the image that is not object",
        },
    },
)  # fmt: skip
def localisation(block: Block) -> Result:
    """Pointing game, relevance mass and relevance rank of each map in its image's regions.

    Needs block.maps and block.regions, (n, H, W). NaN, so that the image is left out: where the
    image lacks the region, for the mass where no value is positive, for the others where the map is
    constant and so has no highest pixels. Of tied pixels both take a share.
    """
    count, height, width = block.maps.shape
    maps = block.maps.reshape(count, height * width)
    values: dict[str, np.ndarray] = {}
    for region, inside in masks_of(block.regions.reshape(maps.shape)).items():
        if region in ("object", "symbol"):
            values[f"pointing_game_{region}"] = pointing_game(maps, inside)
            values[f"rank_{region}"] = relevance_rank(maps, inside)
        if region != "object":
            values[f"mass_{region}"] = relevance_mass(maps, inside)
        values[f"area_{region}"] = inside.mean(1)
        if region != "outside":  # a map wholly in the sign has no relevance outside, a defined 0
            lacking = ~inside.any(1)
            for name in [name for name in values if name.endswith(f"_{region}")]:
                values[name][lacking] = np.nan
    return Result(values)


def masks_of(regions: np.ndarray) -> dict[str, np.ndarray]:
    """Name of a region -> bool of the shape of `regions`; "object" is the sign with its symbol."""
    return {
        "object": regions > 0,
        "symbol": regions == 2,
        "sign": regions == 1,
        "outside": regions == 0,
    }


def pointing_game(maps: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """1 where the highest pixel is inside, else 0; NaN for a constant map: (n, P) -> (n,).

    Of several highest pixels the share inside, so that it does not matter how the picture lies. There is
    no tolerance about the maximum (the paper, whose pictures are larger, has 15 pixels).
    """
    highest = maps == maps.max(1, keepdims=True)
    return _unless_constant((highest & inside).sum(1) / highest.sum(1), maps)


def relevance_mass(maps: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Share of the positive values inside; NaN where no value is positive: (n, P) -> (n,)."""
    positive = np.clip(maps, 0, None, dtype=np.float64)
    total = positive.sum(1)
    share = np.full(len(maps), np.nan)
    return np.divide((positive * inside).sum(1), total, out=share, where=total > 0)


def relevance_rank(maps: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Share inside of the K highest pixels, K the number of pixels inside: (n, P) -> (n,).

    Where pixels that are tied with the K-th highest are too many, as many as fit count by the share of them
    that is inside, so that it does not matter how the picture lies. NaN for a constant map and where nothing
    is inside.
    """
    area = inside.sum(1)
    last = np.take_along_axis(-np.sort(-maps, axis=1), np.maximum(area - 1, 0)[:, None], axis=1)
    above, tied = maps > last, maps == last
    among = (above & inside).sum(1) + (area - above.sum(1)) * (tied & inside).sum(1) / tied.sum(1)
    share = np.divide(among, area, out=np.full(len(maps), np.nan), where=area > 0)
    return _unless_constant(share, maps)


def _unless_constant(values: np.ndarray, maps: np.ndarray) -> np.ndarray:
    return np.where(maps.min(1) == maps.max(1), np.nan, values)
