"""The published traffic-sign network with three spatial transformers (Arcos-García et al. 2018)."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from signsight.core.errors import UserError
from signsight.core.registry import networks

SMALLEST = 32  # below this the third localisation net has no pixel left


class SpatialTransformer(nn.Module):
    """Resamples its input by an affine matrix that a localisation net reads from it.

    Input and output (B, channels, side, side). The matrix starts at the identity whatever the
    input. Coordinates run from edge to edge (`align_corners=False`, grid and sampling alike),
    bilinear, zero outside.
    """

    def __init__(self, channels: int, side: int, first: int, second: int, hidden: int) -> None:
        super().__init__()
        left = side // 2 // 2 // 2
        self.localisation = nn.Sequential(
            nn.MaxPool2d(2),
            nn.Conv2d(channels, first, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(first, second, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(second * left * left, hidden),
            nn.ReLU(),
        )
        self.head = nn.Linear(hidden, 6)
        nn.init.zeros_(self.head.weight)
        self.head.bias.data.copy_(torch.tensor([1.0, 0, 0, 0, 1, 0]))

    def affine_matrix(self, images: torch.Tensor) -> torch.Tensor:
        """(B, 2, 3) float32: from output to input coordinates, each in -1..1 from edge to edge."""
        found = self.localisation(images)
        # Coordinates in half precision would shift the picture by a part of a pixel.
        with torch.autocast(images.device.type, enabled=False):
            return self.head(found.float()).view(-1, 2, 3)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Resample `images`."""
        matrix = self.affine_matrix(images)
        with torch.autocast(images.device.type, enabled=False):
            grid = functional.affine_grid(matrix, list(images.shape), align_corners=False)
            return functional.grid_sample(
                images.float(), grid, mode="bilinear", padding_mode="zeros", align_corners=False
            )


def _block(channels: int, filters: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, filters, kernel, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout2d(0.45),
        nn.BatchNorm2d(filters),
    )


class Stn3(nn.Module):
    """Three times transformer and convolution block, then two linear layers; 48 px as published."""

    target = "block3"
    replayable = True

    def __init__(self, classes: int, size: int) -> None:
        super().__init__()
        second = (size - 2) // 2  # 7 x 7 with padding 2 takes two pixels, pooling halves
        third = (second + 1) // 2  # 4 x 4 with padding 2 adds one
        last = (third + 1) // 2
        self.transformer1 = SpatialTransformer(3, size, 250, 250, 250)
        self.block1 = _block(3, 200, 7)
        self.transformer2 = SpatialTransformer(200, second, 150, 200, 300)
        self.block2 = _block(200, 250, 4)
        self.transformer3 = SpatialTransformer(250, third, 150, 200, 300)
        self.block3 = _block(250, 350, 4)
        self.classifier = nn.Sequential(
            nn.Flatten(), nn.Linear(350 * last * last, 400), nn.ReLU(), nn.Linear(400, classes)
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits (B, classes) of normalised images (B, 3, size, size)."""
        features = self.block1(self.transformer1(images))
        features = self.block2(self.transformer2(features))
        return self.classifier(self.block3(self.transformer3(features)))


@networks.register("stn3")
def build(classes: int, size: int) -> Stn3:
    """The network for `classes` classes; UserError for images below 32 px."""
    if size < SMALLEST:
        raise UserError(
            f"Network 'stn3' needs images of at least {SMALLEST} px, not {size}; "
            "choose a larger size of the crop or network 'compact'."
        )
    return Stn3(classes, size)
