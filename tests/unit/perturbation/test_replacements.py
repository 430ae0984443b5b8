"""Replacements of perturbation metrics: their values (what all of them promise is in tests/contract)."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import torch
from torchvision.transforms.functional import gaussian_blur

from signsight.core.registry import replacements
from signsight.core.rng import generator

IMAGE = np.random.default_rng(0).random((48, 40, 3), dtype=np.float32)


def test_uniform_noise_is_uniform_in_every_channel_and_new_in_every_draw() -> None:
    rng = generator(0, "a")
    noise = np.stack([replacements.get("uniform")(IMAGE, rng) for _ in range(20)]).reshape(-1, 3)
    shares = np.stack([np.histogram(channel, 10, (0, 1))[0] for channel in noise.T]) / len(noise)
    assert np.abs(shares - 0.1).max() < 0.006  # four standard errors
    assert np.abs(np.corrcoef(noise.T) - np.eye(3)).max() < 0.02
    assert len(np.unique(noise[:, 0])) > 0.9 * len(noise)


def test_dirichlet_colours_are_uniform_on_the_triangle_of_sum_one() -> None:
    colours = replacements.get("dirichlet")(IMAGE, generator(0, "a")).reshape(-1, 3)
    np.testing.assert_allclose(colours.sum(1), 1, atol=1e-6)
    for channel in colours.T:  # its margins
        assert scipy.stats.kstest(channel, scipy.stats.beta(1, 2).cdf).pvalue > 0.01
    assert np.corrcoef(colours.T)[0, 1] == pytest.approx(-0.5, abs=0.06)


def test_constants() -> None:
    for name, value in (("zero", 0), ("gray", 0.5), ("white", 1)):
        assert (replacements.get(name)(IMAGE, generator(0)) == value).all()
    np.testing.assert_array_equal(replacements.get("inverse")(IMAGE, generator(0)), 1 - IMAGE)


def test_mean() -> None:
    mean = replacements.get("mean")(IMAGE, generator(0))
    np.testing.assert_allclose(mean[7, 9], IMAGE.astype(float).mean((0, 1)), atol=1e-6)
    assert (mean == mean[0, 0]).all()


@pytest.mark.parametrize(("name", "kernel", "sigma"), [("blur", 11, 5.0), ("blur_sigma_3", 25, 3.0)])
def test_blur_is_that_of_torchvision(name: str, kernel: int, sigma: float) -> None:
    pixels = torch.from_numpy(IMAGE).permute(2, 0, 1)[None]
    expected = gaussian_blur(pixels, [kernel, kernel], [sigma, sigma])[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(replacements.get(name)(IMAGE, generator(0)), expected, atol=2e-6)


def test_blur_of_an_image_smaller_than_the_kernel() -> None:
    flat = np.full((4, 3, 3), 0.3, np.float32)
    np.testing.assert_allclose(replacements.get("blur_sigma_3")(flat, generator(0)), flat, atol=1e-6)
