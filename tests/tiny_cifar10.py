"""A small archive of CIFAR-10's layout: pickled batches of noise, as Python 2 and 3 write them."""

from __future__ import annotations

import io
import pickle
import struct
import tarfile
from pathlib import Path

import numpy as np

from signsight.data.sets.cifar10 import BATCHES, CIFAR10, FOLDER

PER_BATCH = 12  # pictures, so that every class is in each batch
NAMES = [name for names in BATCHES.values() for name in names]
# An array of bytes as Python 2 wrote it, before and after its shape: text where Python 3 has bytes.
BEFORE = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01"
AFTER = (
    b"\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T"
)


def batch(number: int) -> tuple[np.ndarray, list[int]]:
    """Pixels (12, 3072) uint8 and class ids of a batch."""
    rng = np.random.default_rng(number)
    pixels = rng.integers(0, 256, (PER_BATCH, 3072), dtype=np.uint8)
    return pixels, [(row + number) % 10 for row in range(PER_BATCH)]


def pickled(pixels: np.ndarray, labels: list[int]) -> bytes:
    """A batch as Python 3 writes it in the protocol of the official ones."""
    return pickle.dumps({"batch_label": "a batch", "labels": labels, "data": pixels, "filenames": []}, 2)


def pickled_by_python_2(pixels: np.ndarray, labels: list[int]) -> bytes:
    """A batch as the official files are."""
    shape = b"".join(b"M" + struct.pack("<H", side) for side in pixels.shape)
    array = BEFORE + shape + AFTER + struct.pack("<i", pixels.size) + pixels.tobytes() + b"tb"
    numbers = b"".join(b"K" + bytes([label]) for label in labels)
    return b"\x80\x02}(U\x04data" + array + b"U\x06labels](" + numbers + b"eu."


def batches() -> dict[str, bytes]:
    """Name -> file of each batch; the first one is that of a Python 2."""
    write = {name: pickled for name in NAMES} | {NAMES[0]: pickled_by_python_2}
    return {name: write[name](*batch(number)) for number, name in enumerate(NAMES)}


def write_archive(folder: Path, files: dict[str, bytes] | None = None) -> Path:
    """The archive of these batches, in an order of its own as the official one."""
    folder.mkdir(parents=True, exist_ok=True)
    named = {"readme.html": b"<html>", "batches.meta": b"?"} | (batches() if files is None else files)
    with tarfile.open(folder / CIFAR10, "w:gz", compresslevel=1) as tar:
        for name, data in reversed(named.items()):
            member = tarfile.TarInfo(f"{FOLDER}/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return folder / CIFAR10


def write_folder(folder: Path) -> Path:
    """The batches as the archive unpacks."""
    (folder / FOLDER).mkdir(parents=True)
    for name, data in batches().items():
        (folder / FOLDER / name).write_bytes(data)
    return folder / FOLDER
