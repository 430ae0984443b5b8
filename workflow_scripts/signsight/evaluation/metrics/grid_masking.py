"""Masking of grid cells as the GTSRB study: is the sign still recognised?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import torch

from signsight.core.parameters import Limits
from signsight.core.registry import metrics
from signsight.evaluation.engine import Hiding, followed, perturbed_scores
from signsight.evaluation.metrics.block import Block, Result
from signsight.models.classifier import to_pixels
from signsight.perturbation.grid import cell_edges, rank_cells


@metrics.register(
    "grid_masking",
    label="Masking",
    at_most={"grid": "size", "max_cells": "grid ** 2"},
    needs="model",
    source="GTSRB study",
    x="Masked cells",
    quantities={
        "masked_accuracy": {
            "direction": "lower",
            "low": 0,
            "high": 1,
            "chance": "random",
            "label": "Accuracy under masking",
            "means": "share of correct predictions, mean over 1 to the maximum number of masked cells",
        }
    },
    curves={"masked_accuracy": {"label": "Accuracy"}},
    config="masking",
)
def grid_masking(
    block: Block,
    *,
    grid: Annotated[int, Limits(1, 64), "Cells along each side."] = 8,
    share: Annotated[
        float,
        Limits(None, 1, above=0),
        "Share of a map's pixels, the highest ones, that count towards the rank of a cell.",
    ] = 0.25,
    max_cells: Annotated[int, Limits(1, 4096), "Maximum number of masked cells, from 0 upwards."] = 10,
    colour: Annotated[Sequence[float], Limits(0, 1, length=3), "Colour of masked cells, RGB in [0, 1]."] = (
        1,
        1,
        1,
    ),
) -> Result:
    """Curve "masked_accuracy": 1 where the true class is predicted with k = 0..`max_cells` cells painted.

    Cells are ranked as in `perturbation.grid.rank_cells`: by the sum of the highest `share` of the
    map's pixels. An image whose map has no positive value has no cells and is left out. The predicted
    classes are stored, too: `predicted`, (n, max_cells + 1) int16.
    """
    clean = to_pixels(block.images, block.device)
    cells = rank_cells(block.maps, grid, share, max_cells).astype(np.int64)
    targets, start = followed(block, clean, "prediction", "true")
    turns = _turns(cells, _places(clean.shape[2:], grid), block.device)
    paint = torch.tensor(np.round(np.asarray(colour) * 255) / 255, dtype=torch.float32, device=block.device)
    limits = torch.arange(1, max_cells + 1, device=block.device)
    masking = Hiding(block, clean, turns, limits, lambda image: paint.view(1, 3, 1, 1))
    found = perturbed_scores(block, targets, max_cells, masking)
    predicted = torch.cat([start[:, None], found], 1).cpu().numpy().astype(np.int16)
    curve = (predicted == block.truth[:, None]).astype(np.float32)
    curve[cells[:, 0] < 0] = np.nan
    values = {"masked_accuracy": curve[:, 1:].mean(1, dtype=np.float64)}
    x = np.arange(max_cells + 1, dtype=np.float64)
    return Result(values, {"masked_accuracy": curve}, x, more={"predicted": predicted})


def _places(size: Sequence[int], grid: int) -> np.ndarray:
    """(H, W) int64: the cell, row by row, that each pixel is in."""
    rows, columns = (np.repeat(np.arange(grid), np.diff(cell_edges(side, grid))) for side in size)
    return rows[:, None] * grid + columns


def _turns(cells: np.ndarray, places: np.ndarray, device: torch.device) -> torch.Tensor:
    """(n, 1, H, W) int32: the step, from 0, at which a pixel is painted; cells: (n, K), -1 for none."""
    steps = np.full((len(cells), places.max() + 2), np.iinfo(np.int32).max, np.int32)
    np.put_along_axis(steps, cells, np.arange(cells.shape[1], dtype=np.int32)[None], 1)
    return torch.as_tensor(steps[:, None, places], device=device)
