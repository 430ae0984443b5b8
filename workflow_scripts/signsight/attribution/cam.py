"""Class activation maps with gradients: Grad-CAM, Grad-CAM++, Smooth Grad-CAM++.

All take activations A (B, K, h, w) of one layer and the gradient g of the score by A, weigh the
channels, and enlarge ReLU(sum over k of w_k A_k) to the picture (bilinear, align_corners False).
The layer's output becomes a leaf of the graph, so the backward pass costs only the layers above it,
frozen weights do no harm, and an in-place ReLU behind the layer works on a copy.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from signsight.attribution.registry import register
from signsight.attribution.task import Task
from signsight.errors import UserError
from signsight.rng import generator

UNFIT = (
    "Config key 'attribution.layer' names a layer that is not run just once on the way to the score "
    "with an output of (batch, channels, height, width); name a convolutional one."
)


def activation_and_gradient(
    task: Task, images: torch.Tensor, targets: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """A and d score / dA of the task's layer, each (B, K, h, w)."""
    kept: list[torch.Tensor] = []

    def hook(module: nn.Module, args: object, output: torch.Tensor) -> torch.Tensor:
        if kept or not isinstance(output, torch.Tensor) or output.ndim != 4:
            raise UserError(UNFIT)
        kept.append(output.detach().requires_grad_())
        return kept[-1].clone()

    handle = task.layer.register_forward_hook(hook)
    try:
        with torch.enable_grad():
            score = task.scores(task.model(images), targets).sum()
            used = kept and score.requires_grad
            gradient = torch.autograd.grad(score, kept, allow_unused=True)[0] if used else None
    finally:
        handle.remove()
    if gradient is None:
        raise UserError(UNFIT)
    return kept[0].detach(), gradient


def _map(weights: torch.Tensor, activation: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """ReLU(sum of weights (B, K) x activation (B, K, h, w)), enlarged to (B, H, W)."""
    coarse = F.relu(torch.einsum("bk,bkhw->bhw", weights, activation))
    size = images.shape[2:]
    return F.interpolate(coarse[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]


@register("grad_cam", signed=False, needs="gradient", paper="Selvaraju et al. 2017, arXiv:1610.02391")
def grad_cam(task: Task, images: torch.Tensor, targets: torch.Tensor, ids: list[str]) -> torch.Tensor:
    """Channels weighed by the mean of their gradient."""
    activation, gradient = activation_and_gradient(task, images, targets)
    return _map(gradient.mean((2, 3)), activation, images)


def _plus_plus_weights(
    activation: torch.Tensor, first: torch.Tensor, second: torch.Tensor, third: torch.Tensor
) -> torch.Tensor:
    """Channel weights (B, K): sum over positions of alpha * ReLU(g), with the means of g, g^2, g^3.

    alpha = g^2 / (2 g^2 + sum(A) g^3), the closed form for the score exp(logit); 0 where g is 0.
    """
    bottom = 2 * second + activation.sum((2, 3), keepdim=True) * third
    alpha = torch.where((second > 0) & (bottom != 0), second / bottom, torch.zeros_like(second))
    return (alpha * F.relu(first)).sum((2, 3))


@register("grad_cam_pp", signed=False, needs="gradient", paper="Chattopadhay et al. 2018, arXiv:1710.11063")
def grad_cam_pp(task: Task, images: torch.Tensor, targets: torch.Tensor, ids: list[str]) -> torch.Tensor:
    """Channels weighed by their positive gradients, each position by its alpha."""
    activation, g = activation_and_gradient(task, images, targets)
    # g^2 / (2 g^2 + sum(A) g^3) with g^2 cancelled: small gradients would leave float32
    weights = _plus_plus_weights(activation, g, torch.ones_like(g), g)
    return _map(weights, activation, images)


@register("smooth_grad_cam_pp", signed=False, needs="gradient", paper="Omeiza et al. 2019, arXiv:1908.01224")
def smooth_grad_cam_pp(
    task: Task,
    images: torch.Tensor,
    targets: torch.Tensor,
    ids: list[str],
    samples: int = 25,
    spread: float = 0.15,
) -> torch.Tensor:
    """Grad-CAM++ with g, g^2 and g^3 averaged over noisy copies of the image.

    samples: noisy copies; spread: standard deviation of the noise as a share of the image's
    (max - min). The activations that are weighed are those of the image itself.
    """
    activation, _ = activation_and_gradient(task, images, targets)
    sums = [torch.zeros_like(activation, dtype=torch.float64) for _ in range(3)]  # g^3 leaves float32
    for noise in _noise(task, images, ids, samples, spread):
        _, gradient = activation_and_gradient(task, images + noise, targets)
        for power, total in enumerate(sums, 1):
            total += gradient.double() ** power / samples
    return _map(_plus_plus_weights(activation, *sums).to(activation), activation, images)


def _noise(
    task: Task, images: torch.Tensor, ids: list[str], samples: int, spread: float
) -> Iterator[torch.Tensor]:
    """`samples` times (B, 3, H, W) normal noise, drawn for each image by its id."""
    sources = [generator(task.seed, "smooth", i) for i in ids]
    sd = spread * (images.amax((1, 2, 3)) - images.amin((1, 2, 3)))
    for _ in range(samples):
        draws = [source.standard_normal(images.shape[1:], dtype=np.float32) for source in sources]
        yield torch.from_numpy(np.stack(draws)).to(images.device) * sd[:, None, None, None]
