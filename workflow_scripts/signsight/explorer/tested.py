"""The set "test" of the document: chosen test images with all that is stored about each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from signsight.core.stored import stored
from signsight.data.imageset import ImageSet, open_image_set
from signsight.data.regions import sign_shares
from signsight.explorer.choice import ordered_rows, sentence
from signsight.explorer.maps import disagreement, maps_of, stored_maps
from signsight.explorer.measured import Measured
from signsight.explorer.pictures import sprites
from signsight.explorer.whatif import cells, geometry, pixels, stickers

MAIN = "main"


def test_set(
    given: Mapping[str, Any], facts: Mapping[str, Any], methods: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The set of test images.

    given: the files of `plan.explorer`; facts: what it tells; methods: as the document has them. The
    images are in the order of the image set; `priority` says which go last where the page has to leave some
    out.
    """
    images = open_image_set(Path(given["images"][0]).parent)
    clean = clean_scores(given["clean"][MAIN])
    measured = {network: Measured(files) for network, files in given["metrics"].items()}
    rows, priority, chosen = _chosen(images, clean["predicted"], measured[MAIN].counts(), facts["images"])
    ids = images.index["image_id"].iloc[rows].tolist()
    pictures = images.take(rows)
    maps = {network: maps_of(files, rows) for network, files in given["maps"].items()}
    main = maps.get(MAIN, {})
    told = [one["id"] for one in methods if not (one["control"] or one["same_as"]) and one["id"] in main]
    shares = sign_shares(images.index, images.size[1], facts["cropped"])[rows]
    return {
        "id": "test",
        "label": "Test images",
        "size": list(images.size),
        "count": len(rows),
        "total": len(images),
        "chosen": chosen,
        "priority": priority,
        "rows": rows,
        "ids": ids,
        "files": _files(images, rows),
        "truth": images.class_ids[rows],
        **{key: clean[key][rows] for key in ("predicted", "confidence", "probability")},
        "top": top_pairs(clean, rows),
        "explained": _explained(facts["explained"], images.class_ids[rows], clean["predicted"][rows]),
        "pictures": sprites(pictures, images.size),
        "maps": {n: {m: stored_maps(one) for m, one in own.items()} for n, own in maps.items() if own},
        "values": measured[MAIN].values(ids),
        "population": measured[MAIN].population(),
        "disagreement": disagreement({m: main[m] for m in told}),
        "curves": measured[MAIN].curves(ids, facts["confidence"]),
        "networks": _networks(given, measured, rows, ids),
        "cells": cells(given, facts, rows),
        "pixels": pixels(given, facts, pictures, ids, main, measured[MAIN]),
        "geometry": geometry(given, facts, rows, images.class_ids),
        "geometry_matrix": None,
        "stickers": stickers(given, facts, rows, pictures, images.class_ids[rows], shares),
    }


def clean_scores(file: Path | str) -> dict[str, np.ndarray]:
    """The predictions for the untouched test images: arrays of `scoring.Predictions` of its one set."""
    with stored(file) as arrays:
        return {key: arrays[key][0] for key in arrays if key not in ("sets", "column_ids")}


def top_pairs(clean: Mapping[str, np.ndarray], rows: np.ndarray) -> list[list[list[float]]]:
    """The most probable classes of each of `rows`: [class id, probability], the most probable first."""
    pairs = zip(clean["top_ids"][rows], clean["top"][rows], strict=True)
    return [[[int(c), float(p)] for c, p in zip(ids, shares, strict=True)] for ids, shares in pairs]


def _explained(target: Any, truth: np.ndarray, predicted: np.ndarray) -> np.ndarray | None:
    """The class that the maps explain in each image, by `attribution.target`; None for a unit of a layer."""
    target = target.get("class") if isinstance(target, Mapping) else target
    if target is None:
        return None
    named = {"predicted": predicted, "true": truth}
    return named[target] if isinstance(target, str) else np.full(len(truth), target)


def _chosen(
    images: ImageSet, predicted: np.ndarray, measured: Mapping[str, int], count: int
) -> tuple[np.ndarray, np.ndarray, str]:
    """Chosen rows in ascending order, their places by how much they are wanted, and the sentence on it."""
    truth = images.class_ids
    seen = np.array([measured.get(name, 0) for name in images.index["image_id"]])
    wanted = ordered_rows(truth, predicted, seen)[:count]
    rows = np.sort(wanted)
    wrong = predicted != truth
    told = sentence(len(rows), len(images), int(wrong[rows].sum()), int(wrong.sum()))
    return rows, np.searchsorted(rows, wanted), told


def _files(images: ImageSet, rows: np.ndarray) -> list[str]:
    """Where each picture came from."""
    return images.index["source"].iloc[rows].astype(str).tolist()


def _networks(
    given: Mapping[str, Any], measured: Mapping[str, Measured], rows: np.ndarray, ids: list[str]
) -> dict[str, Any]:
    """Predictions and values by networks of further seeds."""
    found = {}
    for network, file in given["clean"].items():
        if network != MAIN:
            clean = clean_scores(file)
            told = {key: clean[key][rows] for key in ("predicted", "confidence", "probability")}
            values = measured[network].values(ids) if network in measured else {}
            found[network] = told | {"top": top_pairs(clean, rows), "values": values}
    return found
