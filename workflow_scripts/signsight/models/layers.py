"""Which layer of a network the CAM methods look at, where nothing else is asked for."""

from __future__ import annotations

import torch
from torch import nn

POOLING = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d, nn.Dropout2d)


def target_layer(network: nn.Module, size: int) -> str:
    """Name (as in `named_modules`) of the default layer of CAM methods.

    A network of ours names it in its attribute `target`. Of any other network it is the last
    module to return channels x height x width with more than one position, poolings left out:
    for a ResNet its last stage, for VGG and AlexNet their features. ValueError if there is none.
    """
    if isinstance(named := getattr(network, "target", None), str):
        return named
    finished: list[str] = []
    handles = [
        module.register_forward_hook(_note(name, finished))
        for name, module in network.named_modules()
        if name and not isinstance(module, POOLING)
    ]
    training = network.training
    try:
        network.eval()
        place = next(network.parameters())
        with torch.no_grad():
            network(torch.zeros(1, 3, size, size, device=place.device, dtype=place.dtype))
    finally:
        for handle in handles:
            handle.remove()
        network.train(training)
    if not finished:
        raise ValueError("the network has no layer with a map; name one in the config")
    return finished[-1]


def _note(name: str, finished: list[str]) -> object:
    def hook(module: nn.Module, inputs: object, output: object) -> None:
        # Maps of a square image are square; rows of tokens and channels-last maps are not.
        if isinstance(output, torch.Tensor) and output.ndim == 4:
            height, width = output.shape[2:]
            if height == width > 1:
                finished.append(name)

    return hook
