"""Training settings that are left open, chosen by the number of examples; free of torch.

A training is so many steps rather than so many epochs: 20 epochs of 54 examples in batches of 64 would be 20
steps, after which a network knows nothing. docs/performance.md has the measurements behind the numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

EPOCHS, MOST = 20, 30_000  # so many epochs, unless they make more than MOST steps,
FEWEST, SEEN = 2_000, 32_000  # or fewer than FEWEST steps that see fewer than SEEN examples, repeats included
BATCHES = 32  # in an epoch, as long as that makes batches of SMALLEST to LARGEST examples
SMALLEST, LARGEST = 8, 64
RATES = {"sgd": 0.1, "adamw": 0.002}  # the highest learning rate of batches of LARGEST or more
POWER = 0.75  # of the batch's share of LARGEST, for smaller ones: batches of 8 get a fifth
GENTLER, SHORTER = (
    0.05,
    0.125,
)  # shares of that rate and of the steps, for weights that have learned something
FEW = 100  # validation pictures, below which the best epoch is mostly luck


def adapted(
    settings: Mapping[str, Any], *, examples: int, validation: int, pretrained: bool
) -> tuple[dict[str, Any], str]:
    """`settings` (of `presets.resolve`) without None, and a line on what was chosen, '' if nothing.

    examples, validation: numbers of examples to train on and of pictures to validate with. pretrained:
    whether the training starts from given weights. What is given stays as it is, and the rest goes by it:
    `epochs` by the batch size, `learning_rate` by the batch size and the optimiser.
    """
    full, told = dict(settings), []
    if full["batch_size"] is None:
        full["batch_size"] = _batch_size(examples)
        told.append(f"batches of {full['batch_size']}")
    steps = math.ceil(examples / full["batch_size"])
    if full["keep"] is None:
        full["keep"] = _keep(full, validation, pretrained)
    if full["epochs"] is None:
        full["epochs"] = _epochs(examples, full["batch_size"], pretrained)
        told.append(f"{full['epochs']} epochs of {steps} steps")
    if full["learning_rate"] is None:
        full["learning_rate"] = _rate(full["optimizer"], full["batch_size"], pretrained)
        told.append(f"a learning rate of up to {full['learning_rate']:g}")
    why = f"{examples} examples" + (" and weights that are trained already" if pretrained else "")
    if full["keep"] == "last":
        told.append(f"the last epoch's weights, since {validation} validation pictures cannot tell the best")
    return full, f"chosen for {why}: {', '.join(told)}" if told else ""


def _batch_size(examples: int) -> int:
    """The largest power of two that gives BATCHES batches, within SMALLEST and LARGEST."""
    wanted = max(examples // BATCHES, 1)
    return min(max(2 ** (wanted.bit_length() - 1), SMALLEST), LARGEST)


def _epochs(examples: int, batch_size: int, pretrained: bool) -> int:
    """The number of epochs that make steps enough."""
    steps = math.ceil(examples / batch_size)
    wanted = max(min(FEWEST, SEEN / batch_size), min(EPOCHS * steps, MOST))
    return math.ceil(wanted * (SHORTER if pretrained else 1) / steps)


def _rate(optimizer: str, batch_size: int, pretrained: bool) -> float:
    """The highest learning rate: smaller batches, whose gradients are noisier, go by smaller steps."""
    share = min(batch_size / LARGEST, 1) ** POWER * (GENTLER if pretrained else 1)
    return float(f"{RATES.get(optimizer, RATES['sgd']) * share:.2g}")


def _keep(settings: Mapping[str, Any], validation: int, pretrained: bool) -> str:
    """The last epoch where the schedule ends in small steps and few pictures cannot tell the best one.

    Not of weights that have learned something, whose first epochs may be the best.
    """
    ends = settings["epochs"] is None and settings["schedule"] == "one_cycle" and not settings["patience"]
    return "last" if ends and validation < FEW and not pretrained else "best"
