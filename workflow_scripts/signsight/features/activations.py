"""Guided backpropagation from a unit of a layer to given pictures, and the tiles that show it.

The "layer activations" of the published collection (pytorch-cnn-visualizations,
`layer_activation_with_guided_backprop.py`), with any layer of any network of ReLUs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch

from signsight.attribution.relu import ReluMode
from signsight.core.errors import UserError
from signsight.features.objectives import layer_named, output_at
from signsight.features.optimise import untouched
from signsight.features.units import check_units
from signsight.models.classifier import Classifier, to_pixels

Rule = Literal["published", "signed"]
CLIPPED = 99  # percentile above which the grey tile is white, as published


def layer_activation(
    model: Classifier,
    images: np.ndarray,
    layer: str,
    units: int | Sequence[int] | np.ndarray,
    rule: Rule,
    batch_size: int,
    key: str,
) -> np.ndarray:
    """What in each picture makes a unit of the layer: its guided gradient at the pixels in [0, 1].

    images: (n, H, W, 3) uint8; units: of each picture, (n,), or one for all. Returns (n, 3, H, W) float32.
    Maximised is the sum of the unit over all positions of the layer's output, as the layer gives it:
    "signed" takes it as it is; "published" takes the sum of its absolute values, as the published code does,
    which turns the direction wherever the output is negative. Behind a ReLU the two are the same. Of a layer
    that is run several times, the first run counts. ReLUs before and in the layer pass gradients by the
    guided rule (Springenberg et al. 2014, arXiv:1412.6806); without any, it is the plain gradient.

    UserError, naming the config key, for a layer or unit that is not there, or that no gradient leaves; for
    activations that are not ReLUs before the layer; for a gradient that is not finite.
    """
    chosen = np.broadcast_to(np.asarray(units, np.int64), len(images))
    found = np.zeros((len(images), 3, *images.shape[1:3]), np.float32)
    with untouched(model), torch.inference_mode(False), torch.enable_grad():
        for start in range(0, len(images), batch_size):
            part = slice(start, start + batch_size)
            pixels = to_pixels(images[part], model.mean.device).to(model.mean.dtype).requires_grad_(True)
            scores = _scores(model, pixels, layer, chosen[part], rule, key)
            found[part] = torch.autograd.grad(scores.sum(), pixels)[0].float().cpu().numpy()
    if not np.isfinite(found).all():
        raise UserError(
            f"The gradient from the layer {layer!r} of config key '{key}' is not finite; train the model "
            "again."
        )
    return found


def _scores(
    model: Classifier, pixels: torch.Tensor, layer: str, units: np.ndarray, rule: Rule, key: str
) -> torch.Tensor:
    """What is maximised in pictures (B, 3, H, W): (B,), whose gradient is the guided one."""
    module = layer_named(model, layer, key)
    with ReluMode("guided", key):
        values = output_at(model, module, layer, pixels)
    check_units(units.tolist(), values.shape[1], layer, key)
    if not values.requires_grad:
        raise UserError(
            f"Config key '{key}' names the layer {layer!r}, but no gradient passes from there to the "
            "picture; name another layer."
        )
    own = values[torch.arange(len(units), device=values.device), torch.tensor(units, device=values.device)]
    if rule == "published":
        own = own.abs()
    return own if own.ndim == 1 else own.sum((1, 2))


def tiles(gradient: np.ndarray) -> dict[str, np.ndarray]:
    """A gradient (3, H, W) as the published collection draws it: name -> (H, W, 3) uint8.

    "colour": from its least to its largest value over all colours; "grey": the sum of its absolute values
    over the colours, from the least to the 99th percentile; "positive" and "negative": these values alone, as
    shares of the largest. Where a gradient is the same everywhere, "colour" is grey; where it is 0, the
    others are black.
    """
    values = np.moveaxis(gradient.astype(np.float64), 0, 2)
    sums = np.abs(values).sum(2)
    top = np.percentile(sums, CLIPPED)
    if top <= sums.min():  # nearly all values alike: what sticks out is all there is
        top = sums.max()
    even = values.max() == values.min()
    return {
        "colour": _bits(np.full_like(values, 0.5) if even else _scaled(values, values.min(), values.max())),
        "grey": _bits(np.repeat(_scaled(sums, sums.min(), top)[..., None], 3, 2)),
        "positive": _bits(_scaled(values, 0, values.max())),
        "negative": _bits(_scaled(-values, 0, -values.min())),
    }


def _scaled(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """From `low` to `high` as 0 to 1, clipped; 0 where there is nothing between them."""
    return np.clip((values - low) / (high - low), 0, 1) if high > low else np.zeros_like(values)


def _bits(values: np.ndarray) -> np.ndarray:
    """[0, 1] -> uint8."""
    return np.round(values * 255).astype(np.uint8)
