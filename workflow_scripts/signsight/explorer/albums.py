"""The sets "gallery" and "photographs" of the document: the user's own pictures with their maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from signsight.core.files import ArrayFile, read_csv
from signsight.core.stored import stored
from signsight.explorer.maps import disagreement, stored_maps
from signsight.explorer.pictures import sprites

LABELS = {"gallery": "Gallery", "photographs": "Photographs"}


def album_set(
    album: str, given: Mapping[str, Any], count: int, methods: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The first `count` pictures of an album. given: its `images`, `table`, and `maps` by method.

    `refused`: method -> the sentence on why it has no maps here.
    """
    table = read_csv(given["table"])
    total, table = len(table), table.iloc[:count]
    rows = np.arange(len(table))
    images = ArrayFile(given["images"]).take(rows)
    maps, refused = {}, {}
    for method, file in given["maps"].items():
        with stored(file) as arrays:
            if "refused" in arrays:
                refused[method] = str(arrays["refused"])
            else:
                maps[method] = arrays["maps"][: len(table)]
    told = [m["id"] for m in methods if m["id"] in maps and not m["control"] and not m["same_as"]]
    return {
        "id": album,
        "label": LABELS[album],
        "size": list(images.shape[1:3]),
        "count": len(table),
        "total": total,
        "chosen": "All are shown." if total == len(table) else "The first ones are shown.",
        "priority": rows,
        "ids": _ids(table["file"].tolist()),
        "files": table["file"].tolist(),
        "truth": _known(table["class_id"]),
        "predicted": table["predicted_id"].to_numpy(),
        "confidence": table["probability"].to_numpy(),
        "probability": [None if np.isnan(share) else share for share in table["true_probability"]],
        "top": [shares_of(text) for text in table["most_probable"]],
        "explained": _known(table["explained_id"]),
        "pictures": sprites(images, images.shape[1:3]),
        "maps": {"main": {method: stored_maps(own) for method, own in maps.items()}},
        "refused": refused,
        "values": {},
        "population": {},
        "curves": {},
        "disagreement": disagreement({m: maps[m] for m in told}),
    }


def shares_of(text: str) -> list[list[float]]:
    """'12 0.93, 3 0.02' -> [[12, 0.93], [3, 0.02]]: classes with their probabilities."""
    pairs = (part.split() for part in text.split(",") if part.strip())
    return [[int(number), float(share)] for number, share in pairs]


def _known(classes: pd.Series) -> np.ndarray | None:
    """Classes, -1 where they are not known; None where none is."""
    return classes.to_numpy() if (classes >= 0).any() else None


def _ids(files: Sequence[str]) -> list[str]:
    """A name for each picture: that of its file, without the folder and the suffix where that is enough."""
    names = pd.Series(files)
    stems = names.str.replace("\\", "/").str.rsplit("/", n=1).str[-1].str.rsplit(".", n=1).str[0]
    return stems.where(~stems.duplicated(keep=False) & (stems != ""), names).tolist()
