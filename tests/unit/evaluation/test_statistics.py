"""Intervals against scipy, published values, and simulated coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from signsight.evaluation.statistics import mean_interval, paired_difference, wilson, z_value


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
