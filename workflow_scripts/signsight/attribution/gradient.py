"""Gradient methods: the derivative of the explained score by the pixels, as it is or through ReLU rules.

Several names share a computation and differ in how the three colours become one value (`reduce`).
"""

from __future__ import annotations

import torch

from signsight.attribution.phases import FastFirstLayer
from signsight.attribution.relu import relu_rule
from signsight.attribution.rows import row_gradients
from signsight.attribution.target import Bound
from signsight.attribution.task import Task
from signsight.core.registry import methods


def pixel_gradient(task: Task, images: torch.Tensor, targets: Bound) -> torch.Tensor:
    """d score / d pixel, (B, 3, H, W); pixels in [0, 1], so the model's normalisation is inside."""
    with torch.enable_grad(), FastFirstLayer():
        images = images.detach().clone().requires_grad_()
        return row_gradients(task.scores(images, targets), [images])[0]


def guided_gradient(task: Task, images: torch.Tensor, targets: Bound) -> torch.Tensor:
    """`pixel_gradient` with the guided rule at every ReLU, (B, 3, H, W); UserError without ReLUs."""
    with relu_rule("guided"):
        return pixel_gradient(task, images, targets)


@methods.register(
    "gradient",
    label="Gradient",
    family="Gradients",
    style=26,
    signed=True,
    needs="gradient",
    shares=True,
    reduce="sum",
    paper="Baehrens et al. 2010, arXiv:0912.1128",
    measures="how the score changes when a pixel gets brighter, and in which direction",
    misleads="noisy in deep networks; colours of opposite sign cancel; flat where the network is saturated",
)
@methods.register(
    "saliency",
    label="Saliency",
    family="Gradients",
    style=0,
    signed=False,
    needs="gradient",
    shares=True,
    reduce="max_abs",
    paper="Simonyan et al. 2013, arXiv:1312.6034",
    measures="how fast the score changes with a pixel's most sensitive colour, whichever way",
    misleads="noisy in deep networks; flat where the network is saturated; no evidence for or against",
)
@methods.register(
    "sensitivity_l2",
    label="Sensitivity ℓ2",
    family="Gradients",
    style=16,
    signed=False,
    needs="gradient",
    shares=True,
    reduce="l2",
    paper="Samek et al. 2017, arXiv:1509.06321, equation 4",
    measures="how fast the score changes with a pixel, length over the three colours",
    misleads="noisy in deep networks; flat where the network is saturated; no evidence for or against",
)
@methods.register(
    "sensitivity_linf",
    label="Sensitivity ℓ∞",
    family="Gradients",
    style=17,
    signed=False,
    needs="gradient",
    shares=True,
    reduce="max_abs",
    paper="Samek et al. 2017, arXiv:1509.06321, the maximum norm",
    measures="the same as saliency, under the name that the evaluation study gives it",
    misleads="as saliency",
)
@methods.register(
    "positive_saliency",
    label="Positive saliency",
    family="Gradients",
    style=29,
    signed=False,
    needs="gradient",
    shares=True,
    reduce="max_positive",
    paper="Simonyan et al. 2013, arXiv:1312.6034, positive part",
    measures="how fast the score rises when a colour of the pixel gets brighter",
    misleads="noisy; dark evidence is missing, since it appears where the gradient is negative",
)
@methods.register(
    "negative_saliency",
    label="Negative saliency",
    family="Gradients",
    style=30,
    signed=False,
    needs="gradient",
    shares=True,
    reduce="max_negative",
    paper="Simonyan et al. 2013, arXiv:1312.6034, negative part",
    measures="how fast the score falls when a colour of the pixel gets brighter",
    misleads="noisy; high values are not evidence against the class: darker pixels would raise the score",
)
def gradient(task: Task, images: torch.Tensor, targets: Bound, ids: list[str]) -> torch.Tensor:
    """Derivative of the score by each colour of each pixel, (B, 3, H, W)."""
    return pixel_gradient(task, images, targets)


@methods.register(
    "gradient_x_input",
    label="Gradient × input",
    family="Gradients",
    style=13,
    signed=True,
    needs="gradient",
    shares=True,
    reduce="sum",
    paper="Shrikumar et al. 2016, arXiv:1605.01713",
    measures="a pixel's share of the score, if the network were linear around the image",
    misleads="noisy; pixels of the mean colour get nothing, however much the network needs them",
)
def gradient_x_input(task: Task, images: torch.Tensor, targets: Bound, ids: list[str]) -> torch.Tensor:
    """Gradient times input, (B, 3, H, W), with the input that the network sees.

    That is the normalised image: its gradient times it equals the pixel gradient times (pixel - mean
    colour), since the standard deviations cancel. In a network without biases whose layers are linear,
    ReLUs or max-poolings the map sums to the score.
    """
    return pixel_gradient(task, images, targets) * (images - task.model.mean[:, None, None])


@methods.register(
    "guided_backprop",
    label="Guided backprop",
    family="Altered backward passes",
    style=7,
    signed=False,
    needs="gradient",
    shares=True,
    reduce="max_abs",
    paper="Springenberg et al. 2014, arXiv:1412.6806",
    measures="strong edges and textures on the paths of positive evidence; needs a network of ReLUs",
    misleads="nearly the same for every class, and for a network with random upper layers",
)
def guided_backprop(task: Task, images: torch.Tensor, targets: Bound, ids: list[str]) -> torch.Tensor:
    """Gradient that passes a ReLU only where activation and gradient are positive, (B, 3, H, W)."""
    return guided_gradient(task, images, targets)


@methods.register(
    "deconvolution",
    label="Deconvolution",
    family="Altered backward passes",
    style=6,
    signed=True,
    needs="gradient",
    shares=True,
    reduce="sum",
    paper="Zeiler & Fergus 2014, arXiv:1311.2901",
    measures="the pattern of brighter and darker pixels that drives the score; needs a network of ReLUs",
    misleads="nearly the same for every class; blurred where no max-pooling keeps track of positions",
)
@methods.register(
    "deconvolution_l2",
    label="Deconvolution ℓ2",
    family="Altered backward passes",
    style=18,
    signed=False,
    needs="gradient",
    shares=True,
    reduce="l2",
    paper="Zeiler & Fergus 2014, arXiv:1311.2901, as in Samek et al. 2017",
    measures="strength of the deconvolution pattern, length over the three colours",
    misleads="as deconvolution",
)
@methods.register(
    "deconvolution_linf",
    label="Deconvolution ℓ∞",
    family="Altered backward passes",
    style=19,
    signed=False,
    needs="gradient",
    shares=True,
    reduce="max_abs",
    paper="Zeiler & Fergus 2014, arXiv:1311.2901, as in Samek et al. 2017",
    measures="strength of the deconvolution pattern in a pixel's strongest colour",
    misleads="as deconvolution",
)
def deconvolution(task: Task, images: torch.Tensor, targets: Bound, ids: list[str]) -> torch.Tensor:
    """Gradient that passes a ReLU where it is positive, whatever the activation, (B, 3, H, W).

    It starts from what is explained (a published replication of Samek et al. started from all the
    last pooling's activations, which explains no class).
    """
    with relu_rule("deconvolution"):
        return pixel_gradient(task, images, targets)
