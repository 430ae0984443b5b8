"""Masked data sets: the cells of every image ranked, and one set for each number of masked cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from signsight.core.errors import UserError
from signsight.core.files import ArrayFile, ArrayWriter
from signsight.data.imageset import ImageSet, copy_index, image_writer
from signsight.perturbation.grid import paint_cells, rank_cells

BLOCK = 1024


def rank_file(maps: Path | str, out: Path | str, *, grid: int, share: float, count: int) -> None:
    """Write the ranked cells of a maps file (N, H, W) as (N, count) int16 to `out`; see `rank_cells`.

    UserError for a file of something else, or of no finite value.
    """
    source = ArrayFile(maps)
    if len(source.shape) != 3 or source.dtype.kind != "f":
        raise UserError(f"{maps} holds no maps (N, H, W) of numbers; delete it and run again.")
    finite = not len(source)
    with ArrayWriter(out, (len(source), count), np.int16) as writer:
        for block in source.batches(BLOCK):
            finite = finite or bool(np.isfinite(block).any())
            writer.append(rank_cells(block, grid, share, count))
        if not finite:
            raise UserError(f"{maps} holds no finite value; delete it and run again.")


def masked_sets(
    images: ImageSet, cells: Path | str, folders: dict[int, Path], *, grid: int, colour: Sequence[float]
) -> None:
    """Write for each k of `folders` the images with their first k cells painted.

    cells: file of (N, at least max k) int16, best first, -1 for an empty map, whose image stays as
    it is. colour: RGB in [0, 1].
    """
    ranked = ArrayFile(cells)
    if len(ranked.shape) != 2 or len(ranked) != len(images) or ranked.shape[1] < max(folders):
        raise UserError(
            f"{cells} has the shape {ranked.shape} for {len(images)} images and {max(folders)} cells, so it "
            "is of another run; delete it and run again."
        )
    with ExitStack() as stack:
        height, width = images.size
        writers = {
            k: stack.enter_context(image_writer(folder, len(images), height, width))
            for k, folder in folders.items()
        }
        for block, own in zip(images.batches(BLOCK), ranked.batches(BLOCK), strict=True):
            for k, painted in enumerate(_painting(block, own[:, : max(folders)], grid, colour)):
                if k in writers:
                    writers[k].append(painted)
    for folder in folders.values():
        copy_index(images, folder)


def masked_steps(images: np.ndarray, cells: np.ndarray, *, grid: int, colour: Sequence[float]) -> np.ndarray:
    """A few images with 0, 1, ... of their cells painted: (n, H, W, 3) -> (n, K + 1, H, W, 3) uint8."""
    return np.stack([step.copy() for step in _painting(images.copy(), cells, grid, colour)], axis=1)


def _painting(
    images: np.ndarray, cells: np.ndarray, grid: int, colour: Sequence[float]
) -> Iterator[np.ndarray]:
    """The same array, before and after each column of `cells` is painted into it."""
    paint = np.round(np.asarray(colour) * 255).astype(np.uint8)
    yield images
    for column in cells.T:
        paint_cells(images, column, grid, paint)
        yield images
