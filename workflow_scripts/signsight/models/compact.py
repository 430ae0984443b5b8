"""The project's small network: batch-normalised convolutions, global average pooling, one linear layer."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import nn

from signsight.core.parameters import Limits
from signsight.core.registry import networks


def _block(channels: int, filters: int, kernel: int = 3) -> list[nn.Module]:
    return [
        nn.Conv2d(channels, filters, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(filters),
        nn.ReLU(),
    ]


class Compact(nn.Module):
    """Six convolution blocks, three poolings, then the class scores of the averaged last map.

    Logits are linear in the mean of the last block's maps, so that CAM applies as it is.
    """

    target = "features.last"
    replayable = True

    def __init__(self, classes: int, channels: int, width: int, dropout: float) -> None:
        super().__init__()
        two, four, eight = 2 * width, 4 * width, 8 * width
        self.features = nn.Sequential()
        for name, layers in {
            "first": [*_block(channels, width, kernel=5), nn.MaxPool2d(2)],
            "second": [*_block(width, two), *_block(two, two), nn.MaxPool2d(2)],
            "third": [*_block(two, four), *_block(four, four), nn.MaxPool2d(2)],
            "last": _block(four, eight),
        }.items():
            self.features.add_module(name, nn.Sequential(*layers))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(eight, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits (B, classes) of normalised images (B, channels, size, size)."""
        return self.head(self.dropout(self.flatten(self.pool(self.features(images)))))


@networks.register("compact", label="compact")
def build(
    classes: int,
    channels: int,
    width: Annotated[int, Limits(1, 512), "Channels in the first block."] = 32,
    dropout: Annotated[float, Limits(0, below=1), "Share of the averages that is dropped in training."] = 0.3,
) -> Compact:
    """The network for `classes` classes; `width` channels in the first block, any size from 8 px."""
    return Compact(classes, channels, width, dropout)
