"""The mean magnitude of the spectrum of natural pictures, for MACO."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch

from signsight.features.colour import decorrelated
from signsight.models.classifier import to_pixels

EDGE = 0.02  # pixels nearer to 0 or 1 than this would be far out before the sigmoid


def natural_magnitude(batches: Iterable[np.ndarray], device: torch.device | str = "cpu") -> np.ndarray:
    """(3, H, W // 2 + 1) float64 of pictures (B, H, W, 3) uint8, streamed.

    A picture x is taken as decorrelated(logit(x)), so that `parametrisation.Maco`, which goes the way
    back, would give it again from its own magnitude and phases. At frequencies that are their own
    opposites a real picture has no phase but a sign: there it is the mean with its sign.
    """
    total: torch.Tensor | None = None
    signed: torch.Tensor | None = None
    count = 0
    for batch in batches:
        pixels = to_pixels(batch, device).double().clamp(EDGE, 1 - EDGE)
        found = torch.fft.rfft2(decorrelated(torch.logit(pixels)))
        sums = found.abs().sum(0), found.real.sum(0)
        total, signed = sums if total is None else (total + sums[0], signed + sums[1])
        count, sides = count + len(batch), batch.shape[1:3]
    own = np.ix_(range(3), *([0, side // 2] if side % 2 == 0 else [0] for side in sides))
    magnitude, means = total.cpu().numpy() / count, signed.cpu().numpy() / count
    magnitude[own] = means[own]
    return magnitude
