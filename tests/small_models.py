"""Small classifiers, image sets and blocks for tests of attribution and evaluation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F
from torchvision.models.convnext import CNBlockConfig, ConvNeXt
from torchvision.models.maxvit import MaxVit
from torchvision.models.swin_transformer import PatchMergingV2, SwinTransformer, SwinTransformerBlockV2
from torchvision.models.vision_transformer import VisionTransformer

from signsight.core.registry import methods
from signsight.data.imageset import ImageSet, image_writer, open_image_set, write_index
from signsight.evaluation.metrics.block import Block
from signsight.models.classifier import Classifier

torch.set_num_threads(1)  # tests run side by side
MEAN, STD = (0.3, 0.4, 0.5), (0.2, 0.25, 0.3)

# Parameters of methods that make many inputs of an image, with which they are quick.
FEW = {"samples": 2, "steps": 3, "masks": 8}


def few(method: str, size: int) -> dict[str, int]:
    """Parameters that make few inputs of an image of that size."""
    known = methods.parameters(method)
    sizes = {"window": size // 2, "stride": size // 2}
    return {key: value for key, value in (FEW | sizes).items() if key in known}


def classifier(network: nn.Module, classes: int, size: int) -> Classifier:
    """`network` behind a normalisation that differs between colours, in eval mode."""
    names = [str(c) for c in range(classes)]
    return Classifier(
        network, architecture="test", parameters={}, classes=names, size=size, mean=MEAN, std=STD
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


RELUS: dict[str, Callable[[], Callable[[torch.Tensor], torch.Tensor]]] = {
    "modules": nn.ReLU,
    "modules in place": lambda: nn.ReLU(inplace=True),
    "functional": lambda: F.relu,
    "functional in place": lambda: lambda x: F.relu(x, inplace=True),
    "torch": lambda: torch.relu,
    "torch in place": lambda: torch.relu_,
    "method": lambda: lambda x: x.relu(),
    "method in place": lambda: lambda x: x.relu_(),
    "clamp": lambda: lambda x: x.clamp(min=0),
}


class ReluNet(nn.Module):
    """A convolutional network with a residual sum whose ReLUs are called in one of many ways.

    `kind` is a key of RELUS, or "shared" for one module at all places. The weights are those of the
    seed, whatever the kind.
    """

    target = "last"

    def __init__(self, classes: int = 5, kind: str = "modules", seed: int = 0, bias: bool = True) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.first = nn.Conv2d(3, 8, 3, padding=1, bias=bias)
        self.pool = nn.MaxPool2d(2)
        self.side = nn.Conv2d(8, 8, 3, padding=1, bias=bias)
        self.last = nn.Conv2d(8, 6, 3, padding=1, bias=bias)
        self.hidden = nn.Linear(6 * 16, 10, bias=bias)
        self.head = nn.Linear(10, classes, bias=bias)
        one = nn.ReLU()
        self.relu1, self.relu2, self.relu3, self.relu4 = (
            one if kind == "shared" else RELUS[kind]() for _ in range(4)
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits (B, classes)."""
        low = self.pool(self.relu1(self.first(images)))
        low = self.relu2(self.side(low) + low)
        high = F.adaptive_avg_pool2d(self.relu3(self.last(low)), 4)
        return self.head(self.relu4(self.hidden(high.flatten(1))))


def relu_net(kind: str = "modules", classes: int = 5, size: int = 16, **settings: Any) -> Classifier:
    """A seeded `ReluNet`."""
    return classifier(ReluNet(classes, kind, **settings), classes, size)


TRANSFORMERS: dict[str, Callable[[int], nn.Module]] = {
    "vit": lambda classes: VisionTransformer(32, 8, 2, 2, 16, 24, num_classes=classes),
    "swin": lambda classes: SwinTransformer(
        [4, 4], 8, [2, 1], [2, 4], [4, 4], stochastic_depth_prob=0, num_classes=classes
    ),
    "swin v2": lambda classes: SwinTransformer(
        [4, 4],
        8,
        [2, 1],
        [2, 4],
        [4, 4],
        stochastic_depth_prob=0,
        num_classes=classes,
        block=SwinTransformerBlockV2,
        downsample_layer=PatchMergingV2,
    ),
    "convnext": lambda classes: ConvNeXt(
        [CNBlockConfig(8, 16, 1), CNBlockConfig(16, None, 1)], layer_scale=0.5, num_classes=classes
    ),
    "maxvit": lambda classes: MaxVit((32, 32), 8, 4, [8, 16], [1, 1], 4, 0, num_classes=classes),
}


def transformer(kind: str, classes: int = 5, seed: int = 0) -> Classifier:
    """A small network of torchvision with layer normalisation, and attention or wide convolutions.

    All weights and biases are drawn, with fresh running statistics of batch normalisation.
    """
    torch.manual_seed(seed)
    network = TRANSFORMERS[kind](classes)
    for name, weights in network.named_parameters():
        if weights.ndim == 1 and name.endswith("weight"):
            nn.init.uniform_(weights, 0.5, 1.5)
        else:
            nn.init.normal_(weights, std=0.1 if weights.ndim == 1 else 0.3)
    with torch.no_grad():
        network.train()(torch.randn(8, 3, 32, 32))
    return classifier(network, classes, 32)


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


def noise_maps(count: int, size: int) -> np.ndarray:
    """Normal draws, (count, size, size) float32."""
    return np.random.default_rng(0).standard_normal((count, size, size)).astype(np.float32)


def block_of(model: Classifier, count: int, maps: np.ndarray | None = None, **changes: Any) -> Block:
    """`count` pictures of the model's size with noise for maps; `changes` are fields of the block."""
    settings: dict[str, Any] = {
        "model": model,
        "images": pictures(count, model.size),
        "maps": noise_maps(count, model.size) if maps is None else maps,
        "ids": [f"image {n}" for n in range(count)],
        "truth": np.arange(count) % 4,
        "regions": None,
        "target": "true",
        "seed": 4,
        "device": torch.device("cpu"),
        "batch_size": 16,
    }
    return Block(**settings | changes)
