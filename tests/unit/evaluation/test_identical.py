"""Identical maps are found up to a factor for each image, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from signsight.core.errors import UserError
from signsight.evaluation import identical as module
from signsight.evaluation.identical import (
    groups,
    identical_maps,
    repeats,
    same_up_to_scale,
    shown_once,
    without_repeats,
)

COUNT, SIDE = 40, 6


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several batches, the last one shorter."""
    monkeypatch.setattr(module, "BATCH", 16)
    monkeypatch.setattr(module, "FIRST", 4)


@pytest.fixture
def maps() -> np.ndarray:
    return np.random.default_rng(5).normal(size=(COUNT, SIDE, SIDE)).astype(np.float32)


def found(folder: Path, controls: tuple[str, ...] = (), **maps: np.ndarray) -> dict[str, str]:
    for name, own in maps.items():
        np.save(folder / f"{name}.npy", own.astype(np.float32))
    table = identical_maps({name: folder / f"{name}.npy" for name in maps}, controls)
    return dict(zip(table["method"], table["same_as"], strict=True))


def test_a_copy_is_identical_under_a_factor_for_each_image(maps: np.ndarray, tmp_path: Path) -> None:
    factors = np.geomspace(1e-6, 1e6, COUNT).astype(np.float32)[:, None, None]
    rounded = maps * (1 + 1e-7 * np.sign(maps))
    assert found(tmp_path, a=maps, b=factors * maps, c=maps[::-1], d=rounded) == {"b": "a", "d": "a"}


@pytest.mark.parametrize("place", [0, COUNT // 2, COUNT - 1])
def test_one_pixel_of_one_image_is_enough_to_differ(maps: np.ndarray, tmp_path: Path, place: int) -> None:
    other = maps.copy()
    other[place, 2, 3] += 1e-4 * np.abs(maps[place]).max()
    assert found(tmp_path, a=maps, b=other) == {}


def test_the_sign_and_an_offset_count(maps: np.ndarray, tmp_path: Path) -> None:
    assert found(tmp_path, a=maps, b=-maps, c=np.abs(maps), d=maps + 0.1) == {}


def test_empty_maps(maps: np.ndarray, tmp_path: Path) -> None:
    """Empty in the same images is no difference; empty in one alone is, and nothing but empty is nothing."""
    some = maps.copy()
    some[[0, 20]] = 0
    nothing = np.zeros_like(maps)
    assert found(tmp_path, a=some, b=3 * some, c=maps, d=nothing, e=nothing) == {"b": "a"}


def test_values_that_are_not_finite_are_never_the_same(maps: np.ndarray, tmp_path: Path) -> None:
    broken = maps.copy()
    broken[3, 0, 0] = np.nan
    assert found(tmp_path, a=broken, b=broken) == {}


def test_controls_never_count_and_the_first_one_is_named(maps: np.ndarray, tmp_path: Path) -> None:
    assert found(tmp_path, ("a",), a=maps, b=maps, c=2 * maps, d=maps[:, ::-1]) == {"c": "b"}


def test_analytic_maps() -> None:
    ramp = np.arange(9.0).reshape(1, 3, 3)
    pairs = {"same": ramp, "doubled": 2 * ramp, "turned": ramp.transpose(0, 2, 1), "squared": ramp**2}
    told = {name: bool(same_up_to_scale(ramp, other)[0]) for name, other in pairs.items()}
    assert told == {"same": True, "doubled": True, "turned": False, "squared": False}


def test_other_numbers_of_images_are_refused(maps: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="39 to 40 images"):
        found(tmp_path, a=maps, b=maps[1:])


def test_methods_are_shown_once() -> None:
    table = pd.DataFrame({"method": ["b", "c", "e"], "same_as": ["a", "a", "d"]})
    assert groups(table) == [["a", "b", "c"], ["d", "e"]]
    assert repeats(table, "abcdef") == {"b", "c", "e"}
    # where the first one is not there, the next one stands for it
    assert repeats(table, "bcef") == {"c"}
    assert shown_once({"c": 1, "d": 2, "e": 3}, table) == {"c": 1, "d": 2}
    rows = pd.DataFrame({"method": ["a", "b", "a", "x"], "value": range(4)})
    assert without_repeats(rows, table)["value"].tolist() == [0, 2, 3]
    nothing = table.head(0)
    assert (
        repeats(nothing, "abc") == set()
        and groups(nothing) == []
        and len(without_repeats(rows, nothing)) == 4
    )
