"""Class activation and perturbation methods agree with captum and grad-cam where their conventions match.

captum's Grad-CAM is the coarse map, enlarged here as ours is; its guided Grad-CAM enlarges by the
nearest pixel unless told otherwise; its occlusion takes the baseline in the units of the input and
cuts off the last window of a row at the border, as ours does. grad-cam scales every map to [0, 1] by
its minimum and maximum, before and after it enlarges it, and enlarges the masks of Score-CAM with
align_corners; so it is compared at a layer that is as fine as the image, up to that scale, and on
copies of the network whose layer no in-place ReLU overwrites. All in double precision, where rounding
is small on every CPU.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from signsight.attribution.run import frozen
from signsight.attribution.target import Classes
from signsight.attribution.task import Task
from signsight.core.registry import methods
from signsight.models.build import build
from signsight.models.classifier import Classifier
from small_models import classifier, gap

captum = pytest.importorskip("captum.attr", reason="captum is in the environment of the tests only")
IDS = ["a", "b"]


def resnet() -> Classifier:
    torch.manual_seed(0)
    network = build("resnet18", 5, 48).double()
    network.train()
    with torch.no_grad():  # running statistics that keep the images apart
        for _ in range(2):
            network(torch.randn(4, 3, 48, 48, dtype=torch.float64))
    return classifier(network, 5, 48)


NETWORKS: dict[str, tuple[Callable[[], Classifier], int]] = {
    "gap": (lambda: gap(size=24), 24),
    "resnet18": (resnet, 48),
}


def ours(
    model: Classifier,
    method: str,
    images: torch.Tensor,
    targets: torch.Tensor,
    layer: str | None,
    **given: Any,
) -> torch.Tensor:
    with frozen(model):
        task = Task(model, layer, 0)
        return methods.get(method)(task, images, Classes(targets), IDS, **given).detach()


def some(size: int) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return torch.rand(2, 3, size, size, dtype=torch.float64), torch.tensor([1, 3])


def assert_close_to(found: torch.Tensor, expected: torch.Tensor, within: float = 1e-10) -> None:
    """Up to `within` of the largest value."""
    assert found.dtype == torch.float64 and expected.abs().max() > 0
    largest = expected.abs().max().item()
    torch.testing.assert_close(found, expected.to(found.dtype), rtol=0, atol=within * largest)


@pytest.mark.parametrize("kind", NETWORKS)
def test_grad_cam_is_captum_s(kind: str) -> None:
    make, size = NETWORKS[kind]
    model, (images, targets) = make().double(), some(size)
    layer = model.get_submodule(model.target_layer())
    coarse = captum.LayerGradCam(model, layer).attribute(images, targets, relu_attributions=True)
    expected = F.interpolate(coarse, size=(size, size), mode="bilinear", align_corners=False)[:, 0]
    assert_close_to(ours(model, "grad_cam", images, targets, None), expected.detach())


@pytest.mark.parametrize("kind", NETWORKS)
def test_guided_grad_cam_is_captum_s(kind: str) -> None:
    make, size = NETWORKS[kind]
    model, (images, targets) = make().double(), some(size)
    found = ours(model, "guided_grad_cam", images, targets, None)
    oracle = captum.GuidedGradCam(model, model.get_submodule(model.target_layer()))
    expected = oracle.attribute(images.clone().requires_grad_(), targets, interpolate_mode="bilinear")
    assert_close_to(found, expected.detach())


@pytest.mark.parametrize(("window", "stride"), [(8, 8), (9, 5), (10, 7)])
def test_occlusion_is_captum_s(window: int, stride: int) -> None:
    """10 and 7 leave a last window that is cut off at the border of 24 pixels."""
    model, (images, targets) = gap(size=24).double(), some(24)
    fill = (0.2, 0.5, 0.7)
    expected = captum.Occlusion(model).attribute(
        images,
        sliding_window_shapes=(3, window, window),
        strides=(3, stride, stride),
        baselines=torch.tensor(fill).view(1, 3, 1, 1).expand_as(images),
        target=targets,
    )
    found = ours(model, "occlusion", images, targets, None, window=window, stride=stride, fill=fill)
    assert_close_to(found, expected[:, 0].detach(), within=1e-6)  # captum rounds to float32


class Fine(nn.Module):
    """A network whose target layer is as fine as the image, with a head that is not linear."""

    target = "features"

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 6, 3, padding=1))
        self.head = nn.Sequential(
            nn.Tanh(), nn.AvgPool2d(4), nn.Flatten(), nn.Linear(96, 16), nn.ReLU(), nn.Linear(16, 5)
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(images))


@pytest.mark.oracles
@pytest.mark.parametrize(("method", "theirs"), [("score_cam", "ScoreCAM"), ("layer_cam", "LayerCAM")])
def test_score_cam_and_layer_cam_are_those_of_grad_cam(method: str, theirs: str) -> None:
    library = pytest.importorskip(
        "pytorch_grad_cam", reason="grad-cam brings its own OpenCV: not installed here"
    )
    targets_of = pytest.importorskip("pytorch_grad_cam.utils.model_targets").ClassifierOutputTarget
    torch.manual_seed(0)
    model, (images, targets) = classifier(Fine(), 5, 16).double(), some(16)
    with getattr(library, theirs)(model, [model.network.features]) as oracle:
        expected = oracle(images.clone(), [targets_of(int(target)) for target in targets])
    found = ours(model, method, images, targets, None).numpy()
    low, high = found.min((1, 2), keepdims=True), found.max((1, 2), keepdims=True)
    np.testing.assert_allclose((found - low) / (high - low), expected, atol=1e-4)
