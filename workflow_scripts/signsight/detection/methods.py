"""Attribution methods that a detector's boxes alone can have.

They are registered like all others, with `explains="boxes"`, and take one picture (1, 3, H, W) with all
of its K boxes: ids and targets have K rows, and so have the maps.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import torch
from torch.nn import functional as F

from signsight.attribution.cam import activation_and_gradient, grad_cam
from signsight.attribution.precision import in_double
from signsight.attribution.rise import mask_groups
from signsight.attribution.rows import row_gradients
from signsight.attribution.task import Task
from signsight.core.errors import UserError
from signsight.core.parameters import Limits
from signsight.core.registry import methods
from signsight.detection.target import OVERALL, Boxes

NO_PLACE = (
    "Config key 'detection.score' is {!r}, which is made of all candidates and has no place; take 'logit', "
    "'softmax' or an edge, or leave {} out of 'detection.methods'."
)


@methods.register(
    "odam",
    label="ODAM",
    family="Class activation",
    style=35,
    signed=False,
    needs="gradient",
    layer="target",
    explains="boxes",
    shares=True,
    paper="Zhao et al. 2024, arXiv:2304.06354, equation 4",
    measures="where in the pyramid active units would raise the score of this very box",
    misleads="sees the levels of the pyramid alone: what a place has drawn from farther away stays hidden",
)
def odam(task: Task, images: torch.Tensor, targets: Boxes, ids: list[str]) -> torch.Tensor:
    """ReLU(sum over channels of gradient * activation), position by position, (K, H, W).

    At the levels of the backbone's pyramid, summed where the score uses several; or at the task's layer.
    The backbone runs once and without a graph, so a box costs a pass through the head alone.
    """
    if task.layer_name is not None:
        activation, gradient = activation_and_gradient(task, images, targets)
        return task.enlarged(F.relu((activation * gradient).sum(1)), images)
    if targets.score in OVERALL:
        raise UserError(NO_PLACE.format(targets.score, "odam"))
    with torch.no_grad():
        maps = task.model.maps(images)
    leaves = {name: level.detach().requires_grad_() for name, level in maps.items()}
    with torch.enable_grad():
        scores = targets.scores(targets.outputs_of(task.model, leaves, images.shape[2:]))
        gradients = row_gradients(scores, list(leaves.values()))
    found = images.new_zeros(len(targets), *images.shape[2:])
    for level, gradient in zip(leaves.values(), gradients, strict=True):
        if gradient is not None:
            found += task.enlarged(F.relu((level.detach() * gradient).sum(1)), images)
    return found


@methods.register(
    "grad_cam_stretched",
    label="Grad-CAM, stretched",
    family="Class activation",
    style=36,
    signed=False,
    needs="gradient",
    layer="target",
    explains="boxes",
    shares=True,
    paper="the published detector study: Grad-CAM, its map of the padded input stretched over the picture",
    measures="as Grad-CAM, but shifted by as much as the detector has padded the picture",
    misleads="lies too far to the left and the top where the picture is padded; tells no objects apart",
)
def grad_cam_stretched(task: Task, images: torch.Tensor, targets: Boxes, ids: list[str]) -> torch.Tensor:
    """Grad-CAM as the published code for detectors has it, (K, H, W), the padding left in."""
    return grad_cam(task, images, targets, ids, stretched=True)


@methods.register(
    "d_rise",
    at_most={"cells": "size"},
    label="D-RISE",
    family="Perturbation",
    style=37,
    signed=True,
    needs="forward",
    explains="boxes",
    shares=True,
    paper="Petsiuk et al. 2021, arXiv:2006.03204",
    measures="how much of the box is still found where a random mask leaves the pixel visible",
    misleads="noisy with few masks; the detector was not trained on masked pictures",
)
def d_rise(
    task: Task,
    images: torch.Tensor,
    targets: Boxes,
    ids: list[str],
    masks: Annotated[int, Limits(1, 100_000), "Random masks, the same for every box."] = 1000,
    cells: Annotated[int, Limits(1, 64), "Cells along each side of a mask before it is enlarged."] = 16,
    p: Annotated[float, Limits(above=0, below=1), "Probability that a cell is left visible."] = 0.5,
    centred: Annotated[
        bool, "Subtract the mean similarity, so that zero means no difference; the paper does not."
    ] = True,
) -> torch.Tensor:
    """Sum over masks of (similarity - mean similarity) * mask / (masks * p), (K, H, W).

    similarity: the highest product of IoU and cosine of class probabilities among all candidates for
    the masked picture, with each box (score "similarity" of `detection.target`). One pass of a mask
    serves all boxes. The masks are those of RISE.
    """
    alike = replace(targets, score="similarity")
    total = in_double(images.new_zeros(len(targets), *images.shape[2:]))
    covered, sums = torch.zeros_like(total[0]), torch.zeros_like(total[:, 0, 0])
    for group in mask_groups(task, images, masks, cells, p):
        with torch.no_grad():
            values = in_double(alike.table(task.model, images * group[:, None]))
        group = in_double(group)
        total += torch.einsum("mk,mhw->khw", values, group)
        covered += group.sum(0)
        sums += values.sum(0)
    if centred:
        total -= sums[:, None, None] / masks * covered
    return (total / (masks * p)).to(images.dtype).to(images.device)


@methods.register(
    "centre_of_box",
    label="Centre of the box",
    family="Controls",
    style=38,
    signed=False,
    needs="nothing",
    explains="boxes",
    shares=True,
    paper="control: a Gaussian about the box's centre, as wide as the box",
    measures="how near the pixel is to the middle of the box, which the detector gives anyway",
    misleads="scores high wherever the object fills its box, without looking at the detector",
)
def centre_of_box(
    task: Task,
    images: torch.Tensor,
    targets: Boxes,
    ids: list[str],
    sd: Annotated[
        float, Limits(above=0, high=100), "Standard deviation as a share of the box's sides."
    ] = 0.25,
) -> torch.Tensor:
    """exp(-(x^2 + y^2) / (2 sd^2)), x and y from the box's centre in shares of its sides, (K, H, W)."""
    x0, y0, x1, y1 = targets.boxes.to(images).unbind(1)
    height, width = images.shape[2:]
    down, across = (
        _bell(length, low, high, sd, images) for length, low, high in ((height, y0, y1), (width, x0, x1))
    )
    return down[:, :, None] * across[:, None]


def _bell(length: int, low: torch.Tensor, high: torch.Tensor, sd: float, like: torch.Tensor) -> torch.Tensor:
    """(K, length): a Gaussian about the middle of low and high (K,), in pixels."""
    at = torch.arange(length, device=like.device, dtype=like.dtype) + 0.5
    side = (high - low).clamp(min=1)[:, None]
    return torch.exp(-0.5 * ((at - (low + high)[:, None] / 2) / side / sd) ** 2)
