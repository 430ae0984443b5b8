"""Any picture as the square that a classifier sees: stretched, or its centre as ImageNet networks saw it."""

from __future__ import annotations

import numpy as np
from PIL import Image

from signsight.data.centre import Mode, centre_of

WAYS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def fit(
    image: Image.Image, size: int, mode: Mode, box: tuple[float, float, float, float] | None = None
) -> np.ndarray:
    """`image` (8-bit RGB, or grey) as (size, size, 3) uint8, or (size, size).

    stretch: resampled with Lanczos, proportions not kept. centre_crop: the shorter side to
    256/224 * size pixels, bilinear with antialiasing, then the central square; at 224 pixels it
    equals torchvision's Resize(256) and CenterCrop(224). With other numbers likewise.
    box: the part of the picture that is used (left, upper, right, lower, in pixels); None is the whole.
    """
    if mode == "stretch":
        return np.asarray(image.resize((size, size), Image.Resampling.LANCZOS, box=box))
    if box is not None:
        image = image.crop(tuple(round(edge) for edge in box))
    centre = centre_of(mode)
    width, height = _scaled(image.size, centre.short(size))
    resized = image.resize((width, height), WAYS[centre.way])
    # Python's rounding of halves to the even number, as torchvision has it.
    left, upper = round((width - size) / 2), round((height - size) / 2)
    return np.asarray(resized.crop((left, upper, left + size, upper + size)))


def seen_box(shape: tuple[int, int], size: int, mode: Mode) -> tuple[float, float, float, float]:
    """The part of a picture of `shape` (width, height) that `fit` shows: left, upper, right, lower."""
    width, height = shape
    if mode == "stretch":
        return 0.0, 0.0, float(width), float(height)
    scaled = _scaled(shape, centre_of(mode).short(size))
    left, upper = round((scaled[0] - size) / 2), round((scaled[1] - size) / 2)
    across, down = width / scaled[0], height / scaled[1]
    return left * across, upper * down, (left + size) * across, (upper + size) * down


def _scaled(shape: tuple[int, int], short: int) -> tuple[int, int]:
    """(width, height) with the shorter side `short` and the longer one rounded down, as torchvision does."""
    width, height = shape
    if width <= height:
        return short, int(short * height / width)
    return int(short * width / height), short
