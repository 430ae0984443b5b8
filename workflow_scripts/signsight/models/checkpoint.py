"""Checkpoints: a folder with `model.safetensors` and `model.json`, which says what it holds."""

from __future__ import annotations

import json
import reprlib
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from signsight.core import files
from signsight.core.errors import UserError
from signsight.models.build import build
from signsight.models.classifier import Classifier, check_normalisation
from signsight.models.states import load_weights

WEIGHTS, ABOUT = "model.safetensors", "model.json"
LARGEST = 4096  # pixels of a side of the pictures


def _numbers(value: object) -> bool:
    return isinstance(value, list) and all(type(one) in (int, float) for one in value)


# What `model.json` says of the classifier: key -> whether a value is of the right kind.
KEYS: dict[str, Callable[[Any], bool]] = {
    "architecture": lambda value: isinstance(value, str),
    "parameters": lambda value: isinstance(value, dict),
    "classes": lambda value: (
        isinstance(value, list) and len(value) > 1 and all(type(n) is str for n in value)
    ),
    "size": lambda value: type(value) is int and 0 < value <= LARGEST,
    "channels": lambda value: type(value) is int,
    "mean": _numbers,
    "std": _numbers,
}
VERSIONS = {"torch": str(torch.__version__), "torchvision": version("torchvision")}


def save(classifier: Classifier, folder: Path | str, about: Mapping[str, Any]) -> None:
    """Write `classifier` and what is known `about` its training to `folder`, each file whole.

    The classifier may be on any device and in any memory format.
    """
    folder = Path(folder)
    save_weights(classifier, folder / WEIGHTS)
    facts = {
        "architecture": classifier.architecture,
        "parameters": classifier.network_parameters,
        "classes": list(classifier.classes),
        "size": classifier.size,
        "channels": classifier.channels,
        "mean": classifier.mean.tolist(),
        "std": classifier.std.tolist(),
    }
    files.write_json(folder / ABOUT, {**facts, **about, "versions": VERSIONS})


def save_weights(module: torch.nn.Module, file: Path) -> None:
    """Write the state of a module, which may be on any device and in any memory format, as safetensors."""
    # Copies, since safetensors refuses weights that two layers share.
    tensors = {
        name: value.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, value in module.state_dict().items()
    }
    with files.atomic(file) as part:
        part.write_bytes(safetensors.torch.save(tensors))


def read_about(folder: Path | str) -> dict[str, Any]:
    """What `model.json` in `folder` says; UserError when it is missing, broken, incomplete or wrong."""
    path = Path(folder) / ABOUT
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as fault:
        raise UserError(f"{path} does not exist; train the model or correct the path.") from fault
    except (ValueError, RecursionError) as fault:
        raise UserError(
            f"{path} is not JSON ({fault}), it may be truncated; train the model again."
        ) from fault
    for key, fits in KEYS.items():
        if not isinstance(about, dict) or key not in about:
            raise UserError(
                f"{path} lacks {key!r}, so it is not a model of this workflow; train the model again."
            )
        if not fits(about[key]):
            raise UserError(
                f"{path} gives {key!r} as {reprlib.repr(about[key])}, which is not valid; correct it or "
                "train the model again."
            )
    try:
        check_normalisation(about["mean"], about["std"], about["channels"])
    except UserError as fault:
        raise UserError(f"{path} is wrong: {fault}") from fault
    return about


def load(folder: Path | str, device: torch.device | str = "cpu") -> Classifier:
    """The classifier saved in `folder`, in evaluation mode on `device`.

    UserError when a file is missing or truncated, or the weights are those of another network.
    """
    folder, about = Path(folder), read_about(folder)
    classifier = Classifier(
        build(
            about["architecture"],
            len(about["classes"]),
            about["size"],
            about["parameters"],
            about["channels"],
        ),
        **{key: about[key] for key in KEYS},
    )
    load_weights(
        classifier,
        folder / WEIGHTS,
        classes=len(classifier.classes),
        advice=f"train the model that {ABOUT} names again",
    )
    return classifier.to(device, memory_format=torch.channels_last).eval()


def check_fits(classifier: Classifier, classes: Sequence[str], size: tuple[int, int]) -> None:
    """UserError unless `classifier` was made for these class names and images of height x width."""
    if len(classifier.classes) != len(classes):
        raise UserError(
            f"The model has {len(classifier.classes)} classes and the data set {len(classes)}; "
            "train a model on this data set or correct 'model.classes'."
        )
    for row, (mine, other) in enumerate(zip(classifier.classes, classes, strict=True)):
        if mine != str(other):
            raise UserError(
                f"Class {row} is {mine!r} for the model and {str(other)!r} in the data set; "
                "train a model on this data set or correct 'model.classes'."
            )
    if tuple(size) != (classifier.size, classifier.size):
        raise UserError(
            f"The model takes images of {classifier.size} x {classifier.size} px and the data set "
            f"has {size[0]} x {size[1]}; crop to that size or train a model on this data set."
        )
