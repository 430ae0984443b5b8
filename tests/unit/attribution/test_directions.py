"""Directions of a layer and the logarithm of the softmax as targets, against closed forms."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from signsight.attribution.target import Classes, parse
from signsight.models.classifier import Classifier, to_pixels
from small_models import gap, pictures

IDS, TRUTH = ["a", "b", "c"], np.array([2, 0, 3])
CHANNEL = {"layer": "features.0", "channel": 3}


def some() -> torch.Tensor:
    return to_pixels(pictures(3, 16)).double()


def score_of(model: Classifier, value: dict[str, object]) -> torch.Tensor:
    targets = parse(value, "logit").bind(model, some(), TRUTH, IDS)
    return targets.scores(targets.outputs(model, some()))


def assert_close(found: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)


@torch.no_grad()
def test_a_direction_is_a_sum_of_channels_with_its_weights() -> None:
    model = gap().double()
    weights = np.random.default_rng(0).normal(size=8)
    values = model.network.features[0](model.normalise(some()))
    mixed = (values * torch.tensor(weights)[:, None, None]).sum(1)
    value = {"layer": "features.0", "direction": weights.tolist()}
    assert_close(score_of(model, value), mixed.mean((1, 2)))
    assert_close(score_of(model, value | {"at": [4, 7]}), mixed[:, 4, 7])
    axis = value | {"direction": [0, 0, 0, 1, 0, 0, 0, 0]}
    assert_close(score_of(model, axis), score_of(model, CHANNEL))
    head = {"layer": "head", "direction": [1, -1, 0, 0, 0]}
    assert_close(score_of(model, head), model(some())[:, 0] - model(some())[:, 1])


@torch.no_grad()
def test_the_logarithm_of_the_softmax_is_minus_the_cross_entropy() -> None:
    model = gap().double()
    expected = -nn.functional.cross_entropy(model(some()), torch.tensor(TRUTH), reduction="none")
    targets = Classes(torch.tensor(TRUTH), None, "log_softmax")
    assert_close(targets.scores(model(some())), expected)
