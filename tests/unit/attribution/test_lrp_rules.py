"""Each LRP rule against its published formula, written out contribution by contribution."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from signsight.attribution.lrp import rules
from signsight.attribution.lrp.propagate import relevance
from signsight.attribution.lrp.rules import AlphaBeta, Epsilon, Flat, Gamma, Rule, Rules, ZBox, by_rows
from signsight.attribution.lrp.step import Step
from signsight.attribution.run import frozen
from signsight.attribution.target import Classes
from small_models import MEAN, STD, classifier

SIDE = 2  # images of 2 x 2 pixels: 12 inputs
PLAIN = [Epsilon(0), Epsilon(0.5), AlphaBeta(1), AlphaBeta(2), AlphaBeta(3.5), Gamma(0.25), Gamma(4)]


def quotient(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def shares(rule: Rule, z: np.ndarray, bias: float) -> np.ndarray:
    """What part of one output's relevance goes to each input, from its contributions z (inputs,)."""
    total = z.sum() + bias
    if isinstance(rule, Epsilon):
        return np.array([quotient(one, total + rule.epsilon * np.sign(total)) for one in z])
    if isinstance(rule, AlphaBeta):
        up, down = z.clip(min=0), z.clip(max=0)
        whole_up, whole_down = up.sum() + max(bias, 0), down.sum() + min(bias, 0)
        beta = 1 - rule.alpha
        parts = zip(up, down, strict=True)
        return np.array(
            [rule.alpha * quotient(u, whole_up) + beta * quotient(d, whole_down) for u, d in parts]
        )
    sign = np.sign(total)
    favoured = z + rule.gamma * np.where(z * sign > 0, z, 0)
    return favoured / (favoured.sum() + bias + (rule.gamma * bias if bias * sign > 0 else 0))


def by_formula(
    rule: Rule, a: np.ndarray, weight: np.ndarray, bias: np.ndarray, above: np.ndarray
) -> np.ndarray:
    """Relevance of the inputs a (inputs,) from that of the outputs, weight (outputs, inputs)."""
    rows = zip(weight, bias, above, strict=True)
    return sum(shares(rule, a * w, b) * r for w, b, r in rows)


def two_layers(seed: int, spread: float = 1.0) -> nn.Sequential:
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * SIDE**2, 7), nn.ReLU(), nn.Linear(7, 3))
    for layer in (network[1], network[3]):
        nn.init.normal_(layer.weight, std=spread)
        nn.init.normal_(layer.bias, std=0.5)
    return network


def image(seed: int) -> torch.Tensor:
    return torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))


def arrays(layer: nn.Linear) -> tuple[np.ndarray, np.ndarray]:
    return layer.weight.detach().double().numpy(), layer.bias.detach().double().numpy()


@pytest.mark.parametrize("rule", PLAIN, ids=repr)
@pytest.mark.parametrize("seed", range(4))
def test_two_layers_as_the_formula_says(rule: Rule, seed: int) -> None:
    """The first layer sees inputs of both signs, the second none below 0."""
    network, x = two_layers(seed), image(seed)
    model = classifier(network, 3, SIDE)
    with frozen(model):
        found = relevance(model, x, Classes(torch.tensor([seed % 3])), Rules(rule, rule))
    inputs = model.normalise(x).double().numpy().ravel()
    (w1, b1), (w2, b2) = arrays(network[1]), arrays(network[3])
    hidden = np.maximum(w1 @ inputs + b1, 0)
    logits = w2 @ hidden + b2
    start = np.where(np.arange(3) == seed % 3, logits, 0)
    expected = by_formula(rule, inputs, w1, b1, by_formula(rule, hidden, w2, b2, start))
    np.testing.assert_allclose(found.numpy().ravel(), expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


def test_numbers_worked_by_hand() -> None:
    """a = (1, 2), w = (3, -1), b = 0: z = 1, contributions 3 and -2."""
    step = Step("linear", torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, -1.0]]), None)
    z = g = torch.ones(1, 1)
    for rule, expected in {
        Epsilon(0): (3, -2),
        Epsilon(1): (1.5, -1),
        AlphaBeta(1): (1, 0),
        AlphaBeta(2): (2, -1),
        Gamma(1): (6 / 4, -2 / 4),
    }.items():
        found = rule(step, z, g) * step.inputs
        torch.testing.assert_close(found, torch.tensor([expected], dtype=torch.float32))


