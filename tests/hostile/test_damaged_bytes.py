"""Files with bytes changed, dropped or cut off at random are read, or said to be damaged in a sentence."""

from __future__ import annotations

import gzip
import io
import os
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import synthetic_voc
import tiny_cifar10
from made_of import encoded, pixels
from signsight.core.errors import UserError
from signsight.data.pictures import Archive
from signsight.data.report import look
from signsight.data.rows import rows
from signsight.data.sets.cifar10 import read_batch
from signsight.data.tar import files
from signsight.detection.plain_tar import PlainTar
from signsight.detection.voc_xml import fitted_objects, parse_annotation

TIMES = int(os.environ.get("SIGNSIGHT_DAMAGES", "200"))  # of each kind of file
PICTURE = Image.fromarray(pixels(1, 16, 16))
EXIF = Image.Exif()
EXIF[0x0112] = 6
EXIF[0x010E] = "a leaf"


class Bytes:
    """A picture that is given by its bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self, source: str) -> bytes:
        """The bytes."""
        return self.data

    def place(self, source: str) -> str:
        """The name."""
        return source


def zipped() -> bytes:
    """A zip archive of some members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in synthetic_voc.tree().items():
            archive.writestr(name, data)
    return file.getvalue()


def tarred(folder: Path) -> bytes:
    """A tar archive of some members."""
    return synthetic_voc.write_tar(folder / "whole.tar", synthetic_voc.tree()).read_bytes()


def read_picture(data: bytes, folder: Path) -> None:
    """A picture, as everything that reads pictures sees it."""
    look(Bytes(data), "a.png")


def read_zip(data: bytes, folder: Path) -> None:
    """All members of a zip archive."""
    (folder / "a.zip").write_bytes(data)
    archive = Archive(folder / "a.zip")
    for name in archive.members:
        archive.read(name)


def read_tgz(data: bytes, folder: Path) -> None:
    """All members of a .tgz archive, whose bytes are damaged within the gzip."""
    (folder / "a.tgz").write_bytes(gzip.compress(data, 1))
    for _ in files(folder / "a.tgz", {"VOCdevkit/VOC2007/JPEGImages/a.png"}):
        pass


def read_tar(data: bytes, folder: Path) -> None:
    """All members of a plain tar archive."""
    (folder / "a.tar").write_bytes(data)
    archive = PlainTar(folder / "a.tar")
    for name in archive.members:
        archive.read(name)


def read_table(data: bytes, folder: Path) -> None:
    """All rows of a CSV."""
    for _ in rows(data, "a.csv", ("file", "class_id")):
        pass


def read_annotation(data: bytes, folder: Path) -> None:
    """The boxes of an annotation."""
    fitted_objects(parse_annotation(data, "a.xml"), (40, 30), "a.xml", ("cat", "dog"), {})


def read_pickle(data: bytes, folder: Path) -> None:
    """A batch of CIFAR-10."""
    read_batch(data, "data_batch_1")


Reader = Callable[[bytes, Path], None]
KINDS: dict[str, tuple[Callable[[Path], bytes], Reader]] = {
    **{
        f"{kind}{' with EXIF' if options else ''}": (
            lambda _, kind=kind, options=options: encoded(PICTURE, kind, **options),
            read_picture,
        )
        for kind, options in (
            ("PNG", {"exif": EXIF}),
            ("JPEG", {"exif": EXIF}),
            ("WEBP", {"exif": EXIF}),
            ("TIFF", {"exif": EXIF}),
            ("GIF", {}),
            ("BMP", {}),
            ("PPM", {}),
        )
    },
    "GIF of four frames": (
        lambda _: encoded(PICTURE, "GIF", save_all=True, append_images=[PICTURE.rotate(90)] * 3),
        read_picture,
    ),
    "TIFF with LZW": (lambda _: encoded(PICTURE, "TIFF", compression="tiff_lzw"), read_picture),
    "zip": (lambda _: zipped(), read_zip),
    "tar": (tarred, read_tar),
    "tgz": (tarred, read_tgz),
    "CSV": (lambda _: b'file,class_id\n"a, b.png",1\nc.png,2\n' * 3, read_table),
    "XML": (
        lambda _: synthetic_voc.annotation([("cat", 3, 4, 12, 20), ("dog", 21, 5, 30, 9)]),
        read_annotation,
    ),
    "pickle": (lambda _: tiny_cifar10.pickled(*tiny_cifar10.batch(1)), read_pickle),
}


def damaged(data: bytes, rng: np.random.Generator) -> Iterator[bytes]:
    """The bytes with up to eight damages each, most of them at their beginning, where headers are."""
    for _ in range(TIMES):
        found = bytearray(data)
        for _ in range(rng.integers(1, 9)):
            place = int(rng.integers(min(len(found), 200) if rng.random() < 0.5 else len(found)))
            match rng.integers(4):
                case 0:
                    found[place] = rng.integers(256)
                case 1:
                    found[place : place + 4] = rng.bytes(4)
                case 2:
                    del found[place : place + int(rng.integers(1, 9))]
                case 3 if rng.random() < 0.2:
                    del found[place + 1 :]
            found = found or bytearray(b"x")
        yield bytes(found)


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_bytes_are_read_or_said_to_be_damaged(kind: str, tmp_path: Path) -> None:
    whole, read = KINDS[kind]
    data = whole(tmp_path)
    read(data, tmp_path)
    refused = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of damaged EXIF
        for number, bad in enumerate(damaged(data, np.random.default_rng(sum(kind.encode())))):
            try:
                read(bad, tmp_path)
            except UserError as fault:
                refused += 1
                assert "\n" not in str(fault)
            except Exception as fault:
                raise AssertionError(f"damage {number}: {fault!r}") from fault
    assert read is read_picture or refused > TIMES / 10
