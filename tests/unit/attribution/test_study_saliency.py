"""The plugin docs/examples/study_saliency.py: signed saliency of a network in training mode."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from signsight.attribution.run import Settings, explain_batch
from signsight.core.errors import UserError
from signsight.core.registry import methods, plugins, use_plugins
from signsight.core.rng import generator
from signsight.models.classifier import Classifier, to_pixels
from signsight.perturbation.grid import cell_sums, rank_cells

ROOT = Path(__file__).parents[3]
NAME = "saliency_as_published"
CPU = torch.device("cpu")
RNG = np.random.default_rng(5)
IMAGES = RNG.integers(0, 256, (5, 8, 8, 3), np.uint8)
IDS, TRUTH = list("abcde"), np.array([0, 1, 2, 3, 0])


@pytest.fixture(autouse=True)
def used() -> Iterator[None]:
    before = plugins()
    use_plugins([ROOT / "docs/examples/study_saliency.py"])
    yield
    use_plugins(before)


def classifier(*between: nn.Module) -> Classifier:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1), *between, nn.ReLU(), nn.Flatten(), nn.Linear(6 * 64, 4)
    )
    facts = {"classes": list("wxyz"), "size": 8, "mean": [0.4, 0.5, 0.6], "std": [0.2, 0.3, 0.25]}
    return Classifier(network, architecture="own", parameters={}, **facts).eval()


def maps(model: Classifier, chosen: slice = slice(None), batch_size: int = 5, seed: int = 3) -> np.ndarray:
    settings = Settings(NAME, "true", "logit", None, batch_size, {}, seed)
    return explain_batch(model, IMAGES[chosen], TRUTH[chosen], IDS[chosen], settings, CPU)


def by_autograd(model: Classifier, seed: int | None = None) -> np.ndarray:
    """Signed maximum over the colours of the gradient, image by image, in the mode that the model is in."""
    found = []
    for place in range(len(IMAGES)):
        if seed is not None:
            torch.manual_seed(int(generator(seed, NAME, IDS[place]).integers(2**63)))
        pixels = to_pixels(IMAGES[place : place + 1], CPU).requires_grad_()
        score = model(pixels)[0, int(TRUTH[place])]
        found.append(torch.autograd.grad(score, pixels)[0].amax(1)[0])
    return torch.stack(found).numpy()


def test_it_is_the_signed_maximum_of_the_gradient() -> None:
    """Without dropout and normalisation there is one mode only."""
    model = classifier()
    found = maps(model)
    np.testing.assert_allclose(found, by_autograd(model), rtol=1e-5, atol=1e-7)
    assert (found < 0).any() and (found > 0).any() and methods.about(NAME)["signed"]


def test_dropout_and_the_statistics_of_the_picture_are_active() -> None:
    model = classifier(nn.BatchNorm2d(6), nn.Dropout2d(0.5))
    found = maps(model)
    assert not np.allclose(found, by_autograd(model), atol=1e-3)
    model.train()
    np.testing.assert_allclose(found, by_autograd(model, seed=3), rtol=1e-4, atol=1e-6)


def test_modes_statistics_and_random_numbers_are_as_they_were() -> None:
    model = classifier(nn.BatchNorm2d(6), nn.Dropout2d(0.5))
    model.network[1].train()
    modes = [module.training for module in model.modules()]
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    weights = [parameter.clone() for parameter in model.parameters()]
    state = torch.get_rng_state()
    maps(model)
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(buffer, buffers[name]) for name, buffer in model.named_buffers())
    assert all(torch.equal(own, before) for own, before in zip(model.parameters(), weights, strict=True))
    assert torch.equal(torch.get_rng_state(), state) and all(p.requires_grad for p in model.parameters())


def test_a_map_depends_on_its_picture_and_the_seed_alone() -> None:
    model = classifier(nn.BatchNorm2d(6), nn.Dropout2d(0.5))
    every = maps(model)
    np.testing.assert_allclose(maps(model, slice(2, 4)), every[2:4], rtol=1e-5, atol=1e-7)
    assert np.array_equal(maps(model), every) and not np.allclose(maps(model, seed=4), every)


def test_a_network_that_normalises_over_pictures_is_refused() -> None:
    model = classifier()
    model.network.append(nn.BatchNorm1d(4))
    with pytest.raises(UserError, match=r"normalises over several; take the method 'saliency'"):
        maps(model)


def test_cells_of_a_signed_map_are_ranked_as_in_the_study() -> None:
    """It sums the highest quarter of the pixels, signed; at least that share of such a map is positive."""
    signed = RNG.normal(size=(50, 3, 48, 48)).max(1).astype(np.float32)
    kept = signed * (signed >= np.quantile(signed, 0.75, axis=(1, 2), keepdims=True))
    assert ((signed > 0).mean((1, 2)) > 0.25).all()
    literal = np.argsort(-cell_sums(kept, 8), axis=1, kind="stable")[:, :10]
    assert np.array_equal(rank_cells(signed, 8, 0.25, 10), literal)
