"""Pictures as PNG files, and folders of them that are there whole or not at all; nothing here needs torch."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from signsight.core.files import atomic


def write_picture(folder: Path, name: str, picture: np.ndarray) -> str:
    """Write a picture (H, W, 3) uint8 as PNG to a folder; returns the name of the file."""
    file = f"{name}.png"
    with atomic(folder / file) as part:
        Image.fromarray(picture).save(part, format="PNG")
    return file


def read_picture(file: Path) -> np.ndarray:
    """The picture (H, W, 3) uint8 of a PNG that `write_picture` wrote."""
    with Image.open(file, formats=["PNG"]) as picture:
        return np.asarray(picture.convert("RGB"))


@contextmanager
def picture_folder(target: str) -> Iterator[Path]:
    """A folder of pictures that is there whole or not at all; Snakemake has made it, empty."""
    folder = Path(target)
    if folder.is_dir():
        shutil.rmtree(folder)
    with atomic(folder) as part:
        part.mkdir()
        yield part
