"""Promises of every registered network: shapes, gradients, no in-place modules, a target layer."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest
import torch
from torch import nn

from signsight.attribution.run import Settings, explain_batch
from signsight.core.errors import UserError
from signsight.core.registry import methods, networks
from signsight.models.classifier import Classifier, new_classifier
from small_models import few, pictures

STATISTICS = [0.4, 0.5, 0.6], [0.2, 0.25, 0.3]
SIZES = (48, 224)  # the larger one for networks that cannot take small pictures


@pytest.fixture(scope="module", params=networks.names())
def network(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def classifier(network: str) -> Classifier:
    torch.manual_seed(0)
    for size in SIZES:
        try:
            return new_classifier(network, {}, list("abcde"), size, *STATISTICS).eval()
        except UserError:
            if size == SIZES[-1]:
                raise
    raise AssertionError


def pixels(classifier: Classifier, count: int) -> torch.Tensor:
    return torch.rand(count, 3, classifier.size, classifier.size)


def test_logits_of_pixels(classifier: Classifier) -> None:
    logits = classifier(pixels(classifier, 2))
    assert logits.shape == (2, 5)
    assert logits.dtype == torch.float32
    assert torch.isfinite(logits).all()


def test_an_image_does_not_see_its_batch(classifier: Classifier) -> None:
    images = pixels(classifier, 3)
    alone = torch.cat([classifier(images[row : row + 1]) for row in range(3)])
    torch.testing.assert_close(classifier(images), alone, rtol=1e-4, atol=1e-5)


def test_gradient_reaches_the_pixels(classifier: Classifier) -> None:
    images = pixels(classifier, 2).requires_grad_()
    classifier(images)[:, 0].sum().backward()
    assert (images.grad.abs().sum((1, 2, 3)) > 0).all()


def test_every_relu_is_a_module_of_one_use(classifier: Classifier, network: str) -> None:
    """Those of the package keep to that, so that other libraries can explain them too."""
    uses: Counter[nn.Module] = Counter()
    relus = [module for module in classifier.modules() if isinstance(module, nn.ReLU)]
    handles = [relu.register_forward_hook(lambda module, _in, _out: uses.update([module])) for relu in relus]
    classifier(pixels(classifier, 1))
    for handle in handles:
        handle.remove()
    assert not any(relu.inplace for relu in relus)
    assert network in networks.own() or all(uses[relu] == 1 for relu in relus)


def test_target_layer_gives_a_map(classifier: Classifier) -> None:
    seen: list[torch.Tensor] = []
    try:
        layer = classifier.get_submodule(classifier.target_layer())
    except ValueError as fault:  # a network without maps, which methods refuse in a sentence
        assert "no layer with a map" in str(fault)
        return
    with torch.no_grad():
        handle = layer.register_forward_hook(lambda _module, _in, out: seen.append(out))
        classifier(pixels(classifier, 2))
        handle.remove()
    assert isinstance(seen[0], torch.Tensor) and seen[0].ndim in (3, 4)  # 3: rows of tokens


def assert_is_a_sentence(fault: UserError) -> None:
    assert re.fullmatch(r"[A-Z].*\.", str(fault)) and ". " not in str(fault)


@pytest.mark.parametrize(
    "explaining", ["gradient", "guided_backprop", "grad_cam", "cam", "lrp_epsilon", "lrp_composite", "rise"]
)
def test_methods_of_every_kind_explain_it_or_refuse_it_in_a_sentence(
    classifier: Classifier, explaining: str
) -> None:
    settings = Settings(explaining, 2, "logit", None, 2, few(explaining, classifier.size), 0)
    arguments = classifier, pictures(1, classifier.size), np.zeros(1, int), ["a"], settings
    try:
        maps = explain_batch(*arguments, torch.device("cpu"))
    except UserError as fault:
        assert_is_a_sentence(fault)
    else:
        assert maps.shape == (1, classifier.size, classifier.size) and np.isfinite(maps).all()
        assert "cam" in explaining or maps.any()
    assert methods.about(explaining)["needs"] != "nothing"
