"""How a detector lays a picture into its input: resized, then padded at the right and below."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch.nn import functional as F


@dataclass(frozen=True)
class Frame:
    """Sizes (height, width) in pixels: of the picture, resized, and padded."""

    picture: tuple[int, int]
    resized: tuple[int, int]
    padded: tuple[int, int]

    @property
    def filled(self) -> tuple[float, float]:
        """The shares of the input's height and width that the picture fills, from the top left."""
        return self.resized[0] / self.padded[0], self.resized[1] / self.padded[1]

    def laid_out(self, images: torch.Tensor) -> torch.Tensor:
        """Normalised images (B, C, H, W) of this size as the network's input, (B, C, *padded)."""
        if self.resized != self.picture:
            images = F.interpolate(images, size=self.resized, mode="bilinear", align_corners=False)
        down, right = (after - before for before, after in zip(self.resized, self.padded, strict=True))
        return F.pad(images, (0, right, 0, down)) if down or right else images

    def to_picture(self, boxes: torch.Tensor) -> torch.Tensor:
        """Boxes (..., 4) in pixels of the input as boxes in pixels of the picture."""
        return boxes * boxes.new_tensor(self._scales(self.resized, self.picture))

    def to_input(self, boxes: torch.Tensor) -> torch.Tensor:
        """Boxes (..., 4) in pixels of the picture as boxes in pixels of the input."""
        return boxes * boxes.new_tensor(self._scales(self.picture, self.resized))

    def _scales(self, one: tuple[int, int], other: tuple[int, int]) -> list[float]:
        down, across = other[0] / one[0], other[1] / one[1]
        return [across, down, across, down]


def frame_of(
    picture: tuple[int, int],
    *,
    smallest: int,
    largest: int,
    fixed: tuple[int, int] | None = None,
    multiple: int = 32,
) -> Frame:
    """The frame of a picture (height, width), as torchvision's `GeneralizedRCNNTransform` makes it.

    smallest, largest: what the shorter side becomes, and what the longer one does not exceed. fixed: (height,
    width) of every picture in their place. multiple: the padded sides are multiples of it.
    """
    if fixed is not None:
        resized = fixed
    else:
        scale = min(smallest / min(picture), largest / max(picture))
        resized = (math.floor(picture[0] * scale), math.floor(picture[1] * scale))
    padded = tuple(math.ceil(side / multiple) * multiple for side in resized)
    return Frame(tuple(picture), resized, padded)
