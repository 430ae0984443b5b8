"""A network is the same afterwards, to the bit: modes, requests for gradients, weights, statistics, hooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from signsight.attribution.target import Classes, parse
from signsight.core.errors import UserError
from signsight.features.objectives import Diverse, Objective, OfTarget
from signsight.features.optimise import Made, optimise, untouched
from signsight.features.recipe import Recipe
from signsight.models.build import build
from signsight.models.classifier import Classifier, to_pixels
from small_models import TRANSFORMERS, classifier, gap, pictures, relu_net, transformer

KEY = "features.classes.which"
RECIPE = Recipe(
    "fourier", steps=3, rate=0.05, transforms={"shift": {}, "scale": {}, "rotation": {}, "noise": {}}
)


class Functional(nn.Module):
    """ReLU, dropout and batch normalisation as functions, and one module at two places."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.again = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 6, 3, padding=1)
        self.norm, self.head = nn.BatchNorm2d(6), nn.Linear(6, 5)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        low = F.relu(self.norm(self.conv(images)), inplace=True)
        for _ in range(2):
            low = F.dropout2d(F.relu(self.norm(self.again(low))), 0.5, self.training)
        return self.head(F.dropout(low.mean((2, 3)), 0.5, training=self.training))


def trained(network: nn.Module, size: int) -> Classifier:
    """With running statistics."""
    model = classifier(network, 5, size)
    with torch.no_grad():
        model.train()(torch.rand(8, 3, size, size))
    return model.eval()


def compact() -> Classifier:
    torch.manual_seed(0)
    return trained(build("compact", 5, 16, {"width": 4}), 16)


def frozen_already() -> Classifier:
    model = compact()
    for parameter in list(model.parameters())[::2]:
        parameter.requires_grad_(False)
    return model


NETWORKS: dict[str, Callable[[], Classifier]] = {
    "ReLU in place": lambda: gap(inplace=True),
    "batch normalisation": compact,
    "partly frozen": frozen_already,
    "functional": lambda: trained(Functional(), 16),
    "shared ReLU": lambda: relu_net("shared"),
    "functional ReLU in place": lambda: relu_net("functional in place"),
    "clamp": lambda: relu_net("clamp"),
    "small resnet18": lambda: trained(build("resnet18", 5, 32), 32),
    "stn3": lambda: trained(build("stn3", 5, 32), 32),
} | {kind: lambda kind=kind: transformer(kind) for kind in TRANSFORMERS}


def state(model: Classifier) -> dict[str, Any]:
    """Everything that must not change."""
    tensors = {k: v.clone() for k, v in model.state_dict().items()}
    tensors |= {k: v.clone() for k, v in model.named_buffers()}
    return {
        "tensors": tensors,
        "modes": {name: module.training for name, module in model.named_modules()},
        "asks": {name: (one.requires_grad, one.grad) for name, one in model.named_parameters()},
        "hooks": {
            name: (len(one._forward_hooks), len(one._forward_pre_hooks))
            for name, one in model.named_modules()
        },
        "threads": torch.is_grad_enabled(),
    }


def assert_unchanged(model: Classifier, before: dict[str, Any]) -> None:
    after = state(model)
    assert all(torch.equal(after["tensors"][name], value) for name, value in before.pop("tensors").items())
    after.pop("tensors")
    assert after == before


def make(model: Classifier, objective: Objective | None = None, recipe: Recipe = RECIPE) -> Made:
    objective = objective or OfTarget(Classes(torch.tensor([1, 3])))
    return optimise(model, objective, recipe, ["a", "b"], 0, frames=2)


@pytest.mark.parametrize("kind", NETWORKS)
def test_a_network_is_the_same_afterwards(kind: str) -> None:
    model = NETWORKS[kind]()
    before = state(model)
    made = make(model)
    assert_unchanged(model, before)
    assert np.isfinite(made.scores).all() and made.active.all()
    with torch.no_grad():
        logits = model(to_pixels(made.pictures))[[0, 1], [1, 3]]
    np.testing.assert_allclose(made.scores, logits.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["batch normalisation", "functional", "ReLU in place", "small resnet18"])
