"""Detectors built by name: registered ones, and those of torchvision."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import torchvision
from torch import nn

from signsight.core.errors import UserError
from signsight.core.registry import detectors
from signsight.core.words import nearest
from signsight.data.detector_names import COCO_CATEGORIES
from signsight.detection.heads import head_of
from signsight.models.names import DETECTORS, detector_names, torchvision_names
from signsight.models.states import first_sentence

BACKGROUND = COCO_CATEGORIES[0]  # the class that is none, before all others
# Where torchvision loads trained weights of these, batch normalisation is frozen, with an epsilon of 0.
WITHOUT_EPSILON = (
    "fasterrcnn_resnet50_fpn",
    "keypointrcnn_resnet50_fpn",
    "maskrcnn_resnet50_fpn",
    "retinanet_resnet50_fpn",
)
NO_EPSILON = 1e-30  # added to a variance it changes nothing in single precision, and torch wants more than 0


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
            _check_parameters(network, name, given)
            if frozen and name in WITHOUT_EPSILON:
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


def _check_parameters(network: nn.Module, name: str, given: Mapping[str, Any]) -> None:
    """TypeError for a parameter that torchvision has passed on to where it is ignored."""
    takers = (torchvision.models.get_model_builder(name), type(network), type(network.transform))
    known = {parameter for taker in takers for parameter in inspect.signature(taker).parameters}
    for parameter in given:
        if parameter not in known:
            raise TypeError(f"it takes no {parameter!r}; {nearest(parameter, known - {'kwargs'})}")


class FrozenNorm(nn.BatchNorm2d):
    """Batch normalisation that training leaves as it is, with an epsilon of 0 but for what torch insists on.

    It computes what torchvision's `FrozenBatchNorm2d` does, which is no batch normalisation to LRP, so that
    it would not be merged into the convolution before it.
    """

    def __init__(self, features: int) -> None:
        super().__init__(features, eps=NO_EPSILON)
        self.requires_grad_(False)

    def train(self, mode: bool = True) -> FrozenNorm:
        """Stay in evaluation mode."""
        return super().train(False)


def _freeze(network: nn.Module) -> None:
    """Exchange every batch normalisation for a frozen one."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.BatchNorm2d):
                setattr(parent, name, FrozenNorm(child.num_features))
