"""Detectors built by name: registered ones, and those of torchvision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torchvision
from torch import nn

from signsight.core.errors import UserError
from signsight.core.registry import detectors
from signsight.core.words import nearest
from signsight.detection.heads import head_of
from signsight.detection.names import COCO_CATEGORIES
from signsight.models.names import torchvision_names
from signsight.models.states import first_sentence

PART = "detection"  # of torchvision's models
BACKGROUND = COCO_CATEGORIES[0]  # the class that is none, before all others
# torchvision's functions set the epsilon of batch normalisation to 0 where they load these weights.
NO_EPSILON = ("fasterrcnn_resnet50_fpn", "retinanet_resnet50_fpn")


def build(name: str, classes: int, parameters: Mapping[str, Any] | None = None) -> nn.Module:
    """The detector `name` with `classes` logits, the background and gaps among them, newly initialised.

    In evaluation mode; no module works in place. Draws from torch's global generator. UserError for an
    unknown name, parameters that it does not take, and a network that is no detector of boxes.
    """
    given = dict(parameters or {})
    try:
        if name in detectors.names():
            network = detectors.get(name)(classes=classes, **given)
        elif name in torchvision_names(PART):
            network = torchvision.models.get_model(
                name, weights=None, weights_backbone=None, num_classes=classes, **given
            )
            _set_epsilon(network, name)
        else:
            known = [*detectors.names(), *torchvision_names(PART)]
            raise UserError(f"Unknown detector {name!r}; {nearest(name, known)}")
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


def _set_epsilon(network: nn.Module, name: str) -> None:
    if name in NO_EPSILON:
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.eps = 0.0
