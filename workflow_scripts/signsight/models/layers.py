"""Which layer of a network the CAM methods look at, where nothing else is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import torch
from torch import nn

POOLING = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d, nn.Dropout2d)


def target_layer(network: nn.Module, size: int) -> str:
    """Name (as in `named_modules`) of the default layer of CAM methods.

    A network of ours names it in its attribute `target`. Of any other network it is the last
    module to return channels x height x width with more than one position, poolings and modules that
    are run several times left out: for a ResNet its last stage, for VGG and AlexNet their features.
    ValueError if there is none.
    """
    if isinstance(named := getattr(network, "target", None), str):
        return named
    finished = finished_modules(network, size)
    runs = Counter(name for name, _ in finished)
    once = [name for name, side in finished if side and runs[name] == 1]
    if not once:
        raise ValueError("the network has no layer with a map; name one in the config")
    return once[-1]


def finished_modules(network: nn.Module, size: int) -> list[tuple[str, int]]:
    """Every run of a module, poolings left out, as it ends: its name, and the side of its map.

    The side is 0 where the module gave no square map of channels x height x width of more than one
    position. Maps of a square image are square; rows of tokens and channels-last maps are not.
    """
    finished: list[tuple[str, int]] = []

    def note(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: object, output: object) -> None:
            sides = output.shape[2:] if isinstance(output, torch.Tensor) and output.ndim == 4 else (0, 0)
            finished.append((name, sides[0] if sides[0] == sides[1] > 1 else 0))

        return hook

    handles = [
        module.register_forward_hook(note(name))
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
    return finished
