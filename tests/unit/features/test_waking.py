"""Units behind ReLUs that are off: woken where that can be, and said to be inactive where it cannot."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from signsight.attribution.target import Classes, parse
from signsight.features.objectives import Objective, OfTarget
from signsight.features.optimise import Made, optimise
from signsight.features.recipe import Recipe
from signsight.models.classifier import Classifier, to_pixels
from small_models import classifier, gap, pictures


def of_classes(*classes: int) -> OfTarget:
    return OfTarget(Classes(torch.tensor(classes)))


def make(model: Classifier, objective: Objective, recipe: Recipe, keys: list[str]) -> Made:
    return optimise(model, objective, recipe, keys, 3)


class Gate(nn.Module):
    """Logit c: a ReLU that the mean of colour c passes from `bounds[c]` on."""

    def __init__(self, bounds: list[float]) -> None:
        super().__init__()
        self.register_buffer("bounds", torch.tensor(bounds))
        self.relu = nn.ReLU()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.relu(images.mean((2, 3)) - self.bounds)


def gates(*bounds: float) -> Classifier:
    """Gates in units of pixels in [0, 1]."""
    model = classifier(Gate(list(bounds)), 3, 8)
    with torch.no_grad():
        model.network.bounds.sub_(model.mean).div_(model.std)
    return model


def test_a_unit_behind_a_relu_that_is_off_is_woken() -> None:
    recipe = Recipe("fourier", steps=80, rate=0.05)
    made = make(gates(0.1, 0.55, 0.55), of_classes(0, 1, 2), recipe, ["a", "b", "c"])
    assert (made.curve[1:, 0] == 0).all() and made.curve[0, 0] > 0
    assert (made.scores > 0).all() and made.active.all()


def test_waking_one_unit_leaves_the_other_pictures_as_they_are() -> None:
    recipe = Recipe("fourier", steps=20, rate=0.05, transforms={"shift": {}, "noise": {}})
    model = gates(0.1, 0.55, 0.55).double()
    both = make(model, of_classes(0, 1), recipe, ["a", "b"])
    for row, (number, key) in enumerate([(0, "a"), (1, "b")]):
        alone = make(model, of_classes(number), recipe, [key])
        np.testing.assert_array_equal(alone.frames[0], both.frames[row])


def test_a_unit_that_nothing_can_wake_is_said_to_be_inactive() -> None:
    made = make(gates(0.1, 1.5, 0.55), of_classes(0, 1), Recipe("fourier", steps=30, rate=0.05), ["a", "b"])
    assert made.active.tolist() == [True, False] and made.scores[1] == 0


def test_a_channel_without_weights_is_inactive() -> None:
    model, recipe = gap(), Recipe("pixels", steps=8, rate=0.05)
    with torch.no_grad():
        model.network.features[3].weight[4].zero_()

    def made(channel: int) -> Made:
        unit = parse({"layer": "features", "channel": channel}, "logit", "key")
        bound = unit.bind(model, to_pixels(pictures(2, 16)), np.zeros(2, int), ["", ""])
        return make(model, OfTarget(bound), recipe, ["a", "b"])

    assert not made(4).active.any() and made(3).active.all()


class Bright(nn.Module):
    """Logit c: a ReLU that is passed from `bounds[c]` on by the mean of what is above 0 in colour c."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("bounds", torch.tensor([0.1, 50.0, 0.1]))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.relu(torch.relu(images).mean((2, 3)) - self.bounds)


class Pair(OfTarget):
    """An objective that must see both pictures of a group."""

    def __call__(self, model: Classifier, seen: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        assert rows.tolist() == [0, 1]
        return super().__call__(model, seen, rows)


def test_in_a_group_only_the_picture_that_is_off_gets_the_gradient_that_wakes() -> None:
    model, recipe = classifier(Bright(), 3, 8).double(), Recipe("pixels", steps=6, rate=0.05)
    alone = make(model, of_classes(0), recipe, ["a"])
    pair = Pair(Classes(torch.tensor([0, 1])), group=2)
    both = make(model, pair, recipe, ["a", "b"])
    np.testing.assert_array_equal(both.frames[0], alone.frames[0])
    assert both.active.tolist() == [True, False]
