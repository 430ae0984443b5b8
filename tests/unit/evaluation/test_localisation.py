"""Localisation by hand, its chance level, its ties, and regions from ROIs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from signsight.core.errors import UserError
from signsight.core.registry import metrics
from signsight.data.regions import roi_regions
from signsight.evaluation.engine import pixel_order
from signsight.evaluation.metrics.block import Block
from signsight.evaluation.metrics.localisation import localisation, relevance_rank

REGIONS = np.array([[0, 0, 0, 0], [0, 1, 2, 0], [0, 1, 1, 0], [0, 0, 0, 0]], np.uint8)


def found(maps: np.ndarray, regions: np.ndarray) -> dict[str, np.ndarray]:
    """Values of the metric for maps (n, H, W) and regions (n, H, W)."""
    maps = np.asarray(maps, np.float32)
    images = np.zeros((*maps.shape, 3), np.uint8)
    ids = [str(n) for n in range(len(maps))]
    truth = np.zeros(len(maps), int)
    device = torch.device("cpu")
    return localisation(Block(None, images, maps, ids, truth, regions, "true", 0, device, 8)).values


def test_every_quantity_by_hand() -> None:
    # the highest pixel in the symbol, the next outside, then two in the sign; negative ones not counted
    one = np.array([[0, 3, 0, -9], [0, 2, 4, 0], [0, 1, 0, 0], [0, 0, 0, 0]])
    values = {name: value[0] for name, value in found(one[None], REGIONS[None]).items()}
    expected = {
        "pointing_game_object": 1, "pointing_game_symbol": 1,
        "mass_symbol": 0.4, "mass_sign": 0.3, "mass_outside": 0.3,
        "rank_object": 0.75, "rank_symbol": 1,
        "area_object": 4 / 16, "area_symbol": 1 / 16, "area_sign": 3 / 16, "area_outside": 12 / 16,
    }  # fmt: skip
    assert values == pytest.approx(expected)
    assert set(values) == set(metrics.about("localisation")["quantities"])


def test_equal_pixels_count_alike() -> None:
    ties = np.zeros((2, 4, 4))
    ties[0, 1, 2] = ties[0, 2, 1] = 1  # symbol, then sign
    ties[1, 0, 3] = ties[1, 1, 2] = 1  # outside, then symbol
    values = found(ties, np.stack([REGIONS, REGIONS]))
    assert values["pointing_game_symbol"].tolist() == [0.5, 0.5]
    assert values["pointing_game_object"].tolist() == [1, 0.5]
    assert values["rank_symbol"].tolist() == [0.5, 0.5]
    # four pixels: the two, and two of the other 14, of which 2 and 3 are inside
    assert values["rank_object"] == pytest.approx([(2 + 2 * 2 / 14) / 4, (1 + 2 * 3 / 14) / 4])


def test_the_order_is_that_of_the_other_metrics() -> None:
    rng = np.random.default_rng(0)
    maps = rng.permuted(np.tile(np.arange(36.0, dtype=np.float32) - 18, (20, 1)), axis=1).reshape(20, 6, 6)
    inside = rng.random((20, 36)) < 0.3
    first = np.take_along_axis(inside, pixel_order(maps).numpy(), 1)
    expected = [hit[: hit.sum()].mean() for hit in first]
    np.testing.assert_allclose(relevance_rank(maps.reshape(20, 36), inside), expected)


def test_what_is_undefined_is_nan() -> None:
    maps = np.stack([np.zeros((4, 4)), np.full((4, 4), 2.0), -np.eye(4), np.eye(4), np.eye(4)])
    roi, everywhere = np.minimum(REGIONS, 1), np.ones_like(REGIONS)
    values = found(maps, np.stack([REGIONS, REGIONS, REGIONS, roi, everywhere]))
    nan = {name: np.isnan(value).tolist() for name, value in values.items()}
    assert nan["mass_outside"] == [True, False, True, False, False]  # no positive value
    assert nan["pointing_game_object"] == nan["rank_object"] == [True, True, False, False, False]
    assert nan["mass_symbol"] == [True, False, True, True, True]  # a ROI has no symbol
    assert nan["pointing_game_symbol"] == nan["rank_symbol"] == [True, True, False, True, True]
    assert nan["area_symbol"] == [False, False, False, True, True]
    assert values["mass_outside"][4] == values["area_outside"][4] == 0
    assert values["mass_sign"][3] == 0.5  # the whole ROI


def test_noise_has_the_area_as_chance_level() -> None:
    count, size = 2000, 12
    regions = np.zeros((count, size, size), np.uint8)
    regions[:, 2:10, 2:9] = 1
    regions[:, 4:7, 3:8] = 2
    values = found(np.random.default_rng(1).random((count, size, size)), regions)
    for name, about in metrics.about("localisation")["quantities"].items():
        if about["chance"] == "area":
            area = values[f"area_{name.rpartition('_')[2]}"].mean()
            error = values[name].std() / np.sqrt(count)
            assert abs(values[name].mean() - area) < 4 * error, name


def test_it_runs_without_torch() -> None:
    code = "import signsight.evaluation.metrics.localisation, sys; print('torch' in sys.modules)"
    folder = Path(__file__).parents[3] / "workflow_scripts"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=folder, capture_output=True, text=True
    )
    assert done.stdout == "False\n"


def test_no_images_no_values() -> None:
    values = found(np.empty((0, 4, 4)), np.empty((0, 4, 4), np.uint8))
    assert all(value.shape == (0,) for value in values.values())


def index(*rows: tuple[int, ...]) -> pd.DataFrame:
    """An index of pictures: width, height, x1, y1, x2, y2."""
    return pd.DataFrame(rows, columns=["width", "height", "roi_x1", "roi_y1", "roi_x2", "roi_y2"])


def test_roi_regions_by_hand() -> None:
    same, stretched = roi_regions(index((8, 8, 1, 2, 5, 6), (16, 4, 4, 1, 11, 2)), 8, cropped=False)
    expected = np.zeros((8, 8), np.uint8)
    expected[2:7, 1:6] = 1  # the last row and column belong to it
    assert same.tolist() == expected.tolist()
    expected = np.zeros((8, 8), np.uint8)
    expected[2:6, 2:6] = 1  # half as wide, twice as high
    assert stretched.tolist() == expected.tolist()


def test_a_pixel_belongs_to_the_roi_that_covers_most_of_it() -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        width, first, last = 60, *sorted(rng.integers(0, 60, 2))
        side = int(rng.integers(10, 70))
        # every source pixel in `side` parts, so that each of `side` pixels is made of `width` of them
        covered = np.repeat((np.arange(width) >= first) & (np.arange(width) <= last), side)
        share = covered.reshape(side, width).mean(1)
        region = roi_regions(index((width, 10, first, 0, last, 9)), side, cropped=False)[0]
        assert (region == region[:1]).all()  # the ROI's full height
        clear = (share != 0.5) & ((last - first + 1) * side >= width)
        assert (region[0] == (share > 0.5))[clear].all()


def test_cropped_images_have_no_outside() -> None:
    with pytest.raises(UserError, match=r"data\.crop_to_roi"):
        roi_regions(index((8, 8, 1, 2, 5, 6)), 8, cropped=True)


@pytest.mark.parametrize("turn", [np.s_[:, ::-1, ::-1], np.s_[:, :, ::-1], np.s_[:, ::-1]])
def test_it_does_not_matter_how_the_picture_lies(turn: tuple[slice, ...]) -> None:
    """Many pixels share the highest value, and that of the last pixel of the rank."""
    rng = np.random.default_rng(5)
    maps, regions = rng.integers(-2, 3, (30, 6, 6)), rng.integers(0, 3, (30, 6, 6))
    straight, turned = found(maps, regions), found(maps[turn], regions[turn])
    for name, values in straight.items():
        np.testing.assert_allclose(turned[name], values, rtol=1e-12)
    assert 0 < (straight["pointing_game_symbol"] % 1).mean() < 1
