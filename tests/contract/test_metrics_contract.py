"""Every registered metric keeps the registry's promises, on a network whose true evidence is known."""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from signsight.attribution.run import Settings, explain_batch, explainer
from signsight.core.registry import metrics
from signsight.evaluation.metrics.block import Block, Result
from signsight.models.classifier import Classifier
from small_models import MEAN, STD, classifier, gap, pictures

CPU = torch.device("cpu")
COUNT, SIZE = 16, 16
FAR = 4.0  # about a third of a picture's weight
# Where a metric has a parameter of this name, the test gives it so that tiny images will do.
SMALL = {
    "region": 4,
    "steps": 8,
    "repetitions": 2,
    "grid": 4,
    "max_cells": 4,
    "subsets": 40,
    "shares": (0.1, 0.4),
}
# that of boxes alone is tested in tests/unit/detection
METRICS = [name for name in metrics.names() if metrics.about(name).get("explains") != "boxes"]
QUANTITIES = [(m, q) for m in METRICS for q in metrics.about(m)["quantities"]]


class Templates(nn.Module):
    """Logit of class c: minus the distance of the image to picture c, each pixel by its weight.

    Whatever hides a pixel of picture c, its logit falls by about the pixel's weight: the weights are
    the true contributions, for every fill. The last class is for what is far from every picture.
    """

    target = "distance"

    def __init__(self, images: np.ndarray, weights: np.ndarray) -> None:
        super().__init__()
        pixels = torch.tensor(images / 255, dtype=torch.float32).permute(0, 3, 1, 2)
        pictures = (pixels - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]
        self.pictures = nn.Parameter(pictures)
        self.weights = nn.Parameter(torch.tensor(weights))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits (B, classes)."""
        distance = (images[:, None] - self.pictures).abs().sum(2)
        near = -(distance * self.weights).sum((2, 3))
        return torch.cat([near, torch.full_like(near[:, :1], -FAR)], 1)


@cache
def weights() -> np.ndarray:
    """(COUNT, SIZE, SIZE): high in a disc of each picture, with some noise; all are positive."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:SIZE, :SIZE]
    discs = [np.hypot(y - cy, x - cx) < 4.5 for cy, cx in rng.uniform(4, SIZE - 4, (COUNT, 2))]
    return ((0.05 + np.stack(discs)) * rng.uniform(0.5, 1, (COUNT, SIZE, SIZE)) / 20).astype(np.float32)


def explain(model: Classifier, images: np.ndarray, ids: list[str], seed: int) -> np.ndarray:
    settings = Settings("saliency", "predicted", "logit", None, 16, {}, seed)
    return explain_batch(model, images, np.zeros(len(images), int), ids, settings, CPU)


def explain_rival(model: Classifier, images: np.ndarray, ids: list[str], seed: int) -> np.ndarray:
    settings = Settings("saliency", "predicted", "logit", None, 16, {}, seed)
    return explainer(model, images, np.zeros(len(images), int), ids, settings, CPU, against=True)(
        model, images, ids, seed
    )


@cache
def model_for(metric: str) -> Classifier:
    """The templates; where the method is run again, a network with layers."""
    if metrics.about(metric)["needs"] == "method":
        return gap(5, SIZE)
    return classifier(Templates(pictures(COUNT, SIZE), weights()), COUNT + 1, SIZE)


def block_for(metric: str, maps: np.ndarray | None = None, **changes: Any) -> Block:
    images, model = pictures(COUNT, SIZE), model_for(metric)
    ids = [f"image {n}" for n in range(COUNT)]
    if maps is None:
        again = metrics.about(metric)["needs"] == "method"
        maps = explain(model, images, ids, 0) if again else weights()
    regions = (weights() > 0.02).astype(np.uint8)
    regions[:, 5:9] *= 2
    settings: dict[str, Any] = {
        "model": model,
        "images": images,
        "maps": maps,
        "ids": ids,
        "truth": np.arange(COUNT) % len(model.classes),
        "regions": regions,
        "target": "predicted",
        "seed": 0,
        "device": CPU,
        "batch_size": 32,
        "explain": explain,
        "explain_rival": explain_rival,
    }
    return Block(**settings | changes)


