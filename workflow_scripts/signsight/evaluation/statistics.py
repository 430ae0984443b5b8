"""Intervals of shares, means and differences; paired tests, their correction, rank correlation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from statistics import NormalDist

import numpy as np

from signsight.core.rng import generator

NORMAL = NormalDist()
ROUNDING = 1e-6  # of a value: below it two float32 computations of the same thing may differ
LEAST_DRAWS = 10_000  # of signs in a test
CHUNK = 2_000_000  # numbers drawn at a time, so that memory does not grow with the number of draws


def z_value(confidence: float) -> float:
    """Two-sided standard normal quantile: 1.96 for 0.95."""
    return NORMAL.inv_cdf(0.5 + confidence / 2)


def wilson(correct: float, n: float, confidence: float) -> tuple[float, float]:
    """Wilson score interval of a share (Wilson 1927); (nan, nan) for n = 0."""
    if n == 0:
        return float("nan"), float("nan")
    z, share = z_value(confidence), correct / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(float(middle - half), 0.0), min(float(middle + half), 1.0)


def paired_difference(after: np.ndarray, before: np.ndarray, confidence: float) -> tuple[float, float, float]:
    """Difference of two shares on the same images, and its interval (Agresti and Min 2005).

    after, before: (n,) bool. Returns difference, low, high in [-1, 1]. The interval is Wald's with
    half an image added to each of the four cells of the paired table.
    """
    n = len(after)
    if n == 0:
        return float("nan"), float("nan"), float("nan")
    won, lost = int((after & ~before).sum()), int((before & ~after).sum())
    b, c, total = won + 0.5, lost + 0.5, n + 2
    middle = (b - c) / total
    half = z_value(confidence) * np.sqrt(b + c - (b - c) ** 2 / total) / total
    return (won - lost) / n, max(float(middle - half), -1.0), min(float(middle + half), 1.0)


def clustered_interval(
    values: np.ndarray, clusters: np.ndarray, confidence: float
) -> tuple[float, float, float]:
    """Mean and normal interval of (n,) float values, of which those of a cluster (n,) go together.

    The variance is that of the clusters' sums about the mean (Cochran 1977, 11.8); where each value is a
    cluster of its own, the interval is that of `mean_interval`. With one cluster it is NaN.
    """
    mean, variance = values.mean(), _variance(values, clusters)
    half = z_value(confidence) * np.sqrt(variance)
    return float(mean), float(mean - half), float(mean + half)


def clustered_wilson(correct: np.ndarray, clusters: np.ndarray, confidence: float) -> tuple[float, float]:
    """Wilson's interval of a share for as many independent images as the clusters are worth.

    correct: (n,) bool; clusters: (n,). The effective number is n divided by the design effect (Kish 1965),
    and that of the clusters where all images are right or all wrong, so that their spread is not known.
    """
    n, count, share = len(correct), len(np.unique(clusters)), correct.mean()
    effective = float(count)
    if count > 1 and 0 < share < 1:
        effective = float(np.clip(share * (1 - share) / _variance(correct, clusters), 1, n))
    return wilson(share * effective, effective, confidence)


def _variance(values: np.ndarray, clusters: np.ndarray) -> float:
    """Variance of the mean of values that go together in clusters; NaN for a single one."""
    names, place = np.unique(clusters, return_inverse=True)
    if len(names) < 2:
        return float("nan")
    sums = np.bincount(place, values - values.mean())
    return float(len(names) / (len(names) - 1) * (sums**2).sum() / len(values) ** 2)


def linear_interval(
    weights: np.ndarray, values: np.ndarray, low: np.ndarray, high: np.ndarray
) -> tuple[float, float, float]:
    """A weighted sum of independent estimates, and its interval from theirs (Zou and Donner 2008).

    weights, values, low, high: (m,) float. For the difference of two shares with Wilson's intervals it is
    Newcombe's (1998, method 10), for a single one of weight 1 its own interval.
    """
    sums = weights * values
    ends = np.sort([weights * low, weights * high], axis=0)
    value = sums.sum()
    down, up = (np.sqrt(((sums - end) ** 2).sum()) for end in ends)
    return float(value), float(value - down), float(value + up)


def independent_difference(one: Sequence[float], other: Sequence[float]) -> tuple[float, float, float]:
    """`one` less `other`, two independent estimates (value, low, high), as in `linear_interval`."""
    pair = (np.array(both, np.float64) for both in zip(one, other, strict=True))
    return linear_interval(np.array([1.0, -1.0]), *pair)


def mcnemar(won: int, lost: int) -> float:
    """Two-sided p of McNemar's exact test: of `won` + `lost` changed answers `won` became right."""
    total, fewer = won + lost, min(won, lost)
    tail = sum(math.comb(total, k) for k in range(fewer + 1))
    return min(1.0, float(2 * tail / 2**total))


