"""Maps of a layer enlarged to the image."""

from __future__ import annotations

import torch
from torch.nn import functional as F

WHOLE = (1.0, 1.0)


def enlarged(coarse: torch.Tensor, images: torch.Tensor, filled: tuple[float, float] = WHOLE) -> torch.Tensor:
    """(B, h, w) to (B, H, W), the size of `images`; bilinear, align_corners False.

    filled: the shares of the map's height and width that the image fills, from the top left; the rest
    lies over padding and is cut off, to fractions of a cell.
    """
    size = images.shape[2:]
    if filled == WHOLE:
        return F.interpolate(coarse[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]
    down, across = filled
    matrix = coarse.new_tensor([[across, 0, across - 1], [0, down, down - 1]]).expand(len(coarse), 2, 3)
    grid = F.affine_grid(matrix, [len(coarse), 1, *size], align_corners=False)
    return F.grid_sample(coarse[:, None], grid, "bilinear", "border", align_corners=False)[:, 0]