def measure(metric: str, block: Block) -> Result:
    function = metrics.get(metric)
    known = inspect.signature(function).parameters
    return function(block, **{name: value for name, value in SMALL.items() if name in known})


@cache
def control(metric: str, kind: str) -> Result:
    """The metric of the true contributions, of their opposite, or of noise."""
    maps = {
        "oracle": weights(),
        "opposite": weights().max() - weights(),
        "random": np.random.default_rng(9).random((COUNT, SIZE, SIZE), dtype=np.float32),
    }
    return measure(metric, block_for(metric, maps[kind]))


def mean(result: Result, quantity: str) -> float:
    return float(np.nanmean(result.values[quantity]))


@pytest.mark.parametrize("metric", METRICS)
def test_what_a_metric_says_of_itself(metric: str) -> None:
    about = metrics.about(metric)
    assert about["needs"] in ("model", "regions", "method") and about["source"] and about["label"]
    for told in about["quantities"].values():
        assert told.keys() == {"direction", "low", "high", "chance", "label", "means"}
        assert told["direction"] in ("higher", "lower", None)
        assert told["chance"] in ("random", "area", None) or isinstance(told["chance"], int | float)
        assert told["label"] and told["means"]
    names = [quantity for _, quantity in QUANTITIES]
    assert len(names) == len(set(names))  # of all metrics: tables have one column for them


@pytest.mark.parametrize("metric", METRICS)
def test_answers_are_complete_and_within_their_range(metric: str) -> None:
    result = measure(metric, block_for(metric))
    quantities = metrics.about(metric)["quantities"]
    assert set(result.values) == set(quantities)
    for name, values in result.values.items():
        assert values.shape == (COUNT,) and values.dtype == np.float64
        assert np.isfinite(values).any(), name
        known = values[~np.isnan(values)]
        low, high = quantities[name]["low"], quantities[name]["high"]
        assert low is None or known.min() >= low - 1e-6
        assert high is None or known.max() <= high + 1e-6
    declared = metrics.about(metric).get("curves", {})
    assert all(told["label"] for told in declared.values())
    assert set(result.curves) == {name for name, told in declared.items() if "area" not in told}
    assert all({*told.get("area", ())} <= {*result.curves, None} for told in declared.values())
    for curve in result.curves.values():
        assert curve.shape == (COUNT, len(result.x)) and curve.dtype == np.float32
    assert result.x.dtype == np.float64 and len(result.labels) in (0, len(result.x))
    assert bool(metrics.about(metric)["x"]) == bool(result.curves)


@pytest.mark.parametrize(("metric", "quantity"), QUANTITIES)
def test_the_true_contributions_are_the_best_map(metric: str, quantity: str) -> None:
    """Better than noise, and noise better than the opposite order."""
    about = metrics.about(metric)
    direction = about["quantities"][quantity]["direction"]
    if about["needs"] == "method" or direction is None:
        return
    oracle, random, opposite = (
        mean(control(metric, kind), quantity) for kind in ("oracle", "random", "opposite")
    )
    better = 1 if direction == "higher" else -1
    assert better * oracle > better * random > better * opposite


@pytest.mark.parametrize(("metric", "quantity"), QUANTITIES)
def test_a_random_map_is_at_the_chance_level(metric: str, quantity: str) -> None:
    """Within four standard errors; of metrics that run a method again, chance is another matter."""
    about = metrics.about(metric)
    chance = about["quantities"][quantity]["chance"]
    if about["needs"] == "method" or chance in (None, "random"):
        return
    if chance == "area":
        result = control(metric, "random")
        chance = result.values[f"area_{quantity.rsplit('_', 1)[1]}"]
    apart = control(metric, "random").values[quantity] - chance
    apart = apart[~np.isnan(apart)]
    assert abs(apart.mean()) <= 4 * apart.std(ddof=1) / np.sqrt(len(apart))


def assert_same(metric: str, one: Result, other: Result, rows: np.ndarray | slice = slice(None)) -> None:
    np.testing.assert_allclose(one.x, other.x)
    assert (one.values | one.curves).keys() == (other.values | other.curves).keys()
    for name, values in (one.values | one.curves).items():
        found = (other.values | other.curves)[name]
        np.testing.assert_allclose(found, values[rows], atol=1e-5, rtol=1e-4, err_msg=f"{metric}: {name}")


