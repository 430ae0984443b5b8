"""Gradient methods agree with captum, an independent implementation, on networks of three kinds.

Where the conventions differ:
- captum takes what the network is given. Here that is the pixels in [0, 1], as everywhere with us, so
  its input x gradient is (pixel) x (pixel gradient); ours takes the normalised input, which is
  (pixel - mean colour) x (pixel gradient). It is compared with captum run on the normalised image.
- captum's guided backpropagation and deconvolution hook `nn.ReLU` modules, each used once. Ours see
  every call. So the networks here have modules only, and ResNet's shared ones are made separate.
- captum's integrated gradients round the Gauss-Legendre points and weights to float32, also for a
  network in float64; "multiply_by_inputs" False is our times_input False.
- captum's SmoothGrad takes an absolute standard deviation and draws from torch's generator; ours is
  relative to each image's range and drawn by the image's id. The network's mean gradient over our
  noise is compared with captum's gradient at each of our noisy copies.
- captum's saliency is |gradient| before colours are put together, by the maximum in the paper.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models.resnet import BasicBlock, ResNet
from torchvision.models.vgg import VGG, make_layers

from signsight.attribution.run import frozen
from signsight.attribution.smooth import noisy_copies
from signsight.attribution.target import Classes
from signsight.attribution.task import Task
from signsight.core.registry import methods
from signsight.models.classifier import Classifier
from small_models import classifier

captum = pytest.importorskip("captum.attr", reason="captum is no part of this environment")

SIZE, CLASSES, COUNT = 64, 6, 2
IDS = ["a", "b"]
pytestmark = pytest.mark.filterwarnings("ignore:Input Tensor:UserWarning", "ignore:Setting:UserWarning")


def alexnet_like() -> nn.Module:
    """AlexNet's layers with a quarter of the channels, for 64 px."""
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 16, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2)),
        nn.Sequential(nn.Conv2d(16, 48, 5, 1, 2), nn.ReLU(), nn.MaxPool2d(3, 2)),
        nn.Sequential(nn.Conv2d(48, 96, 3, 1, 1), nn.ReLU(), nn.Conv2d(96, 64, 3, 1, 1), nn.ReLU()),
        nn.Sequential(nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Dropout()),
        nn.Sequential(nn.Linear(576, 64), nn.ReLU(), nn.Dropout(), nn.Linear(64, CLASSES)),
    )


def vgg_like() -> nn.Module:
    """torchvision's VGG with batch normalisation and a sixteenth of the channels."""
    features = make_layers([8, "M", 16, "M", 32, 32, "M", 32, 32, "M"], batch_norm=True)
    network = VGG(features, num_classes=CLASSES)
    network.avgpool, network.classifier[0] = nn.AdaptiveAvgPool2d(2), nn.Linear(128, 4096)
    return network


class SeparateBlock(BasicBlock):
    """torchvision's residual block with a ReLU module for each of its two calls."""

    def __init__(self, *args: object, **settings: object) -> None:
        super().__init__(*args, **settings)
        self.relu2 = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu2(out + (x if self.downsample is None else self.downsample(x)))


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "AlexNet": alexnet_like,
    "VGG": vgg_like,
    "ResNet18": lambda: ResNet(SeparateBlock, [2, 2, 2, 2], num_classes=CLASSES),
}


@cache
def network(kind: str) -> Classifier:
    """In double precision, with statistics of batch normalisation from random images."""
    torch.manual_seed(0)
    made = NETWORKS[kind]().double()
    for module in made.modules():
        if getattr(module, "inplace", False):
            module.inplace = False
    with torch.no_grad():
        for _ in range(3):
            made(torch.randn(4, 3, SIZE, SIZE, dtype=torch.float64))
    return classifier(made, CLASSES, SIZE).double().eval()


def some() -> tuple[torch.Tensor, torch.Tensor]:
    source = torch.Generator().manual_seed(7)
    return torch.rand(COUNT, 3, SIZE, SIZE, generator=source, dtype=torch.float64), torch.tensor([4, 0])


def ours(method: str, kind: str, score: str = "logit", **parameters: object) -> torch.Tensor:
    """(B, 3, H, W)."""
    images, targets = some()
    model = network(kind)
    with frozen(model):
        task = Task(model, None, 5, batch_size=8)
        return methods.get(method)(task, images, Classes(targets, score=score), IDS, **parameters)


