"""Grid cells of a picture: ranked by a map, and painted over."""

from __future__ import annotations

import numpy as np

BLOCK = 64  # maps that are ranked together, so that they stay in the processor's cache


def cell_edges(size: int, grid: int) -> np.ndarray:
    """(grid + 1,) int: where the cells along one side begin and end.

    Cells differ by at most one pixel where `grid` does not divide `size`.
    """
    return np.round(np.linspace(0, size, grid + 1)).astype(np.int64)


def cell_sums(maps: np.ndarray, grid: int) -> np.ndarray:
    """Sum of each map in each cell: (n, H, W) -> (n, grid * grid) float64, cells row by row."""
    rows = np.add.reduceat(maps, cell_edges(maps.shape[1], grid)[:-1], axis=1, dtype=np.float64)
    cells = np.add.reduceat(rows, cell_edges(maps.shape[2], grid)[:-1], axis=2)
    return cells.reshape(len(maps), -1)


def top_share(maps: np.ndarray, share: float) -> np.ndarray:
    """Positive part of each map, kept only at its highest `share` of pixels: (n, H, W) float32.

    Of equal pixels at the threshold, the first ones in reading order are kept.
    """
    flat = np.maximum(maps.reshape(len(maps), -1), 0)
    count = max(round(share * flat.shape[1]), 1)
    threshold = np.partition(flat, -count, axis=1)[:, -count][:, None]
    kept = flat >= threshold
    surplus = np.count_nonzero(kept, axis=1) - count
    tied = np.flatnonzero((surplus > 0) & (threshold[:, 0] > 0))  # a surplus of zeros does no harm
    equal = flat[tied] == threshold[tied]
    room = np.count_nonzero(equal, axis=1) - surplus[tied]
    kept[tied] &= ~equal | (np.cumsum(equal, axis=1) <= room[:, None])
    return (flat * kept).reshape(maps.shape)


def rank_cells(maps: np.ndarray, grid: int, share: float, count: int) -> np.ndarray:
    """The `count` most relevant cells of each map, best first: (n, count) int16, -1 for empty maps.

    As the GTSRB study: only the highest `share` of a map's pixels counts, and a cell's rank is
    their sum. Equal cells are ordered by the sum of the whole map in them, then row by row. A map
    without a positive value is empty and has no cells.
    """
    cells = [_rank(maps[i : i + BLOCK], grid, share, count) for i in range(0, len(maps), BLOCK)]
    return np.concatenate(cells) if cells else np.empty((0, count), np.int16)


def _rank(maps: np.ndarray, grid: int, share: float, count: int) -> np.ndarray:
    best = cell_sums(top_share(maps, share), grid)
    whole = cell_sums(maps, grid)
    order = np.lexsort((np.broadcast_to(np.arange(grid * grid), best.shape), -whole, -best), axis=1)
    cells = order[:, :count].astype(np.int16)
    cells[~(maps.reshape(len(maps), -1) > 0).any(axis=1)] = -1
    return cells


def paint_cells(images: np.ndarray, cells: np.ndarray, grid: int, colour: np.ndarray) -> None:
    """Paint one cell of each image in place.

    images: (n, H, W, 3) uint8; cells: (n,) int, -1 leaves the image as it is; colour: (3,) uint8.
    """
    rows, columns = cell_edges(images.shape[1], grid), cell_edges(images.shape[2], grid)
    for cell in np.unique(cells[cells >= 0]):
        top, left = divmod(int(cell), grid)
        chosen = np.flatnonzero(cells == cell)
        images[chosen, rows[top] : rows[top + 1], columns[left] : columns[left + 1]] = colour
