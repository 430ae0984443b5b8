"""Export: every picture in its class folder, pixel for pixel, whole or not at all."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from signsight.core.errors import UserError
from signsight.data import export as export_module
from signsight.data.export import export
from signsight.data.imageset import image_writer, write_index

IDS = ["00000/00000_00001", "00000/00000_00002", "00002/a", "a/b", "a-b", "../up"]
CLASSES = [0, 0, 2, 1, 1, 1]
NAMES = ["stop", "give way/yield", ""]


@pytest.fixture
def image_set(tmp_path: Path) -> tuple[Path, np.ndarray]:
    pixels = np.random.default_rng(0).integers(0, 256, (6, 5, 7, 3), dtype=np.uint8)
    index = pd.DataFrame({"image_id": IDS, "class_id": CLASSES, "track": IDS, "source": IDS})
    with image_writer(tmp_path / "set", 6, 5, 7) as writer:
        writer.append(pixels)
    write_index(tmp_path / "set", index)
    return tmp_path / "set", pixels


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))


def test_every_picture_is_in_its_folder(
    image_set: tuple[Path, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_module, "BATCH", 2)
    assert export(image_set[0], tmp_path / "out", NAMES) == 6
    expected = [
        "00000_stop/00000-00000_00001.png",
        "00000_stop/00000-00000_00002.png",
        "00002/00002-a.png",
        "00001_give_way_yield/a-b.3.png",
        "00001_give_way_yield/a-b.4.png",
        "00001_give_way_yield/up.png",
    ]
    assert files(tmp_path / "out") == sorted(expected)
    for name, pixels in zip(expected, image_set[1], strict=True):
        with Image.open(tmp_path / "out" / name) as image:
            np.testing.assert_array_equal(np.asarray(image), pixels)


def test_limit_counts_by_class(image_set: tuple[Path, np.ndarray], tmp_path: Path) -> None:
    assert export(image_set[0], tmp_path / "out", limit=1) == 3
    assert files(tmp_path / "out") == [
        "00000/00000-00000_00001.png",
        "00001/a-b.3.png",
        "00002/00002-a.png",
    ]


def test_an_existing_folder_is_refused(image_set: tuple[Path, np.ndarray], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(UserError, match="exists already"):
        export(image_set[0], tmp_path / "out")
    with pytest.raises(UserError, match=r"nothing.index\.csv does not exist"):
        export(tmp_path / "nothing", tmp_path / "new")


def test_a_full_disk_leaves_nothing(
    image_set: tuple[Path, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = Image.Image.save

    def full(self: Image.Image, path: Path, **options: object) -> None:
        if path.name == "00002-a.png":
            raise OSError(errno.ENOSPC, "No space left on device")
        saved(self, path, **options)

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(UserError, match="No space left on the device"):
        export(image_set[0], tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
