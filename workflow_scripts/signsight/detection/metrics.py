"""Localisation of a box's map: how much of it lies in the object, in its box, and on the other objects.

Regions of a box are sums of 1: inside the true box; 2: where the object itself is seen; 4: on another
object of the picture (where that is seen, or in its box if there is no mask), outside of this one. The
chance level "area" of a quantity is the mean of `area_<its region>`: what a map of independent noise gets.
"""

from __future__ import annotations

import numpy as np

from signsight.core.registry import metrics
from signsight.evaluation.metrics.block import Block, Result
from signsight.evaluation.metrics.localisation import pointing_game, relevance_mass

IN_BOX, IN_MASK, ON_OTHER = 1, 2, 4


@metrics.register(
    "box_localisation",
    label="Localisation of boxes",
    needs="objects",
    explains="boxes",
    boxes=True,
    source="Zhao et al. 2024, ODAM, arXiv:2304.06354; Zhang et al. 2018, doi:10.1007/s11263-017-1059-x",
    x="",
    quantities={
        "pointing_game_box": {
            "direction": "higher", "low": 0, "high": 1, "chance": "area",
            "label": "pointing game, box",
            "means": "share of the highest pixel, or of the tied ones, that lies in the object's box",
        },
        "pointing_game_mask": {
            "direction": "higher", "low": 0, "high": 1, "chance": "area",
            "label": "pointing game, mask",
            "means": "share of the highest pixel, or of the tied ones, that lies on the object",
        },
        "energy_box": {
            "direction": "higher", "low": 0, "high": 1, "chance": "area",
            "label": "energy in the box",
            "means": "share of the positive values that lies in the object's box",
        },
        "energy_mask": {
            "direction": "higher", "low": 0, "high": 1, "chance": "area",
            "label": "energy in the mask",
            "means": "share of the positive values that lies on the object",
        },
        "odi_other": {
            "direction": "lower", "low": 0, "high": 1, "chance": "area",
            "label": "energy on other objects",
            "means": "of the positive values on any object, the share on others than the explained one",
        },
        "area_box": {
            "direction": None, "low": 0, "high": 1, "chance": None,
            "label": "area of the box", "means": "share of the picture that is the object's box",
        },
        "area_mask": {
            "direction": None, "low": 0, "high": 1, "chance": None,
            "label": "area of the object", "means": "share of the picture that is the object",
        },
        "area_other": {
            "direction": None, "low": 0, "high": 1, "chance": None,
            "label": "area of other objects",
            "means": "of the area of all objects, the share of others than the explained one",
        },
    },
)  # fmt: skip
def box_localisation(block: Block) -> Result:
    """Pointing game, energy in box and mask, and the object discrimination index of each box's map.

    Needs block.maps and block.regions, (n, H, W). NaN, so that the box is left out: where it finds no
    object, for the mask where there is none, for the other objects where there are none; for the energy
    where no value is positive, for the pointing game where the map is constant.
    """
    count, height, width = block.maps.shape
    maps = block.maps.reshape(count, height * width)
    regions = block.regions.reshape(maps.shape)
    values: dict[str, np.ndarray] = {}
    for name, bit in {"box": IN_BOX, "mask": IN_MASK}.items():
        inside = regions & bit > 0
        known = inside.any(1)
        values[f"pointing_game_{name}"] = np.where(known, pointing_game(maps, inside), np.nan)
        values[f"energy_{name}"] = np.where(known, relevance_mass(maps, inside), np.nan)
        values[f"area_{name}"] = np.where(known, inside.mean(1), np.nan)
    other = regions & ON_OTHER > 0
    own = np.where((regions & IN_MASK > 0).any(1, keepdims=True), regions & IN_MASK, regions & IN_BOX) > 0
    both = own.any(1) & other.any(1)
    values["odi_other"] = np.where(both, _odi(maps, own, other), np.nan)
    total = (own | other).sum(1)
    values["area_other"] = np.divide(other.sum(1), total, out=np.full(count, np.nan), where=both)
    return Result(values)


def _odi(maps: np.ndarray, own: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Positive values on others, as a share of those on any object: (n, P) -> (n,), NaN for none."""
    positive = np.clip(maps, 0, None, dtype=np.float64)
    elsewhere, here = (positive * other).sum(1), (positive * own).sum(1)
    whole = elsewhere + here
    return np.divide(elsewhere, whole, out=np.full(len(maps), np.nan), where=whole > 0)
