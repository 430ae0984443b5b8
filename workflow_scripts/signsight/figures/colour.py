"""Maps as colours: the one place where attribution maps are normalised, for display only."""

from __future__ import annotations

import functools

import matplotlib
import numpy as np
from PIL import Image

# The strongest half percent of the pixels share the last colour, so that one pixel cannot dim a map.
PERCENTILE = 99.5
SIGNED, POSITIVE = "RdBu_r", "inferno"
OPACITY = 0.8  # of an overlay where the map is strongest
LEVELS = 257  # odd, so that zero has a colour of its own in the middle of the signed scale


def to_rgb(values: np.ndarray, signed: bool, colours: str | None = None) -> np.ndarray:
    """Colours of a map.

    values: (..., H, W) float, one map or more; each map is scaled on its own.
    signed: True for a diverging scale centred on zero (blue negative, near-white zero, red positive);
    False for a perceptually uniform scale from zero (black) upwards, negative values as zero. colours: a
    scale of matplotlib's in place of these.
    Returns (..., H, W, 3) uint8. Independent of the maps' scale; a map of zeros is of zero's colour,
    and a signed map with its sign turned has the mirrored colours.
    """
    share = normalise(values, signed)
    level = (share + 1) / 2 * (LEVELS - 1) if signed else share * (LEVELS - 1)
    return palette(signed, colours)[np.rint(level).astype(np.int64)]


def normalise(values: np.ndarray, signed: bool) -> np.ndarray:
    """Maps (..., H, W) scaled to [-1, 1] (signed) or [0, 1] by their own largest magnitude."""
    values = np.asarray(values, np.float64)
    if not signed:
        values = np.maximum(values, 0)
    size = np.abs(values)
    scale = np.percentile(size, PERCENTILE, axis=(-2, -1), keepdims=True)
    scale = np.where(scale > 0, scale, size.max(axis=(-2, -1), keepdims=True))
    return np.clip(np.divide(values, scale, out=np.zeros_like(values), where=scale > 0), -1, 1)


def overlay(
    image: np.ndarray,
    values: np.ndarray,
    signed: bool,
    *,
    opacity: float = OPACITY,
    colours: str | None = None,
    box: tuple[float, float, float, float] | None = None,
) -> np.ndarray:
    """A picture in grey with its map laid over it, the denser the stronger the map.

    image: (H, W, 3) uint8; values: (h, w) float, enlarged to H x W, or to the `box` of the picture that the
    map is of (left, upper, right, lower, in pixels). opacity: of the map where it is strongest; colours: see
    `to_rgb`. Returns (H, W, 3) uint8; where the map is zero, and outside the box, the grey picture shows
    unchanged.
    """
    grey = np.asarray(Image.fromarray(image).convert("L"), np.float64)[..., None]
    left, upper, right, lower = _whole(box or (0, 0, image.shape[1], image.shape[0]), image.shape)
    field = Image.fromarray(np.asarray(values, np.float32))
    inside = np.asarray(field.resize((right - left, lower - upper), Image.Resampling.BILINEAR))
    density = opacity * np.abs(normalise(inside, signed))[..., None]
    out = np.repeat(grey, 3, axis=2)
    here = slice(upper, lower), slice(left, right)
    out[here] = (1 - density) * grey[here] + density * to_rgb(inside, signed, colours)
    return np.rint(out).astype(np.uint8)


def _whole(box: tuple[float, float, float, float], shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """A box in whole pixels of a picture (H, W, ...), one at least each way."""
    left, upper = (min(max(round(box[axis]), 0), shape[1 - axis] - 1) for axis in (0, 1))
    right, lower = (min(round(box[axis + 2]), shape[1 - axis]) for axis in (0, 1))
    return left, upper, max(right, left + 1), max(lower, upper + 1)


@functools.cache
def palette(signed: bool, colours: str | None = None) -> np.ndarray:
    """(LEVELS, 3) uint8: the colours from the lowest to the highest value."""
    scale = matplotlib.colormaps[colours or (SIGNED if signed else POSITIVE)].resampled(LEVELS)
    return scale(np.arange(LEVELS), bytes=True)[:, :3]
