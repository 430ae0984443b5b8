"""CIFAR-10, ten classes at 32 x 32 px: its pickled batches, in the archive or unpacked, safely read."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from signsight.core.errors import UserError
from signsight.core.registry import data_sets
from signsight.data.class_table import named_classes
from signsight.data.dataset import DataSet, Options, Part
from signsight.data.imageset import COLUMNS
from signsight.data.pictures import FolderPictures
from signsight.data.source import local_folder
from signsight.data.tar import files as tar_files

CIFAR10 = "cifar-10-python.tar.gz"
FOLDER = "cifar-10-batches-py"
BATCHES = {
    "train": ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"),
    "test": ("test_batch",),
}
CLASS_NAMES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
SIDE = 32
HEADER = b"P6 %d %d 255\n" % (SIDE, SIDE)


@data_sets.register(
    "cifar10",
    class_count=10,
    label="CIFAR-10",
    about="Ten classes of photographs at 32 x 32 pixels, downloaded: 50,000 training and 10,000 test "
    "pictures.",
    source="archives",
    server="https://www.cs.toronto.edu/~kriz/",
    archives={CIFAR10: "md5:c58f30108f718f92721af3b95e74349a"},
    unpacked=(FOLDER, "test_batch"),
    read=("*_batch*", "*/*_batch*"),
    inputs={"train": {"images": CIFAR10}, "test": {"images": CIFAR10}},
    holds={"train": 50_000, "test": 10_000, "classes": 10},
    fits=("stretch", "centre_crop"),
    symmetric=True,
)
class Cifar10(DataSet):
    """The official batches (Krizhevsky 2009), in their archive or in the folder that it unpacks to."""

    def part(self, name: Literal["train", "test"], files: Mapping[str, Path], options: Options) -> Part:
        """files: `images`; none: the batches in `options.source` or in its folder cifar-10-batches-py."""
        if files:
            batches = _from_archive(files["images"], BATCHES[name])
        else:
            batches = _from_folder(local_folder(options.source), BATCHES[name])
        read = {batch: read_batch(data, place) for batch, (data, place) in batches.items()}
        tables = [_records(batch, labels) for batch, (_, labels) in read.items()]
        records = pd.concat(tables, ignore_index=True)
        where = next(iter(files.values()), options.source)
        _check_classes(where, name, records, options.allow_empty_classes)
        return Part(records, BatchPictures({batch: pixels for batch, (pixels, _) in read.items()}))

    def class_table(self, options: Options) -> pd.DataFrame:
        """airplane, automobile, ..., truck: the official order."""
        return named_classes(CLASS_NAMES)


class BatchPictures:
    """Pictures of batches, as files: `source` is 'data_batch_1/00017', the bytes are those of a PPM.

    batches: name -> (n, 3072) uint8, a row a picture: its red, its green, its blue plane, row by row.
    """

    def __init__(self, batches: Mapping[str, np.ndarray]) -> None:
        self._batches = dict(batches)

    def read(self, source: str) -> bytes:
        """The picture as a PPM file."""
        batch, _, row = source.partition("/")
        planes = self._batches[batch][int(row)].reshape(3, SIDE, SIDE)
        return HEADER + planes.transpose(1, 2, 0).tobytes()

    def place(self, source: str) -> str:
        """'picture 00017 of data_batch_1'."""
        batch, _, row = source.partition("/")
        return f"picture {row} of {batch}"


def read_batch(data: bytes, place: str) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (n, 3072) uint8 and class ids (n,) int64, 0..9, of a pickled batch.

    A pickle can name any function to be called; only what arrays are made of is allowed here, so that
    nothing of a foreign file is run. place: where it lies. UserError for another pickle or content.
    """
    try:
        batch = _ArraysOnly(io.BytesIO(data), encoding="latin1").load()
        pixels, labels = batch["data"], _flat(batch["labels"])
        right = isinstance(pixels, np.ndarray) and pixels.dtype == np.uint8
        right = right and pixels.shape == (len(labels), 3 * SIDE * SIDE)
        right = right and labels.ndim == 1 and np.issubdtype(labels.dtype, np.integer)
    except _ForbiddenError as fault:
        raise UserError(
            f"{place} asks for {fault}, which no batch of CIFAR-10 needs, so it is refused; get the archive "
            "from a source that you trust."
        ) from fault
    # The machine that reads pickles raises almost anything on damaged ones.
    except Exception as fault:
        raise UserError(
            f"{place} is not a batch of CIFAR-10 ({type(fault).__name__}: {fault}); download the archive "
            "again."
        ) from fault
    if not right or not len(labels) or labels.min() < 0 or labels.max() >= len(CLASS_NAMES):
        raise UserError(
            f"{place} is not a batch of CIFAR-10, pictures of 3 x {SIDE} x {SIDE} bytes with class ids "
            f"from 0 to {len(CLASS_NAMES) - 1}; download the archive again."
        )
    return pixels, labels.astype(np.int64)


