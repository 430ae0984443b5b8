"""What holds pictures back: penalties, changes of the gradient, and changes of the picture after a step.

A penalty is a function pictures (B, 3, H, W) in [0, 1] -> (B,), which is taken off the objective; one of
`kind="gradient"` changes the gradient of the pictures; one of `kind="picture"` changes pixels after a step,
which only a parametrisation by pixels allows. All are means over pixels, or shares of the side, so that
they mean the same at every size.
"""

from __future__ import annotations

import math
from typing import Annotated

import torch
from torch.nn import functional as F

from signsight.core.parameters import Limits
from signsight.core.registry import regularisers

LEAST_BLUR = 0.5  # pixels: less would do nothing
Weight = Annotated[float, Limits(0, 1e9), "Weight of the penalty beside the objective."]


@regularisers.register(
    "norm",
    label="Norm",
    kind="penalty",
    about="Mean power of the distance from one grey: 2 for the L2 norm, 6 as in Mahendran and Vedaldi.",
)
def norm(
    pictures: torch.Tensor,
    weight: Weight = 1.0,
    power: Annotated[float, Limits(1, 20), "Power of the distance."] = 2.0,
    grey: Annotated[float, Limits(0, 1), "The grey that is not penalised."] = 0.5,
) -> torch.Tensor:
    """(B,) weight * mean(|x - grey| ** power)."""
    return weight * (pictures - grey).abs().pow(power).flatten(1).mean(1)


@regularisers.register(
    "total_variation",
    label="Total variation",
    kind="penalty",
    about="Mean difference of neighbouring pixels: smooths.",
    paper="Mahendran & Vedaldi 2015, arXiv:1412.0035",
)
def total_variation(
    pictures: torch.Tensor,
    weight: Weight = 1.0,
    power: Annotated[float, Limits(1, 4), "Power of the length of the gradient of the picture."] = 2.0,
) -> torch.Tensor:
    """(B,) weight * the mean of `variation` over the (H - 1) (W - 1) places of each colour."""
    return weight * variation(pictures, power).flatten(1).mean(1)


def variation(pictures: torch.Tensor, power: float = 2.0) -> torch.Tensor:
    """(B, 3, H - 1, W - 1): (dx^2 + dy^2) ** (power / 2), differences to the next row and column."""
    across = pictures[..., :-1, 1:] - pictures[..., :-1, :-1]
    down = pictures[..., 1:, :-1] - pictures[..., :-1, :-1]
    squares = across.square() + down.square()
    if power == 2:
        return squares
    return squares.clamp_min(1e-12).pow(power / 2) * (squares > 0)  # a root has no gradient at 0


@regularisers.register(
    "class_mean",
    label="Distance to the class mean",
    kind="penalty",
    about="Mean squared distance to the mean picture of the class; for pictures of classes only.",
    needs="class_mean",
)
def class_mean(pictures: torch.Tensor, mean: torch.Tensor, weight: Weight = 1.0) -> torch.Tensor:
    """(B,) weight * mean((x - mean)^2); mean: (B, 3, H, W) in [0, 1].

    Squared, since a distance has no gradient at 0, where a picture that starts at the mean is.
    """
    return weight * (pictures - mean).square().flatten(1).mean(1)


@regularisers.register(
    "decay",
    label="Decay",
    kind="picture",
    about="Moves every pixel towards mid-grey by a share of its distance, in every step.",
)
def decay(
    pictures: torch.Tensor,
    step: int,
    share: Annotated[float, Limits(0, 1), "Share of the distance."] = 0.01,
) -> torch.Tensor:
    """0.5 + (1 - share) * (x - 0.5)."""
    return 0.5 + (1 - share) * (pictures - 0.5)


@regularisers.register(
    "blur",
    label="Blur",
    kind="picture",
    about="Blurs the picture every few steps with a Gaussian.",
    paper="Yosinski et al. 2015, arXiv:1506.06579",
)
def blur(
    pictures: torch.Tensor,
    step: int,
    every: Annotated[int, Limits(1, 100_000), "Steps from one blur to the next."] = 4,
    radius: Annotated[float, Limits(above=0, high=1), "Standard deviation, as a share of the side."] = 0.0045,
) -> torch.Tensor:
    """Blurred after the steps `every`, 2 `every`, ..., by LEAST_BLUR pixels at least; edges are repeated."""
    if (step + 1) % every:
        return pictures
    return gaussian_blur(pictures, max(radius * max(pictures.shape[2:]), LEAST_BLUR))


def gaussian_blur(pictures: torch.Tensor, sigma: float) -> torch.Tensor:
    """(B, 3, H, W) blurred with a Gaussian of `sigma` pixels, cut off at 4 sigma."""
    reach = max(math.ceil(4 * sigma), 1)
    places = torch.arange(-reach, reach + 1, dtype=pictures.dtype, device=pictures.device)
    kernel = torch.exp(-0.5 * (places / sigma) ** 2)
    kernel = kernel / kernel.sum()
    flat = pictures.flatten(0, 1)[:, None]
    padded = F.pad(flat, (reach, reach, reach, reach), mode="replicate")
    across = F.conv2d(padded, kernel[None, None, None])
    return F.conv2d(across, kernel[None, None, :, None]).view_as(pictures)


@regularisers.register(
    "clip_gradient",
    label="Clipped gradient",
    kind="gradient",
    about="Shortens the gradient of the picture to a length; published code clips that of the weights, "
    "which changes nothing.",
)
def clip_gradient(
    gradient: torch.Tensor,
    length: Annotated[float, Limits(above=0, high=1e9), "Largest Euclidean length."] = 0.1,
) -> torch.Tensor:
    """Each (3, H, W) of the gradient at `length` at most."""
    lengths = gradient.flatten(1).norm(dim=1)
    return gradient * (length / lengths.clamp_min(length))[:, None, None, None]


@regularisers.register(
    "unit_gradient",
    label="Gradient of unit size",
    kind="gradient",
    about="Divides the gradient of the picture by its mean magnitude, so that steps are equally large.",
    source="Mordvintsev et al. 2015, the DeepDream notebook",
)
def unit_gradient(gradient: torch.Tensor) -> torch.Tensor:
    """Each (3, H, W) of the gradient divided by mean(|gradient|); zero stays zero."""
    sizes = gradient.flatten(1).abs().mean(1)
    return gradient / sizes.clamp_min(torch.finfo(gradient.dtype).tiny)[:, None, None, None]
