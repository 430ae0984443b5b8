"""Promises of every registered network: shapes, gradients, no in-place modules, a target layer."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from torch import nn

from signsight.models.classifier import Classifier, new_classifier
from signsight.models.names import networks

STATISTICS = [0.4, 0.5, 0.6], [0.2, 0.25, 0.3]


@pytest.fixture(scope="module", params=networks.names())
def classifier(request: pytest.FixtureRequest) -> Classifier:
    torch.manual_seed(0)
    return new_classifier(request.param, {}, list("abcde"), 48, *STATISTICS).eval()


def test_logits_of_pixels(classifier: Classifier) -> None:
    logits = classifier(torch.rand(2, 3, 48, 48))
    assert logits.shape == (2, 5)
    assert logits.dtype == torch.float32
    assert torch.isfinite(logits).all()


def test_an_image_does_not_see_its_batch(classifier: Classifier) -> None:
    pixels = torch.rand(3, 3, 48, 48)
    alone = torch.cat([classifier(pixels[row : row + 1]) for row in range(3)])
    torch.testing.assert_close(classifier(pixels), alone, rtol=1e-4, atol=1e-5)


def test_gradient_reaches_the_pixels(classifier: Classifier) -> None:
    pixels = torch.rand(2, 3, 48, 48, requires_grad=True)
    classifier(pixels)[:, 0].sum().backward()
    assert (pixels.grad.abs().sum((1, 2, 3)) > 0).all()


def test_every_relu_is_a_module_of_one_use(classifier: Classifier) -> None:
    uses: Counter[nn.Module] = Counter()
    relus = [module for module in classifier.modules() if isinstance(module, nn.ReLU)]
    assert relus
    handles = [relu.register_forward_hook(lambda module, _in, _out: uses.update([module])) for relu in relus]
    classifier(torch.rand(1, 3, 48, 48))
    for handle in handles:
        handle.remove()
    assert all(uses[relu] == 1 and not relu.inplace for relu in relus)


def test_target_layer_gives_a_map(classifier: Classifier) -> None:
    seen: list[torch.Tensor] = []
    layer = classifier.get_submodule(classifier.target_layer())
    with torch.no_grad():
        handle = layer.register_forward_hook(lambda _module, _in, out: seen.append(out))
        classifier(torch.rand(2, 3, 48, 48))
        handle.remove()
    assert seen[0].ndim == 4
    assert min(seen[0].shape[2:]) >= 4
