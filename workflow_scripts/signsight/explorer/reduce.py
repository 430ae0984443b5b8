"""Documents made smaller: parts left out, coarser maps, fewer pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from signsight.explorer.blobs import STEPS, Blob, decoded, encoded, quantised
from signsight.explorer.maps import coarse_map
from signsight.explorer.pictures import without

Tree = dict[str, Any]
# of a set: lists of one value a picture
LISTS = ("rows", "ids", "files", "truth", "predicted", "confidence", "probability", "top", "disagreement")


def changed_sets(experiment: Tree, change: Callable[[Tree], Tree]) -> Tree:
    """The experiment with each of its sets changed."""
    return experiment | {"sets": [change(one) for one in experiment["sets"]]}


def without_learned(experiment: Tree) -> Tree:
    """The experiment without pictures that were made by optimisation."""
    return experiment | {"learned": None}


def without_pixels(one: Tree) -> Tree:
    """A set without the steps at which single pixels are taken away."""
    return one | {"pixels": None} if one.get("pixels") else one


def without_single_curves(one: Tree) -> Tree:
    """A set with the mean curves alone."""
    curves = {
        metric: {
            name: curve | {"methods": {m: own | {"images": None} for m, own in curve["methods"].items()}}
            for name, curve in of_metric.items()
        }
        for metric, of_metric in (one.get("curves") or {}).items()
    }
    return one | {"curves": curves} if curves else one


def without_stickers(one: Tree) -> Tree:
    """A set whose stickers have no pictures."""
    if not one.get("stickers"):
        return one
    return one | {"stickers": [sticker | {"pictures": None} for sticker in one["stickers"]]}


def with_coarse_maps(one: Tree, longest: int) -> Tree:
    """A set whose maps have at most `longest` pixels along a side, each the mean of those it stands for."""

    def coarse(told: Tree) -> Tree:
        blobs = told["values"]
        if isinstance(blobs, Blob):
            values, scale = _coarser(decoded(blobs), np.asarray(told["scale"]), longest)
            return told | {"values": encoded(values), "scale": scale}
        pairs = [
            _coarser(decoded(blob)[None], np.asarray([scale]), longest)
            for blob, scale in zip(blobs, told["scale"], strict=True)
        ]
        values = [encoded(values[0]) for values, _ in pairs]
        return told | {"values": values, "scale": [float(scale[0]) for _, scale in pairs]}

    maps = {
        network: {m: coarse(told) if largest_side(told) > longest else told for m, told in own.items()}
        for network, own in one["maps"].items()
    }
    return one | {"maps": maps}


def largest_side(told: Tree) -> int:
    """The longest side of the maps of one method."""
    blobs = told["values"] if isinstance(told["values"], list) else [told["values"]]
    return max((max(blob.shape[-2:]) for blob in blobs), default=0)


def _coarser(values: np.ndarray, scale: np.ndarray, longest: int) -> tuple[np.ndarray, np.ndarray]:
    """8-bit maps (n, H, W) and scales (n,), shrunk to `longest` pixels: means of blocks, quantised anew."""
    shares, largest, _ = quantised(coarse_map(values, longest))
    return shares, scale * largest / STEPS


def first_pictures(one: Tree, count: int) -> Tree:
    """A set with its `count` most wanted pictures alone, in their order."""
    if count >= one["count"]:
        return one
    kept = np.sort(np.asarray(one["priority"])[:count])
    order = np.searchsorted(kept, np.asarray(one["priority"])[:count])
    new = one | {"count": count, "priority": order}
    new |= {key: _rows(one[key], kept) for key in LISTS if one.get(key) is not None}
    if "boxes" in one:
        return new | _of_boxes(one, kept)
    new["pictures"] = without(one["pictures"], kept)
    new["maps"] = {n: {m: _map_rows(told, kept) for m, told in own.items()} for n, own in one["maps"].items()}
    for key in ("curves", "cells", "pixels", "geometry", "stickers", "networks"):
        if one.get(key):
            new[key] = _picked(one[key], kept)
    return new | {"values": _picked(one["values"], kept, every=True)}


def _map_rows(told: Tree, kept: np.ndarray) -> Tree:
    missing = told.get("missing")
    return told | {
        "values": encoded(decoded(told["values"])[kept]),
        "scale": _rows(told["scale"], kept),
        "missing": None if missing is None else _rows(missing, kept),
    }


def _rows(values: Any, kept: Iterable[int]) -> list[Any]:
    return [values[row] for row in kept]


# keys of lists with a value for each picture, in the parts of a set
COLUMNS = {"predicted", "probability", "confidence", "clean_probability", "top"}


def _picked(part: Any, kept: np.ndarray, key: str = "", every: bool = False) -> Any:
    """A part of a set for the pictures `kept`: blobs and sprites have a row for each picture, and so have
    lists under the keys COLUMNS; `every`: all lists."""
    if isinstance(part, Blob):
        return encoded(decoded(part)[kept])
    if isinstance(part, Mapping):
        if "sprites" in part:
            return without(dict(part), kept)
        return {name: _picked(own, kept, name, every or name == "values") for name, own in part.items()}
    if isinstance(part, list | np.ndarray) and (every or key in COLUMNS):
        return _rows(part, kept)
    return [_picked(own, kept) for own in part] if isinstance(part, list) else part


def _of_boxes(one: Tree, kept: np.ndarray) -> Tree:
    """What a set of scenes has of the pictures `kept`: their boxes, objects and maps."""
    place = {int(row): n for n, row in enumerate(kept)}
    boxes = [k for k, box in enumerate(one["boxes"]) if box["picture"] in place]
    maps = {
        network: {
            m: told | {"values": _rows(told["values"], boxes), "scale": _rows(told["scale"], boxes)}
            for m, told in own.items()
        }
        for network, own in one["maps"].items()
    }
    moved = {
        key: [row | {"picture": place[row["picture"]]} for row in one[key] if row["picture"] in place]
        for key in ("boxes", "objects")
    }
    return moved | {
        "maps": maps,
        "pictures": _rows(one["pictures"], kept),
        "pictures_of_boxes": [box["picture"] for box in moved["boxes"]],
    }
