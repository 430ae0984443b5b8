"""Maps of the explorer: how far methods disagree, and coarser maps."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from signsight.evaluation.similarity import rank_correlation
from signsight.explorer.maps import coarse_map, disagreement


def test_disagreement_is_one_less_the_mean_of_all_pairs() -> None:
    rng = np.random.default_rng(0)
    maps = {name: rng.standard_normal((5, 6, 7)).astype(np.float32).round(1) for name in "abcd"}
    pairs = [rank_correlation(one, two) for one, two in combinations(maps.values(), 2)]
    np.testing.assert_allclose(disagreement(maps), 1 - np.mean(pairs, axis=0), atol=1e-12)


def test_disagreement_leaves_out_maps_that_say_nothing() -> None:
    rng = np.random.default_rng(1)
    maps = {name: rng.standard_normal((3, 4, 4)) for name in "abc"}
    maps["c"][0] = 0
    maps["b"][1] = maps["c"][1] = 2
    found = disagreement(maps)
    assert found[0] == pytest.approx(1 - rank_correlation(maps["a"][:1], maps["b"][:1])[0])
    assert np.isnan(found[1])
    assert disagreement({"a": maps["a"]}) is None


def test_maps_that_agree_and_that_are_opposed() -> None:
    one = np.random.default_rng(2).standard_normal((4, 5, 5))
    np.testing.assert_allclose(disagreement({"a": one, "b": np.exp(one)}), 0, atol=1e-12)
    np.testing.assert_allclose(disagreement({"a": one, "b": -one}), 2, atol=1e-12)


def test_coarse_maps_are_means_of_blocks() -> None:
    maps = np.arange(2 * 6 * 8, dtype=np.float32).reshape(2, 6, 8)
    expected = maps.reshape(2, 3, 2, 4, 2).mean((2, 4))
    np.testing.assert_allclose(coarse_map(maps, 4), expected)
    np.testing.assert_array_equal(coarse_map(maps, 8), maps)


@pytest.mark.parametrize(("shape", "longest"), [((1, 225, 225), 112), ((1, 500, 333), 112), ((1, 7, 3), 2)])
def test_coarse_maps_keep_the_mean_roughly_and_the_limit_exactly(
    shape: tuple[int, ...], longest: int
) -> None:
    maps = np.full(shape, 3.0)
    found = coarse_map(maps, longest)
    assert max(found.shape[1:]) == longest
    np.testing.assert_allclose(found, 3)
