"""Relevance of what is explained at the image or at an inner layer, in a range that float32 holds."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from signsight.attribution.lrp.mode import Propagation
from signsight.attribution.lrp.rules import Rules
from signsight.attribution.precision import in_double
from signsight.attribution.target import Bound
from signsight.core.errors import UserError
from signsight.models.classifier import Classifier
from signsight.models.layers import as_map

# G is linear in what it starts with, so it starts high: a large epsilon shrinks it in every layer.
START = {torch.float32: 64, torch.float64: 512}  # powers of two
SMALLEST = -100  # exponent of a map's peak below which its small values would leave float32
UNFIT = (
    "The 'layer' of an lrp variant in 'attribution.variants' is not run just once on the way to the score "
    "with a map of (batch, channels, height, width) or tokens as its output; name a convolutional one, or "
    "its activation."
)


def relevance(
    model: Classifier,
    images: torch.Tensor,
    targets: Bound,
    rules: Rules,
    layer: nn.Module | None = None,
) -> torch.Tensor:
    """Relevance of what is explained in each image, of its normalised pixels or at `layer`.

    images (B, 3, H, W) float32 in [0, 1] -> (B, 3, H, W), or (B, K, h, w) of the layer's output. It starts
    as `targets.linear`, at the logits or at the unit's layer. Where it shrinks below 2^-100 (1e-30), the
    image's relevance is multiplied by a power of two that brings its peak to 0.5-1; images that shrink
    further on the way are computed again in double precision. The model is in eval mode, no parameter
    asks for a gradient.
    """
    found, lost = _scaled(model, images, targets, rules, layer)
    if lost.any():
        images, targets = in_double(images[lost]), targets[lost]
        if images.device != found.device:  # which has no double precision
            model, layer = copy.deepcopy((model, layer))
            model, targets = model.to(images.device), targets.to(images.device)
        again, _ = _scaled(model, images, targets, rules, layer)
        found[lost] = again.to(found.dtype).to(found.device)
    return found


def _scaled(
    model: Classifier, images: torch.Tensor, targets: Bound, rules: Rules, layer: nn.Module | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Relevance by the precision of `images`, small peaks raised, and which images left its range (B,)."""
    start = START[images.dtype]
    found = _propagated(model, images, targets, rules, layer, 2.0**start)
    peaks = found.abs().amax((1, 2, 3))
    exponents = torch.frexp(peaks).exponent
    powers = torch.where(exponents - start < SMALLEST, exponents, start)
    factors = torch.ldexp(torch.ones_like(peaks), -powers)
    lost = (peaks < 2.0**SMALLEST) | ~peaks.isfinite()
    return found.mul_(factors[:, None, None, None]), lost


def _propagated(
    model: Classifier,
    images: torch.Tensor,
    targets: Bound,
    rules: Rules,
    layer: nn.Module | None,
    start: float,
) -> torch.Tensor:
    """Relevance times `start`, in the precision of `images`."""
    image = model.normalise(images.detach()).detach().requires_grad_()
    low, high = (
        model.normalise(bound) for bound in (images.new_zeros(1, 3, 1, 1), images.new_ones(1, 3, 1, 1))
    )
    mode = Propagation(rules, image, low, high)
    with torch.enable_grad():
        with _reading(layer, mode) as read, mode:
            outputs = targets.outputs(model, image, normalised=True)
        at = read[0] if layer is not None and read else image
        if mode.is_image(outputs):  # where relevance itself goes back
            outputs = outputs * outputs.detach()
        total = targets.linear(outputs).sum() * start
        found = torch.autograd.grad(total, at, allow_unused=True)[0]
    if found is None or (layer is not None and not read):
        raise UserError(UNFIT)
    found = found if mode.is_image(at) else found.mul_(at.detach())
    return found if layer is None else as_map(found)


@contextmanager
def _reading(layer: nn.Module | None, mode: Propagation) -> Iterator[list[torch.Tensor]]:
    """The outputs of `layer` as the network runs; UserError for a second one or one that is no map."""
    outputs: list[torch.Tensor] = []

    def hook(module: nn.Module, args: object, output: object) -> None:
        if outputs or as_map(output) is None or not output.requires_grad:
            raise UserError(UNFIT)
        mode.keep(output)
        outputs.append(output)

    handle = layer.register_forward_hook(hook) if layer is not None else None
    try:
        yield outputs
    finally:
        if handle is not None:
            handle.remove()
