"""Maps as colours: the one place where attribution maps are normalised, for display only."""

from __future__ import annotations

import functools

import matplotlib
import numpy as np
from PIL import Image

# The strongest half percent of the pixels share the last colour, so that one pixel cannot dim a map.
PERCENTILE = 99.5
SIGNED, POSITIVE = "RdBu_r", "inferno"
LEVELS = 257  # odd, so that zero has a colour of its own in the middle of the signed scale


def to_rgb(values: np.ndarray, signed: bool) -> np.ndarray:
    """Colours of a map.

    values: (..., H, W) float, one map or more; each map is scaled on its own.
    signed: True for a diverging scale centred on zero (blue negative, near-white zero, red positive);
    False for a perceptually uniform scale from zero (black) upwards, negative values as zero.
    Returns (..., H, W, 3) uint8. Independent of the maps' scale; a map of zeros is of zero's colour,
    and a signed map with its sign turned has the mirrored colours.
    """
    share = normalise(values, signed)
    level = (share + 1) / 2 * (LEVELS - 1) if signed else share * (LEVELS - 1)
    return palette(signed)[np.rint(level).astype(np.int64)]


def normalise(values: np.ndarray, signed: bool) -> np.ndarray:
    """Maps (..., H, W) scaled to [-1, 1] (signed) or [0, 1] by their own largest magnitude."""
    values = np.asarray(values, np.float64)
    if not signed:
        values = np.maximum(values, 0)
    size = np.abs(values)
    scale = np.percentile(size, PERCENTILE, axis=(-2, -1), keepdims=True)
    scale = np.where(scale > 0, scale, size.max(axis=(-2, -1), keepdims=True))
    return np.clip(np.divide(values, scale, out=np.zeros_like(values), where=scale > 0), -1, 1)


def overlay(image: np.ndarray, values: np.ndarray, signed: bool) -> np.ndarray:
    """A picture in grey with its map laid over it, the denser the stronger the map.

    image: (H, W, 3) uint8; values: (h, w) float, enlarged to H x W. Returns (H, W, 3) uint8; where
    the map is zero the grey picture shows unchanged.
    """
    height, width = image.shape[:2]
    field = Image.fromarray(np.asarray(values, np.float32))
    values = np.asarray(field.resize((width, height), Image.Resampling.BILINEAR))
    density = 0.8 * np.abs(normalise(values, signed))[..., None]
    grey = np.asarray(Image.fromarray(image).convert("L"), np.float64)[..., None]
    mixed = (1 - density) * grey + density * to_rgb(values, signed)
    return np.rint(mixed).astype(np.uint8)


@functools.cache
def palette(signed: bool) -> np.ndarray:
    """(LEVELS, 3) uint8: the colours from the lowest to the highest value."""
    colours = matplotlib.colormaps[SIGNED if signed else POSITIVE].resampled(LEVELS)
    return colours(np.arange(LEVELS), bytes=True)[:, :3]
