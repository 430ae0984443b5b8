"""A network's passes in training, recorded as CUDA graphs: a GPU replays them without waiting for Python."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

import torch
from torch import nn

from signsight.models.classifier import Classifier

log = logging.getLogger("signsight")

Forward = Callable[[torch.Tensor], torch.Tensor]


class _Passes(nn.Module):
    """The classifier under another name: recording replaces the `forward` of what it records."""

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.classifier(pixels)


def replayable(classifier: Classifier) -> bool:
    """Whether the passes can be recorded: on CUDA, where the network says that they are always the same.

    A network says so by the attribute `replayable`: its forward pass depends on no value that Python has
    to look at, and on the shape of the images alone.
    """
    return classifier.mean.device.type == "cuda" and getattr(classifier.network, "replayable", False)


def recorded(classifier: Classifier, sizes: Iterable[int], bfloat16: bool) -> dict[int, Forward]:
    """By the number of images: the forward pass in training, whose backward pass is recorded, too.

    Small networks in small batches are a few hundred short kernels a step, which Python cannot start as
    fast as the GPU ends them. A result and the gradients of the weights hold until the next pass. The
    classifier is left in training mode, with the weights and running statistics that it has; other batches
    go through it as usual, by the same weights. Empty where `replayable` says no.
    """
    if not replayable(classifier):
        return {}
    classifier.train()
    before = {name: value.clone() for name, value in classifier.state_dict().items()}
    device, made = classifier.mean.device, {}
    with torch.random.fork_rng(devices=[device]):
        for size in sorted(set(sizes)):
            sample = torch.rand(size, 3, classifier.size, classifier.size, device=device)
            sample = sample.contiguous(memory_format=torch.channels_last)
            # Casts of weights that are kept from one pass to the next would be those of old weights.
            with torch.autocast("cuda", torch.bfloat16, enabled=bfloat16, cache_enabled=False):
                made[size] = torch.cuda.make_graphed_callables(_Passes(classifier), (sample,))
    classifier.load_state_dict(before)  # recording has passed the samples through batch normalisation
    log.info("steps of %s images are replayed", " and ".join(map(str, made)))
    return made
