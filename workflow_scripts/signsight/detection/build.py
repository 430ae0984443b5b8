"""Detectors built by name: registered ones, and those of torchvision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torchvision
from torch import nn
from torchvision.ops import FrozenBatchNorm2d

from signsight.core.errors import UserError
from signsight.core.registry import detectors
from signsight.core.words import nearest
from signsight.data.detector_names import COCO_CATEGORIES
from signsight.detection.heads import head_of
from signsight.models.names import DETECTORS, detector_names, torchvision_names
from signsight.models.states import first_sentence

BACKGROUND = COCO_CATEGORIES[0]  # the class that is none, before all others
# Where torchvision loads trained weights of these, batch normalisation is frozen, with an epsilon of 0.
NO_EPSILON = ("fasterrcnn_resnet50_fpn", "retinanet_resnet50_fpn")


def build(
    name: str, classes: int, parameters: Mapping[str, Any] | None = None, frozen: bool = False
) -> nn.Module:
    """The detector `name` with `classes` logits, the background and gaps among them, newly initialised.

    frozen: for trained weights, with which some detectors of torchvision are built otherwise. In evaluation
    mode; no module works in place. Draws from torch's global generator. UserError for an unknown name,
    parameters that it does not take, and a network that is no detector of boxes.
    """
    given = dict(parameters or {})
    try:
        if name in detectors.names():
            network = detectors.get(name)(classes=classes, **given)
        elif name in torchvision_names(DETECTORS):
            network = torchvision.models.get_model(
                name, weights=None, weights_backbone=None, num_classes=classes, **given
            )
            if frozen and name in NO_EPSILON:
                _freeze(network)
        else:
            raise UserError(f"Unknown detector {name!r}; {nearest(name, detector_names())}")
    except (TypeError, ValueError, AssertionError, RuntimeError) as fault:
        raise UserError(
            f"The detector {name!r} cannot be built with these parameters ({first_sentence(fault)}); correct "
            "'detection.detector.parameters'."
        ) from fault
    head_of(network)
    for module in network.modules():
        if getattr(module, "inplace", False) is True:
            module.inplace = False  # type: ignore[assignment]
    return network.eval()


def _freeze(network: nn.Module) -> None:
    """Exchange every batch normalisation for torchvision's frozen one, with an epsilon of 0."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.BatchNorm2d):
                setattr(parent, name, FrozenBatchNorm2d(child.num_features, eps=0.0))
