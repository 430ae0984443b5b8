"""Inversion: pictures that look to a layer like a given picture, and so show what the layer has kept of it.

Mahendran & Vedaldi 2015, "Understanding Deep Image Representations by Inverting Them", arXiv:1412.0035.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from signsight.core.errors import UserError
from signsight.features.natural import stage_layers
from signsight.features.objectives import LikeFeatures, layer_named, output_at
from signsight.features.optimise import Made, optimise, untouched
from signsight.features.recipe import Recipe
from signsight.models.classifier import Classifier, to_pixels

KEY = "features.inversion.layers"


@dataclass
class Inverted:
    """n pictures with the features of given ones.

    made: the pictures; error, start_error: (n,) float64, ||Phi(x) - Phi0||^2 / ||Phi0||^2 of these 8-bit
    pictures, and of those that they started from, with Phi0 the features of the given picture; psnr: (n,)
    float64, decibels against the given pictures, inf where equal.
    """

    made: Made
    error: np.ndarray
    start_error: np.ndarray
    psnr: np.ndarray


def invert(
    model: Classifier,
    images: np.ndarray,
    ids: Sequence[str],
    layer: str,
    recipe: Recipe,
    seed: int,
    *,
    batch_size: int,
    magnitude: np.ndarray | None = None,
    frames: int = 1,
    key: str = KEY,
) -> Inverted:
    """Pictures whose output of `layer` is that of images (n, H, W, 3) uint8.

    ids: of the images, which with the layer name the random draws, so that a picture does not depend on the
    others. magnitude, frames: of `optimise`; key: the config key that named the layer. UserError for a
    layer that there is not, or whose output is zero for an image.
    """
    reference = features(model, images, layer, batch_size, key)
    for one, power in zip(ids, reference.square().flatten(1).sum(1).tolist(), strict=True):
        if power == 0:
            raise UserError(
                f"Config key '{key}' names the layer {layer!r}, whose output is zero everywhere for the "
                f"picture {one}, so that nothing can be recovered; leave out that layer or that picture."
            )
    objective = LikeFeatures(layer, reference, key)
    keys = [f"inversion/{layer}/{one}" for one in ids]

    def run(chosen: Recipe, shots: int) -> Made:
        sides = images.shape[1], images.shape[2]
        return optimise(
            model,
            objective,
            chosen,
            keys,
            seed,
            batch_size=batch_size,
            sides=sides,
            magnitude=magnitude,
            frames=shots,
        )

    made = run(recipe, frames)
    # one step of size zero: what the pictures start from, by the same draws and the same measure
    start = run(replace(recipe, steps=1, rate=0.0, transforms={}, regularisers={}), 1)
    found = [psnr(one, given) for one, given in zip(made.pictures, images, strict=True)]
    return Inverted(made, -made.scores, -start.scores, np.array(found))


def features(
    model: Classifier, images: np.ndarray, layer: str, batch_size: int, key: str = KEY
) -> torch.Tensor:
    """The output of `layer` for images (n, H, W, 3) uint8: (n, K) or (n, K, h, w), on the model's device."""
    module = layer_named(model, layer, key)
    with untouched(model), torch.inference_mode(False), torch.no_grad():
        found = [
            output_at(model, module, layer, to_pixels(part, model.mean.device).to(model.mean.dtype))
            for part in (images[start : start + batch_size] for start in range(0, len(images), batch_size))
        ]
        return torch.cat(found)


def inverted_layers(model: Classifier, layers: str | Sequence[str]) -> list[str]:
    """The names of the layers: as listed, or for "stages" the last one of each resolution."""
    named = stage_layers(model) if layers == "stages" else list(layers)
    if not named:
        raise UserError(
            f"Config key '{KEY}' is 'stages', but no layer of the network has a map; name layers."
        )
    return named


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Peak signal-to-noise ratio of two uint8 pictures, 10 log10(255^2 / mean squared difference), in dB."""
    error = np.square(a.astype(np.float64) - b).mean()
    return float(10 * np.log10(255**2 / error)) if error else float("inf")
