"""Stability under seeds and noise, on methods whose answer is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from signsight.attribution.run import Settings, explain_batch, explainer
from signsight.core.registry import metrics
from signsight.core.rng import generator
from signsight.evaluation.metrics.block import Block
from signsight.evaluation.metrics.stability import noisy, stability
from small_models import gap, pictures

CPU = torch.device("cpu")


def made(explain: Callable[..., np.ndarray], images: np.ndarray, seed: int = 0) -> Block:
    """A block of `images` with the maps of `explain(model, images, ids, seed)`."""
    ids = [str(n) for n in range(len(images))]
    maps = explain(None, images, ids, seed)
    truth = np.zeros(len(images), int)
    return Block(None, images, maps, ids, truth, None, "predicted", seed, CPU, 4, explain)


def linear_in_pixels(model: object, images: np.ndarray, ids: list[str], seed: int) -> np.ndarray:
    """Twice the sum of the colours, in [0, 1]."""
    return (2 * images.sum(3, dtype=np.float64) / 255).astype(np.float32)


def noise_of_seed(model: object, images: np.ndarray, ids: list[str], seed: int) -> np.ndarray:
    """Uniform noise by image and seed."""
    return np.stack([generator(seed, i).random(images.shape[1:3], dtype=np.float32) for i in ids])


def test_a_deterministic_method_repeats_itself() -> None:
    values = stability(made(linear_in_pixels, pictures(4, 16))).values
    np.testing.assert_allclose(values["seed_repeatability"], 1, atol=1e-12)
    assert set(values) == set(metrics.about("stability")["quantities"])


def test_noise_in_place_of_a_map_has_chance_level() -> None:
    images = pictures(200, 16)
    values = stability(made(noise_of_seed, images)).values
    error = values["seed_repeatability"].std() / np.sqrt(200)
    assert abs(values["seed_repeatability"].mean()) < 4 * error < 0.02
    # it looks at nothing, so that noise on the image does nothing to it
    np.testing.assert_allclose(values["noise_stability"], 1, atol=1e-12)
    assert (values["noise_change"] == 0).all() and (values["local_lipschitz"] == 0).all()


def test_the_pairs_of_seeds_are_averaged() -> None:
    # half of the map is the seed's, so that the correlation of any two is the share of the rest
    def half(model: object, images: np.ndarray, ids: list[str], seed: int) -> np.ndarray:
        fixed = noise_of_seed(None, images, ids, 999)
        own = noise_of_seed(None, images, ids, seed)
        return fixed + own

    found = stability(made(half, pictures(50, 24)), seeds=4).values["seed_repeatability"]
    # Pearson 1/2; the rank correlation of such sums of two uniforms is hardly another
    assert found.mean() == pytest.approx(0.5, abs=0.03)


def test_changes_under_noise_by_hand() -> None:
    images = np.clip(pictures(5, 16), 40, 215)  # far from the ends: nothing is clipped
    block = made(linear_in_pixels, images)
    values = stability(block, copies=2, noise=0.02).values
    changes, slopes = [], []
    for number in range(2):
        step = (noisy(images, block.ids, 0, 0.02, number).astype(float) - images) / 255
        assert step.std() == pytest.approx(0.02, rel=0.05) and abs(step.mean()) < 0.002
        by = np.linalg.norm(2 * step.sum(3), axis=(1, 2))
        changes.append(by / np.linalg.norm(block.maps.astype(float), axis=(1, 2)))
        slopes.append(changes[-1] / np.sqrt((step**2).sum((1, 2, 3))))
    np.testing.assert_allclose(values["noise_change"], np.mean(changes, axis=0), rtol=1e-5)
    np.testing.assert_allclose(values["local_lipschitz"], np.max(slopes, axis=0), rtol=1e-5)
    assert (values["noise_stability"] > 0.95).all()


def test_noise_depends_on_the_image_alone() -> None:
    images, ids = pictures(6, 8), list("abcdef")
    whole = noisy(images, ids, 3, 0.1, 0)
    np.testing.assert_array_equal(whole[[4, 2]], noisy(images[[4, 2]], ["e", "c"], 3, 0.1, 0))
    assert (noisy(images, ids, 3, 0.1, 1) != whole).any() and (noisy(images, ids, 4, 0.1, 0) != whole).any()
    ends = np.stack([np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8)])
    clipped = noisy(ends, ["a", "b"], 0, 0.1, 0)  # clipped, not wrapped round
    assert clipped[0].max() < 150 and clipped[1].min() > 100


def test_maps_without_an_order_are_left_out() -> None:
    def nothing(model: object, images: np.ndarray, ids: list[str], seed: int) -> np.ndarray:
        return np.zeros(images.shape[:3], np.float32)

    assert all(np.isnan(value).all() for value in stability(made(nothing, pictures(3, 8))).values.values())


def test_real_methods_and_the_batch() -> None:
    model, images = gap(), pictures(5, 16)
    ids, truth = list("abcde"), np.zeros(5, int)
    results = []
    for batch_size in (2, 64):
        settings = Settings("saliency", "predicted", "logit", None, batch_size, {}, 0)
        maps = explain_batch(model, images, truth, ids, settings, CPU)
        again = explainer(model, images, truth, ids, settings, CPU)
        block = Block(model, images, maps, ids, truth, None, "predicted", 0, CPU, batch_size, again)
        results.append(stability(block).values)
    for name, values in results[0].items():
        np.testing.assert_allclose(values, results[1][name], rtol=1e-3, err_msg=name)
    np.testing.assert_allclose(results[0]["seed_repeatability"], 1, atol=1e-3)
    assert stability(block.take(np.arange(0))).values["noise_stability"].shape == (0,)
