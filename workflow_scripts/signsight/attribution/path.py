"""Integrated gradients: gradients along the straight path from a baseline to the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import torch

from signsight.attribution.gradient import pixel_gradient
from signsight.attribution.target import Bound
from signsight.attribution.task import Task
from signsight.core.parameters import Limits
from signsight.core.registry import methods
from signsight.data.progress import pieces


@methods.register(
    "integrated_gradients",
    label="Integrated gradients",
    family="Gradients",
    style=4,
    signed=True,
    needs="gradient",
    reduce="sum",
    paper="Sundararajan et al. 2017, arXiv:1703.01365",
    measures="a pixel's share of what the score gains on the way from the baseline to the image",
    misleads="pixels of the baseline's colour get nothing; the baseline is a choice; inexact with few steps",
)
def integrated_gradients(
    task: Task,
    images: torch.Tensor,
    targets: Bound,
    ids: list[str],
    steps: Annotated[int, Limits(1, 1000), "Points of the Gauss-Legendre rule along the path."] = 50,
    baseline: Annotated[
        Sequence[float],
        Limits(0, 1, length=3),
        "Colour of the image that the path starts from, RGB in [0, 1].",
    ] = (0.0, 0.0, 0.0),
    times_input: Annotated[
        bool,
        "Multiply the mean gradient of the path by (image - baseline), as published; otherwise "
        "the mean gradient itself.",
    ] = True,
) -> torch.Tensor:
    """(image - baseline) times the mean gradient along the path between them, (B, 3, H, W).

    steps: points of the Gauss-Legendre rule, whatever the batch in pieces of at most
    `task.batch_size` points of all images. baseline: RGB in [0, 1] of an image of one colour.
    times_input: False leaves the factor out (the mean gradient itself). With it a map sums to
    score(image) - score(baseline), up to the error of the rule ("completeness").
    """
    start = torch.tensor(baseline, dtype=images.dtype, device=images.device)[:, None, None]
    nodes, weights = np.polynomial.legendre.leggauss(steps)  # on [-1, 1], the weights sum to 2
    shares, weights = (images.new_tensor(a) for a in ((nodes + 1) / 2, weights / 2))
    points = torch.arange(len(images) * steps, device=images.device).split(task.batch_size)
    mean = torch.zeros_like(images)
    for some in pieces(points, len(points)):
        rows, step = some % len(images), some // len(images)
        on_path = torch.lerp(start, images[rows], shares[step, None, None, None])
        found = pixel_gradient(task, on_path, targets[rows])
        mean.index_add_(0, rows, found.mul_(weights[step, None, None, None]))
    return mean * (images - start) if times_input else mean
