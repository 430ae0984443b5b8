"""What cases are made of: files of pictures in every state, folders of them, and configs that read them."""

from __future__ import annotations

import io
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from snakemake.utils import update_config

from rules_alone import Run, Step

FOLDER: dict[str, Any] = {
    "device": "cpu",
    "stages": [],
    "data": {"name": "folder", "source": "own", "size": 16, "folder": {"test_fraction": 0.5}},
    "attribution": {"methods": ["random"]},
}
GTSRB: dict[str, Any] = {
    "device": "cpu",
    "stages": [],
    "attribution": {"methods": ["random"]},
    "data": {"name": "gtsrb", "source": "own", "checksums": "none", "size": 16, "allow_empty_classes": True},
}
# what is said of archives
AGAIN = "delete it and download it again."
OUT = "which leads out of the archive, so it is refused; get the archive from a source that you trust."
STAGE = ("check_pictures", "classes", "crop/train", "crop/test", "examples")
Edit = Callable[[Path], object]


def pixels(seed: int, height: int = 12, width: int = 12) -> np.ndarray:
    """Noise, (height, width, 3) uint8."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """The bytes of a picture's file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(seed: int, height: int = 12, width: int = 12) -> bytes:
    """A PNG of noise."""
    return encoded(Image.fromarray(pixels(seed, height, width)))


def class_folders(
    root: Path, names: tuple[str, ...] = ("cat", "dog"), each: int = 4, *, first: int = 0
) -> Path:
    """Class folders with pictures 1.png, 2.png and so on, no two alike; first: of the numbers of classes."""
    for number, name in enumerate(names, start=first):
        (root / name).mkdir(parents=True)
        for one in range(1, each + 1):
            (root / name / f"{one}.png").write_bytes(png(100 * number + one))
    return root


def with_keys(config: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """A config with some keys replaced, at any depth."""
    changed = deepcopy(config)
    update_config(changed, keys)
    return changed


def own_pictures(edit: Edit, *rules: str, **keys: Any) -> Callable[[Path], Step]:
    """Class folders in `own` that are edited, and the jobs of the data that come of them."""

    def make(folder: Path) -> Step:
        edit(class_folders(folder / "own"))
        return Run(with_keys(FOLDER, **keys), rules or STAGE)

    return make


def one_more(name: str, data: bytes) -> Edit:
    """The edit that adds a file."""

    def edit(root: Path) -> None:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)

    return edit
