"""Networks by name: ours from this folder, and every classifier of torchvision with a new head.

A builder takes (classes, size, **settings) and returns a module from normalised images
(B, 3, size, size) to logits (B, classes). Importing this file does not import torch.
"""

from __future__ import annotations

import importlib.util
import inspect
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signsight.core.errors import UserError
from signsight.core.registry import networks
from signsight.core.words import nearest

if TYPE_CHECKING:
    from torch import nn


@cache
def torchvision_names() -> tuple[str, ...]:
    """Names of torchvision's classifiers, read from its source files without importing torch.

    Empty where torchvision is not installed.
    """
    package = importlib.util.find_spec("torchvision")
    if package is None or package.origin is None:
        return ()
    names: list[str] = []
    for file in sorted((Path(package.origin).parent / "models").glob("*.py")):
        names += re.findall(r"^@register_model\(\)\n(?:@.*\n)*def (\w+)\(", file.read_text(), re.MULTILINE)
    return tuple(sorted(names))


def names() -> list[str]:
    """All networks that a config can name."""
    return sorted({*networks.names(), *torchvision_names()})


def check_name(name: str) -> None:
    """UserError with the near misses when no network is called `name`; needs no torch."""
    if name not in names():
        raise UserError(f"Unknown network {name!r}; {nearest(name, names())}")


def build(name: str, classes: int, size: int, settings: Mapping[str, Any] | None = None) -> nn.Module:
    """The network `name` for `classes` classes and images of size x size pixels, newly initialised.

    It takes normalised images (B, 3, size, size) and returns logits (B, classes); no module works
    in place, so that hooks see what they should. Draws from torch's global generator. UserError for
    an unknown name (near misses named), an unknown setting, or a size that the network cannot take.
    """
    check_name(name)
    settings = dict(settings or {})
    if name in networks.names():
        builder = networks.get(name)
        allowed = [key for key in inspect.signature(builder).parameters if key[0] != "_"][2:]
        unknown = [key for key in settings if key not in allowed]
        if unknown:
            raise UserError(f"Network {name!r} has no setting {unknown[0]!r}; {nearest(unknown[0], allowed)}")
        network = builder(classes, size, **settings)
    else:
        from signsight.models.torchvision_networks import build_torchvision

        network = build_torchvision(name, classes, size, **settings)
    _check_forward(network, name, classes, size)
    return network


def _check_forward(network: nn.Module, name: str, classes: int, size: int) -> None:
    import torch

    network.eval()
    try:
        with torch.no_grad():
            shape = tuple(network(torch.zeros(1, 3, size, size)).shape)
    except (RuntimeError, ValueError, AssertionError, IndexError) as fault:
        raise UserError(
            f"Network {name!r} cannot take images of {size} x {size} px "
            f"({str(fault).splitlines()[0]}); choose another size of the crop or another network."
        ) from fault
    network.train()
    if shape != (1, classes):
        raise ValueError(f"network {name!r} returns {shape} instead of {(1, classes)}")
