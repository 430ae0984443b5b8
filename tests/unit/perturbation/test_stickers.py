"""Stickers: millimetres to pixels, position, area, colours, and what stays untouched."""

from __future__ import annotations

import numpy as np
import pytest

from signsight.perturbation.stickers import (
    Box,
    class_cells,
    draw_sticker,
    put_sticker,
    put_stickers,
    sign_width,
    sticker_box,
    sticker_layer,
    sticker_pixels,
)

SQUARE = {"width": 70, "height": 70, "picture": "badge"}
TALL = {"width": 89, "height": 185, "picture": "stripes"}
WIDTHS = {"circle": 600, "triangle": 900, "octagon": 900, "square": 600}


@pytest.mark.parametrize(
    ("design", "sign_mm", "expected"),
    [  # 800 px times mm of the sticker by mm of the sign, of the study's sizes
        (SQUARE, 750, (74.667, 74.667)),
        (SQUARE, 600, (93.333, 93.333)),
        (SQUARE, 420, (133.333, 133.333)),
        (SQUARE, 1260, (44.444, 44.444)),
        (SQUARE, 1050, (53.333, 53.333)),
        (TALL, 600, (118.667, 246.667)),
        (TALL, 900, (79.111, 164.444)),
        (TALL, 840, (84.762, 176.190)),
    ],
)
def test_sizes_of_the_study_in_pixels_of_800(design: dict, sign_mm: float, expected: tuple) -> None:
    assert sticker_pixels(design, sign_mm, 800) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(
    ("shape", "width"),
    [("circle", 600), ("triangle", 900), ("inverted_triangle", 900), ("octagon", 900), ("diamond", 600)],
)
def test_the_width_of_a_sign_is_that_of_its_shape(shape: str, width: float) -> None:
    assert sign_width(WIDTHS, shape) == width


@pytest.mark.parametrize("size", [48, 64, 800])
@pytest.mark.parametrize("design", [SQUARE, TALL])
@pytest.mark.parametrize("sign_mm", [420, 750, 1260])
@pytest.mark.parametrize("cell", [0, 27, 63])
def test_cover_has_the_area_the_place_and_the_edges(
    size: int, design: dict, sign_mm: float, cell: int
) -> None:
    width, height = sticker_pixels(design, sign_mm, size)
    box = sticker_box(cell, 8, size, width, height)
    colour, cover = sticker_layer(design["picture"], box, size)
    assert cover.shape == (size, size, 1) and colour.shape == (size, size, 3)
    assert cover.sum() == pytest.approx(width * height, rel=0.01)
    assert cover.min() >= 0 and cover.max() == 1
    assert (colour <= 255 * cover + 1e-3).all()
    share = cover[..., 0] / cover.sum()
    centre = ((np.arange(size) + 0.5) @ share.sum(0), (np.arange(size) + 0.5) @ share.sum(1))
    assert centre == pytest.approx(
        (box.left + width / 2, box.top + height / 2),
        abs=0.75 / (1600 // size),  # corner and extent are rounded on the canvas
    )
    rows, columns = np.flatnonzero(cover.any((1, 2))), np.flatnonzero(cover.any((0, 2)))
    assert len(rows) <= height + 2 and len(columns) <= width + 2


@pytest.mark.parametrize("cell", range(64))
def test_a_small_sticker_is_centred_on_its_cell(cell: int) -> None:
    box = sticker_box(cell, 8, 48, 4, 2)
    row, column = divmod(cell, 8)
    assert (box.left + 2, box.top + 1) == (6 * column + 3, 6 * row + 3)


@pytest.mark.parametrize("cell", [0, 7, 56, 63, 35])
@pytest.mark.parametrize(("width", "height"), [(20.5, 10.25), (48, 48), (100, 5), (60, 90)])
def test_a_sticker_stays_inside_the_picture(cell: int, width: float, height: float) -> None:
    box = sticker_box(cell, 8, 48, width, height)
    assert box.width == min(width, 48) and box.height == min(height, 48)
    assert 0 <= box.left <= 48 - box.width and 0 <= box.top <= 48 - box.height


@pytest.mark.parametrize("picture", ["stripes", "badge"])
def test_drawings_fill_their_rectangle_and_differ(picture: str) -> None:
    drawn = np.asarray(draw_sticker(picture, 89, 185))
    assert drawn.shape == (185, 89, 3)
    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) >= 3
    dark, light = drawn.mean(2).min(), drawn.mean(2).max()
    assert dark < 80 and light > 200
    assert np.asarray(draw_sticker(picture, 1, 1)).shape == (1, 1, 3)


@pytest.mark.parametrize("picture", ["stripes", "badge"])
def test_the_drawing_lies_in_its_colours_on_the_picture(picture: str) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 800, 800, 3), dtype=np.uint8)
    colour, cover = sticker_layer(picture, Box(100, 200, 140, 90), 800)
    out = put_sticker(images, (colour, cover))
    inside = np.zeros((800, 800), bool)
    inside[200:290, 100:240] = True
    np.testing.assert_array_equal(out[:, ~inside], images[:, ~inside])
    drawn = np.asarray(draw_sticker(picture, 280, 180).reduce(2))
    for image in out:
        np.testing.assert_array_equal(image[inside], drawn.reshape(-1, 3))


@pytest.mark.parametrize("level", [0, 255])
def test_half_covered_pixels_mix_and_never_overflow(level: int) -> None:
    images = np.full((1, 48, 48, 3), level, np.uint8)
    for shift in np.linspace(0, 1, 12):
        layer = sticker_layer("stripes", Box(10 + shift, 10 + shift, 5.3, 7.7), 48)
        out = put_sticker(images, layer)[0].astype(float)
        exact = level * (1 - layer[1]) + layer[0]
        assert np.abs(out - exact).max() <= 0.5 + 1e-3
        corner = out[10, 10] if shift == 0 else None
        assert corner is None or (corner >= 20).all()


def test_each_image_gets_its_own_place_and_size() -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 48, 48, 3), dtype=np.uint8)
    cells, widths = np.array([0, 63, -1, 0, 0]), np.array([600.0, 600, 600, 900, 600])
    before = images.copy()
    out = put_stickers(images, cells, widths, TALL, 8)
    np.testing.assert_array_equal(images, before)
    np.testing.assert_array_equal(out[2], images[2])
    for n in (0, 1, 3, 4):
        box = sticker_box(cells[n], 8, 48, *sticker_pixels(TALL, widths[n], 48))
        alone = put_sticker(images[n : n + 1], sticker_layer("stripes", box, 48))[0]
        np.testing.assert_array_equal(out[n], alone)
    changed = (out != images).any(3).sum((1, 2))
    assert changed[0] > 1.5 * changed[3] and (out[1] != images[1])[24:, 24:].any()


def test_the_cell_of_a_class_is_its_most_frequent_one() -> None:
    class_ids = np.array([0, 0, 0, 1, 1, 1, 1, 3, 3])
    first = np.array([5, 5, 2, 9, 4, 9, 4, -1, -1])
    assert class_cells(class_ids, first, 5).tolist() == [5, 4, -1, -1, -1]
    assert class_cells(np.array([0, 0, 0]), np.array([-1, -1, 7]), 1).tolist() == [7]
