"""Networks built by name, each checked by a first forward pass."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from signsight.core.errors import UserError
from signsight.core.words import nearest
from signsight.models.logits import logits_of
from signsight.models.names import check_name, networks
from signsight.models.states import first_sentence
from signsight.models.torchvision_networks import build_torchvision


def build(
    name: str, classes: int, size: int, parameters: Mapping[str, Any] | None = None, channels: int = 3
) -> nn.Module:
    """The network `name` for `classes` classes and images of size x size pixels, newly initialised.

    It takes normalised images (B, channels, size, size) and returns what `logits_of` reads as logits
    (B, classes); no module works in place, so that hooks see what they should. Draws from torch's
    global generator. UserError for an unknown name (near misses named), an unknown parameter, a
    builder that fails, a size or number of channels that the network cannot take, and another
    number of outputs than `classes`.
    """
    check_name(name)
    given = dict(parameters or {})
    if name in networks.names():
        network = _call(name, given, {"classes": classes, "size": size, "channels": channels})
    else:
        network = build_torchvision(name, classes, size, **given)
    _check_forward(network, name, classes, size, channels)
    return network.train()


def _call(name: str, given: Mapping[str, Any], facts: Mapping[str, int]) -> nn.Module:
    """What the builder `name` makes of its parameters and of those of `facts` that it takes."""
    builder: Callable[..., object] = networks.get(name)  # type: ignore[assignment]
    arguments = inspect.signature(builder).parameters
    open_ended = any(argument.kind is argument.VAR_KEYWORD for argument in arguments.values())
    own = {key: a for key, a in arguments.items() if key not in facts and a.kind is not a.VAR_KEYWORD}
    for key in given:
        if key in facts or not (key in own or open_ended):
            hint = nearest(key, own) if own else "it has none."
            raise UserError(f"Network {name!r} has no parameter {key!r}; {hint}")
    for key, argument in own.items():
        if (
            argument.default is argument.empty
            and key not in given
            and argument.kind is not argument.VAR_POSITIONAL
        ):
            raise UserError(f"Network {name!r} needs the parameter {key!r}; give it in 'model.parameters'.")
    _refuse_out_of_range(name, given)
    try:
        network = builder(**given, **{key: value for key, value in facts.items() if key in arguments})
    except UserError:
        raise
    except Exception as fault:  # a builder may raise any
        raise UserError(
            f"Network {name!r} cannot be built with these parameters ({_told(fault)}); correct "
            "'model.parameters' or the network's code."
        ) from fault
    if not isinstance(network, nn.Module):
        raise UserError(
            f"The function registered as {name!r} returns a {type(network).__name__}; let it return a "
            "torch.nn.Module."
        )
    return network


def _check_forward(network: nn.Module, name: str, classes: int, size: int, channels: int) -> None:
    """UserError unless the network has logits for `classes` classes; afterwards none of it works in place."""
    network.eval()
    image = torch.linspace(-1, 1, channels * size * size).view(1, channels, size, size)
    logits = _forward(network, name, image)
    if logits.shape[1] == 1:
        raise UserError(
            f"Network {name!r} has a single output, which is not supported; give it two, one for each class."
        )
    if logits.shape != (1, classes):
        raise UserError(
            f"Network {name!r} has {logits.shape[1]} outputs and there are {classes} classes; let its "
            "builder make the last layer for the argument 'classes', or correct 'model.classes'."
        )
    inplace = [module for module in network.modules() if getattr(module, "inplace", False) is True]
    for module in inplace:
        module.inplace = False  # type: ignore[assignment]
    if inplace and not torch.allclose(logits, _forward(network, name, image), equal_nan=True):
        raise UserError(
            f"Network {name!r} uses what a module with inplace=True leaves in its input; write "
            "x = self.relu(x) in place of self.relu(x)."
        )


def _forward(network: nn.Module, name: str, image: torch.Tensor) -> torch.Tensor:
    """Logits of a normalised image."""
    try:
        with torch.no_grad():
            return logits_of(network(image))
    except UserError:
        raise
    except Exception as fault:  # a module may raise any
        channels, size = image.shape[1:3]
        raise UserError(
            f"Network {name!r} cannot take images of {size} x {size} px and {channels} channels "
            f"({_told(fault)}); choose another size of the crop or another network."
        ) from fault


def _told(fault: Exception) -> str:
    return f"{type(fault).__name__}: {first_sentence(fault)}"


def _refuse_out_of_range(name: str, given: Mapping[str, object]) -> None:
    """UserError for a number that the network's declaration does not allow, before it takes memory."""
    for key, value in given.items():
        told = networks.parameters(name).get(key, {})
        low, high = told.get("minimum", value), told.get("maximum", value)
        if isinstance(value, int | float) and not low <= value <= high:
            raise UserError(
                f"Network {name!r} cannot be built with these parameters ({key} is {value}, and has to be "
                f"between {low} and {high}); correct them."
            )