@pytest.mark.parametrize("first", [ZBox(), Flat()], ids=repr)
def test_rules_of_the_first_layer(first: Rule) -> None:
    network, x = two_layers(5), image(5)
    model = classifier(network, 3, SIDE)
    with frozen(model):
        found = relevance(model, x, Classes(torch.tensor([1])), Rules(Epsilon(0), Epsilon(0), first))
        found = found.numpy().ravel()
    a, mean, std = (
        np.broadcast_to(np.asarray(v).reshape(3, -1), (3, SIDE**2)).ravel()
        for v in (x[0].double(), MEAN, STD)
    )
    a, low, high = (a - mean) / std, -mean / std, (1 - mean) / std
    (w1, b1), (w2, b2) = arrays(network[1]), arrays(network[3])
    hidden = np.maximum(w1 @ a + b1, 0)
    start = np.where(np.arange(3) == 1, w2 @ hidden + b2, 0)
    above = by_formula(Epsilon(0), hidden, w2, b2, start)
    parts = np.ones_like(w1)
    if isinstance(first, ZBox):
        parts = a * w1 - low * w1.clip(min=0) - high * w1.clip(max=0)
    expected = (parts / parts.sum(1, keepdims=True) * above[:, None]).sum(0)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found.sum(), above.sum(), rtol=1e-4)


@pytest.mark.parametrize("first", [ZBox(), Flat()], ids=repr)
def test_scaling_before_the_first_layer_is_part_of_the_normalisation(first: Rule) -> None:
    """As in GoogLeNet with its published weights: the same maps as with another mean and std."""

    class Scaled(nn.Module):
        def __init__(self, body: nn.Module) -> None:
            super().__init__()
            self.body = body

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.body(torch.cat([x[:, :1] * 0.5 + 0.1, x[:, 1:2] * 2 - 0.2, x[:, 2:]], 1))

    torch.manual_seed(0)
    body = nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(5 * 16, 3))
    one, other = classifier(Scaled(body), 3, 4), classifier(body, 3, 4)
    other.std = one.std / torch.tensor([0.5, 2, 1])
    other.mean = one.mean - torch.tensor([0.1, -0.2, 0]) * other.std
    x, targets, rules = (
        torch.rand(2, 3, 4, 4),
        Classes(torch.tensor([0, 2])),
        Rules(Epsilon(0.1), AlphaBeta(1), first),
    )
    with frozen(one), frozen(other):
        found, expected = (relevance(model, x, targets, rules) for model in (one, other))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("rule", [*PLAIN, ZBox(), Flat()], ids=repr)
def test_a_linear_layer_goes_by_rows_with_the_same_result(
    rule: Rule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three of seven outputs at a time, the last piece smaller."""
    torch.manual_seed(1)
    inputs, weight, bias = torch.randn(4, 12), torch.randn(7, 12), torch.randn(7)
    bounds = {"low": torch.full((1, 12), -4.0), "high": torch.full((1, 12), 4.0)}
    monkeypatch.setattr(rules, "PIECE", 3 * 12)
    for given in (inputs, inputs.abs()):
        layer = Step("linear", given, weight, bias, **bounds)
        z, g = F.linear(given, weight, bias), torch.randn(4, 7)
        torch.testing.assert_close(by_rows(rule, layer, z, g), rule(layer, z, g))


def test_nothing_over_nothing_is_nothing() -> None:
    network = two_layers(0)
    for parameter in network.parameters():
        nn.init.zeros_(parameter)
    model = classifier(network, 3, SIDE)
    with frozen(model):
        for rule in PLAIN:
            assert not relevance(model, image(0), Classes(torch.tensor([0])), Rules(rule, rule)).any()
