"""GTSRB in a folder, without its archives: unpacked from them, by torchvision, or as Kaggle packs it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pandas as pd

from signsight.core.errors import UserError
from signsight.data import archives
from signsight.data.archives import Row, check_listed, no_image, numbered_rows, table_of
from signsight.data.dataset import Part
from signsight.data.listing import SUFFIXES, leads_outside
from signsight.data.pictures import FolderPictures

# What is in such a folder: Kaggle's table, and the training pictures of the official layouts.
KAGGLE = "Train.csv"
LAYOUTS = (
    KAGGLE,
    "Training",
    "Final_Training",
    "GTSRB/Training",
    "GTSRB/Final_Training",
    "gtsrb/GTSRB/Training",
    "gtsrb/GTSRB/Final_Training",
)


def unpacked_part(name: str, folder: Path, *, n_classes: int = 43, allow_empty_classes: bool = False) -> Part:
    """A part of GTSRB in a folder that has one of LAYOUTS; the records are those of the archives.

    Only `source` differs, and after Kaggle the suffix .png. UserError for the faults that archives can have.
    """
    options = {"n_classes": n_classes, "allow_empty_classes": allow_empty_classes}
    layout = next(layout for layout in LAYOUTS if (folder / layout).exists())
    if layout == KAGGLE:
        pictures = FolderPictures(folder)
        return Part(_kaggle_records(pictures, name, **options), pictures)
    training = folder / layout
    if name == "train":
        pictures = FolderPictures(training)
        return Part(archives.training_records(pictures, **options), pictures)
    pictures = FolderPictures(training.parent / "Final_Test")
    beside = (pictures.path / "Images", training.parent, training.parent.parent, folder)
    truth = next((place for place in beside if (place / "GT-final_test.csv").is_file()), None)
    if truth is None:
        raise UserError(
            f"{training.parent} has no GT-final_test.csv, which has the classes of the test images; put it "
            "there."
        )
    return Part(archives.test_records(pictures, _Table(truth), **options), pictures)


class _Table(FolderPictures):
    """The folder of GT-final_test.csv, of which nothing else is looked at."""

    members = ("GT-final_test.csv",)


def _kaggle_records(
    pictures: FolderPictures, part: str, *, n_classes: int, allow_empty_classes: bool
) -> pd.DataFrame:
    table = {"train": KAGGLE, "test": "Test.csv"}[part]
    found: list[Row] = []
    for source, numbers in numbered_rows(pictures, table, "Path", n_classes, ","):
        if leads_outside(source) or not (pictures.path / source).is_file():
            raise no_image(pictures.place(table), source, pictures)
        stem = track = PurePosixPath(source).stem
        if part == "train":  # 00014_00002_00029: class, track, frame
            class_id, _, frame = stem.partition("_")
            stem, track = f"{class_id}/{frame}", f"{class_id}/{frame.rpartition('_')[0]}"
        found.append({"image_id": stem, "track": track, "source": source, **numbers})
    folder = pictures.path / table.removesuffix(".csv")
    there = sum(1 for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)
    check_listed(pictures, pictures.place(table), there, found)
    return table_of(pictures.path / table, found, n_classes, allow_empty_classes)
