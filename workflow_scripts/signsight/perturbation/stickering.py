"""Stickered data sets: every image of a set with one sticker at its cell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from signsight.data.imageset import ImageSet, copy_index, image_writer
from signsight.data.regions import sign_shares
from signsight.perturbation.stickers import class_cells, picture_widths, put_stickers

BLOCK_BYTES = 64 << 20


def sticker_cells(class_ids: np.ndarray, tested: np.ndarray, first: np.ndarray, classes: int) -> np.ndarray:
    """The cell of each stock picture: the most frequent first cell of its class in the test set.

    class_ids: (n,) of the stock pictures; tested, first: (N,) classes and first cells of the test
    images. Returns (n,) int.
    """
    return class_cells(tested, first, classes)[class_ids]


def stickered_set(
    images: ImageSet,
    folder: Path,
    *,
    cells: np.ndarray,
    shapes: list[str],
    design: dict[str, Any],
    sign_widths: dict[str, float],
    grid: int,
    cropped: bool,
) -> None:
    """Write `images` with one sticker each to `folder`.

    cells: (N,) int, the cell of each image, -1 for none; shapes: shape of each class; design: width
    and height in mm and the drawing; sign_widths: width in mm by shape; cropped: whether pictures with a ROI
    are cut to it.
    """
    height, width = images.size
    shares = sign_shares(images.index, width, cropped)
    widths = picture_widths(sign_widths, [shapes[one] for one in images.class_ids], shares)
    block = max(BLOCK_BYTES // (height * width * 3 * 8), 1)
    with image_writer(folder, len(images), height, width) as writer:
        for start in range(0, len(images), block):
            rows = slice(start, start + block)
            pixels = images.images.read(rows.start, rows.stop)
            writer.append(put_stickers(pixels, cells[rows], widths[rows], design, grid))
    copy_index(images, folder)


def stickered_examples(
    images: np.ndarray,
    cells: np.ndarray,
    shapes: list[str],
    stickers: list[tuple[dict[str, Any], dict[str, float]]],
    grid: int,
    shares: np.ndarray,
) -> np.ndarray:
    """A few images with each sticker: (n, S, S, 3) uint8 -> (n, len(stickers), S, S, 3) uint8.

    cells, shapes, shares: of each image (`data.regions.sign_shares`); stickers: pairs of design and widths of
    signs by shape.
    """
    done = []
    for design, widths in stickers:
        done.append(put_stickers(images, cells, picture_widths(widths, shapes, shares), design, grid))
    return np.stack(done, axis=1)
