"""A small tree in the layout of PASCAL VOC, as a folder or a tar archive, that tests can spoil."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from signsight.core.rng import generator

TOP = "VOCdevkit/VOC2007"
SIZE = 40, 30  # width and height
Bounds = tuple[str, float, float, float, float]  # name, xmin, ymin, xmax, ymax


def picture(name: str, size: tuple[int, int] = SIZE, kind: str = "PNG") -> bytes:
    """A picture of noise that depends on its name."""
    pixels = generator(3, name).integers(0, 256, (size[1], size[0], 3), np.uint8)
    return encoded(pixels, kind)


def encoded(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    """The bytes of a picture's file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format=kind)
    return file.getvalue()


def annotation(
    objects: Sequence[Bounds], size: tuple[int, int] = SIZE, difficult: Sequence[int] = (), extra: str = ""
) -> bytes:
    """The XML of a picture; difficult: numbers (1, 2, ...) of objects; extra: XML within each object."""
    parts = [
        f"<object><name>{name}</name><truncated>{number % 2}</truncated>"
        f"<difficult>{int(number in difficult)}</difficult>"
        f"<bndbox><xmin>{x0:g}</xmin><ymin>{y0:g}</ymin><xmax>{x1:g}</xmax><ymax>{y1:g}</ymax></bndbox>"
        f"{extra}</object>"
        for number, (name, x0, y0, x1, y1) in enumerate(objects, start=1)
    ]
    width, height = size
    head = f"<size><width>{width}</width><height>{height}</height><depth>3</depth></size>"
    return f"<annotation>{head}{''.join(parts)}</annotation>".encode()


def mask(*boxes: tuple[int, int, int, int]) -> bytes:
    """The mask of a picture: object k fills box k (x0, y0, x1, y1), with a rim of VOC's void (255)."""
    labels = np.zeros(SIZE[::-1], np.uint8)
    for number, (x0, y0, x1, y1) in enumerate(boxes, start=1):
        labels[y0:y1, x0:x1] = 255
        labels[y0 + 1 : y1 - 1, x0 + 1 : x1 - 1] = number
    return encoded(labels)


def tree() -> dict[str, bytes]:
    """Member -> bytes: three pictures of one, two (the second difficult) and no objects; `test` has two."""
    return {
        f"{TOP}/JPEGImages/b.jpg": picture("b", kind="JPEG"),
        f"{TOP}/JPEGImages/a.png": picture("a"),
        f"{TOP}/JPEGImages/c.png": picture("c"),
        f"{TOP}/Annotations/a.xml": annotation([("dog", 1, 1, 40, 30)]),
        f"{TOP}/Annotations/b.xml": annotation([("cat", 3, 4, 12, 20), ("dog", 21, 5, 30, 9)], difficult=[2]),
        f"{TOP}/Annotations/c.xml": annotation([]),
        f"{TOP}/SegmentationObject/b.png": mask((2, 3, 12, 20), (20, 4, 30, 9)),
        f"{TOP}/SegmentationClass/b.png": b"not read",
        f"{TOP}/ImageSets/Main/test.txt": b"c\nb\n",
        f"{TOP}/ImageSets/Main/dog_test.txt": b"c -1\nb  0\n",
    }


def write_tar(path: Path, members: Mapping[str, bytes]) -> Path:
    """The members as a .tar archive."""
    with tarfile.open(path, "w") as tar:
        for name, data in members.items():
            header = tarfile.TarInfo(name)
            header.size = len(data)
            tar.addfile(header, io.BytesIO(data))
    return path


def write_folder(root: Path, members: Mapping[str, bytes]) -> Path:
    """The members as files below `root`."""
    for name, data in members.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root
