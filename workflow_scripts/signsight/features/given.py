"""The natural pictures that layer activations, inversion and DeepDream start from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from signsight.core.files import ArrayFile, read_csv
from signsight.data.imageset import open_image_set
from signsight.data.photographs import list_photographs
from signsight.data.pictures import FolderPictures, open_rgb
from signsight.features.natural import examples_of
from signsight.features.wanted import slug


@dataclass(frozen=True)
class Given:
    """Pictures (n, size, size, 3) uint8 as the network sees them, and their names, for files."""

    images: np.ndarray
    names: list[str]


def given_pictures(files: Mapping[str, str], count: int) -> Given:
    """The first `count` pictures of an album (`images`, `table`), or of a test set (`images`, `index`).

    There, it is one of each class, of classes that are spread evenly.
    """
    if "table" in files:
        table = read_csv(files["table"]).iloc[:count]
        names = [f"{place:02d}-{slug(Path(file).stem)}" for place, file in enumerate(table["file"], 1)]
        return Given(ArrayFile(files["images"]).read(0, len(table)), names)
    images = open_image_set(Path(files["images"]).parent)
    firsts = images.index.drop_duplicates("class_id").sort_values("class_id")
    chosen = firsts.index.to_numpy()[examples_of(np.zeros(len(firsts), int), 0, count)]
    names = [f"{place:02d}-class-{images.class_ids[row]}" for place, row in enumerate(chosen, 1)]
    return Given(images.take(chosen), names)


def own_sizes(source: str, given: Given, classes: int, longest: int | None) -> list[np.ndarray]:
    """The pictures of `features.source` at their own sizes, (H, W, 3) uint8 each, shrunk to `longest`."""
    from PIL import Image

    listed = list_photographs(Path(source), classes, "features.source").iloc[: len(given.names)]
    root = FolderPictures(Path(source) if Path(source).is_dir() else Path(source).parent)
    found = []
    for file in listed["file"]:
        picture = np.asarray(open_rgb(root, file))
        scale = 1 if longest is None else longest / max(picture.shape[:2])
        if scale < 1:
            size = [max(round(side * scale), 1) for side in picture.shape[1::-1]]
            picture = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))
        found.append(picture)
    return found
