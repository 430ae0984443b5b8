"""Classifiers of torchvision, with a new head for another number of classes than ImageNet's."""

from __future__ import annotations

from typing import Any

from torch import nn

from signsight.core.errors import UserError
from signsight.models.states import first_sentence

IMAGENET = 1000  # classes of every torchvision classifier as it comes


def build_torchvision(name: str, classes: int, size: int, **parameters: Any) -> nn.Module:
    """torchvision's classifier `name`, with a new last layer unless `classes` is its own 1,000.

    parameters: what torchvision's function takes (e.g. `dropout`). UserError for an unknown one.
    """
    import torchvision  # here: with torch's compiler, it takes as long to import as torch itself

    parameters = {**_defaults(name, size), **parameters}
    try:
        network = torchvision.models.get_model(name, weights=None, progress=False, **parameters)
    except TypeError as fault:
        raise UserError(
            f"torchvision's {name!r} does not take these parameters ({fault}); correct 'model.parameters'."
        ) from fault
    except (ValueError, AssertionError, RuntimeError) as fault:
        raise UserError(
            f"torchvision's {name!r} cannot be made for images of {size} px and these parameters "
            f"({first_sentence(fault)}); choose another size of the crop or other parameters."
        ) from fault
    if classes != IMAGENET:
        _replace_head(network, classes)
    return network


def _defaults(name: str, size: int) -> dict[str, Any]:
    """Arguments that make torchvision's special cases like the rest: one output, this size."""
    if name in ("googlenet", "inception_v3"):
        return {"aux_logits": False, "init_weights": True}
    if name.startswith("vit_"):
        return {"image_size": size}
    return {"input_size": (size, size)} if name == "maxvit_t" else {}


def _replace_head(network: nn.Module, classes: int) -> None:
    """Exchange the last module with 1,000 outputs for one of its kind with `classes` outputs."""
    heads = [
        (name, module)
        for name, module in network.named_modules()
        if getattr(module, "out_features", getattr(module, "out_channels", 0)) == IMAGENET
        and isinstance(module, (nn.Linear, nn.Conv2d))
    ]
    name, head = heads[-1]
    parent, _, child = name.rpartition(".")
    bias = head.bias is not None
    if isinstance(head, nn.Linear):
        new: nn.Module = nn.Linear(head.in_features, classes, bias)
    else:
        new = nn.Conv2d(head.in_channels, classes, head.kernel_size, bias=bias)
    setattr(network.get_submodule(parent), child, new)
