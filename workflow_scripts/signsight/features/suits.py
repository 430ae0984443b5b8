"""Whether a network has the layers, units and classes that a config asks for, told before it is trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from signsight.features.activations import layer_activation
from signsight.features.inversion import KEY as INVERSION
from signsight.features.inversion import inverted_layers
from signsight.features.objectives import output_named
from signsight.features.optimise import untouched
from signsight.features.units import check_units
from signsight.features.wanted import refuse_missing_units, wanted
from signsight.models.classifier import Classifier, to_pixels

CLASSES, DREAMS, GALLERY = "features.classes.which", "features.dream.targets", "gallery.layers"
FILTERS, ACTIVATIONS = "features.filters.layers", "features.activations.layers"


def refuse_missing(model: Classifier, asked: Mapping[str, Any], pictures: np.ndarray) -> None:
    """UserError, naming the config key, for what the network does not have of what is `asked` for.

    asked: config key -> its value, of any of `features.classes.which`, `features.filters.layers`,
    `features.activations.layers`, `features.inversion.layers`, `features.dream.targets` and
    `gallery.layers`. pictures: (n, size, size, 3) uint8.
    """
    with untouched(model), torch.inference_mode(False), torch.no_grad():
        pixels = to_pixels(pictures)
        refuse_missing_units(wanted(asked.get(CLASSES) or [], model.classes, CLASSES), model)
        for key in (FILTERS, ACTIVATIONS):
            for layer, units in (asked.get(key) or {}).items():
                count = output_named(model, layer, key, pixels).shape[1]
                if not isinstance(units, int):
                    check_units(units, count, layer, key)
        for layer in asked.get(ACTIVATIONS) or {}:
            layer_activation(model, pictures, layer, 0, "signed", len(pictures), ACTIVATIONS)
        if layers := asked.get(INVERSION):
            for layer in inverted_layers(model, layers):
                output_named(model, layer, INVERSION, pixels)
        for layer in asked.get(GALLERY) or []:
            output_named(model, layer, GALLERY, pixels)
        for wish in asked.get(DREAMS) or []:
            if isinstance(wish, Mapping) and set(wish) == {"layer"}:
                output_named(model, wish["layer"], DREAMS, pixels)
            else:
                refuse_missing_units(wanted([wish], model.classes, DREAMS), model)
