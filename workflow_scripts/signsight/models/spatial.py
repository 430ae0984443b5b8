"""Spatial transformers: layers that resample what they are given, and where a later layer looks."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

MATRIX = "affine_matrix"  # the method by which a module says so, in networks of the user's own, too


def transformers(network: nn.Module) -> list[nn.Module]:
    """The modules of `network` that resample their input by an affine matrix, and tell it by `affine_matrix`.

    `affine_matrix(inputs)` takes what `forward` takes and returns (B, 2, 3): from places in the output to
    places in the input, (x, y) from -1 to 1 between the edges, as `torch.nn.functional.affine_grid` takes it.
    """
    return [module for module in network.modules() if callable(getattr(module, MATRIX, None))]


@torch.no_grad()
def matrices_before(model: nn.Module, layer: nn.Module, images: torch.Tensor) -> list[torch.Tensor]:
    """The matrices (B, 2, 3) of the transformers that have run when `layer` ends, in their order.

    One pass of `model` over `images` (B, 3, H, W). They are taken to lie on one way to the layer, one
    behind the other.
    """
    found: list[torch.Tensor] = []
    reached = False

    def note(module: nn.Module, inputs: tuple[torch.Tensor, ...], output: object) -> None:
        if not reached:
            found.append(getattr(module, MATRIX)(*inputs))

    def end(module: nn.Module, inputs: object, output: object) -> None:
        nonlocal reached
        reached = True

    noting: list[tuple[nn.Module, Callable[..., None]]] = [(module, note) for module in transformers(model)]
    handles = [module.register_forward_hook(hook) for module, hook in [*noting, (layer, end)]]
    try:
        model(images)
    finally:
        for handle in handles:
            handle.remove()
    return found
