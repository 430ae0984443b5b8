"""The residual network of the CIFAR-10 study (which calls it ResNet-18): 14 layers with weights."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import nn

from signsight.core.parameters import Limits
from signsight.core.registry import networks


class Block(nn.Module):
    """Two convolutions beside a shortcut (He et al. 2016), a 1 x 1 convolution where the shape changes."""

    def __init__(self, channels: int, filters: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, filters, 3, stride, padding=1, bias=False)
        self.norm1, self.relu1 = nn.BatchNorm2d(filters), nn.ReLU()
        self.conv2 = nn.Conv2d(filters, filters, 3, padding=1, bias=False)
        self.norm2, self.relu2 = nn.BatchNorm2d(filters), nn.ReLU()
        self.shortcut = nn.Sequential()
        if stride != 1 or channels != filters:
            self.shortcut.add_module("conv", nn.Conv2d(channels, filters, 1, stride, bias=False))
            self.shortcut.add_module("norm", nn.BatchNorm2d(filters))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, channels, H, W) -> (B, filters, H / stride, W / stride), rounded up."""
        main = self.norm2(self.conv2(self.relu1(self.norm1(self.conv1(x)))))
        return self.relu2(main + self.shortcut(x))


class ResNet14(nn.Module):
    """A convolution, three stages of two blocks, then the class scores of the averaged last map.

    12 convolutions of the blocks, the first one and the linear layer make 14; convolutions of shortcuts do
    not count. Logits are linear in the mean of the last map, so that CAM applies as it is.
    """

    target = "stage3"

    def __init__(self, classes: int, channels: int, width: int) -> None:
        super().__init__()
        two, four = 2 * width, 4 * width
        self.stem = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
        )
        self.stage1 = nn.Sequential(Block(width, width, 1), Block(width, width, 1))
        self.stage2 = nn.Sequential(Block(width, two, 2), Block(two, two, 1))
        self.stage3 = nn.Sequential(Block(two, four, 2), Block(four, four, 1))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.head = nn.Linear(four, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits (B, classes) of normalised images (B, channels, size, size)."""
        features = self.stage3(self.stage2(self.stage1(self.stem(images))))
        return self.head(self.flatten(self.pool(features)))


@networks.register("resnet14", label="ResNet-14")
def build(
    classes: int,
    channels: int,
    width: Annotated[
        int, Limits(1, 512), "Channels of the first stage; the others have 2 and 4 times as many."
    ] = 64,
) -> ResNet14:
    """The network for `classes` classes and images of any size; at 32 px the last map is 8 x 8."""
    return ResNet14(classes, channels, width)