def assert_agree(found: torch.Tensor, theirs: torch.Tensor, within: float = 1e-10) -> None:
    """Up to `within` of the largest value."""
    assert theirs.abs().amax((1, 2, 3)).min() > 0
    largest = theirs.abs().max().item()
    torch.testing.assert_close(found, theirs.detach(), rtol=0, atol=within * largest)


@pytest.mark.parametrize("kind", NETWORKS)
def test_gradient_and_saliency(kind: str) -> None:
    images, targets = some()
    theirs = captum.Saliency(network(kind))
    assert_agree(ours("gradient", kind), theirs.attribute(images, targets, abs=False))
    assert_agree(ours("saliency", kind).abs(), theirs.attribute(images, targets))


@pytest.mark.parametrize("kind", NETWORKS)
def test_gradient_of_the_softmax(kind: str) -> None:
    images, targets = some()
    theirs = captum.Saliency(nn.Sequential(network(kind), nn.Softmax(1)))
    assert_agree(ours("gradient", kind, "softmax"), theirs.attribute(images, targets, abs=False))


@pytest.mark.parametrize("kind", NETWORKS)
def test_gradient_x_input(kind: str) -> None:
    images, targets = some()
    model = network(kind)
    theirs = captum.InputXGradient(model.network).attribute(model.normalise(images), targets)
    assert_agree(ours("gradient_x_input", kind), theirs)


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize(
    ("method", "theirs"), [("guided_backprop", "GuidedBackprop"), ("deconvolution", "Deconvolution")]
)
def test_guided_backprop_and_deconvolution(method: str, theirs: str, kind: str) -> None:
    images, targets = some()
    assert_agree(ours(method, kind), getattr(captum, theirs)(network(kind)).attribute(images, targets))


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("times_input", [True, False])
def test_integrated_gradients(kind: str, times_input: bool) -> None:
    images, targets = some()
    colour = [0.25, 0.5, 0.125]
    start = torch.tensor(colour, dtype=torch.float64).view(3, 1, 1).expand_as(images)
    theirs = captum.IntegratedGradients(network(kind), multiply_by_inputs=times_input).attribute(
        images, start, targets, n_steps=5, method="gausslegendre"
    )
    settings = {"steps": 5, "baseline": colour, "times_input": times_input}
    assert_agree(ours("integrated_gradients", kind, **settings), theirs, within=1e-6)


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("method", ["smooth_grad", "smooth_guided_backprop"])
def test_smoothing_is_captum_s_mean_over_our_noise(method: str, kind: str) -> None:
    images, targets = some()
    model = network(kind)
    theirs = captum.Saliency(model) if method == "smooth_grad" else captum.GuidedBackprop(model)
    signed = {"abs": False} if method == "smooth_grad" else {}
    total = torch.zeros_like(images)
    for rows, copies in noisy_copies(Task(model, None, 5), images, IDS, 4, 0.2):
        for row, one in zip(rows, copies, strict=True):
            total[row] += theirs.attribute(one[None], targets[row : row + 1], **signed)[0].detach() / 4
    assert_agree(ours(method, kind, samples=4, spread=0.2), total)


def test_smooth_grad_is_captum_s_noise_tunnel_up_to_the_draw() -> None:
    """With many copies both come near the same mean; its standard error is known from the copies."""
    images, targets = some()
    model, count = network("AlexNet"), 200
    sd = (0.2 * (images[:1].amax() - images[:1].amin())).item()
    torch.manual_seed(0)
    theirs = captum.NoiseTunnel(captum.Saliency(model)).attribute(
        images[:1], nt_samples=count, nt_samples_batch_size=20, stdevs=sd, target=targets[:1], abs=False
    )
    single = ours("smooth_grad", "AlexNet", samples=1, spread=0.2)[:1]
    many = ours("smooth_grad", "AlexNet", samples=count, spread=0.2)[:1]
    error = (single - many).std() * np.sqrt(2 / count)  # of the difference of two such means
    assert (many - theirs).std() < 1.3 * error < 0.5 * many.std()
