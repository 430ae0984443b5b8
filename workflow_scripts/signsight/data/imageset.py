"""Image sets: a folder with `images.npy` (N, H, W, 3) uint8 RGB and `index.csv`, one row an image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from signsight.errors import UserError
from signsight.files import ArrayFile, ArrayWriter, write_csv

COLUMNS = ("image_id", "class_id", "track", "source")
TEXT_COLUMNS = {"image_id": str, "track": str, "source": str}


@dataclass(frozen=True)
class ImageSet:
    """An image set on disk.

    index: one row an image, in the order of `images`: `image_id` (str, unique), `class_id` (int),
    `track` (str: frames of one physical object share it), `source` (where the picture came from).
    images: (N, H, W, 3) uint8 RGB, read in pieces.
    """

    folder: Path
    index: pd.DataFrame
    images: ArrayFile

    def __len__(self) -> int:
        return len(self.index)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.images.shape[1], self.images.shape[2]

    @property
    def class_ids(self) -> np.ndarray:
        """(N,) int64."""
        return self.index["class_id"].to_numpy(np.int64)

    def batches(self, size: int) -> Iterator[np.ndarray]:
        """(n, H, W, 3) uint8 pieces in order."""
        return self.images.batches(size)

    def take(self, rows: Sequence[int]) -> np.ndarray:
        """The images of `rows` in that order, (len(rows), H, W, 3) uint8."""
        return self.images.take(rows)


def open_image_set(folder: Path | str) -> ImageSet:
    """Open the image set in `folder`; UserError when files are missing or do not fit together."""
    folder = Path(folder)
    index = read_index(folder / "index.csv")
    images = ArrayFile(folder / "images.npy")
    if len(images.shape) != 4 or images.shape[3] != 3 or images.dtype != np.uint8:
        raise UserError(
            f"{images.path} has shape {images.shape} {images.dtype}; an image set is (N, H, W, 3) uint8."
        )
    if len(images) != len(index):
        raise UserError(f"{folder} has {len(images)} images and {len(index)} index rows; make it again.")
    return ImageSet(folder, index, images)


def read_index(path: Path | str) -> pd.DataFrame:
    """Read an `index.csv`; UserError when it is missing or lacks a column."""
    try:
        index = pd.read_csv(path, dtype=TEXT_COLUMNS, keep_default_na=False)
    except FileNotFoundError as fault:
        raise UserError(f"{path} does not exist; is its folder an image set?") from fault
    missing = [column for column in COLUMNS if column not in index]
    if missing:
        raise UserError(f"{path} lacks the column {missing[0]!r}; an index has {', '.join(COLUMNS)}.")
    return index


def write_index(folder: Path | str, index: pd.DataFrame) -> None:
    """Write `index` as the `index.csv` of `folder`."""
    write_csv(Path(folder) / "index.csv", index)


def image_writer(folder: Path | str, count: int, height: int, width: int) -> ArrayWriter:
    """A writer for the `images.npy` of `folder`, (count, height, width, 3) uint8."""
    return ArrayWriter(Path(folder) / "images.npy", (count, height, width, 3), np.uint8)
