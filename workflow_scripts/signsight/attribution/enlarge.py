"""Maps of a layer enlarged to the image."""

from __future__ import annotations

import torch
from torch.nn import functional as F


def enlarged(coarse: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """(B, h, w) to (B, H, W), the size of `images`; bilinear, align_corners False."""
    size = images.shape[2:]
    return F.interpolate(coarse[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]
