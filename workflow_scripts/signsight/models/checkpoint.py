"""Checkpoints: a folder with `model.safetensors` and `model.json`, which says what it holds."""

from __future__ import annotations

import json
import pickle
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import nn

from signsight.core import files
from signsight.core.errors import UserError
from signsight.models.classifier import Classifier
from signsight.models.registry import build

WEIGHTS, ABOUT = "model.safetensors", "model.json"
KEYS = ("architecture", "settings", "classes", "size", "mean", "std")
VERSIONS = {"torch": str(torch.__version__), "torchvision": version("torchvision")}


def read_tensors(file: Path) -> dict[str, torch.Tensor]:
    """Tensors by name of a .safetensors file or a .pth file (nothing but tensors is unpickled).

    UserError when the file is missing, truncated or of another kind.
    """
    try:
        if file.suffix == ".safetensors":
            return safetensors.torch.load_file(file)
        state = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError as fault:
        raise UserError(f"{file} does not exist; train the model or mend its path.") from fault
    except (
        safetensors.SafetensorError,
        pickle.UnpicklingError,
        RuntimeError,
        EOFError,
        OSError,
    ) as fault:
        raise UserError(
            f"{file} cannot be read as weights, it may be truncated "
            f"({str(fault).splitlines()[0]}); delete it and make it again."
        ) from fault
    if not isinstance(state, dict) or not all(torch.is_tensor(value) for value in state.values()):
        raise UserError(f"{file} holds something else than the state of a network; mend its path.")
    return state


def with_versions(tensors: Mapping[str, torch.Tensor], network: nn.Module) -> OrderedDict[str, torch.Tensor]:
    """`tensors` as a state of `network`, with the versions of its modules unless it has its own.

    torch keeps them beside the tensors, safetensors does not, and MNASNet refuses a state without.
    """
    state = OrderedDict(tensors)
    state._metadata = getattr(tensors, "_metadata", network.state_dict()._metadata)  # type: ignore[attr-defined]
    return state


def save(classifier: Classifier, folder: Path | str, about: Mapping[str, Any]) -> None:
    """Write `classifier` and what is known `about` its training to `folder`, each file whole.

    The classifier may be on any device and in any memory format.
    """
    folder = Path(folder)
    tensors = {name: value.detach().cpu().contiguous() for name, value in classifier.state_dict().items()}
    with files.atomic(folder / WEIGHTS) as part:
        safetensors.torch.save_file(tensors, part)
    facts = {
        "architecture": classifier.architecture,
        "settings": classifier.settings,
        "classes": list(classifier.classes),
        "size": classifier.size,
        "mean": classifier.mean.tolist(),
        "std": classifier.std.tolist(),
    }
    files.write_json(folder / ABOUT, {**facts, **about, "versions": VERSIONS})


def read_about(folder: Path | str) -> dict[str, Any]:
    """What `model.json` in `folder` says; UserError when it is missing, broken or incomplete."""
    path = Path(folder) / ABOUT
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as fault:
        raise UserError(f"{path} does not exist; train the model or mend its path.") from fault
    except ValueError as fault:
        raise UserError(
            f"{path} is no JSON ({fault}), it may be truncated; train the model again."
        ) from fault
    missing = [key for key in KEYS if not isinstance(about, dict) or key not in about]
    if missing:
        raise UserError(f"{path} lacks {missing[0]!r}, so it is no model of ours; train it again.")
    return about


def load(folder: Path | str, device: torch.device | str = "cpu") -> Classifier:
    """The classifier saved in `folder`, in evaluation mode on `device`.

    UserError when a file is missing or truncated, or the weights are those of another network.
    """
    folder = Path(folder)
    about, tensors = read_about(folder), read_tensors(folder / WEIGHTS)
    # The weights that settings may name were the start of the training; its end is in the file.
    settings = {key: value for key, value in about["settings"].items() if key != "weights"}
    classifier = Classifier(
        build(about["architecture"], len(about["classes"]), about["size"], settings),
        **{key: about[key] for key in KEYS},
    )
    try:
        classifier.load_state_dict(with_versions(tensors, classifier))
    except RuntimeError as fault:
        reason = " ".join(str(fault).split("\n\t")[1].split())
        raise UserError(
            f"{folder / WEIGHTS} does not hold the network {about['architecture']!r} that "
            f"{ABOUT} names ({reason}); train the model again."
        ) from fault
    return classifier.to(device, memory_format=torch.channels_last).eval()


def check_fits(classifier: Classifier, classes: Sequence[str], size: tuple[int, int]) -> None:
    """UserError unless `classifier` was made for these class names and images of height x width."""
    if len(classifier.classes) != len(classes):
        raise UserError(
            f"The model has {len(classifier.classes)} classes and the data set {len(classes)}; "
            "train a model on this data set."
        )
    for row, (mine, other) in enumerate(zip(classifier.classes, classes, strict=True)):
        if mine != str(other):
            raise UserError(
                f"Class {row} is {mine!r} for the model and {str(other)!r} in the data set; "
                "train a model on this data set."
            )
    if tuple(size) != (classifier.size, classifier.size):
        raise UserError(
            f"The model takes images of {classifier.size} x {classifier.size} px and the data set "
            f"has {size[0]} x {size[1]}; crop to that size or train a model on this data set."
        )
