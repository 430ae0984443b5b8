"""CAM, Score-CAM, LayerCAM and guided Grad-CAM against closed forms, slow loops and plain autograd."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from signsight.attribution.cam import cam
from signsight.attribution.run import frozen
from signsight.attribution.target import Classes
from signsight.attribution.task import Task
from signsight.core.errors import UserError
from signsight.core.registry import methods
from signsight.models.classifier import Classifier
from small_models import GapNet, classifier, gap, transformer

IDS = ["a", "b", "c"]


def maps(
    model: Classifier,
    method: str,
    images: torch.Tensor,
    targets: torch.Tensor,
    *,
    layer: str | None = None,
    score: str = "logit",
    batch_size: int = 64,
    **parameters: Any,
) -> torch.Tensor:
    task, chosen = Task(model, layer, 0, batch_size), Classes(targets, score=score)
    with frozen(model):
        return methods.get(method)(task, images, chosen, IDS[: len(images)], **parameters)


def some(count: int = 3, size: int = 16) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return torch.rand(count, 3, size, size), torch.arange(count) + 1


def enlarged(coarse: torch.Tensor, size: int = 16) -> torch.Tensor:
    return F.interpolate(coarse[:, None], size=(size, size), mode="bilinear", align_corners=False)[:, 0]


class Head(nn.Module):
    """Features, then a head of the given kind."""

    target = "features"

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind, self.features = kind, nn.Conv2d(3, 6, 3, padding=1)
        self.pool, self.flatten, self.dropout = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.5)
        self.head, self.second = nn.Linear(6, 5), nn.Linear(5, 5)
        self.wide = nn.Linear(6 * 16, 5)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = self.features(images)
        match self.kind:
            case "modules":
                return self.head(self.dropout(self.flatten(self.pool(maps))))
            case "functional":
                return self.head(F.dropout(maps.mean((2, 3)), 0.5, self.training))
            case "relu in place":
                return self.head(F.relu(maps, inplace=True).mean((2, 3)))
            case "maximum":
                return self.head(maps.amax((2, 3)))
            case "squared":
                return self.head(maps.square().mean((2, 3)))
            case "two linear":
                return self.second(F.relu(self.head(maps.mean((2, 3)))))
            case "scaled":
                return 2 * self.head(maps.mean((2, 3)))
            case "coarse":
                return self.wide(F.adaptive_avg_pool2d(maps, 4).flatten(1))
            case _:
                return maps[:, :5].mean((2, 3))


def headed(kind: str) -> Classifier:
    torch.manual_seed(0)
    return classifier(Head(kind), 5, 16)


@pytest.mark.parametrize("kind", ["modules", "functional", "relu in place"])
def test_cam_adds_up_to_the_logit(kind: str) -> None:
    """The map, here as fine as the image, has the mean logit - bias."""
    model = headed(kind)
    images, targets = some()
    logits = model(images).gather(1, targets[:, None])[:, 0]
    found = maps(model, "cam", images, targets)
    torch.testing.assert_close(found.mean((1, 2)), (logits - model.network.head.bias[targets]).detach())
    assert found.min() < 0 < found.max()


@pytest.mark.parametrize("kind", ["maximum", "squared", "two linear", "scaled", "coarse", "no linear"])
def test_cam_refuses_another_head(kind: str) -> None:
    model = headed(kind)
    with pytest.raises(UserError, match=r"'attribution\.layer'.*take grad_cam"):
        maps(model, "cam", *some())
    assert not any(module._forward_hooks for module in model.modules())


def test_cam_refuses_a_layer_below_the_last_map() -> None:
    with pytest.raises(UserError, match="take grad_cam"):
        maps(gap(), "cam", *some(), layer="features.0")


@pytest.mark.parametrize("layer", ["relu", None])
def test_grad_cam_is_the_positive_part_of_cam_up_to_the_number_of_positions(layer: str | None) -> None:
    """On a head of global average pooling the gradient is the weight over the 8 x 8 positions."""
    model = gap() if layer else headed("modules")
    positions = 64 if layer else 256
    images, targets = some()
    with frozen(model):
        task = Task(model, layer, 0)
        activation = _features(model, images)
        coarse = torch.einsum("bk,bkhw->bhw", model.network.head.weight[targets], activation)
        torch.testing.assert_close(cam(task, images, Classes(targets), IDS), enlarged(coarse))
    grad_cam = maps(model, "grad_cam", images, targets, layer=layer)
    torch.testing.assert_close(positions * grad_cam, enlarged(F.relu(coarse)))
    assert grad_cam.max() > 0


def test_grad_cam_of_tokens_leaves_the_class_token_out() -> None:
    """By hand at the normalisation before the last attention of a ViT, where it looks by itself."""
    model, (images, targets) = transformer("vit"), some(size=32)
    encoder = model.network.encoder
    last = encoder.layers[-1]
    with frozen(model), torch.enable_grad():
        patches = model.network._process_input(model.normalise(images))
        tokens = torch.cat([model.network.class_token.expand(3, -1, -1), patches], 1)
        before = encoder.layers[0](tokens + encoder.pos_embedding)
        norm = last.ln_1(before).requires_grad_()
        x = before + last.self_attention(norm, norm, norm, need_weights=False)[0]
        logits = model.network.heads(encoder.ln(x + last.mlp(last.ln_2(x)))[:, 0])
        g = torch.autograd.grad(logits.gather(1, targets[:, None]).sum(), norm)[0][:, 1:]
    coarse = F.relu((norm.detach()[:, 1:] * g.mean(1, keepdim=True)).sum(2)).view(3, 4, 4)
    found = maps(model, "grad_cam", images, targets)
    assert found.max() > 0
    torch.testing.assert_close(found, enlarged(coarse, 32), rtol=1e-4, atol=1e-7)


def _features(model: Classifier, images: torch.Tensor) -> torch.Tensor:
    found = model.network.features(model.normalise(images))
    return F.relu(found) if isinstance(model.network, GapNet) else found


def slow_score_cam(model: Classifier, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """One image and one channel at a time, with the black baseline taken off; no channel is constant."""
    found = []
    for image, target in zip(images, targets, strict=True):
        activation = model.network.features(model.normalise(image[None]))[0]
        black = model(torch.zeros_like(image)[None])[0, target]
        rises = []
        for channel in enlarged(activation):
            mask = (channel - channel.min()) / (channel.max() - channel.min())
            rises.append(model((image * mask)[None])[0, target] - black)
        weights = torch.stack(rises).softmax(0)
        found.append(F.relu((weights[:, None, None] * activation).sum(0)))
    return enlarged(torch.stack(found))


@torch.no_grad()
def test_score_cam_is_the_slow_loop() -> None:
    model = gap()
    model.network.head.weight.mul_(20)  # unlike weights
    images, targets = some()
    torch.testing.assert_close(
        maps(model, "score_cam", images, targets), slow_score_cam(model, images, targets)
    )


@torch.no_grad()
def test_constant_channels_are_left_out_of_score_cam() -> None:
    """A channel that is 3 everywhere changes nothing, neither its own weight nor those of the others."""
    model = gap()
    images, targets = some()
    last = model.network.features[3]
    last.weight[2], last.bias[2] = 0, 0
    model.network.head.weight[:, 2] = 0
    plain = maps(model, "score_cam", images, targets)
    last.bias[2] = 3
    torch.testing.assert_close(maps(model, "score_cam", images, targets), plain)
    last.weight.zero_()
    assert (maps(model, "score_cam", images, targets) == 0).all()


class Two(nn.Module):
    """Two stages that a closed form of LayerCAM can be written for, the second with half the side."""

    target = "second"

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 5, 2, stride=2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.second(self.first(images)).square().sum((2, 3)) / 2


def test_layer_cam_in_closed_form() -> None:
    """Logit c is half the sum of a_c^2, so g = a_c at channel c: the map is a_c^2 where a_c > 0."""
    torch.manual_seed(0)
    model = classifier(Two(), 5, 16)
    images, targets = some()
    a = model.network.second(model.network.first(model.normalise(images))).detach()
    own = a[range(3), targets]
    torch.testing.assert_close(maps(model, "layer_cam", images, targets), enlarged(F.relu(own).square()))


def test_fused_layers_are_the_maximum_of_their_scaled_maps() -> None:
    torch.manual_seed(0)
    model = classifier(Two(), 5, 16)
    images, targets = some()
    with torch.enable_grad():
        first = model.network.first(model.normalise(images)).detach().requires_grad_()
        score = model.network.second(first).square().sum((2, 3)).gather(1, targets[:, None]).sum() / 2
        (gradient,) = torch.autograd.grad(score, first)
    shallow = F.relu((F.relu(gradient) * first).sum(1)).detach()
    torch.testing.assert_close(maps(model, "layer_cam", images, targets, layer="first"), shallow)
    deep = maps(model, "layer_cam", images, targets)
    scaled = [one / one.amax((1, 2), keepdim=True) for one in (shallow, deep)]
    for layers in (["first", "second"], ["second", "first"]):
        found = maps(model, "layer_cam", images, targets, layers=layers)
        torch.testing.assert_close(found, torch.maximum(*scaled))
    torch.testing.assert_close(maps(model, "layer_cam", images, targets, layers=["first"]), scaled[0])


def test_a_fused_map_of_nothing_is_zero() -> None:
    model = gap()
    with torch.no_grad():
        model.network.head.weight.zero_()
    found = maps(model, "layer_cam", *some(), layers=["features.0", "features.3"])
    assert (found == 0).all()


@pytest.mark.parametrize(
    ("layer", "message"), [("heads", "nearest|did you mean|head"), ("head", "run just once")]
)
def test_a_layer_of_the_list_that_does_not_fit_is_refused_by_its_key(layer: str, message: str) -> None:
    with pytest.raises(UserError, match=rf"'attribution\.parameters\.layer_cam\.layers'.*({message})"):
        maps(gap(), "layer_cam", *some(), layers=["features", layer])


@pytest.mark.parametrize("method", ["cam", "layer_cam", "score_cam", "guided_grad_cam"])
def test_in_place_relus_and_asking_weights_change_nothing(method: str) -> None:
    images, targets = some()
    found = maps(gap(inplace=True), method, images, targets)
    torch.testing.assert_close(found, maps(gap(inplace=False), method, images, targets))
    asking = methods.get(method)(Task(gap(inplace=True), None, 0), images, Classes(targets), IDS)
    torch.testing.assert_close(asking.detach(), found)


def test_guided_grad_cam_is_the_product_and_its_weights_are_plain() -> None:
    model = gap()
    images, targets = some()
    place = maps(model, "grad_cam", images, targets)
    guided = maps(model, "guided_backprop", images, targets)
    found = maps(model, "guided_grad_cam", images, targets)
    assert found.shape == (3, 3, 16, 16) and found.abs().max() > 0
    torch.testing.assert_close(found, place[:, None] * guided)


@pytest.mark.parametrize(
    ("method", "parameters"), [("score_cam", {}), ("smooth_grad_cam_pp", {"samples": 3})]
)
def test_pieces_of_any_size_change_nothing(method: str, parameters: dict[str, Any]) -> None:
    model = gap()
    images, targets = some()
    sizes: list[int] = []
    handle = model.register_forward_pre_hook(lambda module, args: sizes.append(len(args[0])))
    whole = maps(model, method, images, targets, **parameters)
    for batch_size in (1, 4, 7):
        sizes.clear()
        found = maps(model, method, images, targets, batch_size=batch_size, **parameters)
        torch.testing.assert_close(found, whole, rtol=1e-5, atol=1e-7)
        pieces = sizes[1:]  # the first pass is that of the images themselves
        assert set(pieces[:-1]) <= {batch_size} and 0 < pieces[-1] <= batch_size
    handle.remove()
