"""Scene sets: a folder of decoded pictures with the boxes and masks of their objects, which all jobs read."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from PIL import Image

from signsight.core.errors import UserError
from signsight.core.files import atomic, read_csv, write_csv
from signsight.data.pictures import FolderPictures, open_labels, open_rgb
from signsight.data.progress import progress
from signsight.data.sample import sampled
from signsight.data.threads import in_order
from signsight.detection.scene import EDGES, Scene, SceneObject, SceneSource

log = logging.getLogger("signsight")

PICTURE_COLUMNS = ("picture", "file", "width", "height", "annotated", "mask")
OBJECT_COLUMNS = ("picture", "object", "class_id", "label", *EDGES, "difficult", "truncated")
TABLES = ("pictures.csv", "objects.csv", "classes.csv")
LONGEST = 100  # letters of a file's name without its suffix
SHOWN = 3
COMPRESSION = 1  # of zlib: a third of the time of the usual 6, for a tenth more bytes


@dataclass(frozen=True)
class SceneSet:
    """A scene set on disk.

    `pictures.csv`: a row a picture: `picture` (str, its name), `file` (of its PNG in `pictures/`, and
    of its mask in `masks/`), `width`, `height` (pixels), `annotated` (0: nobody said what is in it),
    `mask` (1: it has one). `objects.csv`: a row an object: `picture`, `object` (1, 2, ... in its
    picture), `class_id`, `label` (the name of its class), `x0, y0, x1, y1` (edges in pixels, x1 and y1
    exclusive), `difficult`, `truncated` (0 or 1). `classes.csv`: `class_id`, `name`.
    """

    folder: Path

    def __len__(self) -> int:
        return len(self.pictures)

    @cached_property
    def pictures(self) -> pd.DataFrame:
        """The table of `pictures.csv`, in order."""
        return read_csv(self.folder / "pictures.csv")

    @cached_property
    def truth(self) -> pd.DataFrame:
        """The table of `objects.csv`: objects by picture, as the pictures are ordered."""
        numbers = dict.fromkeys(("object", "class_id", "difficult", "truncated"), np.int64)
        return read_csv(self.folder / "objects.csv").astype(numbers | dict.fromkeys(EDGES, np.float64))

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes by class id."""
        return tuple(read_csv(self.folder / "classes.csv")["name"])

    @property
    def ids(self) -> list[str]:
        """The names of the pictures, in order."""
        return self.pictures["picture"].tolist()

    @property
    def annotated(self) -> list[str]:
        """The names of the pictures whose objects are known (there may be none), in order."""
        return self.pictures["picture"][self.pictures["annotated"] == 1].tolist()

    def picture(self, picture: str) -> np.ndarray:
        """The picture of that name, (H, W, 3) uint8 RGB. KeyError for another name."""
        file = self.pictures["file"].iat[self._places[picture]]
        return np.array(open_rgb(FolderPictures(self.folder / "pictures"), file))

    def objects(self, picture: str) -> pd.DataFrame:
        """The objects of a picture, as in `truth`; no row where none is known."""
        rows = self._objects.get(picture, np.zeros(0, np.int64))
        return self.truth.iloc[rows].reset_index(drop=True)

    def mask(self, picture: str) -> np.ndarray | None:
        """(H, W) uint8, k where object k of the picture is seen, 0 elsewhere; None where there is none."""
        row = self.pictures.iloc[self._places[picture]]
        if row["mask"] == 0:
            return None
        return open_labels(FolderPictures(self.folder / "masks"), row["file"])

    @cached_property
    def _places(self) -> dict[str, int]:
        return {picture: place for place, picture in enumerate(self.pictures["picture"])}

    @cached_property
    def _objects(self) -> dict[str, np.ndarray]:
        return dict(self.truth.groupby("picture", sort=False).indices)


def open_scene_set(folder: Path | str) -> SceneSet:
    """Open the scene set in `folder`; UserError when one of its tables is missing."""
    folder = Path(folder)
    for table in TABLES:
        if not (folder / table).is_file():
            raise UserError(f"{folder / table} does not exist; is its folder a scene set?")
    return SceneSet(folder)


