"""Guided Grad-CAM: guided backpropagation within the map of Grad-CAM."""

from __future__ import annotations

import torch

from signsight.attribution.cam import gradients_of, layers_and_outputs, weighed_map
from signsight.attribution.phases import FastFirstLayer
from signsight.attribution.relu import relu_rule
from signsight.attribution.rows import row_gradients
from signsight.attribution.target import Bound
from signsight.attribution.task import Task
from signsight.core.registry import methods
from signsight.models.layers import as_map


@methods.register(
    "guided_grad_cam",
    label="Guided Grad-CAM",
    family="Altered backward passes",
    style=14,
    signed=True,
    needs="gradient",
    shares=True,
    layer="target",
    reduce="sum",
    paper="Selvaraju et al. 2017, arXiv:1610.02391",
    measures="guided backprop's fine pattern where Grad-CAM finds the class; needs a network of ReLUs",
    misleads="fine detail is guided backprop's, which hardly depends on the class or the upper layers",
)
def guided_grad_cam(task: Task, images: torch.Tensor, targets: Bound, ids: list[str]) -> torch.Tensor:
    """Guided gradient (B, 3, H, W) times the enlarged map of Grad-CAM, whose gradient is the plain one.

    One forward pass, and two backward passes by either rule.
    """
    images = images.detach().clone().requires_grad_()
    with torch.enable_grad(), FastFirstLayer(), relu_rule("guided") as relus:
        (activation,), outputs = layers_and_outputs(task, [task.layer], images, targets)
        scores = targets.scores(outputs)
        relus.rule = "plain"
        gradient = gradients_of(scores, [activation], retain_graph=True)[0]
        relus.rule = "guided"
        guided = row_gradients(scores, [images])[0]
    weights, activation = as_map(gradient).mean((2, 3)), as_map(activation.detach())
    return weighed_map(task, weights, activation, images.detach())[:, None] * guided
