"""Maps as colours: neutral zero, mirrored signs, no dependence on scale."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from signsight.figures.colour import overlay, palette, to_rgb

MAPS = np.random.default_rng(1).normal(size=(3, 12, 16)).astype(np.float32)


@pytest.mark.parametrize("signed", [True, False])
def test_map_of_zeros_is_neutral(signed: bool) -> None:
    colours = to_rgb(np.zeros((4, 5), np.float32), signed)
    assert colours.shape == (4, 5, 3) and colours.dtype == np.uint8
    assert np.array_equal(np.unique(colours.reshape(-1, 3), axis=0), [colours[0, 0]])
    if signed:  # grey, and nearly white
        assert np.ptp(colours[0, 0].astype(int)) <= 2 and colours.min() > 240
    else:  # the dark end of the scale
        assert colours.max() <= 5


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("scale", [1e-6, 0.25, 1e6])
def test_scale_of_a_map_does_not_matter(signed: bool, scale: float) -> None:
    # A level of 257 may round the other way.
    change = to_rgb(MAPS * np.float32(scale), signed).astype(int) - to_rgb(MAPS, signed)
    assert np.abs(change).max() <= 5


def test_turned_sign_gives_the_mirrored_colours() -> None:
    scale = palette(True)
    place = {tuple(colour): i for i, colour in enumerate(scale)}
    assert len(place) == len(scale)  # every level has a colour of its own
    levels = [[place[tuple(c)] for c in to_rgb(m, True).reshape(-1, 3)] for m in (MAPS, -MAPS)]
    assert np.array_equal(np.array(levels[0]) + levels[1], np.full(MAPS.size, len(scale) - 1))


def test_signed_scale_is_blue_below_and_red_above() -> None:
    low, high = palette(True)[20].astype(int), palette(True)[-21].astype(int)
    assert low[2] > low[0] + 80 and high[0] > high[2] + 80


def test_positive_scale_grows_lighter_and_ignores_negative_values() -> None:
    light = palette(False) @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(light) > -0.5).all()  # but for rounding to 8 bits
    assert np.ptp(light) > 200
    assert np.array_equal(to_rgb(MAPS, False), to_rgb(np.maximum(MAPS, 0), False))


def test_each_map_of_a_stack_is_scaled_on_its_own() -> None:
    stack = MAPS * np.array([1, 10, 100], np.float32)[:, None, None]
    assert np.array_equal(to_rgb(stack, True), np.stack([to_rgb(m, True) for m in stack]))


def test_a_single_pixel_still_has_colour() -> None:
    values = np.zeros((48, 48), np.float32)
    values[3, 4] = 1e-3  # the percentile alone would be zero
    assert np.array_equal(to_rgb(values, False)[3, 4], palette(False)[-1])


def test_overlay_shows_the_grey_picture_where_the_map_is_zero() -> None:
    image = np.random.default_rng(2).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    grey = np.asarray(Image.fromarray(image).convert("L"))
    assert np.array_equal(overlay(image, np.zeros((6, 8)), False), grey[..., None].repeat(3, 2))
    values = np.zeros((30, 40))
    values[:, :20] = 1
    mixed = overlay(image, values, False)
    assert mixed.shape == image.shape and mixed.dtype == np.uint8
    assert np.array_equal(mixed[:, 20:], grey[:, 20:, None].repeat(3, 2))
    assert (mixed[:, :20] != grey[:, :20, None]).any()
