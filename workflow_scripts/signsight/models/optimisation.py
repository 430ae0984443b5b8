"""Optimiser, learning rate and arithmetic of a training."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from signsight.core.errors import UserError

WARM_UP = 0.25  # share of the one cycle in which the learning rate rises
START, END = 1 / 25, 1e-4  # of the highest learning rate, at the start and the end of the cycle


def make_optimizer(network: nn.Module, settings: Mapping[str, Any]) -> torch.optim.Optimizer:
    """The optimiser named by `settings`: 'sgd' or 'adamw'.

    Weight decay acts on kernels and matrices only, not on biases and batch normalisation.
    """
    wanted = [weight for weight in network.parameters() if weight.requires_grad]
    groups = [
        {"params": [weight for weight in wanted if weight.ndim > 1]},
        {"params": [weight for weight in wanted if weight.ndim <= 1], "weight_decay": 0.0},
    ]
    rate, decay = settings["learning_rate"], settings["weight_decay"]
    fused = any(weight.device.type == "cuda" for weight in wanted)  # one kernel for all weights
    if settings["optimizer"] == "adamw":
        return torch.optim.AdamW(groups, lr=rate, weight_decay=decay, fused=fused or None)
    if settings["optimizer"] != "sgd":
        raise UserError(f"training.optimizer is {settings['optimizer']!r}; allowed are 'sgd' and 'adamw'.")
    momentum = settings["momentum"]
    nesterov = settings["nesterov"] and momentum > 0
    return torch.optim.SGD(
        groups, lr=rate, momentum=momentum, nesterov=nesterov, weight_decay=decay, fused=fused or None
    )


def learning_rate(settings: Mapping[str, Any], step: int, steps: int) -> float:
    """Learning rate of `step` (0-based) of `steps`.

    'constant'; 'step', times `step_factor` after every `step_every` epochs; or 'one_cycle' (Smith 2018):
    half a cosine up from 1/25 to `learning_rate`, then half a cosine down to 1/10,000 of it. A function
    of the step alone, so a resume needs no state.
    """
    top = settings["learning_rate"]
    if settings["schedule"] == "constant":
        return top
    if settings["schedule"] == "step":
        epoch = step * settings["epochs"] // steps
        return top * settings["step_factor"] ** (epoch // settings["step_every"])
    if settings["schedule"] != "one_cycle":
        raise UserError(
            f"training.schedule is {settings['schedule']!r}; allowed are 'constant', 'step' and 'one_cycle'."
        )
    position = step / max(steps - 1, 1)
    if position < WARM_UP:
        low, share = START, position / WARM_UP
    else:
        low, share = END, (1 - position) / (1 - WARM_UP)
    return top * (low + (1 - low) * (1 - math.cos(math.pi * share)) / 2)


def uses_bfloat16(amp: str | bool, device: torch.device) -> bool:
    """Whether to train in bfloat16 (with float32 weights): `amp` True, False or 'auto'.

    'auto' takes it where the device calculates in it: CUDA from Ampere on, CPUs with AVX512-BF16 or
    AMX (2 to 3 times as fast as float32 there), never MPS.
    """
    if amp not in (True, False, "auto"):
        raise UserError(f"training.amp is {amp!r}; allowed are 'auto', true and false.")
    if amp != "auto":
        return bool(amp)
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        able = torch.cpu.get_capabilities()
        return bool(able.get("avx512_bf16") or able.get("amx_bf16"))
    return False
