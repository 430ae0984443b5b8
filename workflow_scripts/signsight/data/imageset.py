"""Image sets: a folder with `images.npy` (N, H, W, 3) uint8 RGB and `index.csv`, one row an image."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from signsight.core.errors import UserError
from signsight.core.files import ArrayFile, ArrayWriter, atomic, write_csv

if TYPE_CHECKING:
    import pandas as pd  # a second to import, which jobs that only turn pixels do without

    from signsight.data.shards import Shard

COLUMNS = ("image_id", "class_id", "track", "source")
TEXT_COLUMNS = dict.fromkeys(("image_id", "track", "source", "label", "file", "layer"), str)


@dataclass(frozen=True)
class ImageSet:
    """An image set on disk.

    images: (N, H, W, 3) uint8 RGB, read in pieces. whole, start: for a share of a set, that set and the row
    that the share begins with.
    """

    folder: Path
    images: ArrayFile
    whole: ImageSet | None = None
    start: int = 0

    def __len__(self) -> int:
        return len(self.images)

    @cached_property
    def index(self) -> pd.DataFrame:
        """One row an image, in the order of `images`: `image_id` (str, unique), `class_id` (int),
        `track` (str: frames of one physical object share it), `source` (where the picture came from).

        UserError when it does not fit the images.
        """
        if self.whole is not None:
            rows = slice(self.start, self.start + len(self))
            return self.whole.index.iloc[rows].reset_index(drop=True)
        index = read_index(self.folder / "index.csv")
        if len(index) != len(self):
            raise UserError(
                f"{self.folder} has {len(self)} images and {len(index)} index rows; make it again."
            )
        return index

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.images.shape[1], self.images.shape[2]

    @property
    def class_ids(self) -> np.ndarray:
        """(N,) int64."""
        return self.index["class_id"].to_numpy(np.int64)

    def share(self, shard: Shard) -> ImageSet:
        """The consecutive images that a shard is, as a set of their own; it may be empty."""
        if shard.count == 1:
            return self
        start, stop = shard.bounds(len(self))
        return ImageSet(self.folder, self.images.part(start, stop), self, start)

    def batches(self, size: int) -> Iterator[np.ndarray]:
        """(n, H, W, 3) uint8 pieces in order."""
        return self.images.batches(size)

    def take(self, rows: Sequence[int]) -> np.ndarray:
        """The images of `rows` in that order, (len(rows), H, W, 3) uint8."""
        return self.images.take(rows)


def open_image_set(folder: Path | str) -> ImageSet:
    """Open the image set in `folder`; UserError when files are missing or of another kind."""
    folder = Path(folder)
    if not (folder / "index.csv").is_file():
        raise UserError(f"{folder / 'index.csv'} does not exist; is its folder an image set?")
    images = ArrayFile(folder / "images.npy")
    if len(images.shape) != 4 or images.shape[3] != 3 or images.dtype != np.uint8:
        raise UserError(
            f"{images.path} has shape {images.shape} {images.dtype}; an image set is (N, H, W, 3) uint8."
        )
    return ImageSet(folder, images)


def check_fits(file: ArrayFile, images: ImageSet) -> None:
    """UserError unless `file` holds numbers (N, H, W), one for each pixel of `images`."""
    if file.shape != (len(images), *images.size) or file.dtype.kind not in "fiub":
        raise UserError(
            f"{file.path} has the shape {file.shape} {file.dtype} for {len(images)} images of {images.size}, "
            "so it is of another run; delete it and run again."
        )


def read_index(path: Path | str) -> pd.DataFrame:
    """Read an `index.csv`; UserError when it is missing, lacks a column, or has an image twice."""
    import pandas as pd

    try:
        index = pd.read_csv(path, dtype=TEXT_COLUMNS, keep_default_na=False)
    except FileNotFoundError as fault:
        raise UserError(f"{path} does not exist; is its folder an image set?") from fault
    except (OSError, ValueError) as fault:
        reason = str(fault).strip().splitlines()[0]
        raise UserError(f"{path} cannot be read as an index ({reason}); delete it and run again.") from fault
    missing = [column for column in COLUMNS if column not in index]
    if missing:
        raise UserError(f"{path} lacks the column {missing[0]!r}; an index has {', '.join(COLUMNS)}.")
    if (twice := index["image_id"].duplicated()).any():
        name = index["image_id"][twice].iloc[0]
        raise UserError(f"{path} has the image {name!r} twice; delete the file and run again.")
    if not pd.api.types.is_integer_dtype(index["class_id"]) or (index["class_id"] < -1).any():
        raise UserError(f"{path} has a class_id that is no number of a class; delete the file and run again.")
    return index


def write_index(folder: Path | str, index: pd.DataFrame) -> None:
    """Write `index` as the `index.csv` of `folder`."""
    write_csv(Path(folder) / "index.csv", index)


def copy_index(images: ImageSet, folder: Path | str) -> None:
    """Give the set in `folder` the index of `images`, whose rows and order it has."""
    with atomic(Path(folder) / "index.csv") as part:
        shutil.copyfile(images.folder / "index.csv", part)


def image_writer(folder: Path | str, count: int, height: int, width: int) -> ArrayWriter:
    """A writer for the `images.npy` of `folder`, (count, height, width, 3) uint8."""
    return ArrayWriter(Path(folder) / "images.npy", (count, height, width, 3), np.uint8)