def test_a_network_left_in_train_mode_gives_the_same_and_stays_there(kind: str) -> None:
    model = NETWORKS[kind]()
    expected = make(model)
    model.train()
    next(module for module in model.network.modules() if not list(module.children())).eval()
    before = state(model)
    found = make(model)
    assert_unchanged(model, before)
    np.testing.assert_array_equal(found.pictures, expected.pictures)


def test_frozen_weights_give_the_same_picture() -> None:
    expected = make(compact())
    np.testing.assert_array_equal(make(frozen_already()).pictures, expected.pictures)
    free = compact()
    free.requires_grad_(False)
    np.testing.assert_array_equal(make(free).pictures, expected.pictures)


@pytest.mark.parametrize("kind", ["ReLU in place", "vit", "swin", "convnext"])
def test_units_and_groups_leave_a_network_as_it_was(kind: str) -> None:
    model = NETWORKS[kind]()
    layer = {"ReLU in place": "features.0", "vit": "conv_proj"}.get(kind, "features.0")
    target = parse({"layer": layer, "channel": 1}, "logit", KEY)
    unit = OfTarget(target.bind(model, to_pixels(pictures(2, model.size)), np.zeros(2, int), ["", ""]))
    before = state(model)
    made = make(model, Diverse(unit, layer, KEY, 0.1))
    assert_unchanged(model, before)
    assert made.active.all()


def test_a_network_is_the_same_after_a_fault() -> None:
    model = compact().train()
    with torch.no_grad():
        model.network.head.bias.fill_(torch.inf)
    before = state(model)
    with pytest.raises(UserError, match="not finite"):
        make(model)
    assert_unchanged(model, before)


class Counting(nn.Module):
    """A network whose answers depend on how often it ran, evaluation mode or not."""

    def __init__(self, how: str, bias: float = 0.0) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.head = nn.Linear(3, 5)
        nn.init.constant_(self.head.bias, bias)
        self.how = how
        self.register_buffer("seen", torch.zeros(1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if self.how == "in place":
            self.seen += 1
        elif self.how == "anew":
            self.seen = self.seen + 1
        return self.head(images.mean((2, 3))) + self.seen


@pytest.mark.parametrize("how", ["in place", "anew"])
def test_a_network_that_changes_itself_is_refused_and_put_back(how: str) -> None:
    model = classifier(Counting(how), 5, 8)
    before = state(model)
    with pytest.raises(UserError, match=r"changes its own buffer 'network\.seen'.*evaluation mode"):
        make(model)
    assert_unchanged(model, before)
    still = classifier(Counting("never"), 5, 8)
    assert make(still).active.all()


def test_a_network_that_changes_itself_is_put_back_after_another_fault() -> None:
    model = classifier(Counting("in place", torch.nan), 5, 8)
    before = model.network.seen.clone()
    with pytest.raises(UserError):
        make(model)
    assert torch.equal(model.network.seen, before)


class Cached(nn.Module):
    """A network that keeps a table of places once it knows the size, as some position encodings do."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.head = nn.Linear(3, 5)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if not hasattr(self, "table"):
            self.register_buffer("table", torch.linspace(0, 1, images.shape[3]), persistent=False)
        return self.head((images * self.table).mean((2, 3)))


def test_a_network_that_makes_a_table_at_its_first_run_works() -> None:
    assert make(classifier(Cached(), 5, 8)).active.all()


def test_untouched_by_itself() -> None:
    model = compact().train()
    before = state(model)
    with untouched(model):
        assert not any(module.training for module in model.modules())
        assert not any(one.requires_grad for one in model.parameters())
        model(torch.rand(2, 3, 16, 16))
    assert_unchanged(model, before)
