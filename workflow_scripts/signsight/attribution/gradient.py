"""Gradient methods: the derivative of the explained score by the pixels."""

from __future__ import annotations

import torch

from signsight.attribution.registry import register
from signsight.attribution.task import Task


def pixel_gradient(task: Task, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """d score / d pixel, (B, 3, H, W); pixels in [0, 1], so the model's normalisation is inside."""
    with torch.enable_grad():
        images = images.detach().clone().requires_grad_()
        return torch.autograd.grad(task.scores(task.model(images), targets).sum(), images)[0]


@register("saliency", signed=False, needs="gradient", paper="Simonyan et al. 2013, arXiv:1312.6034")
def saliency(task: Task, images: torch.Tensor, targets: torch.Tensor, ids: list[str]) -> torch.Tensor:
    """Largest absolute derivative over the three channels."""
    return pixel_gradient(task, images, targets).abs().amax(1)
