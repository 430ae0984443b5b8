"""The natural pictures that layer activations, inversion and DeepDream start from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from signsight.core.files import ArrayFile, read_csv
from signsight.data.imageset import open_image_set
from signsight.data.photographs import folder_of
from signsight.data.pictures import open_rgb
from signsight.features.natural import examples_of
from signsight.features.wanted import slug


@dataclass(frozen=True)
class Given:
    """Pictures (n, size, size, 3) uint8 as the network sees them, their names, for files, and, where they are
    the user's own, the files that they are."""

    images: np.ndarray
    names: list[str]
    files: list[str] = field(default_factory=list)


def given_pictures(files: Mapping[str, str], count: int) -> Given:
    """The first `count` pictures of an album (`images`, `table`), or of a test set (`images`, `index`).

    There, it is one of each class, of classes that are spread evenly.
    """
    if "table" in files:
        table = read_csv(files["table"]).iloc[:count]
        names = [f"{place:02d}-{slug(Path(file).stem)}" for place, file in enumerate(table["file"], 1)]
        return Given(ArrayFile(files["images"]).read(0, len(table)), names, table["file"].tolist())
    images = open_image_set(Path(files["images"]).parent)
    firsts = images.index.drop_duplicates("class_id").sort_values("class_id")
    chosen = firsts.index.to_numpy()[examples_of(np.zeros(len(firsts), int), 0, count)]
    names = [f"{place:02d}-class-{images.class_ids[row]}" for place, row in enumerate(chosen, 1)]
    return Given(images.take(chosen), names)


def own_sizes(source: str, given: Given, longest: int | None) -> list[np.ndarray]:
    """The pictures of `features.source` at their own sizes, (H, W, 3) uint8 each, shrunk to `longest`."""
    from PIL import Image

    root, found = folder_of(Path(source)), []
    for file in given.files:
        picture = np.asarray(open_rgb(root, file))
        scale = 1 if longest is None else longest / max(picture.shape[:2])
        if scale < 1:
            size = [max(round(side * scale), 1) for side in picture.shape[1::-1]]
            picture = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))
        found.append(picture)
    return found
