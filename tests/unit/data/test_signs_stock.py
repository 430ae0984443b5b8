"""The drawn signs: shapes, colours, masks and symmetries."""

from __future__ import annotations

import numpy as np
import pytest

from signsight.data.classes import FLIP_LR, GTSRB_CLASSES
from signsight.signs import stock_sign
from signsight.signs.pen import BLUE, RED, WHITE, YELLOW, bezier, rounded
from signsight.signs.stock import BACKDROP

SIZE = 200
ALL = range(43)


def near(pixels: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """Where pixels (..., 3) are of `colour`."""
    return np.abs(pixels.astype(int) - colour).max(-1) <= 3


@pytest.mark.parametrize("class_id", ALL)
def test_every_sign_fills_the_width_and_has_sign_and_symbol(class_id: int) -> None:
    rgb, mask = stock_sign(class_id, SIZE)
    assert rgb.shape == (SIZE, SIZE, 3) and mask.shape == (SIZE, SIZE)
    assert rgb.dtype == mask.dtype == np.uint8
    assert set(np.unique(mask)) == {0, 1, 2}
    columns = np.flatnonzero(mask.any(0))
    assert columns[0] <= 1 and columns[-1] >= SIZE - 2
    assert (mask == 1).mean() > 0.15
    assert 0.02 < (mask == 2).sum() / (mask > 0).sum() < 0.6


@pytest.mark.parametrize("class_id", ALL)
def test_symbol_lies_within_the_sign_and_the_rest_is_backdrop(class_id: int) -> None:
    rgb, mask = stock_sign(class_id, SIZE)
    symbol = np.pad(mask == 2, 1)
    for shift in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        beside = np.roll(symbol, shift, (0, 1))[1:-1, 1:-1]
        assert not (beside & (mask == 0)).any()
    outside = np.pad(mask > 0, 2)
    for axis in (0, 1):
        outside = outside | np.roll(outside, 1, axis) | np.roll(outside, -1, axis)
    assert near(rgb[~outside[2:-2, 2:-2]], BACKDROP).all()


# Area of an equilateral triangle as wide as the picture, its corners rounded by 0.055 of that.
TRIANGLE = np.sqrt(3) / 4 * (1 + 0.11 * (np.sqrt(3) - 1)) ** 2 - 0.055**2 * (3 * np.sqrt(3) - np.pi)

# A square on its corner, as wide as the picture, its corners rounded by 0.04 of that.
DIAMOND = 2 * (0.5 + 0.04 * (np.sqrt(2) - 1)) ** 2 - 0.04**2 * (4 - np.pi)


@pytest.mark.parametrize(
    ("shape", "share"),
    [
        ("circle", np.pi / 4),
        ("octagon", 2 * np.tan(np.pi / 8)),
        ("diamond", DIAMOND),
        ("triangle", TRIANGLE),
        ("inverted_triangle", TRIANGLE),
    ],
)
def test_outlines_have_the_area_of_their_shape(shape: str, share: float) -> None:
    for sign in GTSRB_CLASSES:
        if sign.shape == shape:
            area = (stock_sign(sign.class_id, SIZE)[1] > 0).mean()
            assert area == pytest.approx(share, rel=0.02)


def test_triangles_stand_on_their_side_and_give_way_on_its_corner() -> None:
    for sign in GTSRB_CLASSES:
        if "triangle" in sign.shape:
            rows = (stock_sign(sign.class_id, SIZE)[1] > 0).sum(1)
            upper, lower = rows[: SIZE // 2].sum(), rows[SIZE // 2 :].sum()
            assert (upper < lower) == (sign.shape == "triangle")


def test_rims_have_their_colours() -> None:
    for sign in GTSRB_CLASSES:
        rgb, mask = stock_sign(sign.class_id, SIZE)
        plate = rgb[mask == 1]
        if sign.colour == "red":
            assert near(plate, RED.colour).mean() > 0.25, sign
        elif sign.colour == "blue":
            assert near(plate, BLUE.colour).mean() > 0.8, sign
        elif sign.colour == "yellow":
            assert near(rgb[mask == 2], YELLOW.colour).mean() > 0.8, sign
        else:
            assert near(plate, WHITE.colour).mean() > 0.8, sign


@pytest.mark.parametrize("class_id", [11, *range(18, 26), *range(27, 32)])
def test_pictograms_keep_off_the_red_rim(class_id: int) -> None:
    rgb, mask = stock_sign(class_id, 400)
    red, symbol = near(rgb, RED.colour), mask == 2
    for shift in range(1, 4):
        for axis in (0, 1):
            assert not (np.roll(symbol, shift, axis) & red).any()
            assert not (np.roll(symbol, -shift, axis) & red).any()


@pytest.mark.parametrize(("number", "other"), [(19, 20), (33, 34), (36, 37), (38, 39)])
def test_mirrored_signs_are_mirror_images(number: int, other: int) -> None:
    for one, two in zip(stock_sign(number, SIZE), stock_sign(other, SIZE), strict=True):
        np.testing.assert_array_equal(one[:, ::-1], two)


# The roundabout keeps its class when flipped, says the study, though its arrows then turn round.
@pytest.mark.parametrize("class_id", sorted(k for k, v in FLIP_LR.items() if k == v and k != 40))
def test_signs_that_keep_their_class_are_symmetric(class_id: int) -> None:
    rgb, mask = stock_sign(class_id, SIZE)
    # Pillow's polygons put an edge that falls between two pixels to the left: 1/8 of our pixels.
    assert (mask != mask[:, ::-1]).mean() < 0.008
    assert np.abs(rgb.astype(int) - rgb[:, ::-1]).mean() < 2


@pytest.mark.parametrize("class_id", [0, 6, 16, 19, 21, 23, 24, 25, 28, 29, 31, 33, 36, 38, 40])
def test_other_signs_are_not_symmetric(class_id: int) -> None:
    _, mask = stock_sign(class_id, SIZE)
    assert (mask != mask[:, ::-1]).mean() > 0.01


def test_all_signs_differ_from_one_another() -> None:
    small = np.stack([stock_sign(class_id, 48)[0].astype(float) for class_id in ALL])
    apart = np.abs(small[:, None] - small[None]).mean((2, 3, 4))
    assert apart[~np.eye(43, dtype=bool)].min() > 2


def test_the_size_does_not_change_the_sign() -> None:
    large, small = stock_sign(25, 400)[0], stock_sign(25, 100)[0]
    shrunk = large.reshape(100, 4, 100, 4, 3).mean((1, 3))
    assert np.abs(shrunk - small).mean() < 2.5


def test_an_unknown_class_is_refused() -> None:
    with pytest.raises(KeyError):
        stock_sign(43, 48)


def test_bezier_of_two_and_three_points() -> None:
    assert bezier((0, 0), (4, 8), steps=2) == [(0, 0), (2, 4), (4, 8)]
    assert bezier((0, 0), (1, 2), (2, 0), steps=2)[1] == (1, 1)


def test_rounded_square_has_the_area_of_a_rounded_square() -> None:
    points = np.array(rounded([(0, 0), (10, 0), (10, 10), (0, 10)], 2))
    x, y = points.T
    area = abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2
    assert area == pytest.approx(100 - (4 - np.pi) * 4, abs=0.05)
