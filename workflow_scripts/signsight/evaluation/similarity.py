"""How alike two maps are: Spearman's rank correlation and the structural similarity (SSIM)."""

from __future__ import annotations

import math

import numpy as np

SIDE, SIGMA = 11, 1.5  # Gaussian window of Wang et al. 2004, in pixels
K1, K2 = 0.01, 0.03


def average_ranks(values: np.ndarray) -> np.ndarray:
    """Ranks 0..P-1 within each row of (n, P), ties sharing their mean rank: (n, P) float64."""
    order = np.argsort(values, axis=1, kind="stable")
    ordered = np.take_along_axis(values, order, axis=1)
    place = np.broadcast_to(np.arange(values.shape[1]), values.shape)
    edge = np.ones((len(values), 1), bool)
    changes = ordered[:, 1:] != ordered[:, :-1]
    first = np.maximum.accumulate(np.where(np.hstack([edge, changes]), place, 0), axis=1)
    ends = np.where(np.hstack([changes, edge]), place, values.shape[1])
    last = np.minimum.accumulate(ends[:, ::-1], axis=1)[:, ::-1]
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, (first + last) / 2, axis=1)
    return ranks


def rank_correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation of each pair of maps, (n, ...) and (n, ...) -> (n,) in -1..1.

    It is Pearson's correlation of the ranks, ties averaged. NaN where a map is constant, and so
    has no order, or not finite.
    """
    a, b = (maps.reshape(len(maps), math.prod(maps.shape[1:])) for maps in (a, b))
    finite = np.isfinite(a).all(1) & np.isfinite(b).all(1)
    ranks = [average_ranks(maps) for maps in (a, b)]
    x, y = (r - (r.shape[1] - 1) / 2 for r in ranks)
    scale = np.sqrt((x * x).sum(1) * (y * y).sum(1))
    found = np.divide((x * y).sum(1), scale, out=np.full(len(a), np.nan), where=finite & (scale > 0))
    return _clip(found)


def ssim(a: np.ndarray, b: np.ndarray, data_range: float) -> np.ndarray:
    """Mean structural similarity of each pair of maps, (n, H, W) and (n, H, W) -> (n,) in -1..1.

    Wang et al. 2004, equation 13: means, variances and covariance weighed by a Gaussian (11 x 11
    pixels, sd 1.5), K1 = 0.01, K2 = 0.03, `data_range` the span of possible values; averaged over
    the windows that lie wholly in the map. On maps below 11 pixels the window is their largest odd
    side, its sd as before.
    """
    a, b = a.astype(np.float64), b.astype(np.float64)
    rows, columns = (_windows(side) for side in a.shape[1:])

    def local(values: np.ndarray) -> np.ndarray:
        return rows @ values @ columns.T

    c1, c2 = (K1 * data_range) ** 2, (K2 * data_range) ** 2
    mean_a, mean_b = local(a), local(b)
    variances = local(a * a) + local(b * b) - mean_a**2 - mean_b**2
    covariance = local(a * b) - mean_a * mean_b
    likeness = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    likeness /= (mean_a**2 + mean_b**2 + c1) * (variances + c2)
    return _clip(likeness.mean((1, 2)))


def likeness(a: np.ndarray, b: np.ndarray, absolute: bool) -> tuple[np.ndarray, np.ndarray]:
    """Rank correlation and SSIM of each pair of maps (n, H, W), each (n,).

    For the SSIM both are divided by their highest absolute value; the data range is 1 for absolute
    values and 2 for signed ones. Both NaN where a map is constant or not finite.
    """
    a, b = (np.abs(maps) if absolute else maps for maps in (a, b))
    rank = rank_correlation(a, b)
    alike = ssim(_scaled(a), _scaled(b), data_range=1 if absolute else 2)
    return rank, np.where(np.isnan(rank), np.nan, alike)


def _scaled(maps: np.ndarray) -> np.ndarray:
    highest = np.abs(maps).max((1, 2), keepdims=True).astype(np.float64)
    return np.divide(maps, highest, out=np.zeros(maps.shape), where=(highest > 0) & np.isfinite(highest))


def _windows(side: int) -> np.ndarray:
    """(windows, side): one row for each place of the Gaussian within `side` pixels."""
    width = min(SIDE, side - 1 + side % 2)
    window = np.exp(-0.5 * ((np.arange(width) - width // 2) / SIGMA) ** 2)
    places = side - width + 1
    matrix = np.zeros((places, side))
    for place in range(places):
        matrix[place, place : place + width] = window / window.sum()
    return matrix


def _clip(values: np.ndarray) -> np.ndarray:
    """Without what rounding adds beyond -1 and 1."""
    return np.clip(values, -1, 1)
