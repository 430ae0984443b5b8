"""The parts of a data set from where the config says: archives or a folder, one shape for both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from signsight.data.archives import test_records, training_records
from signsight.data.classes import GTSRB_CLASSES
from signsight.data.folder import folder_records
from signsight.data.imagenette import StreamedTar, imagenette_records
from signsight.data.pictures import Archive, FolderPictures, Pictures
from signsight.data.sample import sampled


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


def imagenette_part(
    part: Literal["train", "test"], archive: Path | str, names: Sequence[str], allow_empty: bool
) -> Part:
    """A part of Imagenette for a model with the classes `names`."""
    records = imagenette_records(part, archive, names, allow_empty=allow_empty)
    return Part(records, StreamedTar(archive, set(records["source"])))


def sample_of(part: Part, images: int | None, seed: int) -> Part:
    """`part` with a random sample of its pictures, see `sampled`."""
    records, pictures = sampled(part.records, images, seed), part.pictures
    if isinstance(pictures, StreamedTar):
        pictures = StreamedTar(pictures.path, set(records["source"]))
    return replace(part, records=records, pictures=pictures)


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
    return named_classes(names)


def named_classes(names: Sequence[str]) -> pd.DataFrame:
    """class_id, name, shape of classes that are no signs: their shapes count as circles."""
    return pd.DataFrame({"class_id": range(len(names)), "name": list(names), "shape": "circle"})
