"""Training settings by preset; free of torch, so that the config can be checked without it.

`keep`: which epoch's weights count, those of the "best" validation accuracy or of the "last".
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from signsight.core.errors import UserError
from signsight.core.words import nearest

PRESETS: dict[str, dict[str, Any]] = {
    # Arcos-García et al. 2018 as trained by the GTSRB study.
    "published": {
        "epochs": 100,
        "examples_per_epoch": 0,
        "batch_size": 50,
        "optimizer": "sgd",
        "learning_rate": 0.001,
        "momentum": 0.9,
        "nesterov": True,
        "weight_decay": 0.0,
        "schedule": "constant",
        "step_every": 10,
        "step_factor": 0.5,
        "label_smoothing": 0.0,
        "patience": 5,
        "amp": "auto",
        "keep": "best",
        "augmentation": {
            "p": 0.5,
            "translate": 0.2,
            "shear": 20.0,
            "scale": [0.8, 1.2],
            "degrees": 0.0,
            "rotation": 0.0,
            "flip": 0.0,
            "brightness": 0.0,
            "contrast": 0.0,
            "saturation": 0.0,
            "hue": 0.0,
            "fill": "black",
        },
    },
    # One cycle of a high learning rate, spread over `epochs`, whatever their number. What is None goes by the
    # number of examples (`models.adapted`).
    "short": {
        "epochs": None,
        "examples_per_epoch": 0,
        "batch_size": None,
        "optimizer": "sgd",
        "learning_rate": None,
        "momentum": 0.9,
        "nesterov": True,
        "weight_decay": 5e-4,
        "schedule": "one_cycle",
        "step_every": 10,
        "step_factor": 0.5,
        "label_smoothing": 0.1,
        "patience": 0,
        "amp": "auto",
        "keep": None,
        "augmentation": {
            "p": 0.5,
            "translate": 0.2,
            "shear": 20.0,
            "scale": [0.8, 1.2],
            "degrees": 0.0,
            "rotation": 0.0,
            "flip": 0.0,
            "brightness": 0.3,
            "contrast": 0.3,
            "saturation": 0.0,
            "hue": 0.0,
            "fill": "edge",
        },
    },
    # The CIFAR-10 study (Babu-luo, Understanding Deep CNNs): crops of pictures padded by 4 of their 32 pixels
    # are shifts of up to an eighth, here by parts of a pixel too, since one resampling does all.
    "cifar_study": {
        "epochs": 25,
        "examples_per_epoch": 0,
        "batch_size": 64,
        "optimizer": "sgd",
        "learning_rate": 0.005,
        "momentum": 0.9,
        "nesterov": False,
        "weight_decay": 5e-4,
        "schedule": "step",
        "step_every": 10,
        "step_factor": 0.5,
        "label_smoothing": 0.0,
        "patience": 0,
        "amp": "auto",
        "keep": "best",
        "augmentation": {
            "p": 1.0,
            "translate": 0.125,
            "shear": 0.0,
            "scale": [1.0, 1.0],
            "degrees": 15.0,
            "rotation": 0.0,
            "flip": 0.5,
            "brightness": 0.2,
            "contrast": 0.2,
            "saturation": 0.2,
            "hue": 0.02,
            "fill": "black",
        },
    },
}


def resolve(settings: Mapping[str, Any]) -> dict[str, Any]:
    """All training settings: those given, the rest from the preset that `settings` names.

    settings: `preset` ('short' if not given) and any of the preset's keys; `augmentation` is filled
    key by key, and None stands for the preset's value, which can be None for what goes by the number of
    examples. The result has no `preset`, so that two ways to say the same are equal. UserError for an unknown
    preset or key, with the near misses.
    """
    given = dict(settings)
    name = given.pop("preset", None) or "short"
    if name not in PRESETS:
        raise UserError(f"training.preset: unknown preset {name!r}; {nearest(name, PRESETS)}")
    resolved = deepcopy(PRESETS[name])
    augmentation = given.pop("augmentation", None) or {}
    _fill(resolved, given, "training")
    _fill(resolved["augmentation"], augmentation, "training.augmentation")
    return resolved


def _fill(resolved: dict[str, Any], given: Mapping[str, Any], where: str) -> None:
    unknown = sorted(set(given) - set(resolved))
    if unknown:
        raise UserError(f"{where}: unknown key {unknown[0]!r}; {nearest(unknown[0], resolved)}")
    resolved.update({key: value for key, value in given.items() if value is not None})
