"""A network with the normalisation that belongs to it: from pixels in [0, 1] to logits."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from signsight.core.errors import UserError
from signsight.data.imageset import ImageSet
from signsight.data.progress import count_passes
from signsight.models.build import build
from signsight.models.layers import target_layer
from signsight.models.logits import logits_of

log = logging.getLogger("signsight")

LUMA = (0.299, 0.587, 0.114)  # of red, green and blue in grey (ITU-R BT.601, as in Pillow)


class Normalised(nn.Module, ABC):
    """`network` behind the normalisation of its own training images: what classifiers and detectors share.

    classes: names in the order of the logits. channels: 3, or 1 for a network that takes grey images.
    mean, std: (channels,) float32 buffers in [0, 1], no part of the state: they are facts, not weights.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(
        self,
        network: nn.Module,
        classes: Sequence[str],
        mean: Sequence[float],
        std: Sequence[float],
        channels: int = 3,
    ) -> None:
        super().__init__()
        check_normalisation(mean, std, channels)
        self.network, self._logged = network, ""
        self.classes, self.channels = tuple(map(str, classes)), int(channels)
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32), persistent=False)
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32), persistent=False)

    def normalise(self, pixels: torch.Tensor) -> torch.Tensor:
        """(B, 3, H, W) RGB in [0, 1] to (B, channels, H, W) with the mean taken off, divided by the std."""
        count_passes(len(pixels))
        if self.channels == 1:
            pixels = (pixels * pixels.new_tensor(LUMA)[:, None, None]).sum(1, keepdim=True)
        return (pixels - self.mean[:, None, None]) / self.std[:, None, None]

    def filled(self, size: Sequence[int]) -> tuple[float, float]:
        """The shares of the network's input, down and across, that an image of this size fills."""
        return 1.0, 1.0

    def target_layer(self) -> str:
        """Default layer of CAM methods, by its name in this module ('network....')."""
        name = self.chosen_layer()
        if name != self._logged:  # methods ask for every batch
            log.info("class activation methods look at the layer %r", name)
            self._logged = name
        return f"network.{name}"

    @abstractmethod
    def chosen_layer(self) -> str:
        """Default layer of CAM methods, by its name in the network."""


class Classifier(Normalised):
    """A network that gives logits of classes.

    architecture, parameters: what `build` takes. size: side of the images in pixels. The others as of
    `Normalised`.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        architecture: str,
        parameters: Mapping[str, Any],
        classes: Sequence[str],
        size: int,
        mean: Sequence[float],
        std: Sequence[float],
        channels: int = 3,
    ) -> None:
        super().__init__(network, classes, mean, std, channels)
        self.architecture = architecture
        self.network_parameters = dict(parameters)  # `parameters` are a module's weights
        self.size = int(size)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Logits (B, C) of `pixels` (B, 3, size, size), float32 RGB in [0, 1]."""
        return logits_of(self.network(self.normalise(pixels)))

    def logits(self, images: torch.Tensor, normalised: bool = False) -> torch.Tensor:
        """Logits (B, C) of images (B, 3, H, W) in [0, 1], or normalised already."""
        return logits_of(self.network(images)) if normalised else self(images)

    def chosen_layer(self) -> str:
        """Default layer of CAM methods, by its name in the network."""
        return target_layer(self.network, self.size, self.channels)


def check_normalisation(mean: Sequence[float], std: Sequence[float], channels: int) -> None:
    """UserError unless there are 1 or 3 channels, and a mean in 0..1 and a std in ]0, 1] for each."""
    if channels not in (1, 3):
        raise UserError(f"'channels' is {channels!r}; networks take 1 (grey) or 3 (RGB), choose one.")
    for name, values in (("mean", mean), ("std", std)):
        within = all(0 <= value <= 1 and (value > 0 or name == "mean") for value in values)
        if len(values) != channels or not within:
            raise UserError(
                f"The {name} of the normalisation is {list(values)}; give a list of {channels} in [0, 1]"
                f"{'' if name == 'mean' else ' and above 0'}, a number for each channel of the network."
            )


def new_classifier(
    architecture: str,
    parameters: Mapping[str, Any],
    classes: Sequence[str],
    size: int,
    mean: Sequence[float],
    std: Sequence[float],
    channels: int = 3,
) -> Classifier:
    """A classifier with newly initialised weights; arguments as of `Classifier`."""
    return Classifier(
        build(architecture, len(classes), size, parameters, channels),
        architecture=architecture,
        parameters=parameters,
        classes=classes,
        size=size,
        mean=mean,
        std=std,
        channels=channels,
    )


def to_pixels(images: np.ndarray, device: torch.device | str = "cpu") -> torch.Tensor:
    """(B, H, W, 3) uint8 to (B, 3, H, W) float32 in [0, 1] on `device`, channels last in memory."""
    images = np.ascontiguousarray(images)
    if min(images.strides) < 0:  # a reversed axis of length 1 counts as contiguous, but not for torch
        images = images.copy()
    pixels = torch.from_numpy(images)
    if torch.device(device).type == "cuda":  # from pinned memory, Python need not wait until the GPU is free
        pixels = pixels.pin_memory()
    pixels = pixels.to(device, non_blocking=True)
    return pixels.permute(0, 3, 1, 2).to(torch.float32).div_(255)


def mean_and_std(images: ImageSet, rows: np.ndarray, channels: int = 3) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel, in [0, 1], over the images `rows`, streamed.

    channels: 3 for the colours, 1 for grey. One that never varies gets a deviation of one grey level.
    """
    wanted = np.zeros(len(images), bool)
    wanted[rows] = True
    counts, products, start = np.zeros((3, 256), np.int64), np.zeros((3, 3)), 0
    for batch in images.batches(4096):
        chosen = batch[wanted[start : start + len(batch)]].reshape(-1, 3)
        start += len(batch)
        counts += [np.bincount(chosen[:, colour], minlength=256) for colour in range(3)]
        if channels == 1:
            centred = chosen / 255 - 0.5  # near the mean, so that little is lost when it is taken off
            products += centred.T @ centred
    share = counts / counts.sum(1, keepdims=True)
    levels = np.arange(256) / 255
    mean = share @ levels
    if channels == 1:
        covariance = products / counts[0].sum() - np.outer(mean - 0.5, mean - 0.5)
        luma = np.array(LUMA)
        mean, variance = np.array([luma @ mean]), np.array([luma @ covariance @ luma])
    else:
        variance = (share * (levels - mean[:, None]) ** 2).sum(1)
    return mean.tolist(), np.sqrt(np.maximum(variance, 1 / 255**2)).tolist()


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
