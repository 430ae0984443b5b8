"""Whether attribution methods suit a network, tried on random weights, so before a training of hours."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from signsight.attribution.run import Settings, explain_batch
from signsight.attribution.target import parse
from signsight.core.errors import UserError
from signsight.core.rng import generator
from signsight.models.classifier import Classifier, new_classifier, to_pixels

log = logging.getLogger("signsight")

PICTURES = 2  # that a method is tried on
ENOUGH = 6  # passes of the network: a method that refuses it does so in one of the first


class _Enough(Exception):
    """The network was run often enough; what follows costs time and tells nothing new."""


def untrained(
    network: str, parameters: Mapping[str, Any], classes: Sequence[str], size: int, channels: int
) -> Classifier:
    """The network as a training makes it, with random weights, in evaluation mode."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        half, quarter = [0.5] * channels, [0.25] * channels
        return new_classifier(network, parameters, classes, size, half, quarter, channels).eval()


def noise(model: Classifier) -> np.ndarray:
    """Pictures of the network's size, (PICTURES, size, size, 3) uint8."""
    shape = (PICTURES, model.size, model.size, 3)
    return generator(0, "noise").integers(0, 256, shape, dtype=np.uint8)


def refusal(model: Classifier, choice: Mapping[str, Any], explain: Mapping[str, Any]) -> str:
    """The sentence in which a method refuses the network, or what is explained in it; '' if it does not.

    choice: `method`, `parameters` and `layer`; explain: `target` and `score`. What costs much more than a
    few passes of the network is broken off.
    """
    settings = Settings(seed=0, batch_size=PICTURES, **explain, **choice)
    ids = [str(number) for number in range(PICTURES)]
    try:
        with _few_passes(model):
            explain_batch(
                model, noise(model), np.zeros(PICTURES, np.int64), ids, settings, torch.device("cpu")
            )
    except _Enough:
        return ""
    except UserError as fault:
        return str(fault)
    return ""


def refuse_unsuited(
    model: Classifier, choices: Mapping[str, Mapping[str, Any]], explain: Mapping[str, Any], key: str
) -> None:
    """UserError, naming the config key, if any of the methods does not suit the network.

    choices: method or variant -> what it stands for. All refusals are logged, the error has the first one's.
    """
    refused = {}
    for name, choice in choices.items():
        if sentence := refusal(model, choice, explain):
            log.info("%s: %s", name, sentence)
            refused[name] = sentence
        else:
            log.info("%s suits the network", name)
    if refused:
        names = ", ".join(map(repr, refused))
        first = next(iter(refused.values()))
        raise UserError(
            f"Config key '{key}' names {names}, which {model.architecture!r} does not allow: {first}"
        )


def refuse_unknown_target(model: Classifier, target: Any, key: str) -> None:
    """UserError, naming the config key, for a target that the network does not have."""
    ids = [str(number) for number in range(PICTURES)]
    pixels = to_pixels(noise(model))
    with torch.no_grad():
        bound = parse(target, "logit", key).bind(model, pixels, np.zeros(PICTURES, np.int64), ids)
        bound.scores(bound.outputs(model, pixels))


@contextmanager
def _few_passes(model: Classifier) -> Iterator[None]:
    """_Enough is raised in the pass of the network after the first ENOUGH.

    Those of a single picture, in which a default layer is looked for, do not count.
    """
    passes = 0

    def count(module: object, inputs: tuple[torch.Tensor, ...]) -> None:
        nonlocal passes
        passes += len(inputs[0]) > 1
        if passes > ENOUGH:
            raise _Enough

    handle = model.network.register_forward_pre_hook(count)
    try:
        yield
    finally:
        handle.remove()
