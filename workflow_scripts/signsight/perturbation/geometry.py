"""Rotation and perspective: one map of the plane for a whole image set, applied in fixed point.

Every image of a set is warped alike, so the four neighbours of each output pixel and their bilinear
weights are found once. The images of a block lie pixel by pixel, so that one output pixel of all of
them is four multiplications of long rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from signsight.core.errors import UserError
from signsight.data.imageset import ImageSet, copy_index, image_writer

BLOCK_BYTES = 1 << 20
ROW_ELEMENTS = 1 << 16
ONE = 256  # weights are 8-bit fixed point: 255 * 256 still fits 16 bits


@dataclass(frozen=True)
class Warp:
    """Bilinear warp of pictures of `height` x `width`: output pixel p is the weighted sum of four.

    source: (P, 4) intp, row-major input pixels; weight: (P, 4) uint16, sums up to 256 (less where
    the source lies outside the picture, which is black).
    """

    height: int
    width: int
    source: np.ndarray
    weight: np.ndarray


def homography(transform: str, degree: float, height: int, width: int) -> np.ndarray:
    """(3, 3) float64: where a pixel (x, y, 1) of the input comes to lie in the output.

    `rotation`: about the image centre, counterclockwise as seen. `perspective_vertical` and
    `perspective_horizontal`: the picture plane turned about its vertical or horizontal middle line
    and seen by a camera at distance f = sqrt(w^2 + h^2), the focal length (GTSRB study); positive
    degrees move the right side, or the top, away from the camera. Degree 0 changes nothing.
    """
    angle = np.deg2rad(degree)
    cos, sin = np.cos(angle), np.sin(angle)
    focal = np.hypot(width, height)
    middle = np.array([[1, 0, (width - 1) / 2], [0, 1, (height - 1) / 2], [0, 0, 1]])
    turns = {
        "rotation": np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]]),
        "perspective_vertical": np.array([[cos, 0, 0], [0, 1, 0], [sin / focal, 0, 1]]),
        "perspective_horizontal": np.array([[1, 0, 0], [0, cos, 0], [0, -sin / focal, 1]]),
    }
    if transform not in turns:
        raise UserError(f"Unknown transform {transform!r}; there are {', '.join(turns)}.")
    return middle @ turns[transform] @ np.linalg.inv(middle)


def make_warp(matrix: np.ndarray, height: int, width: int, fill: str = "black") -> Warp:
    """The bilinear warp for a homography from input to output pixels.

    fill: what lies outside the picture: "black", or its "edge", the nearest of its pixels repeated; what
    lies behind the camera is black. A matrix that flattens the plane to a line (perspective of 90
    degrees) gives black pictures.
    """
    pixels = height * width
    if abs(np.linalg.det(matrix)) < 1e-9:
        return Warp(height, width, np.zeros((pixels, 4), np.intp), np.zeros((pixels, 4), np.uint16))
    y, x = np.divmod(np.arange(pixels), width)
    source = np.linalg.inv(matrix) @ np.stack([x, y, np.ones(pixels)])
    with np.errstate(divide="ignore", invalid="ignore"):
        sx, sy = source[:2] / np.where(source[2] > 1e-9, source[2], np.nan)
    ends = [(-2, side + 1) if fill == "black" else (0, side - 1) for side in (width, height)]
    sx, sy = (np.nan_to_num(np.clip(s, *end), nan=-2) for s, end in zip((sx, sy), ends, strict=True))
    left, top = np.floor(sx + 1e-9).astype(np.intp), np.floor(sy + 1e-9).astype(np.intp)
    fx, fy = np.clip(sx - left, 0, 1), np.clip(sy - top, 0, 1)
    sources, shares = [], []
    for dy, dx in ((0, 0), (0, 1), (1, 0), (1, 1)):
        row, column = top + dy, left + dx
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        sources.append(np.where(inside, row * width + column, 0))
        shares.append(np.where(inside, (fy if dy else 1 - fy) * (fx if dx else 1 - fx), 0))
    return Warp(height, width, np.stack(sources, 1), _fixed_point(np.stack(shares, 1)))


def _fixed_point(share: np.ndarray) -> np.ndarray:
    """(P, 4) shares -> uint16 weights whose sum is that of the shares, rounded once."""
    exact = share * ONE
    weight = np.floor(exact)
    missing = np.round(exact.sum(axis=1) - weight.sum(axis=1)).astype(int)
    order = np.argsort(-(exact - weight), axis=1, kind="stable")
    rank = np.argsort(order, axis=1, kind="stable")
    return (weight + (rank < missing[:, None])).astype(np.uint16)


def warp_images(images: np.ndarray, warp: Warp) -> np.ndarray:
    """Warp each image: (n, H, W, 3) uint8 -> the same shape and dtype."""
    count, pixels = len(images), warp.height * warp.width
    planes = np.ascontiguousarray(images.reshape(count, pixels, 3).transpose(1, 0, 2)).reshape(pixels, -1)
    out = np.zeros_like(planes)
    visible = np.flatnonzero(warp.weight.any(axis=1))
    step = max(ROW_ELEMENTS // max(planes.shape[1], 1), 1)
    for start in range(0, len(visible), step):
        rows = visible[start : start + step]
        total = np.full((len(rows), planes.shape[1]), ONE // 2, np.uint16)
        for k in range(4):
            total += planes[warp.source[rows, k]] * warp.weight[rows, k][:, None]
        total >>= 8
        out[rows] = total
    return np.ascontiguousarray(out.reshape(pixels, count, 3).transpose(1, 0, 2)).reshape(images.shape)


def block_size(height: int, width: int) -> int:
    """Images a block, so that a block's rows stay in the processor's cache."""
    return max(BLOCK_BYTES // (height * width * 3), 1)


def warped_set(images: ImageSet, folder: Path, transform: str, degree: int, fill: str = "black") -> None:
    """Write `images` turned by one degree of a transform (see `homography`, `make_warp`) to `folder`."""
    height, width = images.size
    warp = make_warp(homography(transform, degree, height, width), height, width, fill)
    with image_writer(folder, len(images), height, width) as writer:
        for block in images.batches(block_size(height, width)):
            writer.append(warp_images(block, warp))
    copy_index(images, folder)


def warped_examples(
    images: np.ndarray, transform: str, degrees: Sequence[int], fill: str = "black"
) -> np.ndarray:
    """A few images at several degrees: (n, H, W, 3) uint8 -> (n, len(degrees), H, W, 3) uint8."""
    height, width = images.shape[1:3]
    warps = (make_warp(homography(transform, d, height, width), height, width, fill) for d in degrees)
    return np.stack([warp_images(images, warp) for warp in warps], axis=1)
