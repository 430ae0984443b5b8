"""Registry of attribution methods, and what a method is given.

A method is a function `method(task, images, targets, ids, **parameters) -> maps`:
images (B, 3, H, W) float32 RGB in [0, 1] on the task's device, targets (B,) int64 the explained
classes, ids B image ids (for random draws), maps (B, H, W) float32, unnormalised.

`@register(name, signed=..., needs=..., paper=...)`: signed says whether negative values mean
evidence against the class; needs is "gradient", "forward" or "nothing".
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from signsight.registry import Registry

methods = Registry("attribution", "attribution method")
register = methods.register


@dataclass(frozen=True)
class Task:
    """What is explained: the classifier in eval mode, its CAM layer, the score and the seed.

    score: "logit" or "softmax" of the explained class.
    """

    model: nn.Module
    layer: nn.Module
    score: str
    seed: int

    def scores(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """(B, C) logits -> (B,) score of each image's explained class."""
        values = logits.softmax(1) if self.score == "softmax" else logits
        return values.gather(1, targets[:, None])[:, 0]
