"""Controls: maps that do not look at the model, against which every method has to stand."""

from __future__ import annotations

import numpy as np
import torch

from signsight.attribution.registry import register
from signsight.attribution.task import Task
from signsight.rng import generator


@register("random", signed=False, needs="nothing", paper="control: uniform noise in [0, 1) for each pixel")
def random_map(task: Task, images: torch.Tensor, targets: torch.Tensor, ids: list[str]) -> torch.Tensor:
    """Uniform noise, drawn for each image by its id."""
    size = tuple(images.shape[2:])
    draws = [generator(task.seed, "random map", i).random(size, dtype=np.float32) for i in ids]
    return torch.from_numpy(np.stack(draws))
