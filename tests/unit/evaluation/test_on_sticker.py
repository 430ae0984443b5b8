"""Relevance on stickers: cases that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from signsight.evaluation.on_sticker import coverage, on_sticker, shares_inside, sticker_shares

WHOLE, HALF, LEFT = "0,0,1,1", "0,0,0.5,1", "0,0,0.25,1"


def test_coverage_is_exact_within_pixels() -> None:
    np.testing.assert_allclose(coverage([(0, 0, 1, 1)], 3, 5), 1)
    np.testing.assert_allclose(coverage([(0, 0, 0.5, 1)], 3, 5)[0], [1, 1, 0.5, 0, 0])
    found = coverage([(0.1, 0.2, 0.35, 0.9), (0.5, 0, 1, 0.1)], 7, 9)
    assert found.mean() == pytest.approx(0.25 * 0.7 + 0.5 * 0.1)
    assert coverage([], 2, 2).sum() == 0


def test_overlapping_boxes_count_once() -> None:
    boxes = [(0, 0, 0.5, 1), (0.25, 0, 0.75, 1)]
    np.testing.assert_allclose(coverage(boxes, 4, 4), coverage([(0, 0, 0.75, 1)], 4, 4))


def test_a_box_over_everything_has_all_and_one_over_half_of_a_uniform_map_has_half() -> None:
    maps = np.ones((2, 5, 5), np.float32)
    own, area, _ = sticker_shares([WHOLE, HALF], maps)
    np.testing.assert_allclose(own, [1, 0.5])
    np.testing.assert_allclose(area, [1, 0.5])


def test_negative_relevance_does_not_count() -> None:
    one = np.array([[3.0, -7.0], [1.0, 0.0]])[None]
    inside = np.array([[1.0, 1.0], [0.0, 0.0]])[None]
    np.testing.assert_allclose(shares_inside(one, inside), [[0.75]])


def test_photographs_without_a_box_or_a_map_are_left_out() -> None:
    maps = np.ones((3, 4, 4), np.float32)
    maps[2] = -1
    own, area, other = sticker_shares([HALF, "", HALF], maps)
    np.testing.assert_allclose(own, [0.5, np.nan, np.nan])
    np.testing.assert_allclose(area, [0.5, np.nan, 0.5])
    np.testing.assert_allclose(other[0], 0.5)  # of the second photograph alone
    table = on_sticker([HALF, "", HALF], [""] * 3, {"one": maps}, 0.95, 0)
    assert table["n"].tolist() == [1] and table["share"].tolist() == [0.5]


def test_no_boxes_at_all() -> None:
    table = on_sticker(["", ""], ["", ""], {"one": np.ones((2, 4, 4))}, 0.95, 0)
    assert table["n"].tolist() == [0] and table["share"].isna().all()
    assert on_sticker(["", ""], ["", ""], {}, 0.95, 0).empty


def test_the_null_is_the_mean_of_the_other_maps_in_the_same_box() -> None:
    rng = np.random.default_rng(0)
    maps = rng.random((4, 6, 6))
    boxes = [HALF, LEFT, "", WHOLE]
    _, _, other = sticker_shares(boxes, maps)
    normed = maps / maps.sum((1, 2), keepdims=True)
    np.testing.assert_allclose(other[0], [normed[[1, 2, 3], :, :3].sum((1, 2)).mean()])
    np.testing.assert_allclose(other[3], 1)


def test_maps_that_point_at_stickers_are_told_from_those_that_do_not() -> None:
    """Twelve photographs with stickers in different places: maps on them, uniform maps, one map for all."""
    corners = [(x / 4, y / 4, (x + 1) / 4, (y + 1) / 4) for x in range(4) for y in range(3)]
    boxes = [",".join(map(str, box)) for box in corners]
    pointing = np.stack([coverage([box], 8, 8) + 0.01 for box in corners])
    middle = np.zeros((12, 8, 8))
    middle[:, 2:6, 2:6] = 1
    maps = {"pointing": pointing, "uniform": np.ones((12, 8, 8)), "middle": middle}
    table = on_sticker(boxes, [""] * 12, maps, 0.95, 0).set_index("method")
    assert table.loc["pointing", "share"] > 0.8 and table.loc["pointing", "ratio"] > 12
    assert table.loc["pointing", "p_other"] < 0.01 and table.loc["pointing", "gap_other_low"] > 0.5
    assert table.loc["uniform", "ratio"] == pytest.approx(1) and table.loc["uniform", "p_area"] == 1
    assert table.loc["middle", "gap_other"] == pytest.approx(0) and table.loc["middle", "p_other"] == 1


def test_photographs_of_one_object_count_as_one() -> None:
    maps = np.stack([np.ones((4, 4)), coverage([(0, 0, 0.5, 1)], 4, 4), coverage([(0, 0, 0.5, 1)], 4, 4)])
    boxes, tracks = [HALF] * 3, ["a", "b", "b"]
    table = on_sticker(boxes, tracks, {"one": maps}, 0.95, 0)
    assert table["n"].item() == 3 and table["tracks"].item() == 2 and table["share"].item() == 0.75
    assert isinstance(table, pd.DataFrame)
