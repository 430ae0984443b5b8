"""Guided Grad-CAM: guided backpropagation within the map of Grad-CAM."""

from __future__ import annotations

import torch

from signsight.attribution.cam import grad_cam
from signsight.attribution.gradient import guided_gradient
from signsight.attribution.registry import register
from signsight.attribution.task import Task


@register(
    "guided_grad_cam",
    signed=True,
    needs="gradient",
    reduce="sum",
    paper="Selvaraju et al. 2017, arXiv:1610.02391",
    measures="guided backprop's fine pattern where Grad-CAM finds the class; needs a network of ReLUs",
    misleads="fine detail is guided backprop's, which hardly depends on the class or the upper layers",
)
def guided_grad_cam(task: Task, images: torch.Tensor, targets: torch.Tensor, ids: list[str]) -> torch.Tensor:
    """Guided gradient (B, 3, H, W) times the enlarged map of Grad-CAM, whose gradient is the plain one."""
    place = grad_cam(task, images, targets, ids)
    return place[:, None] * guided_gradient(task, images, targets)
