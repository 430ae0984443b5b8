"""Layers as maps over the image, and which of them the CAM methods take where nothing else is asked for."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn

from signsight.models.logits import logits_of

POOLING = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d, nn.Dropout2d)


class Finished(NamedTuple):
    """A run of a module: its name, the side of its map (0 for none), and whether that is made of tokens."""

    name: str
    side: int
    tokens: bool


def as_map(output: object) -> torch.Tensor | None:
    """A layer's output as a map (B, K, h, w), or None where it is none.

    That is an output of this shape; one of (B, h, h, K), the channels last, as in Swin; or rows of
    tokens (B, T, K), as in ViT, of which the first is left out where T is h * h + 1 (a class token).
    """
    if not isinstance(output, torch.Tensor) or output.ndim not in (3, 4):
        return None
    if output.ndim == 4:
        last = output.shape[1] == output.shape[2] != output.shape[3]
        return output.permute(0, 3, 1, 2) if last else output
    side = math.isqrt(output.shape[1])
    spare = output.shape[1] - side**2
    return output[:, spare:].mT.unflatten(2, (side, side)) if side > 1 and spare <= 1 else None


def target_layer(network: nn.Module, size: int, channels: int = 3) -> str:
    """Name (as in `named_modules`) of the default layer of CAM methods.

    A network of ours names it in its attribute `target`. Of any other network it is the last
    module to return a map of more than one position, poolings, modules that are run several times
    and parts of a block that ends at another resolution left out: for a ResNet its last stage with
    such a map, for VGG and AlexNet their features. Tokens are such a map as long as they make a
    difference to the score: in a ViT, whose head sees the class token alone, up to the normalisation
    before the last attention. size, channels: of the images. ValueError if there is none.
    """
    if isinstance(named := getattr(network, "target", None), str):
        return named
    finished = finished_modules(network, size, channels)
    runs, sides = Counter(one.name for one in finished), {one.name: one.side for one in finished}
    maps = [one for one in reversed(finished) if one.side > 1 and runs[one.name] == 1]
    whole = [
        one for one in maps if all(sides.get(b, 0) in (0, one.side) for b in blocks_of(network, one.name))
    ]
    for one in whole or maps:  # a network may be one block that ends in a single position
        if not (one.tokens and _idle(network, one, size, channels)):
            return one.name
    raise ValueError("the network has no layer with a map; name one in the config")


def blocks_of(network: nn.Module, name: str) -> list[str]:
    """Names of the modules that the module `name` is a part of, without mere sequences of modules."""
    parts = name.split(".")
    above = [".".join(parts[:depth]) for depth in range(1, len(parts))]
    return [one for one in above if not isinstance(network.get_submodule(one), nn.Sequential)]


def finished_modules(network: nn.Module, size: int, channels: int = 3) -> list[Finished]:
    """Every run of a module, poolings left out, as it ends.

    Its side is 0 where it gave no square map: maps of a square image are square.
    """
    finished: list[Finished] = []

    def note(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: object, output: object) -> None:
            found = as_map(output)
            square = found is not None and len(found) == 1 and found.shape[2] == found.shape[3]
            finished.append(Finished(name, found.shape[2] if square else 0, square and output.ndim == 3))

        return hook

    named = {name: module for name, module in network.named_modules() if name}
    hooks = {m: note(name) for name, m in named.items() if not isinstance(m, POOLING)}
    _run(network, size, channels, hooks)
    return finished


def _idle(network: nn.Module, tokens: Finished, size: int, channels: int) -> bool:
    """Whether the tokens of the places never reach the score, which then is finite even if they are not."""

    def spoil(module: nn.Module, inputs: object, output: torch.Tensor) -> torch.Tensor:
        spoiled = output.clone()
        spoiled[:, -(tokens.side**2) :] = torch.nan
        return spoiled

    logits = _run(network, size, channels, {network.get_submodule(tokens.name): spoil})
    return not bool(logits.isnan().any())


def _run(
    network: nn.Module, size: int, channels: int, hooks: dict[nn.Module, Callable[..., object]]
) -> torch.Tensor:
    """Logits of a black image in eval mode, with hooks on modules; the network stays as it was."""
    handles = [module.register_forward_hook(hook) for module, hook in hooks.items()]
    training = network.training
    try:
        network.eval()
        place = next(network.parameters())
        with torch.no_grad():
            image = torch.zeros(1, channels, size, size, device=place.device, dtype=place.dtype)
            return logits_of(network(image))
    finally:
        for handle in handles:
            handle.remove()
        network.train(training)
