"""Layer activations: against captum and by hand, with every kind of ReLU, and the tiles drawn of them."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from captum.attr import NeuronGuidedBackprop
from torch import nn

from signsight.core.errors import UserError
from signsight.features.activations import Rule, layer_activation, tiles
from signsight.models.classifier import Classifier, to_pixels
from small_models import RELUS, STD, classifier, pictures, relu_net, transformer

KEY = "features.activations"
RULES: tuple[Rule, ...] = ("signed", "published")


def activation(
    model: Classifier, layer: str, units: object, rule: Rule = "signed", batch_size: int = 8, count: int = 3
) -> np.ndarray:
    """Of the first pictures of the test's set."""
    found = layer_activation(model, pictures(count, model.size), layer, units, rule, batch_size, KEY)
    assert found.dtype == np.float32 and found.shape == (count, 3, model.size, model.size)
    return found


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("layer", ["first", "last", "relu3", "hidden", "relu4", "head"])
def test_as_captum(layer: str, rule: Rule) -> None:
    model = relu_net().double()

    def score(output: torch.Tensor) -> torch.Tensor:
        own = output[:, 1].flatten(1) if output.ndim == 4 else output[:, 1:2]
        return (own.abs() if rule == "published" else own).sum(1)

    pixels = to_pixels(pictures(3, 16)).double().requires_grad_(True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it hooks the ReLUs
        other = NeuronGuidedBackprop(model, model.network.get_submodule(layer))
        expected = other.attribute(pixels, neuron_selector=score).detach().numpy()
    found = activation(model, layer, 1, rule)
    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("kind", [*RELUS, "shared"])
def test_it_does_not_matter_how_a_network_calls_its_relus(kind: str) -> None:
    for layer in ("last", "hidden"):
        found = activation(relu_net(kind), layer, 3)
        np.testing.assert_allclose(found, activation(relu_net(), layer, 3), atol=1e-6)
        assert np.abs(found).max() > 0


def test_a_network_without_relus_gives_the_plain_gradient() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh(), nn.Conv2d(4, 2, 3), nn.Flatten())
    model = classifier(network, 2, 8).double()
    pixels = to_pixels(pictures(3, 8)).double().requires_grad_(True)
    values = network[:3](model.normalise(pixels))[:, 1]
    for rule, score in (("signed", values), ("published", values.abs())):
        (expected,) = torch.autograd.grad(score.sum(), pixels, retain_graph=True)
        np.testing.assert_allclose(activation(model, "2", 1, rule), expected.numpy(), rtol=1e-6)


def test_where_the_output_is_negative_the_sign_is_kept_and_the_published_rule_turns_it() -> None:
    network = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(128, 2))
    weights = torch.tensor([[1.0, 2, 3], [-1, -2, 4]])
    with torch.no_grad():
        network[0].weight.copy_(weights[:, :, None, None])
        network[0].bias.copy_(torch.tensor([0.0, -100]))
    model = classifier(network, 2, 8)
    expected = (weights[1] / torch.tensor(STD)).numpy()[None, :, None, None]
    signed, published = activation(model, "0", 1), activation(model, "0", 1, "published")
    np.testing.assert_allclose(signed, np.broadcast_to(expected, signed.shape), rtol=1e-6)
    np.testing.assert_array_equal(published, -signed)
    for rule in RULES:  # behind the ReLU nothing is left of it
        assert not activation(model, "1", 1, rule).any()


def test_behind_a_relu_both_rules_are_the_same() -> None:
    model = relu_net()
    for layer in ("relu3", "relu4"):
        np.testing.assert_array_equal(*(activation(model, layer, 1, rule) for rule in RULES))


def test_each_picture_has_its_own_unit_whatever_the_batches() -> None:
    model, units = relu_net(), [4, 0, 2, 5, 1]
    found = activation(model, "last", units, count=5)
    np.testing.assert_allclose(activation(model, "last", units, batch_size=2, count=5), found, atol=1e-6)
    for row, unit in enumerate(units):
        np.testing.assert_allclose(activation(model, "last", unit, count=5)[row], found[row], atol=1e-6)
    assert activation(model, "last", 0, count=0).shape == (0, 3, 16, 16)


def test_a_frozen_model_in_training_is_as_it_was_afterwards() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Dropout(), nn.Flatten()
    )
    model = classifier(network, 4, 8)
    expected = activation(model, "3", 1)
    model.train().requires_grad_(False)
    network[1].weight.requires_grad_(True)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.inference_mode():  # of a caller
        np.testing.assert_array_equal(activation(model, "3", 1), expected)
    assert all(module.training for module in model.modules())
    assert [p.requires_grad for p in network.parameters()] == [False, False, True, False]
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())


class Detached(nn.Module):
    """Its last layer is behind a step that no gradient passes."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.last(self.first(images).mean((2, 3)).detach())


@pytest.mark.parametrize(
    ("model", "layer", "unit", "message"),
    [
        (relu_net(), "lst", 0, f"'{KEY}' names the layer 'lst', .* did you mean 'last'"),
        (relu_net(), "last", 70, f"'{KEY}' names unit 70 of layer 'last': it has 6, counted from 0"),
        (relu_net(), "last", -1, "unit -1"),
        (relu_net(), "last", [0, 1, 6], "unit 6"),
        (classifier(Detached(), 2, 16), "last", 0, f"'{KEY}' .* no gradient passes"),
        (transformer("vit"), "encoder.layers.encoder_layer_1", 0, "GELU"),
    ],
)
def test_what_cannot_be_shown_is_said_in_a_sentence(
    model: Classifier, layer: str, unit: object, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        activation(model, layer, unit)


def test_a_gradient_that_is_not_finite_is_a_fault() -> None:
    model = relu_net()
    nn.init.constant_(model.network.first.weight, torch.nan)
    with pytest.raises(UserError, match="not finite"):
        activation(model, "first", 0)


def test_tiles_are_those_of_the_published_code() -> None:
    gradient = np.random.default_rng(0).standard_normal((3, 20, 30)).astype(np.float32)
    found = tiles(gradient)
    assert {name: (one.shape, one.dtype) for name, one in found.items()} == dict.fromkeys(
        ("colour", "grey", "positive", "negative"), ((20, 30, 3), np.uint8)
    )
    shifted = gradient - gradient.min()
    grey = np.abs(gradient).sum(0)
    grey = np.clip((grey - grey.min()) / (np.percentile(grey, 99) - grey.min()), 0, 1)
    expected = {
        "colour": shifted / shifted.max(),
        "grey": np.stack([grey] * 3),
        "positive": np.maximum(0, gradient) / gradient.max(),
        "negative": np.maximum(0, -gradient) / -gradient.min(),
    }
    for name, one in expected.items():
        np.testing.assert_allclose(found[name].transpose(2, 0, 1), one * 255, atol=0.51)
        assert found[name].max() == 255


@pytest.mark.filterwarnings("error")
def test_tiles_of_one_sign_of_few_pixels_or_of_nothing() -> None:
    nothing = np.zeros((3, 20, 20), np.float32)
    assert {name: np.unique(one).tolist() for name, one in tiles(nothing).items()} == {
        "colour": [128],
        "grey": [0],
        "positive": [0],
        "negative": [0],
    }
    dot = nothing.copy()
    dot[1, 4, 5] = -1e-30  # fewer pixels than one percent
    found = tiles(dot)
    assert found["grey"][4, 5].tolist() == [255, 255, 255] and found["grey"].sum() == 3 * 255
    assert found["negative"][4, 5].tolist() == [0, 255, 0] and not found["positive"].any()
    assert found["colour"][4, 5].tolist() == [255, 0, 255]
