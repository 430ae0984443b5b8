"""Rank correlation and SSIM against SciPy, a slow loop over windows, and cases known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from signsight.evaluation.similarity import average_ranks, rank_correlation, ssim

RNG = np.random.default_rng(3)


def test_ranks_share_their_mean_on_ties() -> None:
    values = np.array([[5.0, 1, 5, 0, 5], [2, 2, 2, 2, 2], [1, 2, 3, 4, 5]])
    assert average_ranks(values).tolist() == [[3, 1, 3, 0, 3], [2] * 5, [0, 1, 2, 3, 4]]


@pytest.mark.parametrize("levels", [2, 7, 10_000], ids=["many ties", "ties", "hardly a tie"])
def test_rank_correlation_is_that_of_scipy(levels: int) -> None:
    stats = pytest.importorskip("scipy.stats", reason="SciPy is a test oracle that is not installed")
    a, b = RNG.integers(0, levels, (2, 6, 9, 8)).astype(np.float32)
    b[3:] += a[3:]
    expected = [stats.spearmanr(x.ravel(), y.ravel()).statistic for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(rank_correlation(a, b), expected, atol=1e-12)


def test_rank_correlation_sees_only_the_order() -> None:
    maps = RNG.normal(size=(4, 10, 10)).astype(np.float32)
    np.testing.assert_allclose(rank_correlation(maps, np.exp(maps)), 1, atol=1e-12)
    np.testing.assert_allclose(rank_correlation(maps, -maps), -1, atol=1e-12)
    assert abs(rank_correlation(maps, RNG.normal(size=maps.shape))).max() < 0.4  # sd 0.1


def test_rank_correlation_is_undefined_for_a_map_without_an_order() -> None:
    maps = RNG.normal(size=(4, 5, 5))
    others = maps.copy()
    others[1], others[2, 0, 0], others[3, 4, 4] = 7, np.nan, np.inf
    assert np.isnan(rank_correlation(maps, others)).tolist() == [False, True, True, True]


def slow_ssim(a: np.ndarray, b: np.ndarray, data_range: float, width: int) -> float:
    """Equations 14 to 16 and 13 of Wang et al. 2004, one window at a time."""
    axis = np.arange(width) - (width - 1) / 2
    window = np.exp(-(axis[:, None] ** 2 + axis**2) / (2 * 1.5**2))
    window /= window.sum()
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    found = []
    for i in range(a.shape[0] - width + 1):
        for j in range(a.shape[1] - width + 1):
            x, y = (m[i : i + width, j : j + width] for m in (a, b))
            mx, my = (window * x).sum(), (window * y).sum()
            vx, vy = (window * (x - mx) ** 2).sum(), (window * (y - my) ** 2).sum()
            both = (window * (x - mx) * (y - my)).sum()
            found.append((2 * mx * my + c1) * (2 * both + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2)))
    return float(np.mean(found))


@pytest.mark.parametrize(
    ("shape", "width", "data_range"), [((14, 17), 11, 1), ((11, 11), 11, 2), ((8, 8), 7, 1), ((5, 5), 5, 1)]
)
def test_ssim_is_that_of_the_paper(shape: tuple[int, int], width: int, data_range: float) -> None:
    a = RNG.random((3, *shape))
    b = np.clip(a + RNG.normal(size=a.shape) * np.array([0, 0.1, 1])[:, None, None], 0, 1)
    expected = [slow_ssim(x, y, data_range, width) for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(ssim(a, b, data_range), expected, atol=1e-12)


@pytest.mark.oracles
def test_ssim_is_that_of_scikit_image() -> None:
    metrics = pytest.importorskip(
        "skimage.metrics", reason="scikit-image is an oracle of its own environment"
    )
    a, b = RNG.random((2, 24, 30))
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1}
    expected = metrics.structural_similarity(a, b, **options)
    np.testing.assert_allclose(ssim(a[None], b[None], 1)[0], expected, atol=1e-12)


def test_ssim_of_constant_maps_by_hand() -> None:
    maps = np.full((1, 12, 12), 0.2)
    # only the luminance is left: (2 x y + C1) / (x^2 + y^2 + C1)
    np.testing.assert_allclose(ssim(maps, 3 * maps, 1), (0.24 + 1e-4) / (0.4 + 1e-4), rtol=1e-9)
    assert ssim(maps, maps, 1) == pytest.approx(1)
