"""Likeness of the maps of networks: 1 for equal maps, chance from other images, any two sizes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.stats
import torch
from torch.nn import functional as F

from signsight.core.errors import UserError
from signsight.core.files import ArrayFile
from signsight.evaluation.compared.maps import (
    compare_maps,
    enlarged,
    map_table,
    open_maps,
    partners,
    save_likenesses,
)

N, SIDE = 20, 12
MAPS = np.random.default_rng(0).normal(size=(N, SIDE, SIDE)).astype(np.float32)


def stored(path: Path, maps: np.ndarray) -> ArrayFile:
    np.save(path, maps)
    return ArrayFile(path)


def test_the_same_maps_in_another_order_are_alike(tmp_path: Path) -> None:
    order = np.random.default_rng(1).permutation(N)
    one, two = stored(tmp_path / "a.npy", MAPS), stored(tmp_path / "b.npy", 3 * MAPS[order])
    own, shuffled = compare_maps({"a": (one, np.arange(N)), "b": (two, np.argsort(order))}, 0)["b"]
    assert np.allclose(own, 1)
    assert abs(shuffled[:, 0].mean()) < 0.1 and (shuffled[:, 0] < 0.6).all()


def test_the_rank_correlation_is_that_of_scipy(tmp_path: Path) -> None:
    other = MAPS + np.random.default_rng(2).normal(size=MAPS.shape).astype(np.float32)
    one, two = stored(tmp_path / "a.npy", MAPS), stored(tmp_path / "b.npy", other)
    rows = np.arange(N)
    own, shuffled = compare_maps({"a": (one, rows), "b": (two, rows)}, 5)["b"]
    partner = partners(N, 5)
    for i in range(N):
        expected = scipy.stats.spearmanr(MAPS[i].ravel(), other[i].ravel()).statistic
        assert own[i, 0] == pytest.approx(expected, abs=1e-9)
        expected = scipy.stats.spearmanr(MAPS[i].ravel(), other[partner[i]].ravel()).statistic
        assert shuffled[i, 0] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("count", [2, 3, 50])
def test_every_image_has_another_one_as_its_partner(count: int) -> None:
    partner = partners(count, 4)
    assert sorted(partner) == list(range(count)) and (partner != np.arange(count)).all()


def test_one_image_has_no_chance_level(tmp_path: Path) -> None:
    one = stored(tmp_path / "a.npy", MAPS)
    own, shuffled = compare_maps({"a": (one, np.arange(1)), "b": (one, np.arange(1))}, 0)["b"]
    assert np.allclose(own, 1) and np.isnan(shuffled).all()


def test_small_maps_are_enlarged_as_methods_enlarge_theirs() -> None:
    found = enlarged(MAPS, (18, 18))
    how = {"size": (18, 18), "mode": "bilinear", "align_corners": False}
    assert np.allclose(found, F.interpolate(torch.tensor(MAPS)[:, None], **how)[:, 0].numpy(), atol=1e-5)
    assert enlarged(MAPS, (SIDE, SIDE)) is MAPS


def test_maps_of_two_sizes_are_compared_at_the_larger(tmp_path: Path) -> None:
    smooth = np.stack([enlarged(one[None, :3, :3], (SIDE, SIDE))[0] for one in MAPS])
    one, two = stored(tmp_path / "a.npy", smooth), stored(tmp_path / "b.npy", enlarged(smooth, (24, 24)))
    rows = np.arange(N)
    assert np.allclose(compare_maps({"a": (one, rows), "b": (two, rows)}, 0)["b"][0], 1, atol=1e-5)


def test_the_table_has_means_and_paired_differences(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    own, shuffled = rng.uniform(0.4, 0.6, (N, 2)), rng.uniform(0, 0.2, (N, 2))
    own[0] = np.nan
    save_likenesses(tmp_path / "v.npz", np.arange(N), {"b": (own, shuffled)})
    table = map_table({"saliency": tmp_path / "v.npz"}, 0.95, 0)
    row = table[table["measure"] == "rank_correlation"].iloc[0]
    assert (row["method"], row["network"], row["n"], row["left_out"]) == ("saliency", "b", N - 1, 1)
    assert row["value"] == pytest.approx(own[1:, 0].mean())
    assert row["above"] == pytest.approx((own - shuffled)[1:, 0].mean())
    assert 0.2 < row["above_low"] < row["above"] < row["above_high"] < 0.6


def test_maps_of_an_earlier_config_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "maps.npy", MAPS)
    assert len(open_maps(tmp_path / "maps.npy", N, SIDE)) == N
    for count, size in ((N + 1, SIDE), (N, SIDE + 4)):
        with pytest.raises(UserError, match=r"does not fit the test images.*delete it"):
            open_maps(tmp_path / "maps.npy", count, size)
