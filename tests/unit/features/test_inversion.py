"""Inversion: what a layer keeps is recovered; errors are of 8-bit pictures; the model stays as it was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from signsight.core.errors import UserError
from signsight.features.inversion import features, invert, psnr
from signsight.features.recipe import Recipe
from signsight.models.classifier import Classifier, to_pixels
from small_models import classifier, gap, pictures, transformer

ADAM = Recipe("pixels", steps=200, rate=0.02, optimiser="adam")
PLAIN = replace(ADAM, steps=40)
SMOOTH = replace(PLAIN, regularisers={"total_variation": {"weight": 0.1}, "norm": {"power": 6.0}})
FOURIER = Recipe("fourier", steps=60, rate=0.05, optimiser="adam", transforms={"shift": {}})
IDS = ["a", "b", "c"]


def pointwise(kind: str, size: int = 12) -> Classifier:
    """A network whose first layer keeps the colours, or turns them in their space."""
    torch.manual_seed(0)
    first = nn.Conv2d(3, 3, 1, bias=False)
    if kind == "identity":
        nn.init.dirac_(first.weight)
    else:
        nn.init.orthogonal_(first.weight)
    return classifier(nn.Sequential(first, nn.Flatten(), nn.Linear(3 * size**2, 4)), 4, size)


def pyramid(inplace: bool = False, norm: bool = False) -> Classifier:
    """Three halvings of the side, each to as many channels: less is kept from layer to layer."""
    torch.manual_seed(0)
    layers: list[nn.Module] = [nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(inplace)]
    for _ in range(3):
        layers += [nn.Conv2d(16, 16, 3, 2, padding=1), nn.BatchNorm2d(16) if norm else nn.Identity()]
        layers += [nn.ReLU(inplace)]
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            nn.init.orthogonal_(layer.weight)
    return classifier(nn.Sequential(*layers, nn.Flatten(), nn.Linear(64, 5)), 5, 16)


@pytest.mark.parametrize("kind", ["identity", "orthogonal"])
@pytest.mark.parametrize("recipe", [ADAM, Recipe("pixels", 100, 8.0, "sgd")], ids=["adam", "sgd"])
def test_a_layer_that_loses_nothing_gives_the_picture_back(kind: str, recipe: Recipe) -> None:
    found = invert(pointwise(kind), pictures(3, 12), IDS, "0", recipe, 0, batch_size=4)
    assert (found.psnr > 40).all()
    assert (found.error < 1e-4).all()


def test_a_regulariser_keeps_the_picture_from_the_given_one() -> None:
    found = invert(pointwise("identity"), pictures(3, 12), IDS, "0", SMOOTH, 0, batch_size=4)
    assert (found.psnr < 30).all()


@pytest.mark.parametrize("recipe", [PLAIN, SMOOTH, FOURIER], ids=["plain", "smooth", "fourier"])
@pytest.mark.parametrize("layer", ["0", "3", "11", ""])
def test_errors_are_those_of_the_8_bit_pictures_and_fall(layer: str, recipe: Recipe) -> None:
    model, given = pyramid(), pictures(3, 16)
    if not layer:
        model, layer = transformer("vit"), "encoder.layers.encoder_layer_0"
        given = pictures(3, 32)
    found = invert(model, given, IDS, layer, recipe, 3, batch_size=2)
    assert found.error.dtype == found.start_error.dtype == found.psnr.dtype == np.float64
    assert (found.error <= found.start_error).all()
    wanted = features(model, given, layer, 8).double()
    away = features(model, found.made.pictures, layer, 8).double() - wanted
    by_hand = away.square().flatten(1).sum(1) / wanted.square().flatten(1).sum(1)
    np.testing.assert_allclose(found.error, by_hand, rtol=1e-4)
    assert found.psnr.tolist() == [psnr(*pair) for pair in zip(found.made.pictures, given, strict=True)]


def test_start_error_is_that_of_the_noise_that_pictures_start_from() -> None:
    flat = replace(PLAIN, parameters={"low": 0.4, "high": 0.4}, regularisers={"decay": {"share": 0.5}})
    model, given = pyramid(), pictures(3, 16)
    found = invert(model, given, IDS, "3", flat, 0, batch_size=4)
    with torch.no_grad():
        wanted = model.network[:4](model.normalise(to_pixels(given)))
        grey = model.network[:4](model.normalise(torch.full((1, 3, 16, 16), 0.4)))
    by_hand = (grey - wanted).square().flatten(1).sum(1) / wanted.square().flatten(1).sum(1)
    np.testing.assert_allclose(found.start_error, by_hand, rtol=1e-5)


def test_less_is_recovered_from_deeper_layers() -> None:
    found = [invert(pyramid(), pictures(3, 16), IDS, one, ADAM, 0, batch_size=4).psnr for one in "025"]
    by_depth = np.array([np.minimum(one, 60) for one in found])  # equal pictures have no finite value
    assert (np.diff(by_depth, axis=0) < -5).all()


def test_of_means_of_blocks_the_blocks_are_recovered() -> None:
    model = classifier(nn.Sequential(*(nn.AvgPool2d(2) for _ in range(3)), nn.Flatten()), 12, 16)
    given = pictures(3, 16)
    # plain steps from a grey never leave it where the layer is blind, so that the answer is known
    recipe = Recipe("pixels", 200, 5.0, "sgd", parameters={"low": 0.5, "high": 0.5})
    by_depth = []
    for depth in range(3):
        found = invert(model, given, IDS, str(depth), recipe, 0, batch_size=4)
        side = 2 ** (depth + 1)
        blocks = given.reshape(3, 16 // side, side, 16 // side, side, 3).mean((2, 4))
        wanted = blocks.repeat(side, 1).repeat(side, 2)
        np.testing.assert_allclose(found.made.pictures, wanted, atol=0.6)
        by_depth.append(found.psnr)
    assert (np.diff(by_depth, axis=0) < 0).all()


@pytest.mark.parametrize("recipe", [SMOOTH, FOURIER], ids=["pixels", "fourier"])
def test_a_picture_does_not_depend_on_the_others(recipe: Recipe) -> None:
    model, given = pyramid().double(), pictures(3, 16)
    together = invert(model, given, IDS, "5", recipe, 7, batch_size=3)
    turned = invert(model, given[::-1].copy(), IDS[::-1], "5", recipe, 7, batch_size=2)
    for number, one in enumerate(IDS):
        alone = invert(model, given[[number]], [one], "5", recipe, 7, batch_size=8)
        for other, place in ((together, number), (turned, 2 - number)):
            np.testing.assert_array_equal(alone.made.pictures[0], other.made.pictures[place])
            np.testing.assert_allclose(alone.error[0], other.error[place], rtol=1e-9)
            np.testing.assert_allclose(alone.start_error[0], other.start_error[place], rtol=1e-9)


def test_draws_differ_between_pictures_layers_and_seeds_and_repeat() -> None:
    given = pictures(1, 16).repeat(2, 0)
    first = invert(pyramid(), given, IDS[:2], "11", SMOOTH, 0, batch_size=2)
    again = invert(pyramid(), given, IDS[:2], "11", SMOOTH, 0, batch_size=2)
    other = invert(pyramid(), given, IDS[:2], "11", SMOOTH, 1, batch_size=2)
    np.testing.assert_array_equal(first.made.pictures, again.made.pictures)
    assert (first.made.pictures[0] != first.made.pictures[1]).any()
    assert (first.made.pictures != other.made.pictures).any()


def test_frames_show_the_way_there() -> None:
    found = invert(pyramid(), pictures(2, 16), IDS[:2], "3", SMOOTH, 0, batch_size=2, frames=4)
    assert found.made.frames.shape == (2, 4, 16, 16, 3)
    assert found.made.steps.tolist() == [10, 20, 30, 40]


def test_pictures_need_not_be_square() -> None:
    given = np.random.default_rng(0).integers(0, 256, (2, 10, 22, 3), dtype=np.uint8)
    found = invert(gap(), given, IDS[:2], "features.0", ADAM, 0, batch_size=2)
    assert found.made.pictures.shape == given.shape
    assert (found.psnr > 40).all()


@pytest.mark.parametrize("training", [False, True])
def test_the_model_stays_as_it_was(training: bool) -> None:
    model = pyramid(inplace=True, norm=True).train(training)
    model.network[0].requires_grad_(False)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    asked = [weights.requires_grad for weights in model.parameters()]
    found = invert(model, pictures(2, 16), IDS[:2], "3", SMOOTH, 0, batch_size=2)
    assert (found.error < found.start_error).all()
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert modes == [module.training for module in model.modules()]
    assert asked == [weights.requires_grad for weights in model.parameters()]
    assert all(weights.grad is None for weights in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())


def test_features_without_power_are_refused() -> None:
    model = pyramid()
    nn.init.zeros_(model.network[2].weight)
    nn.init.constant_(model.network[2].bias, -1)
    with pytest.raises(UserError, match=r"features\.inversion\.layers.*'4'.*zero everywhere.*picture a"):
        invert(model, pictures(2, 16), IDS[:2], "4", ADAM, 0, batch_size=2)


def test_a_layer_that_is_not_there_is_refused_by_its_key() -> None:
    with pytest.raises(UserError, match=r"'my\.key'.*'nowhere'"):
        invert(pyramid(), pictures(1, 16), IDS[:1], "nowhere", ADAM, 0, batch_size=2, key="my.key")


def test_psnr_by_hand() -> None:
    black = np.zeros((2, 2, 3), np.uint8)
    assert psnr(black, black) == float("inf")
    assert psnr(black, black + 255) == psnr(black + 255, black) == 0
    assert psnr(black, black + 51) == pytest.approx(20 * np.log10(5))
