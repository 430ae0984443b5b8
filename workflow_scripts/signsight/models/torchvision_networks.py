"""Classifiers of torchvision with a new head and, if wanted, weights from a file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import nn

from signsight.core.errors import UserError
from signsight.models.checkpoint import read_tensors, with_versions

IMAGENET = 1000  # classes of every torchvision classifier as it comes
# Published weights of DenseNet have names with dots that torch no longer allows.
OLD_DENSENET = re.compile(r"(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\..*)")


def build_torchvision(
    name: str, classes: int, size: int, weights: str | None = None, **settings: Any
) -> nn.Module:
    """torchvision's classifier `name`, with a new last layer unless `classes` is its own 1,000.

    weights: a file (.pth or .safetensors) with its state, torchvision's own published ones for
    example, or None. Other settings go to torchvision (e.g. `dropout`). UserError for an unknown
    setting, and weights that are not there or do not fit.
    """
    settings = {**_defaults(name, size), **settings}
    try:
        network = torchvision.models.get_model(name, weights=None, progress=False, **settings)
    except TypeError as fault:
        raise UserError(
            f"torchvision's {name!r} does not take these settings ({fault}); mend model.settings."
        ) from fault
    except (ValueError, AssertionError, RuntimeError) as fault:
        raise UserError(
            f"torchvision's {name!r} cannot be made for images of {size} px and these settings "
            f"({str(fault).splitlines()[0]}); choose another size of the crop or other settings."
        ) from fault
    if weights:
        _load(network, read_tensors(Path(weights)), weights)
    if classes != IMAGENET:
        _replace_head(network, classes)
    for module in network.modules():
        if getattr(module, "inplace", False):
            module.inplace = False
    return network


def _defaults(name: str, size: int) -> dict[str, Any]:
    """Arguments that make torchvision's special cases like the rest: one output, this size."""
    if name in ("googlenet", "inception_v3"):
        return {"aux_logits": False, "init_weights": True}
    if name.startswith("vit_"):
        return {"image_size": size}
    return {"input_size": (size, size)} if name == "maxvit_t" else {}


def _load(network: nn.Module, tensors: dict[str, torch.Tensor], file: str) -> None:
    state = with_versions(tensors, network)
    for key in tensors:
        value = state.pop(key)
        if not key.lower().startswith("aux"):
            state[OLD_DENSENET.sub(r"\1\2", key)] = value
    try:
        network.load_state_dict(state)
    except RuntimeError as fault:
        reason = str(fault).splitlines()[1].strip()
        raise UserError(
            f"{file} holds the weights of another network ({reason}); mend 'model.weights' or, where the "
            "network is made for one size of the pictures, 'data.size'."
        ) from fault


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
