"""Null maps of boxes: of other boxes, moved; of a middle, as wide as other maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from signsight.detection.map_file import MapsFile, maps_writer
from signsight.detection.nulls import FALLBACK, box_nulls, bump, moved, spread
from signsight.evaluation.nulls import NULLS

BOX = np.array([10.0, 20.0, 30.0, 28.0])  # 20 wide, 8 high


def test_a_map_moves_with_its_box() -> None:
    """To the box itself it is the same; shifted by whole pixels and doubled, as by hand."""
    one = np.random.default_rng(0).random((40, 50)).astype(np.float32)
    np.testing.assert_allclose(moved(one, BOX, BOX, (40, 50)), one, atol=1e-6)
    shifted = moved(one, BOX, BOX + np.array([5, -3, 5, -3]), (40, 50))
    np.testing.assert_allclose(shifted[:37, 5:], one[3:, :45], atol=1e-6)
    assert (shifted[38:] == 0).all() and (shifted[:, :4] == 0).all(), "there was no picture"
    flat = np.zeros((40, 50), np.float32)
    flat[20:28, 10:30] = 1
    larger = moved(flat, BOX, np.array([4.0, 6.0, 44.0, 22.0]), (60, 70))
    assert (
        larger.shape == (60, 70)
        and larger[8:20, 6:42].min() == 1
        and larger.sum() == pytest.approx(40 * 16, rel=0.05)
    )


def test_a_bump_in_sides_of_the_box_has_its_width_again() -> None:
    size = (200, 300)
    box = np.array([120.0, 80.0, 180.0, 110.0])
    found = bump(box, 0.3, size)
    assert found.dtype == np.float32 and found.shape == size
    down, across = np.unravel_index(found.argmax(), size)
    assert abs(across + 0.5 - 150) <= 0.5 and abs(down + 0.5 - 95) <= 0.5
    assert np.sqrt(spread(found, box)) == pytest.approx(0.3, rel=0.01)
    assert np.sqrt(spread(-3 * moved(found, box, BOX * 4, (200, 300)), BOX * 4)) == pytest.approx(
        0.3, rel=0.05
    )
    assert np.isnan(spread(np.zeros(size), box))


def made(folder: Path, maps: list[np.ndarray], classes: list[int]) -> tuple[MapsFile, pd.DataFrame]:
    with maps_writer(folder / "maps.npz") as writer:
        for one in maps:
            writer.add(one)
    boxes = [[5 * n, 4 * n, 5 * n + 10, 4 * n + 8] for n in range(len(maps))]
    table = pd.DataFrame(boxes, columns=["x0", "y0", "x1", "y1"]).assign(class_id=classes)
    return MapsFile(folder / "maps.npz"), table


def test_nulls_are_maps_of_other_boxes_of_the_same_kinds(tmp_path: Path) -> None:
    """Box n has a map of n at the middle of the box alone: the donor is read off, and lies in the new box."""
    maps = []
    for n in range(7):
        one = np.zeros((60, 60), np.float32)
        one[4 * n : 4 * n + 8, 5 * n : 5 * n + 10] = n + 1
        maps.append(one)
    classes = [0, 0, 0, 1, 1, 2, -1]
    nulls = box_nulls(*made(tmp_path, maps, classes), 3)
    assert set(nulls) == set(NULLS)
    for kind, expected in (("any_class", range(7)), ("same_class", range(5))):
        rows, make = nulls[kind]
        assert rows.tolist() == list(expected), "the only box of a class, and one of none, have no other"
        for row in rows:
            found = make(row, (60, 70))
            donor = round(float(found.max())) - 1
            assert found.shape == (60, 70) and donor != row
            assert kind == "any_class" or classes[donor] == classes[row]
            x, y = 5 * row, 4 * row
            assert found[y + 1 : y + 7, x + 1 : x + 9].min() == pytest.approx(donor + 1)
    rows, make = nulls["centre_prior"]
    assert rows.tolist() == list(range(7))
    assert np.unravel_index(make(2, (60, 60)).argmax(), (60, 60)) in {(11, 14), (11, 15), (12, 14), (12, 15)}


def test_the_centre_prior_is_fitted_on_other_boxes(tmp_path: Path) -> None:
    """Of two boxes each gets the width of the other one's map; without any map, the usual one."""
    boxes = [np.array([0.0, 0.0, 10.0, 8.0]), np.array([5.0, 4.0, 15.0, 12.0])]
    size = (60, 60)
    # about boxes at the corner the picture cuts the bump, so the width is measured as it is
    maps = [bump(boxes[0], 0.2, size), bump(boxes[1], 0.6, size)]
    given = made(tmp_path, maps, [0, 0])
    _, make = box_nulls(*given, 0)["centre_prior"]
    for row, other in ((0, 1), (1, 0)):
        sd = np.sqrt(spread(maps[other], boxes[other]))
        np.testing.assert_allclose(make(row, size), bump(boxes[row], sd, size), atol=1e-5)
    _, make = box_nulls(*made(tmp_path, [np.zeros(size)] * 2, [0, 0]), 0)["centre_prior"]
    np.testing.assert_allclose(make(0, size), bump(boxes[0], FALLBACK, size), atol=1e-6)
