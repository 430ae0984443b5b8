"""A detector with its normalisation: from pixels in [0, 1] to boxes, or to what it says at a place."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import torch
from torch import nn
from torchvision.models.detection.ssdlite import SSDLiteFeatureExtractorMobileNet

from signsight.detection.candidates import Candidates, Detections, detections
from signsight.detection.frame import Frame, frame_of
from signsight.detection.heads import Head, Maps, Reading, head_of
from signsight.models.classifier import Normalised


class Detector(Normalised):
    """A detector of torchvision.

    architecture, parameters, frozen: what `detection.build.build` takes. classes: names by the number of
    the logit, with those that stand for no class (background, gaps) in them. The pictures of a batch
    are of one size, which may be any.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        architecture: str,
        parameters: Mapping[str, Any],
        classes: Sequence[str],
        frozen: bool = False,
    ) -> None:
        transform = network.transform
        super().__init__(network, classes, transform.image_mean, transform.image_std)
        self.architecture, self.frozen = architecture, frozen
        self.network_parameters = dict(parameters)

    @cached_property
    def head(self) -> Head:
        """What it makes of the maps of its backbone."""
        return head_of(self.network)

    def frame(self, size: Sequence[int]) -> Frame:
        """How pictures of this size (height, width) become the network's input."""
        transform = self.network.transform
        fixed = transform.fixed_size and (transform.fixed_size[1], transform.fixed_size[0])
        return frame_of(
            (int(size[0]), int(size[1])),
            smallest=transform.min_size[-1],
            largest=transform.max_size,
            fixed=fixed,
            multiple=transform.size_divisible,
        )

    def filled(self, size: Sequence[int]) -> tuple[float, float]:
        """The shares of the network's input, down and across, that a picture of this size fills."""
        return self.frame(size).filled

    def maps(self, images: torch.Tensor, normalised: bool = False) -> Maps:
        """The maps of the backbone, level by level, for images (B, 3, H, W) in [0, 1], or normalised."""
        frame = self.frame(images.shape[2:])
        found = self.network.backbone(frame.laid_out(images if normalised else self.normalise(images)))
        return OrderedDict([("0", found)]) if isinstance(found, torch.Tensor) else found

    def forward(self, pixels: torch.Tensor) -> list[Candidates]:
        """The candidates of each image of `pixels` (B, 3, H, W), float32 RGB in [0, 1]."""
        return self.head.candidates(self.maps(pixels), self.frame(pixels.shape[2:]))

    def detect(self, pixels: torch.Tensor) -> list[tuple[Candidates, Detections]]:
        """Candidates and detections of each image of `pixels` (B, 3, H, W), boxes in pixels of the input."""
        return [(one, detections(one, self.head.selection())) for one in self(pixels)]

    def read(self, maps: Maps, places: torch.Tensor, size: Sequence[int], boxes: bool = False) -> Reading:
        """What it says at places (K, n), given the maps of K pictures of this size, or of one for all.

        boxes: also where it sees the boxes.
        """
        return self.head.read(maps, places, self.frame(size), boxes)

    def chosen_layer(self) -> str:
        """Default layer of CAM methods: the deepest one of the backbone below its pyramid."""
        backbone = self.network.backbone
        if isinstance(named := getattr(backbone, "target", None), str):
            return f"backbone.{named}"
        body = getattr(backbone, "body", None)
        if returned := getattr(body, "return_layers", None):
            return f"backbone.body.{list(returned)[-1]}"
        # Of SSD, where every level is made of the one before, the layer that all are made of.
        if isinstance(backbone, SSDLiteFeatureExtractorMobileNet):
            return "backbone.features.0"
        return "backbone.features" if hasattr(backbone, "features") else "backbone"
