"""ROAD, sensitivity-n and faithfulness correlation on linear networks, where they are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from signsight.core.rng import generator
from signsight.evaluation.metrics.block import Block
from signsight.evaluation.metrics.road import road
from signsight.evaluation.metrics.subsets import faithfulness_correlation, sensitivity_n
from signsight.models.classifier import Classifier, to_pixels
from signsight.perturbation.imputation import impute
from small_models import linear, pictures

COUNT, SIZE = 5, 12


def contributions(model: Classifier, images: np.ndarray) -> np.ndarray:
    """(n, H, W): what each pixel adds to the predicted class's logit, against black."""
    weights = model.network[1].weight.detach().view(-1, 3, SIZE, SIZE) / model.std[:, None, None]
    pixels = to_pixels(images)
    return (weights[model(pixels).argmax(1)] * pixels).sum(1).detach().numpy()


def block(maps: np.ndarray | None = None, batch_size: int = 7) -> Block:
    model, images = linear(4, SIZE), pictures(COUNT, SIZE)
    return Block(
        model=model,
        images=images,
        maps=contributions(model, images) if maps is None else maps,
        ids=[f"image {n}" for n in range(COUNT)],
        truth=np.zeros(COUNT, int),
        regions=None,
        target="predicted",
        seed=3,
        device=torch.device("cpu"),
        batch_size=batch_size,
    )


def test_complete_maps_of_a_linear_network_have_correlation_one() -> None:
    """The fall of the logit is the very sum of what the hidden pixels added."""
    exact = sensitivity_n(block(), shares=[0.05, 0.5], subsets=20)
    np.testing.assert_allclose(exact.curves["correlation"], 1, atol=1e-4)
    np.testing.assert_allclose(exact.values["sensitivity_n"], 1, atol=1e-4)
    turned = faithfulness_correlation(block(-block().maps), share=0.2, subsets=20)
    np.testing.assert_allclose(turned.values["faithfulness_correlation"], -1, atol=1e-4)


def test_random_maps_have_no_correlation_on_average() -> None:
    maps = np.random.default_rng(0).random((COUNT, SIZE, SIZE), np.float32)
    found = sensitivity_n(block(maps), shares=[0.05, 0.1, 0.3], subsets=300)
    assert abs(found.values["sensitivity_n"].mean()) < 0.1
    flat = faithfulness_correlation(block(np.zeros_like(maps)), subsets=5)
    assert np.isnan(flat.values["faithfulness_correlation"]).all()


def test_the_correlation_is_that_of_subsets_taken_one_by_one() -> None:
    """The same draws, the network run on each picture alone, numpy's own correlation."""
    own, share, subsets = block(), 0.1, 15
    found = faithfulness_correlation(own, share=share, subsets=subsets, hidden="gray", score="softmax")
    for n in range(COUNT):
        rng, flat = generator(own.seed, "subsets", own.ids[n]), own.maps[n].astype(np.float64).ravel()
        clean = to_pixels(own.images[n : n + 1])
        before = own.model(clean).softmax(1).detach()
        kind, sums, falls = before.argmax(), [], []
        for _ in range(subsets):
            chosen = rng.choice(flat.size, round(share * flat.size), replace=False, shuffle=False)
            picture = clean.clone()
            picture.view(1, 3, -1)[:, :, chosen] = 0.5
            sums.append(flat[chosen].sum())
            after = own.model(picture).softmax(1).detach()
            falls.append(float(before[0, kind] - after[0, kind]))
        expected = np.corrcoef(sums, falls)[0, 1]
        assert found.values["faithfulness_correlation"][n] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("batch_size", [1, 4, 1000])
def test_the_batch_size_does_not_matter(batch_size: int) -> None:
    one, other = (sensitivity_n(block(batch_size=b), shares=[0.1, 0.4], subsets=9) for b in (7, batch_size))
    np.testing.assert_allclose(one.curves["correlation"], other.curves["correlation"], atol=1e-4)
    one, other = (road(block(batch_size=b), shares=[0.2, 0.7]) for b in (7, batch_size))
    for name in ("morf", "lerf"):
        np.testing.assert_allclose(one.curves[name], other.curves[name], atol=1e-4)


def test_road_hides_the_right_pixels_and_fills_them_from_their_neighbours() -> None:
    own = block()
    found = road(own, shares=[0.25], noise=0.0, score="logit")
    clean = to_pixels(own.images)
    target = own.model(clean).argmax(1)
    flat, count = own.maps.reshape(COUNT, -1), round(0.25 * SIZE * SIZE)
    for name, sign in (("morf", -1), ("lerf", 1)):
        hidden = np.zeros((COUNT, SIZE * SIZE), bool)
        np.put_along_axis(hidden, np.argsort(sign * flat, axis=1, kind="stable")[:, :count], True, axis=1)
        filled = impute(clean, torch.from_numpy(hidden).view(COUNT, 1, SIZE, SIZE))
        expected = own.model(filled).gather(1, target[:, None])[:, 0].detach()
        np.testing.assert_allclose(found.curves[name][:, 0], expected, atol=1e-4)
    gap = (found.values["road_lerf"] - found.values["road_morf"]) / 2
    np.testing.assert_allclose(found.values["road"], gap)
    assert (found.values["road"] > 0).all()


def test_the_noise_of_road_is_on_hidden_pixels_only_and_has_its_width() -> None:
    """A network that shows its input: one logit a pixel."""
    own = block()
    quiet, loud = (road(own, shares=[0.5], noise=noise, score="logit") for noise in (0.0, 0.05))
    weights = own.model.network[1].weight.detach() / own.model.std.repeat_interleave(SIZE * SIZE)
    target = own.model(to_pixels(own.images)).argmax(1)
    moved = loud.curves["morf"][:, 0] - quiet.curves["morf"][:, 0]
    sd = 0.05 * weights[target].square().sum(1).sqrt().numpy() * np.sqrt(0.5)
    assert (np.abs(moved) < 4 * sd).all() and np.abs(moved).max() > 0.1 * sd.min()
