"""Objectives: targets have their own scores, passes that stop early are the whole ones, groups push apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from signsight.attribution.run import frozen
from signsight.attribution.target import Value, parse
from signsight.core.errors import UserError
from signsight.features.objectives import (
    Channels,
    Diverse,
    LikeFeatures,
    Objective,
    OfTarget,
    WholeLayer,
    layer_named,
    output_at,
)
from signsight.models.classifier import Classifier, to_pixels
from signsight.models.layers import as_map
from small_models import classifier, gap, pictures, relu_net, transformer

KEY = "features.classes.which"
COUNT = 4


def some(model: Classifier, count: int = COUNT, seed: int = 0) -> torch.Tensor:
    return to_pixels(pictures(count, model.size, seed)).to(model.mean.dtype)


def rows(count: int = COUNT) -> torch.Tensor:
    return torch.arange(count)


def of_target(model: Classifier, value: Value, score: str = "logit") -> OfTarget:
    truth = np.arange(COUNT) % len(model.classes)
    return OfTarget(parse(value, score, KEY).bind(model, some(model), truth, [""] * COUNT))


def whole_pass(model: Classifier, layer: str, images: torch.Tensor) -> torch.Tensor:
    """The output of a layer in a pass that goes to the end, as it was when the layer had it ready."""
    found: list[torch.Tensor] = []

    def keep(module: nn.Module, inputs: object, output: torch.Tensor) -> torch.Tensor:
        found.append(output)
        return output.clone()

    handle = model.network.get_submodule(layer).register_forward_hook(keep)
    model(images)
    handle.remove()
    return found[0] if found[0].ndim == 2 else as_map(found[0])


VALUES: dict[str, tuple[Value, str]] = {
    "a class": (2, "logit"),
    "a probability": (2, "softmax"),
    "its logarithm": (2, "log_softmax"),
    "class against class": ({"class": 2, "against": 0}, "logit"),
    "true against runner-up": ({"class": "true", "against": "runner_up"}, "logit"),
    "a channel": ({"layer": "features", "channel": 3}, "logit"),
    "a neuron": ({"layer": "features", "channel": 3, "at": [2, 5]}, "logit"),
    "a unit": ({"layer": "head", "channel": 1}, "logit"),
    "a direction": ({"layer": "features", "direction": [1, -2, 0.5, 0, 3, 1]}, "logit"),
    "a neuron's direction": ({"layer": "features", "direction": [1, 0, 0, 0, -1, 0], "at": [0, 0]}, "logit"),
}


@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.parametrize("kind", VALUES)
def test_a_target_has_its_own_score(kind: str, inplace: bool) -> None:
    model = gap(inplace=inplace).double()
    objective = of_target(model, *VALUES[kind])
    bound = objective.bound
    expected = bound.scores(bound.outputs(model, some(model)))
    torch.testing.assert_close(objective(model, some(model), rows()), expected, rtol=1e-12, atol=0)


def test_a_target_s_rows_are_those_of_the_batch() -> None:
    model = gap().double()
    objective = of_target(model, "true")
    images, chosen = some(model), torch.tensor([3, 3, 1])
    found = objective(model, images[chosen], chosen)
    torch.testing.assert_close(found, objective(model, images, rows())[chosen])


LAYERS: dict[str, tuple[Callable[[], Classifier], list[str]]] = {
    "convolutions": (gap, ["features.0", "features", "relu", "head"]),
    "what follows works in place": (lambda: gap(inplace=True), ["features.0", "features", "relu"]),
    "functional": (lambda: relu_net("functional in place"), ["first", "last", "hidden", "head"]),
    "tokens": (lambda: transformer("vit"), ["conv_proj", "encoder.layers.encoder_layer_0"]),
    "channels last": (lambda: transformer("swin"), ["features.0", "features.1.0", "head"]),
    "wide convolutions": (lambda: transformer("convnext"), ["features.0", "features.3"]),
}
PLACES = [(kind, layer) for kind, (_, layers) in LAYERS.items() for layer in layers]


@pytest.mark.parametrize(("kind", "layer"), PLACES)
def test_a_pass_that_stops_early_has_the_value_and_gradient_of_the_whole(kind: str, layer: str) -> None:
    model = LAYERS[kind][0]().double()
    images = [some(model).requires_grad_(True) for _ in range(2)]
    with frozen(model):
        early = output_at(model, layer_named(model, layer, KEY), layer, images[0])
        whole = whole_pass(model, layer, images[1])
        assert torch.equal(early, whole)
        weights = torch.randn(early.shape, dtype=early.dtype, generator=torch.Generator().manual_seed(0))
        found, expected = (
            torch.autograd.grad((values * weights).sum(), one)[0]
            for values, one in ((early, images[0]), (whole, images[1]))
        )
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-14)
    assert found.abs().max() > 0
    assert not any(module._forward_hooks for module in model.modules())


def test_what_lies_behind_the_layer_does_not_run() -> None:
    model = gap()
    model.network.head.register_forward_pre_hook(lambda *_: pytest.fail("the head ran"))
    assert output_at(model, model.network.features, "features", some(model)).shape == (COUNT, 6, 8, 8)


@pytest.mark.parametrize("name", ["featurs", "", "network.features"])
def test_an_unknown_layer_is_refused_with_the_near_ones(name: str) -> None:
    with pytest.raises(UserError, match=rf"'{KEY}' names the layer '{name}'.*does not have"):
        layer_named(gap(), name, KEY)
    with pytest.raises(UserError, match="features"):
        layer_named(gap(), "featurs", KEY)


class Idle(nn.Module):
    """A network with a layer that never runs, and one whose output is a pair."""

    class Pair(nn.Module):
        def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return images, images

    def __init__(self) -> None:
        super().__init__()
        self.never, self.pair, self.head = nn.Conv2d(3, 3, 1), self.Pair(), nn.Linear(3, 4)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.pair(images)[0].mean((2, 3)))


@pytest.mark.parametrize("name", ["never", "pair"])
def test_a_layer_without_a_map_or_units_is_refused(name: str) -> None:
    model = classifier(Idle(), 4, 8)
    with pytest.raises(UserError, match=f"The layer '{name}' has no output that is"):
        output_at(model, layer_named(model, name, KEY), name, some(model))
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"layer": "features", "channel": 6}, "that layer has 6 channels"),
        ({"layer": "features", "channel": 0, "at": [8, 0]}, "8 rows and 8 columns"),
        ({"layer": "head", "channel": 0, "at": [0, 0]}, "no positions"),
        ({"layer": "features", "direction": [1, 2]}, "2 numbers and that layer 6"),
        ({"layer": "nowhere", "channel": 0}, "does not have"),
    ],
)
def test_a_unit_that_is_not_there_is_refused(value: Value, words: str) -> None:
    model = gap()
    with pytest.raises(UserError, match=words):
        of_target(model, value)(model, some(model), rows())


def test_a_layer_that_runs_twice_is_refused() -> None:
    model = relu_net("shared")
    with pytest.raises(UserError, match="'relu1'"):
        of_target(model, {"layer": "relu1", "channel": 0})(model, some(model), rows())


def test_a_channel_for_each_picture() -> None:
    model = gap().double()
    maps = whole_pass(model, "features", some(model))
    wanted = torch.tensor([5, 0, 2, 2])
    found = Channels("features", wanted, KEY)(model, some(model), rows())
    torch.testing.assert_close(found, maps.mean((2, 3))[rows(), wanted])
    units = Channels("head", torch.tensor([4, 0, 1, 2]), KEY)
    seen = torch.tensor([2, 0])
    torch.testing.assert_close(
        units(model, some(model)[seen], seen), model(some(model))[seen, torch.tensor([1, 4])]
    )


def test_a_whole_layer_is_half_its_mean_square() -> None:
    model = gap().double()
    maps = whole_pass(model, "features.0", some(model))
    found = WholeLayer("features.0", KEY)(model, some(model), rows())
    torch.testing.assert_close(found, 0.5 * (maps**2).mean((1, 2, 3)))
    images = some(model).requires_grad_(True)
    values = WholeLayer("head", KEY)(model, images, rows())
    torch.testing.assert_close(values, 0.5 * (model(images) ** 2).mean(1))


def test_features_like_those_of_a_reference() -> None:
    model = gap().double()
    maps = whole_pass(model, "features", some(model)).detach()
    objective = LikeFeatures("features", maps, KEY)
    assert torch.equal(objective(model, some(model), rows()), torch.zeros(COUNT, dtype=torch.float64))
    others, chosen = some(model, 2, seed=5), torch.tensor([3, 1])
    away = (whole_pass(model, "features", others) - maps[chosen]).flatten(1).norm(dim=1)
    expected = -((away / maps[chosen].flatten(1).norm(dim=1)) ** 2)
    torch.testing.assert_close(objective(model, others, chosen), expected)


def test_features_of_a_reference_that_has_none_are_finite() -> None:
    model = gap().double()
    maps = whole_pass(model, "features", some(model)).detach()
    dark = LikeFeatures("features", torch.zeros_like(maps), KEY)
    assert torch.isfinite(dark(model, some(model), rows())).all()


class Constant:
    """An objective of 0, whatever is seen, with a gradient of 0."""

    group = 1

    def __call__(self, model: Classifier, seen: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        return seen.flatten(1).sum(1) * 0


def diverse(group: int, **fields: Any) -> Diverse:
    return Diverse(Constant(), fields.pop("layer", "features"), KEY, fields.pop("weight", 1.0), group=group)


def alike_by_hand(model: Classifier, images: torch.Tensor, group: int) -> torch.Tensor:
    """Mean cosine between the Gram matrices of a picture and of the others of its group."""
    maps = whole_pass(model, "features", images).detach().flatten(2)
    gram = torch.einsum("bip,bjp->bij", maps, maps).flatten(1)
    found = []
    for place in range(len(images)):
        start = place // group * group
        others = [one for one in range(start, start + group) if one != place]
        found.append(
            torch.stack([F.cosine_similarity(gram[place], gram[one], dim=0) for one in others]).mean()
        )
    return torch.stack(found)


@pytest.mark.parametrize("group", [2, 3, 6])
def test_diversity_by_hand(group: int) -> None:
    model = gap().double()
    images = some(model, 6)
    found = diverse(group, weight=0.5)(model, images, rows(6))
    torch.testing.assert_close(found, -0.5 * alike_by_hand(model, images, group))


def test_two_pictures_that_are_the_same_are_as_alike_as_can_be() -> None:
    model = gap().double()
    images = some(model, 1).repeat(2, 1, 1, 1)
    found = diverse(2, weight=3.0)(model, images, rows(2))
    torch.testing.assert_close(found, torch.full((2,), -3.0, dtype=torch.float64))
    assert (diverse(2)(model, some(model, 2), rows(2)) > -1).all()


def test_diversity_pushes_pictures_of_a_group_apart() -> None:
    model = gap().double()
    images = (0.5 + 0.02 * (some(model, 2) - 0.5)).requires_grad_(True)
    objective = diverse(2)
    before = objective(model, images, rows(2))
    (gradient,) = torch.autograd.grad(before.sum(), images)
    after = objective(model, images + 0.05 * gradient / gradient.abs().max(), rows(2))
    assert gradient.flatten(1).any(1).all() and (after > before).all()


def test_diversity_depends_neither_on_the_order_in_a_group_nor_on_other_groups() -> None:
    model = gap().double()
    images, objective = some(model, 6), diverse(3)
    found = objective(model, images, rows(6))
    order = torch.tensor([2, 0, 1, 4, 5, 3])
    torch.testing.assert_close(objective(model, images[order], rows(6)), found[order])
    torch.testing.assert_close(objective(model, images[3:], torch.arange(3, 6)), found[3:])
    other = torch.cat([some(model, 3, seed=9), images[3:]])
    torch.testing.assert_close(objective(model, other, rows(6))[3:], found[3:])


def test_views_of_a_picture_count_as_that_picture() -> None:
    model = gap().double()
    images = some(model, 4)
    twice = images.repeat_interleave(2, 0)
    found = diverse(2)(model, twice, rows().repeat_interleave(2))
    torch.testing.assert_close(found, diverse(2)(model, images, rows()).repeat_interleave(2))


def test_diversity_leaves_the_objective_within_and_works_on_units() -> None:
    model = gap().double()
    inner: Objective = WholeLayer("features.0", KEY)
    images = some(model)
    without = Diverse(inner, "features", KEY, 0.0)(model, images, rows())
    torch.testing.assert_close(without, inner(model, images, rows()))
    scores = Diverse(inner, "head", KEY, 1.0)(model, images, rows())
    units = model(images)
    cosines = F.cosine_similarity(units[0::2], units[1::2]).square().repeat_interleave(2)
    torch.testing.assert_close(inner(model, images, rows()) - scores, cosines)


def test_a_layer_that_is_off_everywhere_is_alike_to_nothing() -> None:
    model = gap().double()
    with torch.no_grad():
        model.network.features[3].weight.zero_()
        model.network.features[3].bias.zero_()
    images = some(model, 2).requires_grad_(True)
    scores = diverse(2)(model, images, rows(2))
    (gradient,) = torch.autograd.grad(scores.sum(), images)
    assert torch.equal(scores, torch.zeros_like(scores)) and torch.isfinite(gradient).all()
