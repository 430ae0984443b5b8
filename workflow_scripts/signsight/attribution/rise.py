"""RISE: the score as a function of what random masks leave visible."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated

import numpy as np
import torch
from torch.nn import functional as F

from signsight.attribution.pieces import scores_in_pieces
from signsight.attribution.precision import in_double
from signsight.attribution.target import Bound
from signsight.attribution.task import Task
from signsight.core.parameters import Limits
from signsight.core.registry import methods
from signsight.core.rng import generator
from signsight.data.progress import pieces


@methods.register(
    "rise",
    at_most={"cells": "size"},
    label="RISE",
    family="Perturbation",
    style=24,
    signed=True,
    needs="forward",
    paper="Petsiuk et al. 2018, arXiv:1806.07421",
    measures="how much higher the score is where a random mask leaves the pixel visible",
    misleads="noisy with few masks; the model was not trained on masked images",
)
def rise(
    task: Task,
    images: torch.Tensor,
    targets: Bound,
    ids: list[str],
    masks: Annotated[int, Limits(1, 100_000), "Random masks, the same for every image."] = 1000,
    cells: Annotated[int, Limits(1, 64), "Cells along each side of a mask before it is enlarged."] = 7,
    p: Annotated[float, Limits(above=0, below=1), "Probability that a cell is left visible."] = 0.5,
    centred: Annotated[
        bool, "Subtract the mean score, so that zero means no difference; the paper does not."
    ] = True,
) -> torch.Tensor:
    """Sum over k of (score_k - mean score) * mask_k / (masks * p), (B, H, W).

    score_k is that of the image times mask k, pixels in [0, 1], so what is hidden turns black. masks:
    how many, the same for every image; cells: along each side of a mask; p: probability of a visible
    cell. The paper, and centred = False, do not take off the mean score: that map estimates
    E[score | pixel visible], of a softmax; the centred one E[score | pixel visible] - E[score], which is
    the same but for one number an image (and the noise that this number times the masks' uneven
    coverage brings in). So zero means that the pixel makes no difference, and a logit, which has no
    zero of its own, can be explained.
    """
    by_mask = in_double(torch.zeros_like(images[:, 0]))
    coverage, total = torch.zeros_like(by_mask[0]), torch.zeros_like(by_mask[:, 0, 0])
    groups = mask_groups(task, images, masks, cells, p)
    for group in pieces(groups, math.ceil(masks / task.batch_size)):
        scores = _masked_scores(task, images, targets, group)
        by_mask += in_double(torch.einsum("bk,khw->bhw", scores, group))
        coverage += in_double(group.sum(0))
        total += in_double(scores.sum(1))
    if centred:
        by_mask -= total[:, None, None] / masks * coverage
    return (by_mask / (masks * p)).to(images.dtype).to(images.device)


def _masked_scores(task: Task, images: torch.Tensor, targets: Bound, group: torch.Tensor) -> torch.Tensor:
    """Scores (B, M) of every image times every mask of `group` (M, H, W)."""
    owner = torch.arange(len(images), device=images.device).repeat_interleave(len(group))
    number = torch.arange(len(group), device=images.device).repeat(len(images))

    def masked(rows: slice) -> torch.Tensor:
        return images[owner[rows]] * group[number[rows], None]

    return scores_in_pieces(task, targets, owner, masked).view(len(images), len(group))


def mask_groups(task: Task, images: torch.Tensor, masks: int, cells: int, p: float) -> Iterator[torch.Tensor]:
    """All masks, `task.batch_size` at a time, (M, H, W) in [0, 1].

    A mask is a grid of cells x cells, each 1 with probability p, else 0, enlarged (bilinear) to one
    cell more than the image along each side, and cut out at a random place within the first cell.
    """
    height, width = images.shape[2:]
    cell = math.ceil(height / cells), math.ceil(width / cells)
    size = [(cells + 1) * side for side in cell]
    for start in range(0, masks, task.batch_size):
        sources = [generator(task.seed, "rise", k) for k in range(start, min(masks, start + task.batch_size))]
        grids = np.stack([source.random((cells, cells)) < p for source in sources]).astype(np.float32)
        places = [source.integers(cell) for source in sources]
        grids = torch.from_numpy(grids).to(images.device)
        large = F.interpolate(grids[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]
        cut = [one[y : y + height, x : x + width] for one, (y, x) in zip(large, places, strict=True)]
        yield torch.stack(cut)
