"""Gradient methods, SmoothGrad and integrated gradients against closed forms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from signsight.attribution.reduce import reduced
from signsight.attribution.target import Classes
from signsight.attribution.task import Task
from signsight.core.registry import methods
from signsight.core.rng import generator
from signsight.models.classifier import Classifier
from small_models import MEAN, STD, classifier, linear, relu_net

SIZE = 12
IDS = ["a", "b", "c", "d"]


def raw(
    method: str, model: Classifier, images: torch.Tensor, batch_size: int = 64, **parameters: Any
) -> torch.Tensor:
    """(B, 3, H, W), image n explained for class n."""
    task = Task(model, None, 3, batch_size)
    targets = Classes(torch.arange(len(images)))
    return methods.get(method)(task, images, targets, IDS[: len(images)], **parameters)


def mapped(method: str, model: Classifier, images: torch.Tensor, **parameters: Any) -> torch.Tensor:
    return reduced(raw(method, model, images, **parameters), methods.about(method)["reduce"])


def some(size: int = SIZE, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.rand(4, 3, size, size, generator=torch.Generator().manual_seed(1)).to(dtype)


def weights(model: Classifier) -> torch.Tensor:
    """Of the linear model, by the pixels in [0, 1]: (4, 3, H, W)."""
    return model.network[1].weight.detach().view(4, 3, SIZE, SIZE) / torch.tensor(STD).view(3, 1, 1)


CLOSED = {
    "gradient": lambda w: w.sum(1),
    "saliency": lambda w: w.abs().max(1).values,
    "sensitivity_l2": lambda w: torch.linalg.vector_norm(w, dim=1),
    "sensitivity_linf": lambda w: torch.linalg.vector_norm(w, ord=float("inf"), dim=1),
    "positive_saliency": lambda w: w.relu().max(1).values,
    "negative_saliency": lambda w: (-w).relu().max(1).values,
    "smooth_grad": lambda w: w.abs().max(1).values,
}


@pytest.mark.parametrize("method", CLOSED)
def test_of_a_linear_model_it_is_the_weights(method: str) -> None:
    model = linear(4, SIZE)
    few = {"samples": 3} if method == "smooth_grad" else {}
    torch.testing.assert_close(mapped(method, model, some(), **few), CLOSED[method](weights(model)))


def test_of_a_linear_model_gradient_x_input_is_weight_times_normalised_input() -> None:
    model, images = linear(4, SIZE), some()
    seen = (images - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
    expected = (model.network[1].weight.detach().view(4, 3, SIZE, SIZE) * seen).sum(1)
    torch.testing.assert_close(mapped("gradient_x_input", model, images), expected)


@pytest.mark.parametrize("steps", [1, 4])
def test_of_a_linear_model_integrated_gradients_are_weight_times_difference(steps: int) -> None:
    model, images, colour = linear(4, SIZE), some(), [0.2, 0.5, 0.9]
    expected = (weights(model) * (images - torch.tensor(colour).view(3, 1, 1))).sum(1)
    settings = {"steps": steps, "baseline": colour}
    torch.testing.assert_close(mapped("integrated_gradients", model, images, **settings), expected)
    without = mapped("integrated_gradients", model, images, times_input=False, **settings)
    torch.testing.assert_close(without, weights(model).sum(1))


def test_in_a_relu_network_without_biases_gradient_x_input_sums_to_the_logit() -> None:
    """Euler's theorem: such a network is homogeneous of degree one in its normalised input."""
    model, images = relu_net(bias=False, size=16).double(), some(16, torch.float64)
    logits = model(images).detach()[range(4), range(4)]
    torch.testing.assert_close(mapped("gradient_x_input", model, images).sum((1, 2)), logits)
    assert not torch.allclose(mapped("gradient_x_input", relu_net().double(), images).sum((1, 2)), logits)


class Cubic(nn.Module):
    """Four logits, polynomials of degree three in the pixels."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.first, self.second = nn.Linear(3 * SIZE * SIZE, 9), nn.Linear(9, 4)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.second(self.first(images.flatten(1)).pow(3))


def missing(model: Classifier, images: torch.Tensor, **settings: Any) -> float:
    """Largest |sum of the map - (score of the image - score of the baseline)| over the images."""
    colour = settings.get("baseline", [0.0, 0.0, 0.0])
    start = torch.tensor(colour, dtype=images.dtype).view(3, 1, 1).expand_as(images)
    gained = (model(images) - model(start)).detach()[range(4), range(4)]
    found = mapped("integrated_gradients", model, images, **settings).sum((1, 2))
    return (found - gained).abs().max().item()


def test_integrated_gradients_are_complete_and_exact_for_polynomials() -> None:
    """n Gauss-Legendre points integrate degree 2 n - 1; the gradient of a cubic has degree two."""
    model, images = classifier(Cubic(), 4, SIZE).double(), some(dtype=torch.float64)
    assert missing(model, images, steps=1) > 1e-3
    for settings in ({"steps": 2}, {"steps": 7, "baseline": [0.3, 0.6, 0.1]}):
        assert missing(model, images, **settings) < 1e-12


class Smooth(nn.Module):
    """Four logits, neither polynomials nor piecewise linear."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(5)
        self.net = nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(4 * 100, 6), nn.GELU(), nn.Linear(6, 4)
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.net(images)


