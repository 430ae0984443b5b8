"""Detectors on disk: a folder with `model.safetensors` and `model.json`, which says what it holds."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from signsight.core import files
from signsight.core.errors import UserError
from signsight.data.detector_names import COCO_CATEGORIES
from signsight.detection.build import BACKGROUND, build
from signsight.detection.detector import Detector
from signsight.models.checkpoint import ABOUT, VERSIONS, WEIGHTS, save_weights
from signsight.models.states import load_weights

KEYS = {"architecture": str, "parameters": dict, "classes": list, "frozen": bool}


def save(detector: Detector, folder: Path | str, about: Mapping[str, Any]) -> None:
    """Write `detector` and what is known `about` its training to `folder`, each file whole."""
    folder = Path(folder)
    save_weights(detector.network, folder / WEIGHTS)
    facts = {
        "architecture": detector.architecture,
        "parameters": detector.network_parameters,
        "classes": list(detector.classes),
        "frozen": detector.frozen,
    }
    files.write_json(folder / ABOUT, {**facts, **about, "versions": VERSIONS})


def load(folder: Path | str, device: torch.device | str = "cpu") -> Detector:
    """The detector saved in `folder`, in evaluation mode on `device`.

    UserError when a file is missing or truncated, or the weights are those of another network.
    """
    folder = Path(folder)
    about = _about(folder / ABOUT)
    return new_detector(**about, weights=folder / WEIGHTS).to(device)


def new_detector(
    architecture: str,
    parameters: Mapping[str, Any],
    classes: list[str],
    weights: Path | None = None,
    frozen: bool = False,
) -> Detector:
    """The detector with weights of a file, or newly initialised from torch's global generator.

    frozen: see `build.build`.
    """
    network = build(architecture, len(classes), parameters, frozen)
    if weights is not None:
        load_weights(network, weights, classes=len(classes), advice="correct 'detection.detector'")
    about = {"parameters": parameters, "classes": classes, "frozen": frozen}
    return Detector(network, architecture=architecture, **about).eval()


def pretrained(
    name: str, parameters: Mapping[str, Any], classes: Sequence[str] | None, weights: Path
) -> Detector:
    """The detector `name` with weights of a file that others have trained.

    classes: names of its classes without the background; None for COCO's, as torchvision numbers them.
    """
    names = list(COCO_CATEGORIES) if classes is None else [BACKGROUND, *classes]
    return new_detector(name, parameters, names, weights, frozen=True)


def adopt(source: Path, folder: Path, name: str) -> None:
    """Copy the trained detector in `source` to `folder`; UserError unless it is a `name`."""
    found = load(source)
    if found.architecture != name:
        raise UserError(
            f"Config key 'detection.detector.name' is {name!r}, but {source} holds a {found.architecture!r}; "
            f"write 'name: {found.architecture}'."
        )
    for part in (WEIGHTS, ABOUT):
        with files.atomic(folder / part) as copy:
            shutil.copyfile(source / part, copy)


def _about(path: Path) -> dict[str, Any]:
    """The facts of KEYS in a `model.json`."""
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as fault:
        raise UserError(f"{path} does not exist; make the detector or correct the path.") from fault
    except (ValueError, RecursionError) as fault:
        raise UserError(f"{path} is not JSON ({fault}), it may be truncated; make it again.") from fault
    for key, kind in KEYS.items():
        if not isinstance(about, dict) or not isinstance(about.get(key), kind):
            raise UserError(
                f"{path} lacks {key!r}, so it is not a detector of this workflow; train the detector again."
            )
    return {key: about[key] for key in KEYS}
