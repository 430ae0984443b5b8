"""Intervals: Wilson for a share, paired for a difference of shares, normal for a mean."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np


def z_value(confidence: float) -> float:
    """Two-sided standard normal quantile: 1.96 for 0.95."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def wilson(correct: int, n: int, confidence: float) -> tuple[float, float]:
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


def mean_interval(values: np.ndarray, confidence: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean over the first axis and its normal interval: (n, ...) -> three arrays (...).

    With one value the interval is nan.
    """
    mean = values.mean(axis=0, dtype=np.float64)
    spread = values.std(axis=0, ddof=1, dtype=np.float64) if len(values) > 1 else np.full_like(mean, np.nan)
    half = z_value(confidence) * spread / np.sqrt(max(len(values), 1))
    return mean, mean - half, mean + half
