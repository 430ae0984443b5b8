"""From one value for each colour to one for each pixel."""

from __future__ import annotations

from collections.abc import Callable

import torch

# (B, 3, H, W) -> (B, H, W); "linf" of Samek et al. 2017 is "max_abs"
REDUCTIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "sum": lambda values: values.sum(1),
    "max_abs": lambda values: values.abs().amax(1),
    "l2": lambda values: values.square().sum(1).sqrt(),
    "max_positive": lambda values: values.clamp(min=0).amax(1),
    "max_negative": lambda values: (-values).clamp(min=0).amax(1),
}


def reduced(values: torch.Tensor, how: str) -> torch.Tensor:
    """Colour values (B, 3, H, W) to a map (B, H, W), by a name of REDUCTIONS."""
    return REDUCTIONS[how](values)
