"""The user's masks and cut-out twins: where the object is, whatever the kind of file and the fit."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from signsight.core.errors import UserError
from signsight.data.masks import Masks, mask_regions

HEIGHT, WIDTH = 60, 90
BOX = (20, 10, 70, 40)  # left, upper, right, lower
INSIDE = np.zeros((HEIGHT, WIDTH), bool)
INSIDE[BOX[1] : BOX[3], BOX[0] : BOX[2]] = True


def leaf() -> np.ndarray:
    """A green box with dark spots before nothing, (HEIGHT, WIDTH, 3) uint8."""
    noise = np.random.default_rng(0).integers(60, 160, (HEIGHT, WIDTH, 3))
    noise[15:18, 30:33] = 30  # dark, but not black
    return np.where(INSIDE[..., None], noise, 0).astype(np.uint8)


def regions(folder: Path, size: int = 30, fit: str = "stretch", threshold: int = 16) -> np.ndarray:
    index = pd.DataFrame({"source": ["test/rust/1.jpg"], "width": [WIDTH], "height": [HEIGHT]})
    return np.concatenate(list(mask_regions(index, size, Masks(folder, threshold, fit))))[0]


def saved(folder: Path, image: Image.Image, name: str = "1.png", **settings: int) -> Path:
    (folder / "test/rust").mkdir(parents=True, exist_ok=True)
    image.save(folder / "test/rust" / name, **settings)
    return folder


def kinds(folder: Path) -> dict[str, Path]:
    """Kind of file -> folder with the same object in it."""
    grey = Image.fromarray(np.where(INSIDE, np.uint8(255), np.uint8(0)))
    cut = Image.fromarray(np.dstack([np.full((HEIGHT, WIDTH, 3), 200, np.uint8), np.asarray(grey)]))
    palette = Image.fromarray(INSIDE.astype(np.uint8), "P")
    palette.putpalette([0, 0, 0, 128, 0, 0])
    return {
        "mask": saved(folder / "a", grey),
        "one bit": saved(folder / "b", grey.convert("1")),
        "palette": saved(folder / "c", palette),
        "transparent": saved(folder / "d", cut),
        "twin": saved(folder / "e", Image.fromarray(leaf())),
        "JPEG of a twin": saved(folder / "f", Image.fromarray(leaf()), "1.JPG", quality=60),
    }


def test_every_kind_of_file_says_the_same(tmp_path: Path) -> None:
    expected = np.asarray(Image.fromarray(INSIDE).resize((30, 30), Image.Resampling.BOX)) > 0.5
    for kind, folder in kinds(tmp_path).items():
        found = regions(folder)
        assert found.dtype == np.uint8 and set(np.unique(found)) == {0, 1}
        away = (found.astype(bool) != expected).mean()
        assert away <= (0.02 if "JPEG" in kind else 0), kind


def test_a_mask_is_cut_as_its_picture_is(tmp_path: Path) -> None:
    """The object keeps its place in the central square, of which 224/256 of the height are kept."""
    folder = saved(tmp_path, Image.fromarray(leaf()))
    found = regions(folder, size=56, fit="centre_crop").astype(bool)
    scale, left, upper = 64 / HEIGHT, (96 - 56) / 2, (64 - 56) / 2
    rows, columns = np.flatnonzero(found.any(1)), np.flatnonzero(found.any(0))
    edges = [columns[0] + left, rows[0] + upper, columns[-1] + 1 + left, rows[-1] + 1 + upper]
    clipped = [
        max(scale * BOX[0], left),
        max(scale * BOX[1], upper),
        min(scale * BOX[2], left + 56),
        scale * 40,
    ]
    np.testing.assert_allclose(edges, clipped, atol=1)


def test_the_threshold_says_what_is_black(tmp_path: Path) -> None:
    labels = saved(tmp_path, Image.fromarray(INSIDE.astype(np.uint8)))  # 1 for the object
    assert regions(labels, threshold=0).any()
    with pytest.raises(UserError, match=r"has a pixel brighter than 16 .*; lower 'data\.mask_threshold'"):
        regions(labels)


def test_a_missing_mask_and_one_of_another_size_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"'data\.masks': .* no mask of 1 of 1 .* \(test/rust/1\.jpg\)"):
        regions(tmp_path)
    saved(tmp_path, Image.new("L", (WIDTH, HEIGHT - 1), 255))
    with pytest.raises(UserError, match=r"1\.png is 90 x 59 pixels and its picture 90 x 60; give it"):
        regions(tmp_path)


def test_single_masks_without_an_object_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    saved(tmp_path, Image.fromarray(leaf()))
    saved(tmp_path, Image.new("L", (WIDTH, HEIGHT)), "2.png")
    index = pd.DataFrame(
        {"source": ["test/rust/1.jpg", "test/rust/2.jpg"], "width": [WIDTH] * 2, "height": [HEIGHT] * 2}
    )
    with caplog.at_level(logging.INFO, "signsight"):
        found = list(mask_regions(index, 30, Masks(tmp_path, 16, "stretch")))
    assert [part.any() for part in found] == [True, False]
    assert "1 masks have no object (test/rust/2.png)" in caplog.text
