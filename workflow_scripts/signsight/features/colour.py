"""Colours whose channels are uncorrelated in natural pictures (Olah et al. 2017), and back."""

from __future__ import annotations

import numpy as np
import torch

# Square root of the covariance of the colours of ImageNet, as Lucid has it.
ROOT = np.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]])
MATRIX = ROOT / np.linalg.norm(ROOT, axis=0).max()


def correlated(values: torch.Tensor) -> torch.Tensor:
    """(B, 3, H, W) of uncorrelated channels -> red, green and blue, before the sigmoid."""
    return _times(values, MATRIX)


def decorrelated(values: torch.Tensor) -> torch.Tensor:
    """The inverse of `correlated`."""
    return _times(values, np.linalg.inv(MATRIX))


def _times(values: torch.Tensor, matrix: np.ndarray) -> torch.Tensor:
    weights = torch.from_numpy(matrix).to(values)
    return torch.matmul(weights, values.flatten(2)).view_as(values)
