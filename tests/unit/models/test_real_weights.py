"""Published weights, read as people have them, know the pictures that they were published for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional
from torchvision.transforms import v2

from signsight.models.classifier import Classifier, forward_batches
from signsight.models.pretrained import pretrained_classifier

SHARED = Path(__file__).parents[4] / "shared"
CIFAR, IMAGENET = SHARED / "cifar10", SHARED / "imagenet"
CIFAR_CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


class Block(nn.Module):
    def __init__(self, before: int, planes: int) -> None:
        super().__init__()
        self.stride, self.new = planes // before, (planes - before) // 2
        self.conv1 = nn.Conv2d(before, planes, 3, self.stride, 1, bias=False)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(planes), nn.BatchNorm2d(planes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        short = functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.new, self.new))
        return functional.relu(self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x))))) + short)


class ResNet20(nn.Module):
    def __init__(self, classes: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(Block(16, 16), Block(16, 16), Block(16, 16))
        self.layer2 = nn.Sequential(Block(16, 32), Block(32, 32), Block(32, 32))
        self.layer3 = nn.Sequential(Block(32, 64), Block(64, 64), Block(64, 64))
        self.linear = nn.Linear(64, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        low = self.layer1(functional.relu(self.bn1(self.conv1(images))))
        return self.linear(self.layer3(self.layer2(low)).mean((2, 3)))


def accuracy(model: Classifier, images: np.ndarray, truth: pd.Series) -> float:
    logits = torch.cat(list(forward_batches(model, np.array_split(images, 10), "cpu")))
    return float((logits.argmax(1).numpy() == truth.to_numpy()).mean())


@pytest.mark.skipif(not CIFAR.is_dir(), reason="the pictures are no part of the project")
@pytest.mark.parametrize("file", ["resnet20-12fca82f.th", "resnet20.safetensors"])
def test_resnet20_knows_cifar(file: str, registered: Callable[..., None]) -> None:
    """Published: 91.73 % of the whole test set; here are its first 500 pictures."""
    registered("resnet20", ResNet20, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
    table = pd.read_csv(CIFAR / "labels.csv")
    images = np.stack([np.asarray(Image.open(CIFAR / name)) for name in table["file"]])
    model = pretrained_classifier("resnet20", 32, weights=CIFAR / file, classes=CIFAR_CLASSES)
    assert model.target_layer() == "network.layer3"
    assert accuracy(model, images, table["class_id"]) > 0.9


@pytest.mark.skipif(not IMAGENET.is_dir(), reason="the pictures are no part of the project")
def test_squeezenet_knows_photographs() -> None:
    """Published: 66.7 % of 201 such pictures."""
    table = pd.read_csv(IMAGENET / "labels.csv")
    fitted = v2.Compose([v2.Resize(256), v2.CenterCrop(224)])
    images = np.stack(
        [np.asarray(fitted(Image.open(IMAGENET / name).convert("RGB"))) for name in table["file"]]
    )
    model = pretrained_classifier("squeezenet1_0", 224, weights=IMAGENET / "squeezenet1_0.safetensors")
    assert 0.6 < accuracy(model, images, table["class_id"]) < 0.75
