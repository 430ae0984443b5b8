"""Our small network: batch-normalised convolutions, global average pooling, one linear layer."""

from __future__ import annotations

import torch
from torch import nn

from signsight.models.registry import networks


def _block(channels: int, filters: int, kernel: int = 3, pool: bool = False) -> nn.Sequential:
    """Convolution, pooling if wanted, normalisation, ReLU: pooled first, the rest costs a quarter."""
    return nn.Sequential(
        nn.Conv2d(channels, filters, kernel, padding=kernel // 2, bias=False),
        *([nn.MaxPool2d(2)] if pool else []),
        nn.BatchNorm2d(filters),
        nn.ReLU(),
    )


class Compact(nn.Module):
    """Convolution blocks of growing width, then the class scores of the averaged last map.

    Logits are linear in the mean of the last block's maps, so that CAM applies as it is.
    """

    target = "features.4"

    def __init__(self, classes: int, width: int, dropout: float) -> None:
        super().__init__()
        self.features = nn.Sequential(
            _block(3, width, kernel=5, pool=True),
            _block(width, 2 * width, pool=True),
            _block(2 * width, 4 * width),
            _block(4 * width, 4 * width, pool=True),
            _block(4 * width, 8 * width),
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(8 * width, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits (B, classes) of normalised images (B, 3, size, size)."""
        return self.head(self.dropout(self.flatten(self.pool(self.features(images)))))


@networks.register("compact")
def build(classes: int, size: int, width: int = 32, dropout: float = 0.3) -> Compact:
    """The network for `classes` classes; `width` channels in the first block, any size from 8 px."""
    return Compact(classes, width, dropout)
