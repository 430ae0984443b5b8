"""Masked and stickered data sets on disk: the rows of their source, changed just where they should be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from signsight.data.imageset import open_image_set
from signsight.perturbation import masking, stickering
from signsight.perturbation.grid import rank_cells
from small_models import image_set, pictures

SHAPES = ["circle", "octagon", "triangle"]
WIDTHS = {"circle": 600, "triangle": 900, "octagon": 900, "square": 600}
DESIGN = {"width": 100, "height": 100, "picture": "badge"}


def test_ranked_file_is_ranked_in_one_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maps = np.random.default_rng(0).normal(size=(11, 24, 24)).astype(np.float32)
    np.save(tmp_path / "maps.npy", maps)
    monkeypatch.setattr(masking, "BLOCK", 4, raising=False)
    masking.rank_file(tmp_path / "maps.npy", tmp_path / "cells.npy", grid=6, share=0.25, count=5)
    assert np.array_equal(np.load(tmp_path / "cells.npy"), rank_cells(maps, 6, 0.25, 5))


def test_masked_sets_add_one_cell_at_a_time(tmp_path: Path) -> None:
    source = pictures(5, 24) // 2
    images = image_set(tmp_path / "in", source, np.arange(5) % 3)
    cells = np.array([[0, 35], [7, 8], [14, 1], [3, 2], [-1, -1]], np.int16)
    np.save(tmp_path / "cells.npy", cells)
    folders = {k: tmp_path / str(k) for k in range(3)}
    masking.masked_sets(images, tmp_path / "cells.npy", folders, grid=6, colour=[1, 1, 1])
    sets = {k: open_image_set(folder) for k, folder in folders.items()}
    for k, made in sets.items():
        painted = (made.take(range(5)) == 255).all(3)
        assert painted.sum((1, 2)).tolist() == [16 * k] * 4 + [0]
        assert np.array_equal(made.take(range(5))[~painted], source[~painted])
        assert made.index.equals(images.index)
    assert (sets[1].take([1])[0, 4:8, 4:8] == 255).all()
    steps = masking.masked_steps(source, cells, grid=6, colour=[1, 1, 1])
    assert all(np.array_equal(steps[:, k], sets[k].take(range(5))) for k in sets)


def test_stickers_have_the_size_that_the_shape_asks_for(tmp_path: Path) -> None:
    images = image_set(tmp_path / "in", np.full((3, 48, 48, 3), 128, np.uint8), np.arange(3))
    options = {"shapes": SHAPES, "design": DESIGN, "sign_widths": WIDTHS, "grid": 8, "cropped": True}
    stickering.stickered_set(images, tmp_path / "out", cells=np.array([27, 27, -1]), **options)
    changed = (open_image_set(tmp_path / "out").take(range(3)) != 128).any(3).sum((1, 2))
    assert changed[2] == 0
    for pixels, width in zip(changed[:2], (600, 900), strict=True):
        side = 48 * 100 / width
        assert (np.floor(side)) ** 2 <= pixels <= (np.ceil(side) + 1) ** 2


def test_stickers_are_sized_by_the_sign_where_it_does_not_fill_the_picture(tmp_path: Path) -> None:
    """Half as wide on a sign that is half as wide, by its place in a field, its ROI or both."""
    places = {"field_x": [0, 10, 5], "field_y": [0, 20, 5], "field_side": [48, 24, 24]}
    roi = {"width": 50, "height": 50, "roi_x1": [0, 0, 5], "roi_x2": [49, 49, 29], "roi_y1": 0, "roi_y2": 9}

    def side(cropped: bool, **columns: object) -> list[float]:
        images = image_set(tmp_path / "in", np.full((3, 48, 48, 3), 128, np.uint8), np.zeros(3, int))
        index = images.index.assign(**columns)
        index.to_csv(tmp_path / "in/index.csv", index=False)
        options = {"shapes": ["circle"], "design": {"width": 300, "height": 300, "picture": "badge"}}
        stickering.stickered_set(
            open_image_set(tmp_path / "in"), tmp_path / "out", cells=np.array([27] * 3), grid=8,
            sign_widths=WIDTHS, cropped=cropped, **options,
        )  # fmt: skip
        changed = (open_image_set(tmp_path / "out").take(range(3)) != 128).any(3)
        return np.sqrt(changed.sum((1, 2))).tolist()

    whole = side(True, **roi)
    assert whole == pytest.approx([24] * 3, abs=1)
    assert side(False, **roi) == pytest.approx([24, 24, 12], abs=1)
    assert side(True, **roi, **places) == pytest.approx([24, 12, 12], abs=1)
    assert side(False, **roi, **places) == pytest.approx([24, 12, 6], abs=1)
    assert side(False) == whole


def test_stock_pictures_get_the_commonest_cell_of_their_class() -> None:
    tested, first = np.array([0, 0, 0, 1, 1, 2]), np.array([5, 9, 9, 4, -1, -1])
    stock = np.array([2, 0, 1])
    assert stickering.sticker_cells(stock, tested, first, 3).tolist() == [-1, 9, 4]


def test_examples_are_those_of_the_sets(tmp_path: Path) -> None:
    source = pictures(3, 48)
    images = image_set(tmp_path / "in", source, np.arange(3))
    cells = np.array([3, 30, 60])
    options = {"shapes": SHAPES, "design": DESIGN, "sign_widths": WIDTHS, "grid": 8, "cropped": True}
    stickering.stickered_set(images, tmp_path / "out", cells=cells, **options)
    shown = stickering.stickered_examples(source, cells, SHAPES, [(DESIGN, WIDTHS)], 8, np.ones(3))
    assert np.array_equal(shown[:, 0], open_image_set(tmp_path / "out").take(range(3)))
