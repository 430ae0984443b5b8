"""ResNet-20 for CIFAR-10; layers are named as in the weights of akamaster/pytorch_resnet_cifar10."""

import torch
import torch.nn.functional as F
from torch import nn

from signsight.core.registry import networks


class Block(nn.Module):
    """Two convolutions beside a shortcut without weights."""

    def __init__(self, inputs: int, planes: int) -> None:
        super().__init__()
        self.stride, self.added = planes // inputs, (planes - inputs) // 2
        self.conv1 = nn.Conv2d(inputs, planes, 3, self.stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, inputs, H, W) -> (B, planes, H, W), half as high and wide where planes are more."""
        main = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        shortcut = x[:, :, :: self.stride, :: self.stride]
        return F.relu(main + F.pad(shortcut, (0, 0, 0, 0, self.added, self.added)))


@networks.register("resnet20", mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
class ResNet20(nn.Module):
    """Three stages of three blocks, 16, 32 and 64 channels wide."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(Block(16, 16), Block(16, 16), Block(16, 16))
        self.layer2 = nn.Sequential(Block(16, 32), Block(32, 32), Block(32, 32))
        self.layer3 = nn.Sequential(Block(32, 64), Block(64, 64), Block(64, 64))
        self.linear = nn.Linear(64, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalised pictures (B, 3, 32, 32) -> logits (B, classes)."""
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(x.mean((2, 3)))