def _flat(labels: object) -> np.ndarray:
    """The labels, (n,). ValueError for lists in lists, of which few bytes can make arrays of gigabytes."""
    if isinstance(labels, list | tuple) and not all(isinstance(label, int) for label in labels):
        raise ValueError("the labels are no list of numbers")
    return np.asarray(labels)


class _ForbiddenError(Exception):
    """The name of something that a batch may not call."""


def _latin1(text: str, encoding: str) -> bytes:
    """Bytes that Python 3 has pickled in an old protocol."""
    if encoding != "latin1":
        raise _ForbiddenError(f"the encoding {encoding!r}")
    return text.encode("latin1")


def _array(kind: object, shape: tuple[int, ...], code: bytes) -> np.ndarray:
    """The empty array that pickled ones start from; their shape and bytes come as its state."""
    return np.empty(0, np.int8)


# (module, name) in a pickle -> what makes an array of it, or a mere word where nothing has to be called.
# NumPy has moved its function between versions.
MAKERS: dict[tuple[str, str], Callable[..., Any] | str] = {
    ("numpy.core.multiarray", "_reconstruct"): _array,
    ("numpy._core.multiarray", "_reconstruct"): _array,
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): _latin1,
}


class _ArraysOnly(pickle.Unpickler):
    """Numbers, texts, lists, tables and NumPy arrays; anything else is forbidden."""

    def find_class(self, module: str, name: str) -> Any:
        """One of MAKERS."""
        if (module, name) not in MAKERS:
            raise _ForbiddenError(f"{module}.{name}")
        return MAKERS[module, name]


def _from_archive(archive: Path, names: tuple[str, ...]) -> dict[str, tuple[bytes, str]]:
    """Name -> bytes and place of the batches in the archive."""
    wanted = {f"{FOLDER}/{name}": name for name in names}
    found = {wanted[path]: data for path, data in tar_files(archive, wanted) if data is not None}
    for path, name in wanted.items():
        if name not in found:
            raise UserError(f"{archive} has no {path}; download the archive again.")
    return {name: (found[name], f"{FOLDER}/{name} in {archive}") for name in names}


def _from_folder(root: Path, names: tuple[str, ...]) -> dict[str, tuple[bytes, str]]:
    """Name -> bytes and place of the batches in the folder that the archive unpacks to, or above it."""
    folder = FolderPictures(root / FOLDER if (root / FOLDER).is_dir() else root)
    return {name: (folder.read(name), folder.place(name)) for name in names}


def _records(batch: str, labels: np.ndarray) -> pd.DataFrame:
    names = [f"{batch}/{row:05d}" for row in range(len(labels))]
    columns = {"image_id": names, "class_id": labels, "track": names, "source": names}
    return pd.DataFrame(columns, columns=list(COLUMNS))


def _check_classes(where: Path | str | None, part: str, records: pd.DataFrame, allow_empty: bool) -> None:
    there = set(records["class_id"])
    missing = [name for number, name in enumerate(CLASS_NAMES) if number not in there]
    if missing and not allow_empty:
        raise UserError(
            f"{where} has no {part} picture of the class {missing[0]}; complete it or set "
            "'data.allow_empty_classes: true'."
        )
