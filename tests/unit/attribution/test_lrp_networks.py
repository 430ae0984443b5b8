"""LRP on whole networks: conservation, gradient x input, ways to write a network, refusals, range."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from signsight.attribution.lrp.methods import lrp_composite, lrp_epsilon
from signsight.attribution.lrp.propagate import relevance
from signsight.attribution.lrp.rules import AlphaBeta, Epsilon, Flat, Gamma, Rule, Rules, ZBox
from signsight.attribution.run import frozen
from signsight.attribution.target import Classes
from signsight.attribution.task import Task
from signsight.core.errors import UserError
from signsight.models.build import build
from signsight.models.classifier import Classifier
from small_models import classifier, gap

HEADS = {"alexnet": 256 * 6 * 6, "vgg16": 512 * 7 * 7}
SIZES = {"alexnet": 64, "vgg16": 32, "resnet18": 64, "stn3": 32, "mobilenet_v3_small": 64}
LRP_0 = Rules(Epsilon(0), Epsilon(0))
RULES = {"lrp-0": Epsilon(0), "alpha 1": AlphaBeta(1), "alpha 2": AlphaBeta(2), "gamma": Gamma(0.25)}
CLASSES = torch.tensor([1, 4])
TARGETS, IDS = Classes(CLASSES), ["a", "b"]


@cache
def without_bias(name: str) -> Classifier:
    """A real architecture whose layers and batch normalisations add nothing."""
    torch.manual_seed(3)
    network = build(name, 5, SIZES[name])
    if name in HEADS:  # as deep as the original, not as wide: most of its weights are there
        network.classifier = nn.Sequential(nn.Linear(HEADS[name], 32), nn.ReLU(), nn.Linear(32, 5))
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(module.weight)
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
        if getattr(module, "bias", None) is not None:
            nn.init.zeros_(module.bias)
    if name == "stn3":  # looks at parts of its input, each image at another
        for where in (network.transformer1, network.transformer2, network.transformer3):
            nn.init.normal_(where.head.weight, std=0.02 / where.head.in_features**0.5)
            where.head.bias.data.copy_(torch.tensor([0.8, 0.05, 0, -0.05, 0.8, 0.03]))
    return classifier(network, 5, SIZES[name])


def pixels(size: int, count: int = 2) -> torch.Tensor:
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(4))


def explained(model: Classifier, rules: Rules, layer: str | None = None) -> torch.Tensor:
    with frozen(model):
        where = None if layer is None else model.network.get_submodule(layer)
        return relevance(model, pixels(model.size), TARGETS, rules, where)


def cut_points(name: str) -> list[str]:
    """Layers that all of the relevance passes through."""
    network = without_bias(name).network
    if name == "resnet18":
        blocks = [f"layer{n}.{block}" for n in (1, 2, 3, 4) for block in (0, 1)]
        return ["bn1", "relu", "maxpool", *blocks, "avgpool"]
    if name == "stn3":
        return ["transformer1", "block1.0", "block1", "transformer2", "block2", "transformer3", "block3"]
    return [f"features.{n}" for n in range(0, len(network.features), 3)]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", ["alexnet", "vgg16", "resnet18", "stn3"])
def test_relevance_is_conserved_layer_by_layer(name: str, rule: str) -> None:
    model, rules = without_bias(name), Rules(RULES[rule], RULES[rule])
    with torch.no_grad():
        logits = model(pixels(model.size)).gather(1, CLASSES[:, None])[:, 0]
    for layer in [*cut_points(name), None]:
        found = explained(model, rules, layer)
        spread = found.abs().sum((1, 2, 3))
        assert ((found.sum((1, 2, 3)) - logits).abs() < 2e-4 * spread).all(), layer


@pytest.mark.parametrize("first", [ZBox(), Flat()], ids=repr)
@pytest.mark.parametrize("name", ["alexnet", "resnet18", "stn3"])
def test_rules_at_the_image_conserve_relevance(name: str, first: Rule) -> None:
    """At the pixels as much as at the output of the first convolution, also behind a transformer."""
    model, rules = without_bias(name), Rules(Epsilon(0.1), AlphaBeta(1), first)
    layers = {"alexnet": ["features.0"], "resnet18": ["bn1"], "stn3": ["transformer1", "block1.0"]}[name]
    at_image = explained(model, rules)
    for layer in layers:
        above = explained(model, rules, layer).sum((1, 2, 3))
        torch.testing.assert_close(at_image.sum((1, 2, 3)), above, rtol=1e-3, atol=1e-6)
    if isinstance(first, Flat):
        torch.testing.assert_close(at_image[:, 0], at_image[:, 2], rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize("name", ["alexnet", "resnet18", "stn3"])
def test_lrp_0_is_gradient_times_input(name: str) -> None:
    model = without_bias(name)
    found = explained(model, LRP_0)
    with frozen(model):
        image = model.normalise(pixels(model.size)).requires_grad_()
        if name == "stn3":  # the place that a transformer looks at is held fixed
            for part in (model.network.transformer1, model.network.transformer2, model.network.transformer3):
                part.affine_matrix = lambda x, part=part: type(part).affine_matrix(part, x).detach()
        score = model.network(image).gather(1, CLASSES[:, None]).sum()
        expected = torch.autograd.grad(score, image)[0] * image.detach()
        if name == "stn3":
            for part in (model.network.transformer1, model.network.transformer2, model.network.transformer3):
                del part.affine_matrix
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5 * float(expected.abs().max()))


def test_gates_and_smooth_activations_conserve_relevance() -> None:
    """Squeeze-and-excitation and hardswish, without a bias anywhere."""
    model = without_bias("mobilenet_v3_small")
    found = explained(model, LRP_0)
    with torch.no_grad():
        logits = model(pixels(model.size)).gather(1, CLASSES[:, None])[:, 0]
    assert ((found.sum((1, 2, 3)) - logits).abs() < 1e-4 * found.abs().sum((1, 2, 3))).all()


class Written(nn.Module):
    """One network, written in several ways."""

    def __init__(self, how: str) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.how = how
        self.first, self.second = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 6, 3, padding=1)
        self.norm, self.head = nn.BatchNorm2d(6), nn.Linear(6, 5)
        nn.init.normal_(self.norm.bias)
        self.shared = nn.ReLU(inplace=how == "in place")
        self.other = nn.ReLU(inplace=how == "in place")
        self.dropout = nn.Dropout(0.5, inplace=how == "in place")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.how in ("modules", "in place"):
            x = self.shared(self.first(x))
            y = self.norm(self.second(x))
            y += x
            return self.head(self.dropout(self.other(y)).mean((2, 3)))
        if self.how == "shared":
            x = self.shared(self.first(x))
            return self.head(F.adaptive_avg_pool2d(self.shared(self.norm(self.second(x)) + x), 1).flatten(1))
        if self.how == "functional":
            x = x.view(len(x), *x.shape[1:])
            x = F.conv2d(x, weight=self.first.weight, bias=self.first.bias, padding="same").relu()
            y = torch.add(self.norm(F.conv2d(x, self.second.weight, self.second.bias, padding=1)), x)
            return F.linear(torch.relu(y).flatten(2).mean(-1), self.head.weight, self.head.bias)
        x = self.first(x)  # changed in place without taking the result
        F.relu(x, inplace=True)
        y = self.norm(self.second(x))
        y.add_(x).relu_()
        return self.head(y.mean((2, 3)))


@pytest.mark.parametrize("how", ["in place", "shared", "functional", "unbound"])
@pytest.mark.parametrize("rule", RULES)
def test_the_way_a_network_is_written_does_not_matter(how: str, rule: str) -> None:
    rules = Rules(RULES[rule], RULES[rule], ZBox())
    expected = explained(classifier(Written("modules"), 5, 8), rules)
    torch.testing.assert_close(explained(classifier(Written(how), 5, 8), rules), expected)


@pytest.mark.parametrize("rule", RULES)
def test_an_image_alone_or_in_a_batch(rule: str) -> None:
    model, rules = without_bias("resnet18"), Rules(RULES[rule], RULES[rule], Flat())
    together = explained(model, rules)
    with frozen(model):
        alone = relevance(model, pixels(64)[1:], TARGETS[1:], rules)
    torch.testing.assert_close(alone[0], together[1], rtol=1e-3, atol=1e-5 * float(together[1].abs().max()))


def test_a_large_epsilon_in_a_deep_network_keeps_its_order() -> None:
    """Relevance of about 1e-110, against the formula in double precision."""
    torch.manual_seed(0)
    convolutions = [nn.Conv2d(3 if n == 0 else 4, 4, 3, padding=1) for n in range(18)]
    for layer in convolutions:
        nn.init.normal_(layer.weight, std=0.1)
        nn.init.normal_(layer.bias, std=0.001)
    body = [part for layer in convolutions for part in (layer, nn.ReLU())]
    model = classifier(nn.Sequential(*body, nn.Flatten(), nn.Linear(4 * 36, 5)), 5, 6)
    found = explained(model, Rules(Epsilon(100), Epsilon(100))).double()
    with torch.no_grad():
        exact = _by_hand(model, 100)
    assert 0 < exact.abs().max() < 1e-60
    for mine, true in zip(found, exact, strict=True):
        assert torch.isfinite(mine).all() and 0.25 < mine.abs().max() <= 1
        scale = true.abs().max() / mine.abs().max()
        torch.testing.assert_close(
            mine * scale / true.abs().max(), true / true.abs().max(), rtol=1e-4, atol=1e-7
        )


def _by_hand(model: Classifier, epsilon: float) -> torch.Tensor:
    """Epsilon rule through a chain of layers in double precision, relevance carried as it is."""
    a, run = model.normalise(pixels(model.size)).double(), []
    for layer in model.network:
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            weight, bias = layer.weight.double(), layer.bias.double()
            linear = isinstance(layer, nn.Linear)
            z = F.linear(a, weight, bias) if linear else F.conv2d(a, weight, bias, padding=1)
            run.append((a, weight, z, linear))
            a = z
        else:
            a = layer(a)
    found = torch.zeros_like(a).scatter_(1, CLASSES[:, None], a.gather(1, CLASSES[:, None]))
    for a, weight, z, linear in reversed(run):
        share = found.reshape(z.shape) / (z + epsilon * z.sign())
        found = a * (share @ weight if linear else F.conv_transpose2d(share, weight, padding=1))
    return found


class Odd(nn.Module):
    """A small network with one part that has no rule."""

    def __init__(self, part: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.first, self.part, self.head = nn.Conv2d(3, 4, 3), part, nn.Linear(4, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.part(self.first(x)).mean((2, 3)))


ODD = {
    "group_norm": nn.GroupNorm(2, 4),
    "statistics of the batch": nn.BatchNorm2d(4, track_running_stats=False),
    "product of two": lambda x: x * x.relu(),
    "quotient of two": lambda x: x / x.relu().add(1),
    "sigmoid or softmax other than": lambda x: x.sigmoid() + x,
    "softmax": lambda x: x.softmax(1),
    "exp": torch.exp,
    "conv2d with weights": lambda x: F.conv2d(x, x[:1, :, :1, :1]),
}


@pytest.mark.parametrize("what", ODD)
def test_what_has_no_rule_is_refused_and_leaves_nothing_behind(what: str) -> None:
    model = classifier(Odd(ODD[what]), 5, 8)
    with pytest.raises(UserError, match=what):
        explained(model, LRP_0, "first")
    assert not model.network.first._forward_hooks
    assert all(p.requires_grad for p in model.parameters())
    assert "Convolution" in type(model.network.first(pixels(8)).grad_fn).__name__


class Before(nn.Module):
    """Works on the image before its first layer."""

    def __init__(self, part: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.part, self.head = part, nn.Linear(3 * 8 * 8, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.part(x).flatten(1))


def test_what_has_no_rule_before_the_first_layer_is_refused() -> None:
    rules = Rules(Epsilon(0), Epsilon(0), ZBox())
    with pytest.raises(UserError, match="square before the first layer"):
        explained(classifier(Before(torch.square), 5, 8), rules)
    assert explained(classifier(Before(lambda x: 2 * x - 1), 5, 8), rules).any()


def test_a_model_is_the_same_afterwards() -> None:
    model = classifier(Written("in place"), 5, 8)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    logits = model(pixels(8))
    for rule in RULES.values():
        explained(model, Rules(rule, rule, ZBox()), "shared")
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])
    assert torch.equal(model(pixels(8)), logits) and model.network.shared.inplace


def task(model: Classifier, layer: str | None = None) -> Task:
    return Task(model, layer, 0, 2)


def test_methods_at_the_pixels_and_at_a_layer() -> None:
    model, x = gap(5, 16), pixels(16)
    with frozen(model):
        assert lrp_epsilon(task(model), x, TARGETS, IDS).shape == (2, 3, 16, 16)
        inner = lrp_composite(task(model, "features"), x, TARGETS, IDS)
        assert inner.shape == (2, 16, 16) and inner.std() > 0
        logit = lrp_composite(task(model), x, TARGETS, IDS)
        softmax = lrp_composite(task(model), x, replace(TARGETS, score="softmax"), IDS)
        assert torch.equal(logit, softmax)


def test_a_layer_that_cannot_be_read_is_refused() -> None:
    model, x = classifier(Written("shared"), 5, 8), pixels(8)
    with frozen(model):
        with pytest.raises(UserError, match="not run just once"):
            lrp_epsilon(task(model, "shared"), x, TARGETS, IDS)
        with pytest.raises(UserError, match="not run just once"):
            lrp_epsilon(task(model, "head"), x, TARGETS, IDS)
        with pytest.raises(UserError, match=r"variants.*layer.*nosuch"):
            lrp_epsilon(task(model, "nosuch"), x, TARGETS, IDS)
