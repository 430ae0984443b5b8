"""A network with the normalisation that belongs to it: from pixels in [0, 1] to logits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from signsight.data.imageset import ImageSet
from signsight.models.layers import target_layer
from signsight.models.registry import build


class Classifier(nn.Module):
    """`network` behind the normalisation of its own training images.

    mean, std: (3,) float32 buffers, RGB in [0, 1]. architecture, settings: what `registry.build`
    takes. classes: names in the order of the logits. size: side of the images in pixels.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(
        self,
        network: nn.Module,
        *,
        architecture: str,
        settings: Mapping[str, Any],
        classes: Sequence[str],
        size: int,
        mean: Sequence[float],
        std: Sequence[float],
    ) -> None:
        super().__init__()
        self.network = network
        self.architecture, self.settings = architecture, dict(settings)
        self.classes, self.size = tuple(map(str, classes)), int(size)
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32))
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32))

    def normalise(self, pixels: torch.Tensor) -> torch.Tensor:
        """(B, 3, H, W) in [0, 1] to the same shape with the mean taken off, divided by the std."""
        return (pixels - self.mean[:, None, None]) / self.std[:, None, None]

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Logits (B, C) of `pixels` (B, 3, size, size), float32 RGB in [0, 1]."""
        return self.network(self.normalise(pixels))

    def target_layer(self) -> str:
        """Default layer of CAM methods, by its name in this module ('network....')."""
        return f"network.{target_layer(self.network, self.size)}"


def new_classifier(
    architecture: str,
    settings: Mapping[str, Any],
    classes: Sequence[str],
    size: int,
    mean: Sequence[float],
    std: Sequence[float],
) -> Classifier:
    """A classifier with newly initialised weights (or those that `settings` names)."""
    return Classifier(
        build(architecture, len(classes), size, settings),
        architecture=architecture,
        settings=settings,
        classes=classes,
        size=size,
        mean=mean,
        std=std,
    )


def to_pixels(images: np.ndarray, device: torch.device | str = "cpu") -> torch.Tensor:
    """(B, H, W, 3) uint8 to (B, 3, H, W) float32 in [0, 1] on `device`, channels last in memory."""
    pixels = torch.from_numpy(np.ascontiguousarray(images)).to(device)
    return pixels.permute(0, 3, 1, 2).to(torch.float32).div_(255)


def mean_and_std(images: ImageSet, rows: np.ndarray) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each colour, in [0, 1], over the images `rows`, streamed.

    A colour that never varies gets a standard deviation of one grey level.
    """
    wanted = np.zeros(len(images), bool)
    wanted[rows] = True
    counts, start = np.zeros((3, 256), np.int64), 0
    for batch in images.batches(4096):
        chosen = batch[wanted[start : start + len(batch)]].reshape(-1, 3)
        start += len(batch)
        counts += [np.bincount(chosen[:, colour], minlength=256) for colour in range(3)]
    share = counts / counts.sum(1, keepdims=True)
    levels = np.arange(256) / 255
    mean = share @ levels
    variance = (share * (levels - mean[:, None]) ** 2).sum(1)
    return mean.tolist(), np.maximum(np.sqrt(variance), 1 / 255).tolist()


def forward_batches(
    classifier: Classifier, batches: Iterable[np.ndarray], device: torch.device | str
) -> Iterator[torch.Tensor]:
    """Logits (B, C) float32 on the CPU for every batch of images (B, H, W, 3) uint8.

    In evaluation mode, in full precision and without gradients; the mode is put back at the end.
    """
    training = classifier.training
    classifier.eval()
    try:
        for batch in batches:
            with torch.inference_mode():
                yield classifier(to_pixels(batch, device)).float().cpu()
    finally:
        classifier.train(training)