def write_scene_set(
    source: SceneSource,
    folder: Path | str,
    classes: Sequence[str],
    *,
    images: int | None = None,
    seed: int = 0,
    workers: int = 1,
) -> None:
    """Write the scenes of `source` as a scene set to `folder`, which appears whole or not at all.

    classes: the names of the classes by class id, which the objects' labels are among. images: a
    random sample of so many pictures, drawn from `seed`, in their order; None takes all. Memory is
    that of some pictures. A mask with a number that none of its picture's objects has is left out and
    reported. UserError for a fault of a picture or its truth.
    """
    folder = Path(folder)
    ids = sampled(pd.DataFrame({"image_id": source.ids}), images, seed)["image_id"].tolist()
    numbers = {name: number for number, name in enumerate(classes)}
    pictures: list[tuple[str | int, ...]] = []
    objects: list[tuple[str | int | float, ...]] = []
    unfit: list[str] = []
    with atomic(folder) as part, progress("scene pictures", len(ids), "pictures") as step:
        for name in ("pictures", "masks"):
            (part / name).mkdir(parents=True)
        for row in _written(source, ids, part, workers):
            pictures.append((row.picture, row.file, *row.size, int(row.annotated), int(row.mask)))
            objects.extend(_object_rows(row, numbers))
            unfit += [row.picture] if row.unfit else []
            step(1)
        tables = (
            pd.DataFrame(pictures, columns=list(PICTURE_COLUMNS)),
            pd.DataFrame(objects, columns=list(OBJECT_COLUMNS)),
            pd.DataFrame({"class_id": range(len(classes)), "name": list(classes)}),
        )
        for name, table in zip(TABLES, tables, strict=True):
            write_csv(part / name, table)
    if unfit:
        named = ", ".join(unfit[:SHOWN]) + (", ..." if len(unfit) > SHOWN else "")
        log.info("masks left out, since they do not fit the annotation: %d (%s)", len(unfit), named)


class _Row(NamedTuple):
    """What a written scene adds to the tables; unfit: its mask has numbers that no object has."""

    picture: str
    file: str
    size: tuple[int, int]
    objects: Sequence[SceneObject]
    annotated: bool
    mask: bool
    unfit: bool


def _written(source: SceneSource, ids: list[str], folder: Path, workers: int) -> Iterator[_Row]:
    """Write all scenes, some at a time; their rows in order."""
    named = zip(ids, file_names(ids), strict=True)
    return in_order(lambda one: _write(source, one[0], folder, one[1]), named, workers)


def _write(source: SceneSource, picture: str, folder: Path, file: str) -> _Row:
    scene = source.scene(picture)
    _save(scene.image, folder / "pictures" / file)
    objects, annotated = scene.objects or (), scene.objects is not None
    unfit = scene.mask is not None and int(scene.mask.max()) > len(objects)
    mask = None if unfit else scene.mask
    if mask is not None:
        _save(mask, folder / "masks" / file)
    return _Row(picture, file, _size(scene), objects, annotated, mask is not None, unfit)


def _size(scene: Scene) -> tuple[int, int]:
    height, width = scene.image.shape[:2]
    return width, height


def _save(pixels: np.ndarray, path: Path) -> None:
    Image.fromarray(pixels).save(path, format="PNG", compress_level=COMPRESSION)


def _object_rows(row: _Row, numbers: dict[str, int]) -> Iterator[tuple[str | int | float, ...]]:
    for number, one in enumerate(row.objects, start=1):
        flags = int(one.difficult), int(one.truncated)
        yield row.picture, number, numbers[one.label], one.label, *one.box, *flags


def file_names(ids: Sequence[str]) -> list[str]:
    """The name of a PNG file for every picture: its own in letters that every system takes, each once.

    ('a/b.jpg' becomes 'a-b.jpg.png', and a second picture of that name 'a-b.jpg.2.png'; 'A' and 'a'
    count as the same.)
    """
    taken: set[str] = set()
    names = []
    for picture in ids:
        stem = re.sub(r"[^\w.-]+", "-", picture, flags=re.ASCII).strip("-.")[:LONGEST] or "picture"
        name, number = stem, 1
        while name.lower() in taken:
            number += 1
            name = f"{stem}.{number}"
        taken.add(name.lower())
        names.append(f"{name}.png")
    return names
