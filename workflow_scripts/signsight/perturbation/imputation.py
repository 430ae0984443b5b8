"""Noisy linear imputation of ROAD (Rong et al. 2022): hidden pixels become the mean of their neighbours.

Every hidden pixel is the weighted mean of its eight neighbours, direct ones 1/6 and diagonal ones 1/12,
hidden or not; at the border of the picture the weights that are left are scaled to sum to 1. That is a
sparse symmetric positive definite system for each picture and mask, that of a membrane held at the known
pixels. They are solved for a whole batch at once by conjugate gradients, preconditioned by one multigrid
cycle, so that the number of rounds does not grow with the size of the holes.
"""

from __future__ import annotations

import torch
from torch.nn import functional as F

TOLERANCE = 2e-4  # of the largest residual, in pixel values of [0, 1]; a grey level is 4e-3
ROUNDS = 60  # 8 to 20 are needed
SMALLEST = 4  # px: no coarser level below this
DAMPING = 0.8  # of the Jacobi smoothing


def impute(images: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
    """Images (b, 3, H, W) float32 with their pixels `hidden` (b, 1, H, W) bool filled in.

    What stands in hidden pixels does not matter. A picture that is wholly hidden becomes 0. The
    pictures of a batch do not see each other.
    """
    known = images.masked_fill(hidden, 0)
    solvable = ~hidden.flatten(1).all(1)[:, None, None, None]
    levels = _levels((hidden & solvable).to(known))
    right = neighbours(known) * levels[0][0]
    return known + _solve(levels, right)


def neighbours(values: torch.Tensor) -> torch.Tensor:
    """Weighted sum over the neighbours of each pixel, (b, c, H, W); nothing lies outside the picture.

    The weights are those of [1, 2, 1] x [1, 2, 1] / 12 without the middle, so it is done by sides.
    """
    across = 2 * values
    across[..., 1:] += values[..., :-1]
    across[..., :-1] += values[..., 1:]
    both = 2 * across
    both[..., 1:, :] += across[..., :-1, :]
    both[..., :-1, :] += across[..., 1:, :]
    return both.mul_(1 / 12).sub_(values, alpha=1 / 3)


Level = tuple[torch.Tensor, torch.Tensor]  # (b, 1, h, w) 1 where unknown, (1, 1, h, w) sum of weights


def _levels(free: torch.Tensor) -> list[Level]:
    """The unknown pixels at full size, half, and so on; a coarse cell is unknown if all its pixels are."""
    levels = [(free, neighbours(torch.ones_like(free[:1])))]
    while min(free.shape[2:]) >= 2 * SMALLEST:
        free = -F.max_pool2d(-free, 2, ceil_mode=True)
        levels.append((free, neighbours(torch.ones_like(free[:1]))))
    return levels


def _matrix(level: Level, values: torch.Tensor) -> torch.Tensor:
    free, weights = level
    return (weights * values).sub_(neighbours(values)).mul_(free)


def _cycle(levels: list[Level], residual: torch.Tensor) -> torch.Tensor:
    """A symmetric multigrid cycle: about the solution of the system for `residual`."""
    smooth = DAMPING / levels[0][1]
    found = smooth * residual
    if len(levels) > 1:
        height, width = residual.shape[2:]
        rest = residual - _matrix(levels[0], found)
        coarse = F.avg_pool2d(rest, 2, ceil_mode=True, divisor_override=1) * levels[1][0]
        fine = _cycle(levels[1:], coarse).repeat_interleave(2, 2).repeat_interleave(2, 3)
        found += fine[:, :, :height, :width] * levels[0][0]
    return found.add_(smooth * (residual - _matrix(levels[0], found)))


def _solve(levels: list[Level], right: torch.Tensor) -> torch.Tensor:
    """Conjugate gradients for the unknown pixels, (b, c, H, W), 0 elsewhere.

    Each colour of each picture stops on its own, so that the batch does not matter.
    """

    def dot(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return (a * b).sum((2, 3), keepdim=True)

    found, residual = torch.zeros_like(right), right.clone()
    better = _cycle(levels, residual)
    direction, size = better, dot(residual, better)
    for _ in range(ROUNDS):
        running = residual.abs().amax((2, 3), keepdim=True) > TOLERANCE
        if not running.any():
            break
        image = _matrix(levels[0], direction)
        step = torch.where(running, size / dot(direction, image).clamp(min=1e-30), 0)
        found += step * direction
        residual -= step * image
        better = _cycle(levels, residual)
        later = dot(residual, better)
        direction = better + torch.where(running, later / size.clamp(min=1e-30), 0) * direction
        size = later
    return found
