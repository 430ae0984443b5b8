"""What replaces a region of a picture in region perturbation, in pixel space."""

from __future__ import annotations

import numpy as np

from signsight.registry import Registry

replacements = Registry("perturbation", "replacement")
register = replacements.register


@register("uniform", source="Samek et al. 2017")
def uniform(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Uniform noise in [0, 1] for each pixel and channel; image (H, W, 3) float32 in [0, 1]."""
    return rng.random(image.shape, dtype=np.float32)


@register("mean", source="Petsiuk et al. 2018")
def mean(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The image's mean colour everywhere; image (H, W, 3) float32 in [0, 1]."""
    return np.broadcast_to(image.mean(axis=(0, 1), dtype=np.float64), image.shape).astype(np.float32)


@register("white", source="GTSRB study")
def white(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """White everywhere; image (H, W, 3) float32 in [0, 1]."""
    return np.ones_like(image)