def mean_interval(values: np.ndarray, confidence: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean over the first axis and its normal interval: (n, ...) -> three arrays (...).

    NaN are left out where they are. With one value the interval is nan, with none the mean too.
    """
    there = np.isfinite(values)
    counts = there.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(there, values, 0).sum(axis=0, dtype=np.float64) / counts
        away = np.where(there, values - mean, 0)
        half = z_value(confidence) * np.sqrt((away**2).sum(axis=0) / (counts - 1) / counts)
        half = np.where(counts > 1, half, np.nan)
    return mean, mean - half, mean + half


def bootstrap(
    values: np.ndarray, confidence: float, seed: int, resamples: int = 2000
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean over the first axis and its bootstrap interval over images: (n, ...) -> three arrays (...).

    values: float, an image a row; a NaN is left out of its column. Whole images are drawn with
    replacement, the same draws for every column, so that columns stay comparable. The interval is
    BCa, bias-corrected and accelerated (Efron 1987): scores of a network crowd at the ends of their
    range, and BCa follows that skew where the percentile interval keeps its middle too near the
    mean; for a mean the acceleration is known in closed form, so it costs nothing more. A column of
    less than two values has no interval (NaN). Memory stays that of `CHUNK` draws and the means.
    """
    flat = np.asarray(values, np.float64).reshape(len(values), -1)
    there = np.isfinite(flat)
    filled = np.where(there, flat, 0.0)
    counts = there.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = filled.sum(axis=0) / counts
        draws = resampled_means(filled, there, seed, resamples)
    low, high = bca(flat, mean, draws, confidence)
    low[counts < 2] = high[counts < 2] = np.nan
    return tuple(part.reshape(values.shape[1:]) for part in (mean, low, high))


def resampled_means(filled: np.ndarray, there: np.ndarray, seed: int, resamples: int) -> np.ndarray:
    """(resamples, columns): the mean of each column in each draw of images.

    filled, there: (n, columns) float, its missing values as 0, and bool, which values there are.
    """
    n = len(filled)
    rng, step = generator(seed, "bootstrap", n), max(CHUNK // max(n, 1), 1)
    complete, parts = there.all(), []
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        drawn = rng.integers(0, n, (size, n)) + n * np.arange(size)[:, None]
        weights = np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(np.float64)
        parts.append(weights @ filled / (n if complete else weights @ there))
    return np.concatenate(parts)


def bca(
    values: np.ndarray, mean: np.ndarray, draws: np.ndarray, confidence: float
) -> tuple[np.ndarray, np.ndarray]:
    """BCa limits of each column from its bootstrap means (Efron and Tibshirani 1993, equation 14.10)."""
    away = np.nan_to_num(values - mean)
    square = (away**2).sum(axis=0)
    speed = (away**3).sum(axis=0) / (6 * np.where(square > 0, square, 1) ** 1.5)
    # Means that equal the observed one but for rounding count half to either side.
    near = 1e-12 * np.maximum(np.abs(mean), np.sqrt(square))
    below = ((draws < mean - near).mean(axis=0) + (draws <= mean + near).mean(axis=0)) / 2
    edge = 0.5 / len(draws)
    bias = np.array(
        [NORMAL.inv_cdf(float(p)) for p in np.clip(np.nan_to_num(below, nan=0.5), edge, 1 - edge)]
    )
    limits = []
    for z in (-z_value(confidence), z_value(confidence)):
        moved = bias + z
        level = [NORMAL.cdf(float(x)) for x in bias + moved / (1 - speed * moved)]
        limits.append(np.array([np.quantile(draws[:, i], p) for i, p in enumerate(level)], np.float64))
    return limits[0], limits[1]


def sign_flip(values: np.ndarray, seed: int, draws: int) -> np.ndarray:
    """Two-sided p of the paired difference of means between all columns: (n, m) -> (m, m) float64.

    values: float, an image a row, a method a column; an image counts for a pair where both have a
    value. Under the null hypothesis the sign of each image's difference is a coin toss (Fisher 1935);
    p is the share of tosses whose sum is as far from zero as the observed one: all of them for images
    so few that there are no more than `draws`, else `draws` seeded ones and the observed one. The
    statistic is the difference of means itself, by which methods are ranked (Wilcoxon's ranks can
    point the other way when differences are skewed); zeros and ties need no rule. 1 where two columns
    are the same but for float32 rounding, and on the diagonal; NaN where no image has both.
    """
    methods = values.shape[1]
    there = np.isfinite(values)
    groups: dict[bytes, list[tuple[int, int]]] = {}
    for one, two in combinations(range(methods), 2):
        groups.setdefault(np.packbits(there[:, one] & there[:, two]).tobytes(), []).append((one, two))
    p = np.eye(methods)
    for pairs in groups.values():
        common = there[:, pairs[0][0]] & there[:, pairs[0][1]]
        used = sorted({method for pair in pairs for method in pair})
        place = {method: i for i, method in enumerate(used)}
        first, second = ([place[pair[side]] for pair in pairs] for side in (0, 1))
        found = _flipped(np.asarray(values[common][:, used], np.float64), first, second, seed, draws)
        for (one, two), share in zip(pairs, found, strict=True):
            p[one, two] = p[two, one] = share
    return p


def _flipped(values: np.ndarray, first: list[int], second: list[int], seed: int, draws: int) -> np.ndarray:
    """p of each pair of columns; one product of signs and columns serves every pair."""
    n = len(values)
    if n == 0:
        return np.full(len(first), np.nan)
    centred = values - values.mean(axis=1, keepdims=True)  # differences stay, rounding shrinks
    gaps = centred[:, first] - centred[:, second]
    least = np.abs(gaps.sum(axis=0)) - 1e-9 * np.abs(gaps).sum(axis=0)
    exact = n < 60 and 2**n <= draws
    total, hits = 2**n if exact else draws, np.zeros(len(first))
    rng, step = generator(seed, "sign flip", n), max(CHUNK // n, 1)
    for start in range(0, total, step):
        size = min(step, total - start)
        if exact:
            bits = (np.arange(start, start + size)[:, None] >> np.arange(n)) & 1
        else:
            bits = np.unpackbits(rng.integers(0, 256, (size, -(-n // 8)), np.uint8), axis=1, count=n)
        sums = (2.0 * bits - 1) @ centred
        hits += (np.abs(sums[:, first] - sums[:, second]) >= least).sum(axis=0)
    hits[np.abs(gaps).mean(axis=0) <= ROUNDING * np.abs(values).mean()] = total
    return hits / total if exact else (hits + 1) / (total + 1)


def holm(p: np.ndarray) -> np.ndarray:
    """p values corrected for their number so that all claims hold together (Holm 1979); NaN stays."""
    p = np.asarray(p, np.float64)
    out = np.full(p.shape, np.nan)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    stepped = p[order] * np.arange(len(order), 0, -1)
    out[order] = np.minimum(np.maximum.accumulate(stepped), 1)
    return out


def kendall(one: np.ndarray, two: np.ndarray) -> float:
    """Kendall's tau-b (1945) of two (n,) arrays, ties allowed; pairs with a NaN are left out.

    In [-1, 1]; NaN where either is constant or fewer than two values are left.
    """
    both = np.isfinite(one) & np.isfinite(two)
    upper = np.triu_indices(int(both.sum()), 1)
    a, b = (np.sign(x[both][:, None] - x[both][None])[upper] for x in map(np.asarray, (one, two)))
    scale = np.sqrt((a**2).sum() * (b**2).sum())
    return float((a * b).sum() / scale) if scale else float("nan")
