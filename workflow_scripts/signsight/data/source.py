"""The parts of a data set from where the config says: archives or a folder, one shape for both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from signsight.data.archives import test_records, training_records
from signsight.data.classes import GTSRB_CLASSES
from signsight.data.folder import folder_records
from signsight.data.pictures import Archive, FolderPictures, Pictures


@dataclass(frozen=True)
class Part:
    """Training or test pictures: their records, where their bytes are, and truth masks if any."""

    records: pd.DataFrame
    pictures: Pictures
    masks: Pictures | None = None


def archive_part(part: Literal["train", "test"], archives: dict[str, Path], allow_empty: bool) -> Part:
    """A part of GTSRB or `signs`; archives: `images`, for the test part `truth`, and maybe `masks`."""
    options = {"n_classes": len(GTSRB_CLASSES), "allow_empty_classes": allow_empty}
    if part == "train":
        records = training_records(archives["images"], **options)
    else:
        records = test_records(archives["images"], archives["truth"], **options)
    masks = Archive(archives["masks"]) if "masks" in archives else None
    return Part(records, Archive(archives["images"]), masks)


def folder_part(part: Literal["train", "test"], settings: dict[str, Any]) -> Part:
    """A part of a folder of pictures; settings: `source`, `test_fraction`, `track_pattern`, `seed`."""
    data = folder_records(
        settings["source"],
        test_fraction=settings["test_fraction"],
        track_pattern=settings["track_pattern"],
        seed=settings["seed"],
    )
    records = data.training if part == "train" else data.test
    return Part(records, FolderPictures(settings["source"]))


def class_table(folder: dict[str, Any] | None) -> pd.DataFrame:
    """class_id, name, shape of every class: of GTSRB, or of a folder, whose shapes count as circles."""
    if folder is None:
        return pd.DataFrame(
            [(c.class_id, c.name, c.shape) for c in GTSRB_CLASSES], columns=["class_id", "name", "shape"]
        )
    names = folder_records(
        folder["source"],
        test_fraction=folder["test_fraction"],
        track_pattern=folder["track_pattern"],
        seed=folder["seed"],
    ).class_names
    return pd.DataFrame({"class_id": range(len(names)), "name": names, "shape": "circle"})
