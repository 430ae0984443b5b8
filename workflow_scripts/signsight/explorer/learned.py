"""What the network has learned, for the document: pictures made by optimisation beside natural ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from signsight.core.files import ArrayFile, read_csv
from signsight.explorer.pictures import MADE, picture
from signsight.features.picture_files import read_picture

EXAMPLES = 6  # natural pictures beside one of a class, and patches beside one of a unit
MOST = 200  # pictures of each kind, the first ones


def learned(
    given: Mapping[str, Any], facts: Mapping[str, Any], tested: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """The parts that were made; None where there are none.

    given: files by product; facts: `recipes`, recipe -> label; tested: the set of test images, whose pictures
    stand beside those of their classes.
    """
    kinds = {
        "classes": lambda own: list(_classes(own, facts["recipes"], tested)),
        "filters": lambda own: list(_filters(own)),
        "activations": lambda own: list(_files(own, _of_activation)),
        "inversions": lambda own: list(_files(own, _of_inversion)),
        "dreams": lambda own: list(_files(own, _of_dream)),
    }
    found = {kind: make(given[kind])[:MOST] for kind, make in kinds.items() if given.get(kind)}
    return found or None


def _classes(
    sets: Mapping[str, Any], recipes: Mapping[str, str], tested: Mapping[str, Any] | None
) -> Iterator[dict[str, Any]]:
    """The pictures of classes; `natural` is the largest logit of the class among its natural pictures."""
    numbers = _numbers(sets["table"])
    for name, files in sets["sets"].items():
        network, recipe = name.split("/")
        pictures = ArrayFile(files["images"])
        for row, told in enumerate(read_csv(files["index"]).itertuples()):
            own = numbers.get((network, recipe, told.image_id), {})
            more = [] if told.class_id >= 0 and told.against < 0 else [told.label]
            yield {
                "class_id": told.class_id,
                "recipe": recipe,
                "label": " · ".join([recipes.get(recipe, recipe), *more]),
                "network": network,
                "picture": picture(pictures.take([row])[0], MADE),
                "reached": own.get("logit", told.score),
                "probability": own.get("softmax"),
                "natural": own.get("natural_max"),
                "examples": _examples(tested, told.class_id),
            }


def _numbers(file: str | None) -> dict[tuple[str, str, str], dict[str, float]]:
    """(network, recipe, picture) -> quantity -> value."""
    if file is None:
        return {}
    found: dict[tuple[str, str, str], dict[str, float]] = {}
    for row in read_csv(file).itertuples():
        found.setdefault((row.network, row.preset, row.picture), {})[row.quantity] = row.value
    return found


def _examples(tested: Mapping[str, Any] | None, class_id: int) -> list[int]:
    """Places of test images of a class in the set, the surest of the rightly named first."""
    if tested is None or class_id < 0:
        return []
    own = np.flatnonzero((tested["truth"] == class_id) & (tested["predicted"] == class_id))
    return own[np.argsort(-tested["confidence"][own], kind="stable")][:EXAMPLES].tolist()


def _filters(given: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Pictures of units with the parts of natural pictures that activate them most."""
    index, patches = read_csv(given["index"]), read_csv(given["patches"])
    pictures, natural = ArrayFile(given["images"]), ArrayFile(given["examples"])
    groups = {key: own for key, own in patches.groupby(["layer", "channel"], sort=False)}
    for row, told in enumerate(index.head(MOST).itertuples()):
        own = groups.get((told.layer, told.channel), patches.iloc[:0]).head(EXAMPLES)
        yield {
            "layer": told.layer,
            "unit": told.channel,
            "picture": picture(pictures.take([row])[0], MADE),
            "patches": [_patch(natural.take([row])[0, n], one) for n, one in enumerate(own.itertuples())],
            "activation": told.reached_max,
            "natural": told.natural_max,
        }


def _patch(image: np.ndarray, box: Any) -> dict[str, Any]:
    """The part of a natural picture that activates a unit."""
    cut = np.asarray(image)[int(box.top) : int(box.bottom), int(box.left) : int(box.right)]
    return picture(cut if cut.size else np.asarray(image), MADE)


def _files(given: Mapping[str, str], words: Any) -> Iterator[dict[str, Any]]:
    """Pictures of a product that are files, with what a row of its index says of them."""
    index: pd.DataFrame = read_csv(given["index"])
    for row in index.head(MOST).itertuples():
        label, text = words(row)
        shown = picture(read_picture(Path(given["pictures"], row.file)), 2 * MADE)
        yield {"label": label, "text": text, "picture": shown}


def _of_activation(row: Any) -> tuple[str, str]:
    return f"{row.layer}, unit {row.channel}", f"guided gradient at {row.picture}, {row.rule} rule"


def _of_inversion(row: Any) -> tuple[str, str]:
    return f"from {row.layer}", f"{row.picture}; relative error {row.error:.3g}"


def _of_dream(row: Any) -> tuple[str, str]:
    return str(row.target), f"{row.picture}; score {row.score_before:.3g} before, {row.score_after:.3g} after"
