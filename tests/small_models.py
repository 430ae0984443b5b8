"""Small classifiers and image sets for tests of attribution and evaluation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

from signsight.data.imageset import ImageSet, image_writer, open_image_set, write_index
from signsight.models.classifier import Classifier

torch.set_num_threads(1)  # tests run side by side
MEAN, STD = (0.3, 0.4, 0.5), (0.2, 0.25, 0.3)


def classifier(network: nn.Module, classes: int, size: int) -> Classifier:
    """`network` behind a normalisation that differs between colours, in eval mode."""
    names = [str(c) for c in range(classes)]
    return Classifier(
        network, architecture="test", settings={}, classes=names, size=size, mean=MEAN, std=STD
    ).eval()


def linear(classes: int = 4, size: int = 12, seed: int = 0) -> Classifier:
    """Logits linear in the pixels."""
    torch.manual_seed(seed)
    return classifier(nn.Sequential(nn.Flatten(), nn.Linear(3 * size * size, classes)), classes, size)


class GapNet(nn.Module):
    """Two convolutions, global average pooling, and a linear head without a bias."""

    target = "features"

    def __init__(self, classes: int = 5, channels: int = 6, inplace: bool = False) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, channels, 3, padding=1)
        )
        self.relu = nn.ReLU(inplace=inplace)
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(channels, classes, bias=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits (B, classes)."""
        return self.head(self.dropout(self.relu(self.features(images)).mean((2, 3))))


def gap(classes: int = 5, size: int = 16, seed: int = 0, inplace: bool = False) -> Classifier:
    """A seeded `GapNet`."""
    torch.manual_seed(seed)
    return classifier(GapNet(classes, inplace=inplace), classes, size)


def pictures(count: int, size: int, seed: int = 0) -> np.ndarray:
    """(count, size, size, 3) uint8 noise."""
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def image_set(folder: Path, images: np.ndarray, class_ids: np.ndarray | list[int]) -> ImageSet:
    """`images` (N, H, W, 3) uint8 written to `folder` and opened."""
    count, height, width, _ = images.shape
    with image_writer(folder, count, height, width) as writer:
        writer.append(images)
    ids = [f"test/{n:05d}.ppm" for n in range(count)]
    index = pd.DataFrame({"image_id": ids, "class_id": class_ids, "track": ids, "source": ids})
    write_index(folder, index)
    return open_image_set(folder)
