"""Maps of a layer enlarged to the image, and carried back to the places that the layer saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional as F

WHOLE = (1.0, 1.0)


@dataclass(frozen=True)
class Placement:
    """Where the map of a layer lies in the images.

    size: of the images. filled: the shares of the network's input, down and across, that an image fills,
    from the top left; the rest is padding. matrices: (B, 2, 3) each, of the spatial transformers before
    the layer in the order in which they run, from places in a transformer's output to places in its
    input, (x, y) from -1 to 1 between the edges.
    """

    size: Sequence[int]
    filled: tuple[float, float] = WHOLE
    matrices: Sequence[torch.Tensor] = ()

    def __getitem__(self, rows: torch.Tensor) -> Placement:
        """That of some of the images."""
        return Placement(self.size, self.filled, [matrix[rows] for matrix in self.matrices])

    def enlarged(self, coarse: torch.Tensor) -> torch.Tensor:
        """(B, h, w) to (B, H, W), the size of the images; bilinear, align_corners False.

        What lies over padding is cut off, to fractions of a cell. What no transformer passes on is 0: the
        layer has not seen it.
        """
        if self.filled == WHOLE and not self.matrices:
            return F.interpolate(coarse[:, None], size=self.size, mode="bilinear", align_corners=False)[:, 0]
        places, seen = self._places(coarse)
        large = F.grid_sample(coarse[:, None], places, "bilinear", "border", align_corners=False)[:, 0]
        return torch.where(seen, large, 0)

    def _places(self, coarse: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """For every pixel the place (B, H, W, 2) in the map, and whether it was passed on that far."""
        down, across = self.filled
        padding = coarse.new_tensor([[across, 0, across - 1], [0, down, down - 1]]).expand(len(coarse), 2, 3)
        places = F.affine_grid(padding, [len(coarse), 1, *self.size], align_corners=False)
        seen = torch.ones_like(places[..., 0], dtype=torch.bool)
        for matrix in self.matrices:
            turn, shift = matrix.to(coarse).split((2, 1), 2)
            inverse, failed = torch.linalg.inv_ex(turn)  # fails where it passes on a line or a point
            places = torch.einsum("bij,bhwj->bhwi", inverse, places - shift[:, None, None, :, 0])
            seen &= (places.abs().amax(3) <= 1) & (failed == 0)[:, None, None]
        return places, seen