def test_what_integrated_gradients_miss_shrinks_with_the_steps() -> None:
    model, images = classifier(Smooth(), 4, SIZE).double(), some(dtype=torch.float64)
    misses = [missing(model, images, steps=steps) for steps in (1, 4, 16)]
    assert misses[0] > 10 * misses[1] > 1000 * misses[2]
    kinked = [missing(relu_net().double(), some(16, torch.float64), steps=steps) for steps in (4, 64, 1000)]
    assert kinked[0] > kinked[2] and kinked[1] < 0.02 and kinked[2] < 1e-3


class Square(nn.Module):
    """Four logits: sums of squares of the normalised input with known factors."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(6)
        self.register_buffer("factors", torch.randn(4, 3, SIZE, SIZE))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return (images[:, None].square() * self.factors).sum((2, 3, 4))


def test_smooth_grad_averages_the_gradient_over_the_noise_of_each_image() -> None:
    """The gradient of a square is linear: its mean is that at the image plus the mean noise."""
    model, images = classifier(Square(), 4, SIZE), some() * torch.tensor([1, 0.5, 0.1, 0.9]).view(4, 1, 1, 1)
    spans = (images.amax((1, 2, 3)) - images.amin((1, 2, 3))).view(4, 1, 1, 1)
    means = []
    for name in IDS:
        source = generator(3, "smooth", name)
        draws = [source.standard_normal((SIZE, SIZE, 3), dtype=np.float32) for _ in range(5)]
        means.append(np.mean(draws, axis=0).transpose(2, 0, 1))
    middle = images + 0.2 * spans * torch.from_numpy(np.stack(means))
    std = model.std[:, None, None]
    expected = 2 * model.network.factors * model.normalise(middle) / std
    torch.testing.assert_close(raw("smooth_grad", model, images, samples=5, spread=0.2), expected)


@pytest.mark.parametrize("method", ["smooth_grad", "smooth_guided_backprop"])
def test_without_noise_smoothing_changes_nothing(method: str) -> None:
    model, images = relu_net(size=16), some(16)
    plain = raw({"smooth_grad": "gradient"}.get(method, "guided_backprop"), model, images)
    torch.testing.assert_close(raw(method, model, images, samples=3, spread=0.0), plain)
    assert not torch.allclose(raw(method, model, images, samples=3, spread=0.5), plain, rtol=1e-2)


@contextmanager
def passes(model: Classifier) -> Iterator[list[int]]:
    """Sizes of the batches that the network is given."""
    seen: list[int] = []
    handle = model.network.register_forward_pre_hook(lambda module, args: seen.append(len(args[0])))
    yield seen
    handle.remove()


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("smooth_grad", {"samples": 5}),
        ("smooth_guided_backprop", {"samples": 5}),
        ("integrated_gradients", {"steps": 5}),
    ],
)
def test_copies_and_steps_go_in_full_pieces_of_the_batch_size(
    method: str, parameters: dict[str, int]
) -> None:
    model, images = relu_net(size=16), some(16)
    whole = raw(method, model, images, batch_size=64, **parameters)
    for batch_size, expected in ((64, [20]), (4, [4] * 5), (6, [6, 6, 6, 2]), (1, [1] * 20)):
        with passes(model) as seen:
            found = raw(method, model, images, batch_size=batch_size, **parameters)
        assert seen == expected
        torch.testing.assert_close(found, whole, rtol=1e-4, atol=1e-6)


def test_the_softmax_score_is_explained_where_asked() -> None:
    """d p_c / dx = p_c * (w_c - sum of p_j w_j)."""
    model, images = linear(4, SIZE), some()
    task = Task(model, None, 0)
    shares = model(images).softmax(1).detach()
    mean = torch.einsum("bc,cxyz->bxyz", shares, weights(model))
    expected = shares.diagonal()[:, None, None, None] * (weights(model) - mean)
    found = methods.get("gradient")(task, images, Classes(torch.arange(4), score="softmax"), IDS)
    torch.testing.assert_close(found, expected)
