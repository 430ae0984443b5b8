"""Saliency, Grad-CAM and its kin against closed forms and higher derivatives by autograd."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from signsight.attribution.cam import activation_and_gradient
from signsight.attribution.reduce import reduced
from signsight.attribution.target import Classes
from signsight.attribution.task import Task
from signsight.core.errors import UserError
from signsight.core.registry import methods
from signsight.evaluation.metrics.deletion_insertion import deletion, insertion
from signsight.models.build import build
from signsight.models.classifier import Classifier
from small_models import STD, block_of, classifier, gap, linear


def maps(
    model: Classifier,
    method: str,
    images: torch.Tensor,
    targets: torch.Tensor,
    *,
    score: str = "logit",
    layer: str | None = None,
    **parameters: Any,
) -> torch.Tensor:
    task, chosen = Task(model, layer, 0), Classes(targets, score=score)
    ids = [str(n) for n in range(len(images))]
    found = methods.get(method)(task, images, chosen, ids, **parameters)
    how = methods.about(method).get("reduce")
    return reduced(found, how) if how else found


def some(count: int = 3, size: int = 16, classes: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return torch.rand(count, 3, size, size), torch.arange(count) % classes


def enlarged(coarse: torch.Tensor, size: int = 16) -> torch.Tensor:
    return F.interpolate(coarse[:, None], size=(size, size), mode="bilinear", align_corners=False)[:, 0]


def test_saliency_of_a_linear_model_is_its_weights_through_the_normalisation() -> None:
    model = linear(4, 12)
    images, targets = some(4, 12, 4)
    weights = model.network[1].weight.detach().view(4, 3, 12, 12) / torch.tensor(STD).view(3, 1, 1)
    found = maps(model, "saliency", images, targets)
    torch.testing.assert_close(found, weights[targets].abs().amax(1))


def test_saliency_of_the_softmax_is_that_of_the_weighed_logits() -> None:
    """d p_c / dx = p_c * (w_c - sum of p_j w_j)."""
    model = linear(4, 12)
    images, targets = some(4, 12, 4)
    weights = model.network[1].weight.detach().view(4, 3, 12, 12) / torch.tensor(STD).view(3, 1, 1)
    shares = model(images).softmax(1).detach()
    mean = torch.einsum("bc,cxyz->bxyz", shares, weights)
    own = shares.gather(1, targets[:, None])[:, :, None, None] * (weights[targets] - mean)
    found = maps(model, "saliency", images, targets, score="softmax")
    torch.testing.assert_close(found, own.abs().amax(1))


def features(model: Classifier, images: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return model.network.relu(model.network.features(model.normalise(images)))


def test_grad_cam_is_cam_where_a_linear_head_follows_the_average() -> None:
    """dlogit/dA = w / (h w), so Grad-CAM is ReLU(CAM) / (h w) (Selvaraju et al. 2017, section 3.1)."""
    model = gap()
    images, targets = some()
    activation = features(model, images)
    cam = torch.einsum("bk,bkhw->bhw", model.network.head.weight.detach()[targets], activation)
    expected = enlarged(F.relu(cam) / 64)
    torch.testing.assert_close(maps(model, "grad_cam", images, targets, layer="relu"), expected)
    assert expected.amax((1, 2)).min() > 0


def study_network() -> Classifier:
    """The network of the CIFAR-10 study, narrow, with statistics that keep the images apart."""
    torch.manual_seed(2)
    network = build("resnet14", 5, 32, {"width": 4})
    with torch.no_grad():
        for _ in range(2):
            network(torch.randn(4, 3, 32, 32))
    return classifier(network, 5, 32)


def test_cam_of_the_cifar_study_is_its_grad_cam_times_the_positions() -> None:
    """docs/cifar10.md: c = sum of w_k A_k is CAM; ReLU(c), enlarged, is 64 Grad-CAM, with the same AUC."""
    model = study_network().double()
    images, targets = some(3, 32)
    images = images.double()
    with torch.no_grad():
        last = []
        hook = model.network.stage3.register_forward_hook(lambda _module, _in, out: last.append(out))
        model(images)
        hook.remove()
    assert last[0].shape == (3, 16, 8, 8)
    coarse = torch.einsum("bk,bkhw->bhw", model.network.head.weight.detach()[targets], last[0])
    exact = {"rtol": 1e-6, "atol": 1e-6 * coarse.abs().max().item()}
    torch.testing.assert_close(maps(model, "cam", images, targets), enlarged(coarse, 32), **exact)
    grad_cam = maps(model, "grad_cam", images, targets)
    torch.testing.assert_close(64 * grad_cam, enlarged(F.relu(coarse), 32), **exact)
    assert grad_cam.max() > 0 > coarse.min()
    both = (enlarged(F.relu(coarse), 32), grad_cam)
    blocks = [block_of(study_network(), 3, found.float().numpy()) for found in both]
    for metric in (deletion, insertion):
        ours, theirs = (next(iter(metric(block, steps=8).values.values())) for block in blocks)
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


class Piecewise(nn.Module):
    """Features A (B, K, 4, 4), and logits that are piecewise linear in A."""

    target = "features"

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1, stride=4), nn.ReLU())
        self.above = nn.Sequential(nn.Flatten(), nn.Linear(64, 12), nn.ReLU(), nn.Linear(12, 5))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.above(self.features(images))


def derivatives(score: torch.Tensor, activation: torch.Tensor) -> list[torch.Tensor]:
    """First, second and third derivative of `score` by every single element of `activation`."""
    (first,) = torch.autograd.grad(score, activation, create_graph=True)
    second, third = torch.zeros_like(first), torch.zeros_like(first)
    for place in np.ndindex(*first.shape):
        (row,) = torch.autograd.grad(first[place], activation, create_graph=True)
        second[place] = row[place]
        (third[place],) = (torch.autograd.grad(row[place], activation, retain_graph=True)[0][place],)
    return [d.detach() for d in (first, second, third)]


def test_grad_cam_pp_weighs_by_the_derivatives_of_the_exponential_of_the_logit() -> None:
    """alpha = Y'' / (2 Y'' + sum(A) Y''') for Y = exp(S) (Chattopadhay et al. 2018, equation 19)."""
    torch.manual_seed(3)
    model = classifier(Piecewise(), 5, 16).double()
    images = torch.rand(3, 3, 16, 16, dtype=torch.float64)
    targets = torch.tensor([0, 3, 4])
    found = maps(model, "grad_cam_pp", images, targets)
    for image, target, own in zip(images, targets, found, strict=True):
        activation = model.network.features(model.normalise(image[None])).detach().requires_grad_()
        logit = model.network.above(activation)[0, target]
        (gradient,) = torch.autograd.grad(logit, activation, retain_graph=True)
        _, second, third = derivatives(logit.exp(), activation)
        bottom = 2 * second + activation.detach().sum((2, 3), keepdim=True) * third
        alpha = torch.where(second > 0, second / torch.where(bottom == 0, 1, bottom), 0)
        weights = (alpha * F.relu(gradient)).sum((2, 3))
        coarse = F.relu((weights[:, :, None, None] * activation.detach()).sum(1))
        torch.testing.assert_close(own, enlarged(coarse)[0])
        assert own.max() > 0


def test_smooth_without_noise_is_grad_cam_pp() -> None:
    model = gap()
    images, targets = some()
    plain = maps(model, "grad_cam_pp", images, targets)
    found = maps(model, "smooth_grad_cam_pp", images, targets, samples=3, spread=0.0)
    torch.testing.assert_close(found, plain)
    noisy = maps(model, "smooth_grad_cam_pp", images, targets, samples=3, spread=0.5)
    assert not torch.allclose(noisy, plain, rtol=1e-3)


def test_smooth_holds_for_tiny_gradients() -> None:
    """The score times c scales g, g^2 and g^3; for c -> 0 alpha goes to 1/2, and the map to c times that."""
    model = gap()
    images, targets = some()
    with torch.no_grad():
        model.network.head.weight *= 1e-16
    activation, gradient = activation_and_gradient(Task(model, None, 0), images, Classes(targets))
    weights = 0.5 * F.relu(gradient).sum((2, 3))
    expected = enlarged(F.relu((weights[:, :, None, None] * activation).sum(1)))
    found = maps(model, "smooth_grad_cam_pp", images, targets, samples=2, spread=0.0)
    assert expected.max() > 0
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=0)


class Spy(nn.Module):
    """Keeps what it is given; one logit."""

    target = "layer"

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.seen = nn.Conv2d(3, 1, 1), []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.seen.append(images.detach().clone())
        return self.layer(images).mean((2, 3))


def test_the_noise_is_a_share_of_each_image_s_range() -> None:
    model = classifier(Spy(), 1, 32)
    images = torch.rand(2, 3, 32, 32) * torch.tensor([1.0, 0.1]).view(2, 1, 1, 1)
    maps(model, "smooth_grad_cam_pp", images, torch.zeros(2, dtype=torch.int64), samples=25, spread=0.15)
    clean, *noisy = model.network.seen
    noise = (torch.cat(noisy).view(25, 2, 3, 32, 32) - clean) * model.std[:, None, None]
    spans = images.amax((1, 2, 3)) - images.amin((1, 2, 3))
    sd = noise.std(dim=(0, 2, 3, 4))
    torch.testing.assert_close(sd, 0.15 * spans, rtol=0.02, atol=0)  # standard error 0.3 %
    assert noise.mean().abs() < 1e-3
    flat = noise[:, 0].flatten(1)
    assert (torch.corrcoef(flat) - torch.eye(25)).abs().max() < 0.1


@pytest.mark.parametrize("method", ["grad_cam", "grad_cam_pp", "smooth_grad_cam_pp"])
def test_an_in_place_relu_behind_the_layer_does_no_harm(method: str) -> None:
    images, targets = some()
    found = maps(gap(inplace=True), method, images, targets)
    torch.testing.assert_close(found, maps(gap(inplace=False), method, images, targets))
    activation, _ = activation_and_gradient(Task(gap(inplace=True), None, 0), images, Classes(targets))
    assert activation.min() < 0


def test_the_gradient_is_that_of_plain_autograd() -> None:
    model = gap()
    images, targets = some()
    for score in ("logit", "softmax"):
        task, chosen = Task(model, None, 0), Classes(targets, score=score)
        activation, gradient = activation_and_gradient(task, images, chosen)
        kept = model.network.features(model.normalise(images))
        head = model.network.head(model.network.relu(kept).mean((2, 3)))
        (expected,) = torch.autograd.grad(chosen.scores(head).sum(), kept)
        torch.testing.assert_close(activation, kept.detach())
        torch.testing.assert_close(gradient, expected)


class Odd(nn.Module):
    """Layers that class activation methods cannot use."""

    def __init__(self) -> None:
        super().__init__()
        self.features, self.twice = nn.Conv2d(3, 3, 3, padding=1), nn.Conv2d(3, 3, 3, padding=1)
        self.unused, self.aside = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)
        self.pair = Pair()
        self.head = nn.Linear(3, 5)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = self.twice(self.twice(self.features(images)))
        self.aside(features)
        return self.head(self.pair(features)[0].mean((2, 3)))


class Pair(nn.Module):
    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, int]:
        return features, 1


@pytest.mark.parametrize("layer", ["twice", "unused", "aside", "pair", "head"])
def test_a_layer_that_does_not_fit_is_refused_and_no_hook_stays(layer: str) -> None:
    model = classifier(Odd(), 5, 16)
    with pytest.raises(UserError, match=r"'attribution\.layer' stands for a layer that is not run just once"):
        maps(model, "grad_cam", *some(), layer=layer)
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize(("name", "near"), [("feature", "features"), ("", "features"), ("heads", "head")])
def test_an_unknown_layer_is_refused_with_the_nearest(name: str, near: str) -> None:
    with pytest.raises(UserError, match=rf"'attribution\.layer' is {name!r}.*{near}"):
        maps(gap(), "grad_cam", *some(), layer=name)


def test_a_named_layer_is_used() -> None:
    model = gap()
    images, targets = some()
    early = maps(model, "grad_cam", images, targets, layer="features.0")
    late = maps(model, "grad_cam", images, targets, layer="features.3")
    torch.testing.assert_close(late, maps(model, "grad_cam", images, targets))
    assert not torch.allclose(early, late)


def test_a_network_without_a_map_is_explained_by_methods_that_need_none() -> None:
    model = linear(4, 12)
    images, targets = some(3, 12, 4)
    assert maps(model, "saliency", images, targets).shape == (3, 12, 12)
    with pytest.raises(UserError, match=r"'attribution\.layer' is null"):
        maps(model, "grad_cam", images, targets)