@pytest.mark.parametrize("metric", METRICS)
def test_an_image_has_the_same_answer_alone_and_in_any_batch(metric: str) -> None:
    block = block_for(metric)
    whole = measure(metric, block)
    for rows in (np.array([5]), np.array([9, 2, 4])):
        assert_same(metric, whole, measure(metric, block.take(rows)), rows)
    assert_same(metric, whole, measure(metric, block_for(metric, batch_size=5)))


@pytest.mark.parametrize("metric", METRICS)
def test_ties_have_one_answer(metric: str) -> None:
    """Maps of three values only, in any batch and order of images."""
    maps = np.random.default_rng(1).integers(0, 3, (COUNT, SIZE, SIZE)).astype(np.float32)
    whole = measure(metric, block_for(metric, maps))
    rows = np.arange(COUNT)[::-1]
    assert_same(metric, whole, measure(metric, block_for(metric, maps).take(rows)), rows)


@pytest.mark.parametrize("metric", METRICS)
def test_the_block_and_its_model_are_left_as_they_were(metric: str) -> None:
    block = block_for(metric)
    model = block.model
    arrays = [a.copy() for a in (block.images, block.maps, block.truth, block.regions)]
    state = {name: values.clone() for name, values in model.state_dict().items()}
    model.train()
    try:
        measure(metric, block)
        assert all(module.training for module in model.modules())
    finally:
        model.eval()
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert all(parameter.grad is None for parameter in model.parameters())
    for name, values in model.state_dict().items():
        assert torch.equal(values, state[name])
    for module in model.modules():
        assert not module._forward_hooks and not module._forward_pre_hooks and not module._backward_hooks
    for before, after in zip(arrays, (block.images, block.maps, block.truth, block.regions), strict=True):
        np.testing.assert_array_equal(before, after)


# What is drawn is drawn by position; and a method that is run again would have to be turned too.
DRAWN = {"sensitivity_n", "faithfulness_correlation"}
TURNS = {
    "turned": (slice(None, None, -1), slice(None, None, -1)),
    "mirrored": (slice(None), slice(None, None, -1)),
}


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("metric", sorted({*metrics.names()} - DRAWN))
def test_it_does_not_matter_how_the_pictures_lie(metric: str, turn: str) -> None:
    """Pictures, maps, regions and the network turned by 180 degrees, or mirrored; no pixels are tied."""
    if metrics.about(metric)["needs"] == "method":
        return
    block = block_for(metric)
    flipped = (slice(None), *TURNS[turn])
    images, maps, regions = (a[flipped].copy() for a in (block.images, block.maps, block.regions))
    model = classifier(Templates(images, maps), COUNT + 1, SIZE)
    other = block_for(metric, maps, images=images, regions=regions, model=model)
    function = metrics.get(metric)
    fixed = {"replacement": "inverse", "noise": 0.0} | SMALL
    given = {n: v for n, v in fixed.items() if n in inspect.signature(function).parameters}
    assert_same(metric, function(block, **given), function(other, **given))


FOLLOWED: list[Any] = [
    {"class": "predicted", "against": "runner_up"},
    {"class": "true", "against": 4},
    {"layer": "features.0", "channel": 3},
    {"layer": "features", "channel": 1, "at": [2, 3]},
]


@pytest.mark.parametrize("target", FOLLOWED)
@pytest.mark.parametrize("metric", [m for m in metrics.names() if metrics.about(m)["needs"] == "model"])
def test_any_target_can_be_followed(metric: str, target: Any) -> None:
    """The accuracy of the true class does not follow it; what a plugin's metric follows is its own affair."""
    truth, model = np.arange(COUNT) % 4, gap(5, SIZE)
    one, other = (block_for(metric, model=model, truth=truth, target=t) for t in (target, "predicted"))
    found, plain = measure(metric, one), measure(metric, other)
    for name, values in (found.values | found.curves).items():
        own = metric in metrics.own()
        assert own or np.isfinite(values).all()
        same = np.allclose(values, (plain.values | plain.curves)[name])
        assert own or same == (metric == "grid_masking")
