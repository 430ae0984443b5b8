"""Replacements of region perturbation: their values, range and draws."""

from __future__ import annotations

import numpy as np
import pytest

from signsight.perturbation.replacements import replacements
from signsight.rng import generator

IMAGE = np.random.default_rng(0).random((48, 40, 3), dtype=np.float32)


@pytest.mark.parametrize("name", replacements.names())
def test_every_replacement_is_a_picture_and_leaves_the_image(name: str) -> None:
    before = IMAGE.copy()
    out = replacements.get(name)(IMAGE, generator(0, "a"))
    assert out.shape == IMAGE.shape and out.dtype == np.float32
    assert out.min() >= 0 and out.max() <= 1
    np.testing.assert_array_equal(IMAGE, before)
    np.testing.assert_array_equal(out, replacements.get(name)(IMAGE, generator(0, "a")))


def test_uniform_noise_is_uniform_in_every_channel_and_new_in_every_draw() -> None:
    rng = generator(0, "a")
    noise = np.stack([replacements.get("uniform")(IMAGE, rng) for _ in range(20)]).reshape(-1, 3)
    shares = np.stack([np.histogram(channel, 10, (0, 1))[0] for channel in noise.T]) / len(noise)
    assert np.abs(shares - 0.1).max() < 0.006  # four standard errors
    assert np.abs(np.corrcoef(noise.T) - np.eye(3)).max() < 0.02
    assert len(np.unique(noise[:, 0])) > 0.9 * len(noise)


def test_mean_and_white() -> None:
    mean = replacements.get("mean")(IMAGE, generator(0))
    np.testing.assert_allclose(mean[7, 9], IMAGE.astype(float).mean((0, 1)), atol=1e-6)
    assert (mean == mean[0, 0]).all()
    assert (replacements.get("white")(IMAGE, generator(0)) == 1).all()
