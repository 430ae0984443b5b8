"""Intervals and tests against scipy, published values, and simulated coverage."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
import scipy.stats

from signsight.evaluation import statistics
from signsight.evaluation.statistics import (
    bootstrap,
    holm,
    kendall,
    mean_interval,
    paired_difference,
    sign_flip,
    wilson,
    z_value,
)


@pytest.mark.parametrize("confidence", [0.8, 0.9, 0.95, 0.99])
@pytest.mark.parametrize(
    ("correct", "n"), [(0, 1), (1, 1), (0, 10), (7, 10), (12_500, 12_630), (5, 5), (1, 29)]
)
def test_wilson_is_that_of_scipy(correct: int, n: int, confidence: float) -> None:
    expected = scipy.stats.binomtest(correct, n).proportion_ci(confidence, method="wilson")
    assert wilson(correct, n, confidence) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize(
    ("correct", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_has_the_values_of_newcombe_1998(correct: int, n: int, low: float, high: float) -> None:
    """Table I of Newcombe, Statistics in Medicine 17, 857-872, method 3."""
    assert wilson(correct, n, 0.95) == pytest.approx((low, high), abs=5e-5)


def test_nothing_has_no_interval() -> None:
    assert all(map(math.isnan, wilson(0, 0, 0.95)))
    empty = np.zeros(0, bool)
    assert all(map(math.isnan, paired_difference(empty, empty, 0.95)))


def test_quantiles() -> None:
    for confidence in (0.5, 0.9, 0.95, 0.999):
        assert z_value(confidence) == pytest.approx(scipy.stats.norm.ppf(0.5 + confidence / 2))


@pytest.mark.parametrize(
    ("both", "won", "lost", "neither"),
    [(0.9, 0.01, 0.08, 0.01), (0.5, 0.2, 0.2, 0.1), (0.95, 0.02, 0.02, 0.01), (0.1, 0, 0.85, 0.05)],
)
@pytest.mark.parametrize(("n", "least"), [(30, 0.90), (100, 0.93), (500, 0.93)])
def test_the_paired_interval_covers_the_true_difference(
    both: float, won: float, lost: float, neither: float, n: int, least: float
) -> None:
    rng, trials, covered = np.random.default_rng(0), 2000, 0
    for kinds in rng.choice(4, (trials, n), p=[both, won, lost, neither]):
        after, before = np.isin(kinds, (0, 1)), np.isin(kinds, (0, 2))
        difference, low, high = paired_difference(after, before, 0.95)
        assert low <= difference <= high
        covered += low <= won - lost <= high
    assert covered / trials >= least


def test_the_paired_interval_is_narrower_than_that_of_two_samples() -> None:
    before = np.arange(1000) < 900
    after = np.arange(1000) < 880
    difference, low, high = paired_difference(after, before, 0.95)
    assert difference == pytest.approx(-0.02)
    unpaired = 2 * 1.96 * math.sqrt(0.9 * 0.1 / 1000 + 0.88 * 0.12 / 1000)
    assert high - low < 0.5 * unpaired


def test_the_paired_difference_is_antisymmetric_and_stays_in_its_range() -> None:
    rng = np.random.default_rng(0)
    for n in (1, 2, 50):
        after, before = rng.random(n) < 0.7, rng.random(n) < 0.4
        one, other = paired_difference(after, before, 0.95), paired_difference(before, after, 0.95)
        assert one == pytest.approx((-other[0], -other[2], -other[1]))
        difference, low, high = paired_difference(np.ones(n, bool), np.zeros(n, bool), 0.99)
        assert difference == 1 and -1 <= low <= high <= 1
        difference, low, high = paired_difference(after, after, 0.95)
        assert difference == 0 and low == pytest.approx(-high) and low < 0


def test_the_paired_interval_has_the_formula_of_agresti_and_min() -> None:
    """Wald on the table with 0.5 added to each cell, written out for 5 won, 12 lost of 100."""
    after = np.array([True] * 5 + [False] * 12 + [True] * 83)
    before = np.array([False] * 5 + [True] * 12 + [True] * 83)
    p_won, p_lost = 5.5 / 102, 12.5 / 102
    half = scipy.stats.norm.ppf(0.975) * math.sqrt((p_won + p_lost - (p_won - p_lost) ** 2) / 102)
    expected = (-0.07, p_won - p_lost - half, p_won - p_lost + half)
    assert paired_difference(after, before, 0.95) == pytest.approx(expected)


@pytest.mark.parametrize("n", [2, 10, 1000])
def test_the_interval_of_a_mean_is_the_normal_one(n: int) -> None:
    values = np.random.default_rng(0).normal(3, 2, (n, 4)).astype(np.float32)
    mean, low, high = mean_interval(values, 0.9)
    exact = values.astype(np.float64)
    expected = scipy.stats.norm.interval(0.9, exact.mean(0), scipy.stats.sem(exact))
    np.testing.assert_allclose(mean, exact.mean(0))
    np.testing.assert_allclose((low, high), expected)
    if n == 1000:  # where Student's interval is the same
        student = scipy.stats.t.interval(0.9, n - 1, exact.mean(0), scipy.stats.sem(exact))
        np.testing.assert_allclose((low, high), student, rtol=1e-3)


def test_one_value_has_a_mean_and_no_interval() -> None:
    mean, low, high = mean_interval(np.array([[1.0, 2.0]]), 0.95)
    assert mean.tolist() == [1, 2] and np.isnan(low).all() and np.isnan(high).all()


@pytest.mark.parametrize("n", [12, 40, 300])
def test_the_bootstrap_interval_is_that_of_scipy(n: int) -> None:
    """BCa of scipy with its own draws; what is left is the noise of the draws."""
    values = np.random.default_rng(n).exponential(1.0, (n, 2))
    mean, low, high = bootstrap(values, 0.95, seed=0, resamples=20_000)
    theirs = scipy.stats.bootstrap((values,), np.mean, n_resamples=20_000, method="BCa", rng=1)
    np.testing.assert_allclose(mean, values.mean(axis=0))
    width = np.diff(theirs.confidence_interval, axis=0)[0]
    np.testing.assert_allclose(low, theirs.confidence_interval.low, atol=0.03 * width.max())
    np.testing.assert_allclose(high, theirs.confidence_interval.high, atol=0.03 * width.max())


def test_the_bootstrap_interval_of_many_values_is_the_normal_one() -> None:
    values = np.random.default_rng(0).random((4000, 3))
    expected = mean_interval(values, 0.9)
    np.testing.assert_allclose(bootstrap(values, 0.9, seed=3), expected, atol=2e-3)


def test_the_bootstrap_covers_a_skewed_mean_more_evenly_than_the_normal_interval() -> None:
    rng, missed = np.random.default_rng(0), np.zeros((2, 2), int)
    samples = rng.exponential(1.0, (30, 1500))
    for row, (_, low, high) in enumerate((bootstrap(samples, 0.9, seed=0), mean_interval(samples, 0.9))):
        missed[row] = (low > 1).sum(), (high < 1).sum()
    assert abs(missed[0, 0] - missed[0, 1]) < 0.5 * abs(missed[1, 0] - missed[1, 1])
    assert 0.86 < 1 - missed[0].sum() / 1500 < 0.92


def test_the_bootstrap_leaves_out_what_is_missing_and_does_not_hang_on_chunks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = np.random.default_rng(0).normal(size=(50, 2, 3))
    holes = values.copy()
    holes[5:20, 0, 1] = np.nan
    holes[:, 1, 2] = np.nan
    holes[1:, 1, 1] = np.nan
    whole, part = bootstrap(values, 0.95, seed=7), bootstrap(holes, 0.95, seed=7)
    same = np.array([[True, False, True], [True, False, False]])
    for one, two in zip(whole, part, strict=True):
        np.testing.assert_allclose(two[same], one[same], rtol=1e-12)
    assert part[0][0, 1] == pytest.approx(np.nanmean(holes[:, 0, 1])) and part[1][0, 1] < part[0][0, 1]
    assert np.isnan(part[0][1, 2]) and np.isnan(part[1][1]).tolist() == [False, True, True]
    monkeypatch.setattr(statistics, "CHUNK", 130)
    np.testing.assert_allclose(bootstrap(values, 0.95, seed=7), whole, rtol=1e-12)


def test_equal_values_have_an_interval_without_width() -> None:
    mean, low, high = bootstrap(np.full((20, 1), 0.3), 0.95, seed=0)
    assert (mean[0], low[0], high[0]) == pytest.approx((0.3, 0.3, 0.3), abs=1e-12)


@pytest.mark.parametrize("kind", ["real", "ties and zeros"])
@pytest.mark.parametrize("n", [1, 6, 12])
def test_few_images_are_tested_exactly_as_by_scipy(kind: str, n: int) -> None:
    rng = np.random.default_rng(n)
    values = rng.random((n, 3)) if kind == "real" else rng.integers(0, 3, (n, 3)) / 3
    p = sign_flip(values, seed=0, draws=5000)
    for one, two in combinations(range(3), 2):
        if n == 1:  # which scipy refuses: both signs are as far from zero
            assert p[one, two] == 1
            continue
        test = scipy.stats.permutation_test(
            (values[:, one], values[:, two]),
            lambda a, b, axis: np.mean(a - b, axis=axis),
            permutation_type="samples",
            vectorized=True,
            n_resamples=np.inf,
        )
        assert p[one, two] == p[two, one] == pytest.approx(test.pvalue)


@pytest.mark.parametrize("shift", [0.0, 0.05, 0.12])
def test_many_images_are_tested_as_by_student(shift: float) -> None:
    """For hundreds of images the sign-flip test and the paired t test agree."""
    values = np.random.default_rng(1).normal(0, 1, (400, 2))
    values[:, 1] += shift
    p = sign_flip(values, seed=0, draws=20_000)[0, 1]
    assert p == pytest.approx(scipy.stats.ttest_rel(values[:, 0], values[:, 1]).pvalue, abs=0.012)


def test_the_sign_flip_test_keeps_its_level_with_ties() -> None:
    rng = np.random.default_rng(0)
    found = [sign_flip(rng.integers(0, 2, (25, 2)) / 1.0, seed, draws=400)[0, 1] for seed in range(400)]
    assert np.mean(np.array(found) <= 0.05) < 0.075


def test_a_pair_is_tested_on_the_images_that_both_have(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).normal(size=(60, 4))
    values[:, 1] += 0.3
    values[10:30, 2] = np.nan
    values[:, 3] = np.nan
    p = sign_flip(values, seed=0, draws=2000)
    assert (p[:3, :3] == p[:3, :3].T).all() and (np.diag(p) == 1).all()
    assert np.isnan(p[:3, 3]).all()
    kept = np.isfinite(values[:, 2])
    assert p[0, 2] == sign_flip(values[kept][:, [0, 2]], seed=0, draws=2000)[0, 1]
    assert p[0, 1] == sign_flip(values[:, :2], seed=0, draws=2000)[0, 1]
    shuffled = sign_flip(values[:, [1, 0, 2, 3]], seed=0, draws=2000)
    assert shuffled[0, 1] == p[0, 1] and shuffled[0, 2] == p[1, 2]


def test_holm_has_the_steps_of_the_method() -> None:
    """Four tests written out: 4 * 0.01, 3 * 0.015, then the running maximum, capped at 1."""
    p = np.array([0.9, 0.01, np.nan, 0.02, 0.015])
    np.testing.assert_allclose(holm(p), [0.9, 0.04, np.nan, 0.045, 0.045])
    assert holm(np.array([0.7, 0.8])).tolist() == [1, 1] and holm(np.array([])).size == 0


def test_holm_bounds_the_chance_of_any_false_claim() -> None:
    p = np.random.default_rng(0).random((4000, 10))
    any_claim = np.mean([(holm(row) <= 0.05).any() for row in p])
    assert any_claim == pytest.approx(1 - (1 - 0.05 / 10) ** 10, abs=0.01)


@pytest.mark.parametrize("levels", [3, 1000])
def test_kendall_is_that_of_scipy(levels: int) -> None:
    rng = np.random.default_rng(0)
    for n in (2, 5, 30):
        one, two = rng.integers(0, levels, (2, n)).astype(float)
        expected = scipy.stats.kendalltau(one, two).statistic
        assert kendall(one, two) == pytest.approx(expected, nan_ok=True)
    holes = np.array([1.0, np.nan, 2.0, 3.0])
    assert kendall(holes, np.array([5.0, 0.0, 6.0, 7.0])) == 1
    assert math.isnan(kendall(np.ones(3), np.arange(3.0)))


def test_the_interval_of_a_mean_leaves_out_what_is_missing() -> None:
    values = np.random.default_rng(0).normal(size=(30, 3))
    values[4:9, 1] = values[:, 2] = np.nan
    mean, low, high = mean_interval(values, 0.95)
    kept = np.delete(values[:, 1], slice(4, 9))
    expected = scipy.stats.norm.interval(0.95, kept.mean(), scipy.stats.sem(kept))
    assert (low[1], high[1]) == pytest.approx(expected) and np.isnan((mean[2], low[2], high[2])).all()


def test_rounding_is_no_difference() -> None:
    """Two methods that are the same, but one of them computed in another order."""
    values = np.random.default_rng(0).random((80, 1)) + np.array([0, 1e-7, 1e-3])
    p = sign_flip(values, seed=0, draws=2000)
    assert p[0, 1] == 1 and p[0, 2] < 0.01
