"""Random changes of training images, composed into one resampling per batch, on the device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from signsight.core.errors import UserError
from signsight.core.rng import generator
from signsight.models.classifier import LUMA

FLIPS = {"": (1.0, 1.0), "lr": (-1.0, 1.0), "tb": (1.0, -1.0)}
PADDING = {"black": "zeros", "edge": "border"}


@dataclass(frozen=True)
class Draws:
    """What happens to every example in one epoch; all arrays are float32 with one row an example.

    matrix: (N, 2, 3): from a pixel of the result to the pixel of the source, both (x, y) relative
    to the image centre, in half widths and half heights (-1..1 from edge to edge).
    contrast, brightness: (N,) factors about the mean of the image, and of that mean. saturation: (N,)
    factors about the luma of each pixel; hue: (N,) shifts in turns of the colour circle; None: unchanged.
    """

    matrix: np.ndarray
    contrast: np.ndarray
    brightness: np.ndarray
    saturation: np.ndarray | None = None
    hue: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.matrix)


def draw(
    settings: Mapping[str, Any],
    flips: np.ndarray,
    angles: np.ndarray,
    seed: int,
    epoch: int,
    aspect: float = 1.0,
) -> Draws:
    """The draws of one epoch, for all examples at once.

    settings: `p` probability of the affine change, `translate` share of width and height,
    `shear` degrees along x, `scale` (low, high), `degrees` the largest angle of a uniform rotation,
    `brightness`, `contrast` and `saturation` half ranges of factors about 1, `hue` half range of a shift in
    turns, `flip` probability of a flip left-right, `rotation` standard deviation in degrees of a fresh
    rotation besides; 0: none. As torchvision's RandomAffine, without its rounding of translations to whole
    pixels. flips: (N,) of '', 'lr', 'tb'. angles: (N,) degrees, counter-clockwise. aspect: width / height.

    An example is flipped, then rotated, then changed. Row i depends on (seed, epoch, i) alone:
    neither on the number of examples nor on batches. What is off is not drawn, and what is drawn
    does not depend on what else is.
    """
    count = len(flips)
    uniform = generator(seed, "augment", epoch).random((count, 7), dtype=np.float32)
    span = 2 * uniform - 1
    on = (uniform[:, 0] < settings["p"]).astype(np.float32)
    low, high = settings["scale"]
    if settings["rotation"]:
        fresh = generator(seed, "rotate", epoch).standard_normal(count, dtype=np.float32)
        angles = angles + settings["rotation"] * fresh
    if settings["degrees"]:
        angles = angles + settings["degrees"] * on * _span(count, seed, "degrees", epoch)
    matrix = inverse_affine(
        flips,
        angles,
        shift=2 * settings["translate"] * on[:, None] * span[:, 1:3],
        shear=settings["shear"] * on * span[:, 3],
        scale=1 + on * (low + (high - low) * uniform[:, 4] - 1),
        aspect=aspect,
    )
    if settings["flip"]:
        mirrored = generator(seed, "flip", epoch).random(count, dtype=np.float32) < settings["flip"]
        matrix[mirrored, 0] *= -1
    contrast, saturation, hue = 1 + settings["contrast"] * span[:, 5], None, None
    if settings["saturation"]:
        saturation = 1 + settings["saturation"] * _span(count, seed, "saturation", epoch)
    if settings["hue"]:
        hue = settings["hue"] * _span(count, seed, "hue", epoch)
    return Draws(matrix, contrast, 1 + settings["brightness"] * span[:, 6], saturation, hue)


def _span(count: int, seed: int, name: str, epoch: int) -> np.ndarray:
    """(count,) float32, uniform from -1 to 1."""
    return 2 * generator(seed, name, epoch).random(count, dtype=np.float32) - 1


def inverse_affine(
    flips: np.ndarray,
    angles: np.ndarray,
    shift: np.ndarray,
    shear: np.ndarray,
    scale: np.ndarray,
    aspect: float = 1.0,
) -> np.ndarray:
    """Matrices (N, 2, 3) float32 from result to source, for `resample`.

    The forward change is: flip, rotate by `angles` (degrees, counter-clockwise as seen), shear along
    x by `shear` degrees, scale by `scale`, all about the image centre, then move by `shift` (N, 2)
    in half widths and half heights (positive: right, down). Signs are torchvision's. UserError for
    an unknown flip.
    """
    unknown = sorted(set(map(str, flips)) - set(FLIPS))
    if unknown:
        raise UserError(
            f"The examples have flip {unknown[0]!r}; allowed are '', 'lr' and 'tb', make them again."
        )
    mirror = np.array([FLIPS[flip] for flip in flips], np.float64).reshape(-1, 2)
    angle, slope = np.deg2rad(angles), np.tan(np.deg2rad(shear))
    cos, sin = np.cos(angle), np.sin(angle)
    # y points down: seen counter-clockwise is (x, y) -> (x cos + y sin, y cos - x sin), its inverse
    # the transpose. The inverse of a shear by -slope is one by +slope.
    rotate_back = np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], -2)
    shear_back = np.broadcast_to(np.eye(2), (len(angle), 2, 2)).copy()
    shear_back[:, 0, 1] = slope
    linear = mirror[:, :, None] * (rotate_back @ shear_back) / np.asarray(scale)[:, None, None]
    # From half widths and half heights to square pixels and back.
    to_square = np.diag([aspect, 1.0])
    linear = np.linalg.inv(to_square) @ linear @ to_square
    offset = -(linear @ np.asarray(shift, np.float64)[:, :, None])
    return np.concatenate([linear, offset], 2).astype(np.float32)


def resample(images: torch.Tensor, matrix: torch.Tensor, fill: str = "black") -> torch.Tensor:
    """Move the pixels of `images` (B, C, H, W) float by `matrix` (B, 2, 3), bilinear.

    fill: what lies outside, 'black' or 'edge' (the nearest pixel). UserError for another one.
    Coordinates run from edge to edge (`align_corners=False`): the identity keeps every pixel.
    """
    if fill not in PADDING:
        raise UserError(f"augmentation.fill is {fill!r}; allowed are 'black' and 'edge'.")
    grid = functional.affine_grid(matrix, list(images.shape), align_corners=False)
    return functional.grid_sample(
        images, grid, mode="bilinear", padding_mode=PADDING[fill], align_corners=False
    )


def augment(images: torch.Tensor, draws: Draws, rows: np.ndarray, fill: str) -> torch.Tensor:
    """Apply the draws of the examples `rows` to `images` (B, 3, H, W) float32 in [0, 1].

    Returns the same shape, range and device. One resampling per batch, then contrast and brightness,
    saturation, hue.
    """
    device = images.device

    def of_rows(values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values[rows]).to(device)[:, None, None, None]

    moved = resample(images, torch.from_numpy(draws.matrix[rows]).to(device), fill)
    mean = moved.mean(dim=(1, 2, 3), keepdim=True)
    changed = (moved - mean) * of_rows(draws.contrast) + mean * of_rows(draws.brightness)
    changed = changed.clamp(0, 1)
    if draws.saturation is not None:
        changed = saturated(changed, of_rows(draws.saturation))
    return changed if draws.hue is None else turned(changed, of_rows(draws.hue))


def saturated(images: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
    """`images` (B, 3, H, W) in [0, 1] with their distance from grey times `factor` (B, 1, 1, 1)."""
    luma = (images * images.new_tensor(LUMA)[:, None, None]).sum(1, keepdim=True)
    return torch.lerp(luma, images, factor).clamp(0, 1)


def turned(images: torch.Tensor, hue: torch.Tensor) -> torch.Tensor:
    """`images` (B, 3, H, W) in [0, 1] with their hue shifted by `hue` (B, 1, 1, 1) turns, as HSV has it.

    The largest and the smallest channel of a pixel stay as they are, so saturation and value do.
    """
    high, low = images.amax(1, keepdim=True), images.amin(1, keepdim=True)
    spread = high - low
    red, green, blue = images.split(1, 1)
    scale = torch.where(spread > 0, spread, 1)
    sector = torch.where(
        high == red,
        (green - blue) / scale,
        torch.where(high == green, 2 + (blue - red) / scale, 4 + (red - green) / scale),
    )
    places = (images.new_tensor((5, 3, 1))[:, None, None] + sector + 6 * hue) % 6
    return high - spread * torch.minimum(places, 4 - places).clamp(0, 1)
