"""Where the object is in each picture, from masks or cut-out twins that the user has of the pictures."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from signsight.core.errors import UserError
from signsight.data.centre import Mode
from signsight.data.crop import resize_labels
from signsight.data.field import labels_in_field, places
from signsight.data.listing import SUFFIXES
from signsight.data.pictures import FolderPictures, open_object

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger("signsight")


@dataclass(frozen=True)
class Masks:
    """Masks or cut-out twins of pictures.

    folder: has a file for each picture at the picture's own path below `data.source`, with any suffix of a
    picture. threshold: see `open_object`. fit: how pictures and masks become squares, see `data.fit`.
    """

    folder: Path
    threshold: int
    fit: Mode

    def file_of(self, source: str) -> str | None:
        """The mask of the picture `source`, relative to the folder; the same name counts before the same
        stem. None where there is none."""
        names = [source, *(str(PurePosixPath(source).with_suffix(suffix)) for suffix in _suffixes())]
        return next((name for name in names if (self.folder / name).is_file()), None)


def mask_regions(index: pd.DataFrame, size: int, masks: Masks) -> Iterator[np.ndarray]:
    """Regions 0 background and 1 object of each picture, (1, size, size) uint8, in the order of `index`.

    index: of an image set of whole pictures, columns source, width and height, and where they lie in a field,
    `field.PLACE`. UserError where a picture
    has no mask or one of another size, no mask has an object, or none a background; single masks without an
    object are logged.
    """
    sources = index["source"].tolist()
    files = [masks.file_of(source) for source in sources]
    _refuse_missing(masks.folder, sources, [file is not None for file in files])
    pictures, empty, full = FolderPictures(masks.folder), [], 0
    rows = zip(files, index["width"], index["height"], places(index, size), strict=True)
    for file, width, height, place in rows:
        inside = open_object(pictures, str(file), masks.threshold)
        if inside.shape != (height, width):
            raise UserError(
                f"{pictures.place(str(file))} is {inside.shape[1]} x {inside.shape[0]} pixels and its "
                f"picture {width} x {height}; give it the size of the picture."
            )
        if not inside.any():
            empty.append(str(file))
        full += bool(inside.all())
        labels = resize_labels(inside.astype(np.uint8), (0, 0, width, height), place.side, masks.fit)
        yield labels_in_field(labels, place, size)[None]
    if len(empty) == len(files):
        raise UserError(
            f"No mask in {masks.folder} has a pixel brighter than {masks.threshold} (of 255), so that there "
            "is no object; lower 'data.mask_threshold' or correct 'data.masks'."
        )
    if full == len(files):
        raise UserError(
            f"Every mask in {masks.folder} covers its whole picture, so that there is no background; "
            "make what is "
            "no object black or transparent, or correct 'data.masks'."
        )
    if empty:
        log.info("%d masks have no object (%s)", len(empty), ", ".join(empty[:3]))


def _suffixes() -> list[str]:
    """Suffixes of pictures in both cases, as names have them."""
    return [one for suffix in SUFFIXES for one in (suffix, suffix.upper())]


def _refuse_missing(folder: Path, sources: list[str], there: list[bool]) -> None:
    missing = [source for source, found in zip(sources, there, strict=True) if not found]
    if missing:
        shown = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
        raise UserError(
            f"Config key 'data.masks': {folder} has no mask of {len(missing)} of {len(sources)} pictures "
            f"({shown}); add a picture by the same path and name, with any suffix, or correct the key."
        )
