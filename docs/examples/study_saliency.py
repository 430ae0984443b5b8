"""Saliency as the GTSRB study's library computed it: signed, and with the network in training mode."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from signsight.attribution.gradient import pixel_gradient
from signsight.attribution.target import Bound
from signsight.attribution.task import Task
from signsight.core.errors import UserError
from signsight.core.registry import methods
from signsight.core.rng import generator

NAME = "saliency_as_published"


@methods.register(
    "saliency_as_published",
    label="Saliency as published",
    family="Gradients",
    signed=True,
    needs="gradient",
    published_as="saliency",
    paper="GTSRB study",
    measures="how fast the score rises with a pixel's most favourable colour, in a network with dropout",
    misleads="colours that lower the score are missing; dropout and the statistics of one picture add noise",
)
def saliency_as_published(task: Task, images: torch.Tensor, targets: Bound, ids: list[str]) -> torch.Tensor:
    """Signed maximum over the colours of d score / d pixel, (B, H, W).

    The network is in training mode for the pass: dropout is active, and batch normalisation takes its
    statistics from the picture. Each picture is passed alone and with a seed of its own, so that its map does
    not depend on the batch that it is in. UserError for a network that cannot normalise a single picture.
    """
    gradients = []
    with in_training_mode(task.model):
        for place, image in enumerate(ids):
            with seeded(task.seed, image, images.device):
                try:
                    own = pixel_gradient(task, images[place : place + 1], targets[place : place + 1])
                except ValueError as fault:
                    raise UserError(
                        f"The method {NAME} passes one picture at a time in training mode, but the network "
                        "normalises over several; take the method 'saliency' for it."
                    ) from fault
            gradients.append(own)
    return torch.cat(gradients).amax(1)


@contextmanager
def in_training_mode(model: nn.Module) -> Iterator[None]:
    """The model in training mode; its modes and its running statistics as they were, afterwards."""
    modes = {module: module.training for module in model.modules()}
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    model.train()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training
        with torch.no_grad():
            for name, buffer in model.named_buffers():
                buffer.copy_(buffers[name])


@contextmanager
def seeded(seed: int, image: str, device: torch.device) -> Iterator[None]:
    """Random draws of torch that depend on the seed of the run and the picture; its generator as it was."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(int(generator(seed, NAME, image).integers(2**63)))
        yield
