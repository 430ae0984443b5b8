"""Controls: maps that do not look at the model, against which every method has to stand."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import torch
from torch.nn import functional as F

from signsight.attribution.target import Bound
from signsight.attribution.task import Task
from signsight.core.parameters import Limits
from signsight.core.registry import methods
from signsight.core.rng import generator

GREY = (0.299, 0.587, 0.114)  # luma of ITU-R BT.601
SOBEL = ((-1.0, 0.0, 1.0), (-2.0, 0.0, 2.0), (-1.0, 0.0, 1.0))


@methods.register(
    "random",
    label="Random",
    family="Controls",
    chance=True,
    signed=False,
    needs="nothing",
    paper="control: uniform noise in [0, 1) for each pixel",
    measures="nothing; what a method scores by chance",
    misleads="never, as it claims nothing",
)
def random_map(task: Task, images: torch.Tensor, targets: Bound, ids: list[str]) -> torch.Tensor:
    """Uniform noise, drawn for each image by its id."""
    size = tuple(images.shape[2:])
    draws = [generator(task.seed, "random map", i).random(size, dtype=np.float32) for i in ids]
    return torch.from_numpy(np.stack(draws)).to(images.device)


@methods.register(
    "centre_gaussian",
    label="Centre Gaussian",
    family="Controls",
    style=27,
    signed=False,
    needs="nothing",
    paper="control: a Gaussian about the image's centre, the same for every image",
    measures="how near the pixel is to the centre, where most objects are",
    misleads="scores high wherever the objects are centred, without looking at them",
)
def centre_gaussian(
    task: Task,
    images: torch.Tensor,
    targets: Bound,
    ids: list[str],
    sd: Annotated[float, Limits(above=0, high=100), "Standard deviation as a share of the side."] = 0.25,
) -> torch.Tensor:
    """exp(-(x^2 + y^2) / (2 sd^2)), with x and y from the centre, in shares of the sides, as is sd."""
    down, across = (
        torch.exp(-0.5 * (((torch.arange(side, device=images.device) + 0.5) / side - 0.5) / sd) ** 2)
        for side in images.shape[2:]
    )
    return (down[:, None] * across).expand(len(images), -1, -1).to(images)


@methods.register(
    "sobel",
    label="Sobel edges",
    family="Controls",
    style=28,
    signed=False,
    needs="nothing",
    paper="control: edges of the image (Sobel), as in Adebayo et al. 2018, arXiv:1810.03292",
    measures="how strong the edge at the pixel is, in the image alone",
    misleads="looks like an explanation, since many methods show edges, too",
)
def sobel(task: Task, images: torch.Tensor, targets: Bound, ids: list[str]) -> torch.Tensor:
    """sqrt(gx^2 + gy^2) of the grey image in [0, 1], 3 x 3 Sobel kernels, border pixels repeated."""
    grey = torch.einsum("bchw,c->bhw", images, images.new_tensor(GREY))[:, None]
    kernel = images.new_tensor(SOBEL)
    edges = F.conv2d(F.pad(grey, (1, 1, 1, 1), mode="replicate"), torch.stack([kernel, kernel.T])[:, None])
    return edges.square().sum(1).sqrt()
