"""Networks of every kind that the contract of attribution methods is tested on."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import torch
from torch import nn

from signsight.models.build import build
from signsight.models.classifier import Classifier
from small_models import TRANSFORMERS, classifier, gap, linear, relu_net, transformer

CLASSES = 7


def made(name: str, size: int, inplace: bool = False, **parameters: int) -> Classifier:
    """The real architecture with seeded weights; the heads of AlexNet and VGG are as deep, but narrow."""
    torch.manual_seed(0)
    network = build(name, CLASSES, size, parameters)
    if name in ("alexnet", "vgg16"):  # most of their weights are there
        narrow(network.classifier)
    for module in network.modules():
        if inplace and hasattr(module, "inplace"):
            module.inplace = True
    if name == "stn3":  # as they come, the transformers do not depend on the image
        for module in (network.transformer1, network.transformer2, network.transformer3):
            nn.init.normal_(module.head.weight, std=0.01)
    # Fresh running statistics of batch normalisation: an untrained deep network would be near constant.
    if any(isinstance(module, nn.BatchNorm2d) for module in network.modules()):
        network.train()
        with torch.no_grad():
            for _ in range(3):
                network(torch.randn(8, 3, size, size))
    return classifier(network, CLASSES, size)


def narrow(layers: nn.Sequential, units: int = 32) -> None:
    """Linear layers with so few hidden units in the place of those of a sequence."""
    *hidden, last = (place for place, layer in enumerate(layers) if isinstance(layer, nn.Linear))
    width = layers[hidden[0]].in_features
    for place in hidden:
        layers[place], width = nn.Linear(width, units), units
    layers[last] = nn.Linear(width, layers[last].out_features)


NETWORKS: dict[str, Callable[[], Classifier]] = {
    "linear": lambda: linear(CLASSES, 12),
    "gap": lambda: gap(CLASSES, 24),
    "gap in place": lambda: gap(CLASSES, 24, inplace=True),
    "shared ReLU": lambda: relu_net("shared", CLASSES),
    "functional ReLU": lambda: relu_net("functional", CLASSES),
    "functional ReLU in place": lambda: relu_net("functional in place", CLASSES),
    "ReLU as a method in place": lambda: relu_net("method in place", CLASSES),
    **{kind: partial(transformer, kind, CLASSES) for kind in TRANSFORMERS},
    "compact": lambda: made("compact", 32),
    "stn3": lambda: made("stn3", 32),
    "alexnet": lambda: made("alexnet", 64),
    "vgg16": lambda: made("vgg16", 32),
    "resnet18": lambda: made("resnet18", 48),
    "resnet18 in place": lambda: made("resnet18", 48, inplace=True),
    "resnet50": lambda: made("resnet50", 48, width_per_group=16),
    "squeezenet1_1": lambda: made("squeezenet1_1", 64),
}


@cache
def network(kind: str) -> Classifier:
    """The network of that kind, made once."""
    return NETWORKS[kind]()
