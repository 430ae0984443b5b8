"""Guided backpropagation and deconvolution: their rules by hand, and every way to call a ReLU."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.overrides import _len_torch_function_stack

from signsight.attribution.relu import Rule, relu_rule
from signsight.attribution.target import Classes
from signsight.attribution.task import Task
from signsight.core.errors import UserError
from signsight.core.registry import methods
from signsight.models.build import build
from signsight.models.classifier import Classifier
from small_models import RELUS, classifier, linear, relu_net

RULES: tuple[Rule, ...] = ("guided", "deconvolution")


def explained(method: str, model: Classifier, count: int = 4, **parameters: int) -> torch.Tensor:
    """(B, 3, H, W) before the colours are put together."""
    torch.manual_seed(1)
    images = torch.rand(count, 3, model.size, model.size)
    targets = Classes(torch.arange(count) % len(model.classes))
    ids = [str(n) for n in range(count)]
    return methods.get(method)(Task(model, None, 0), images, targets, ids, **parameters)


def by_hand(rule: Rule, before: torch.Tensor, grad: torch.Tensor) -> torch.Tensor:
    """Springenberg et al. 2014, figure 1: R(l) = (f > 0) (R > 0) R; deconvnet: (R > 0) R."""
    passed = torch.where(grad > 0, grad, 0)
    return torch.where(before > 0, passed, 0) if rule == "guided" else passed


@pytest.mark.parametrize("rule", RULES)
def test_two_layers_by_hand(rule: Rule) -> None:
    torch.manual_seed(2)
    first, second, third = torch.randn(12, 9), torch.randn(9, 7), torch.randn(7)
    x = torch.randn(5, 12, requires_grad=True)
    with relu_rule(rule):
        score = (F.relu(F.relu(x @ first) @ second) @ third).sum()
    (found,) = torch.autograd.grad(score, x)
    low = x.detach() @ first
    high = low.clamp(min=0) @ second
    grad = by_hand(rule, high, third.expand_as(high)) @ second.T
    torch.testing.assert_close(found, by_hand(rule, low, grad) @ first.T)


@pytest.mark.parametrize("rule", RULES)
def test_a_network_of_convolutions_by_hand(rule: Rule) -> None:
    """Against transposed convolutions and unpooling at the places of the maxima, as in the papers."""
    model = relu_net()
    network = model.network
    torch.manual_seed(1)
    pixels = torch.rand(4, 3, 16, 16)
    with torch.no_grad():
        one = network.first(model.normalise(pixels))
        two, places = F.max_pool2d(one.relu(), 2, return_indices=True)
        three = network.side(two) + two
        four = network.last(three.relu())
        five = network.hidden(F.avg_pool2d(four.relu(), 2).flatten(1))
        grad = by_hand(rule, five, network.head.weight[torch.arange(4)])
        grad = (grad @ network.hidden.weight).view(4, 6, 4, 4)
        grad = by_hand(rule, four, F.interpolate(grad, scale_factor=2) / 4)
        grad = F.conv_transpose2d(grad, network.last.weight, padding=1)
        grad = by_hand(rule, three, grad)
        grad = F.conv_transpose2d(grad, network.side.weight, padding=1) + grad
        grad = by_hand(rule, one, F.max_unpool2d(grad, places, 2))
        expected = F.conv_transpose2d(grad, network.first.weight, padding=1) / model.std[:, None, None]
    method = "guided_backprop" if rule == "guided" else "deconvolution"
    torch.testing.assert_close(explained(method, model), expected)


@pytest.mark.parametrize("kind", [*RELUS, "shared"])
@pytest.mark.parametrize("method", ["gradient", "guided_backprop", "deconvolution", "smooth_guided_backprop"])
def test_it_does_not_matter_how_a_network_calls_its_relus(method: str, kind: str) -> None:
    few = {"samples": 2} if method.startswith("smooth") else {}
    found = explained(method, relu_net(kind), **few)
    torch.testing.assert_close(found, explained(method, relu_net(), **few))
    assert found.abs().amax((1, 2, 3)).min() > 0


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    "relu6",
    [
        nn.ReLU6(),
        nn.ReLU6(inplace=True),
        F.relu6,
        lambda x: F.hardtanh(x, 0, 6),
        lambda x: F.hardtanh_(x, min_val=0.0, max_val=6.0),
        nn.Hardtanh(0, 6, inplace=True),
    ],
)
def test_relu6_has_an_upper_limit(rule: Rule, relu6: Callable[[torch.Tensor], torch.Tensor]) -> None:
    x = torch.tensor([-1.0, 1.0, 3.0, 9.0], requires_grad=True)
    with relu_rule(rule):
        y = relu6(x * 1.0)
    torch.testing.assert_close(y.detach(), torch.tensor([0.0, 1.0, 3.0, 6.0]))
    (grad,) = torch.autograd.grad(y @ torch.tensor([5.0, -2.0, 7.0, 4.0]), x)
    expected = [0, 0, 7, 0] if rule == "guided" else [5, 0, 7, 4]
    assert grad.tolist() == expected


@pytest.mark.parametrize("rule", RULES)
def test_other_functions_are_left_alone(rule: Rule) -> None:
    """A hardtanh about 0 and a clamp of colours are no ReLUs."""
    x = torch.tensor([-0.5, 0.5], requires_grad=True)
    for function in (F.hardtanh, lambda x: x.clamp(-1, 1), lambda x: x.clamp(0, 1) - x.clamp(-1, 0)):
        with relu_rule(rule):
            F.relu(x)
            y = function(x)
        (grad,) = torch.autograd.grad(-y.sum(), x)
        assert (grad < 0).any()


@pytest.mark.parametrize("rule", RULES)
def test_who_reads_a_tensor_after_a_relu_in_place_reads_the_rectified_one(rule: Rule) -> None:
    x = torch.tensor([-2.0, 3.0], requires_grad=True)
    with relu_rule(rule):
        y = x * 1.0
        out = F.relu(y, inplace=True)
    assert out.tolist() == y.tolist() == [0, 3]
    torch.testing.assert_close(torch.autograd.grad((out + 2 * y).sum(), x)[0][1], torch.tensor(3.0))


def test_a_change_in_place_behind_a_guided_relu_is_refused_as_by_torch() -> None:
    x = torch.tensor([-2.0, 3.0], requires_grad=True)
    with relu_rule("guided"):
        y = F.relu(x).add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        torch.autograd.grad(y.sum(), x)


def test_forward_values_are_those_of_torch() -> None:
    model = relu_net()
    images = torch.rand(3, 3, 16, 16)
    plain = model(images)
    for rule in RULES:
        with relu_rule(rule):
            assert torch.equal(model(images), plain)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    ("layer", "name"),
    [
        (nn.GELU(), "GELU"),
        (nn.SiLU(inplace=True), "SiLU"),
        (nn.Hardswish(), "Hardswish"),
        (nn.LeakyReLU(), "LeakyReLU"),
        (nn.LeakyReLU(inplace=True), "LeakyReLU"),
        (nn.ELU(), "ELU"),
        (nn.PReLU(), "PReLU"),
        (nn.Mish(), "Mish"),
        (nn.Softplus(), "Softplus"),
    ],
)
def test_other_activations_are_refused_by_name_also_beside_relus(
    rule: Rule, layer: nn.Module, name: str
) -> None:
    network = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3), layer)
    with pytest.raises(UserError, match=rf"has {name} activations.*'attribution\.methods'"), relu_rule(rule):
        network(torch.rand(2, 3))
    assert _len_torch_function_stack() == 0


@pytest.mark.parametrize(
    "method", ["guided_backprop", "deconvolution", "deconvolution_l2", "smooth_guided_backprop"]
)
def test_networks_without_relus_are_refused(method: str) -> None:
    with pytest.raises(UserError, match=r"the network has no ReLU; leave them out of 'attribution"):
        explained(method, linear())
    with pytest.raises(UserError, match=r"Hardswish"):
        explained(method, classifier(build("mobilenet_v3_small", 5, 32), 5, 32))


def test_the_rules_end_with_their_block_also_after_a_fault() -> None:
    x = torch.tensor([2.0], requires_grad=True)
    with pytest.raises(KeyError), relu_rule("guided"):
        F.relu(x)
        raise KeyError
    assert _len_torch_function_stack() == 0
    assert torch.autograd.grad(-F.relu(x), x)[0].item() == -1
