"""Grid cells: planted maps, ties, exact shares, and a plain loop as the reference."""

from __future__ import annotations

import numpy as np
import pytest

from signsight.perturbation.grid import cell_edges, cell_sums, paint_cells, rank_cells, top_share


def slow_ranking(image_map: np.ndarray, grid: int, share: float, count: int) -> list[int]:
    """The definition, one pixel after the other."""
    side = len(image_map)
    edges = [round(i * side / grid) for i in range(grid + 1)]
    positive = [(v, -i) for i, v in enumerate(image_map.ravel()) if v > 0]
    if not positive:
        return [-1] * count
    kept = {-i for _, i in sorted(positive, reverse=True)[: max(round(share * image_map.size), 1)]}
    best, whole = [0.0] * grid**2, [0.0] * grid**2
    for row in range(side):
        for column in range(side):
            cell = next(
                r * grid + c
                for r in range(grid)
                for c in range(grid)
                if edges[r] <= row < edges[r + 1] and edges[c] <= column < edges[c + 1]
            )
            whole[cell] += float(image_map[row, column])
            if row * side + column in kept:
                best[cell] += float(image_map[row, column])
    return sorted(range(grid**2), key=lambda c: (-best[c], -whole[c], c))[:count]


@pytest.mark.parametrize(("size", "grid"), [(48, 8), (48, 7), (50, 8), (9, 6), (5, 2), (12, 12), (13, 1)])
def test_cells_cover_the_picture_and_differ_by_a_pixel(size: int, grid: int) -> None:
    edges = cell_edges(size, grid)
    widths = np.diff(edges)
    assert (edges[0], edges[-1], len(edges)) == (0, size, grid + 1)
    assert widths.min() >= 1 and widths.max() - widths.min() <= 1
    maps = np.random.default_rng(0).random((3, size, size))
    assert cell_sums(maps, grid).sum(1) == pytest.approx(maps.sum((1, 2)))


def test_every_cell_that_is_hot_comes_first() -> None:
    maps = np.random.default_rng(0).random((64, 48, 48), dtype=np.float32) * 0.01
    edges = cell_edges(48, 8)
    for cell in range(64):
        row, column = divmod(cell, 8)
        maps[cell, edges[row] : edges[row + 1], edges[column] : edges[column + 1]] += 1
    np.testing.assert_array_equal(rank_cells(maps, 8, 0.25, 10)[:, 0], np.arange(64))


def test_cells_of_known_sums_come_in_their_order() -> None:
    image_map = np.zeros((1, 8, 8), np.float32)
    image_map[0, 0, 0], image_map[0, 2, 2], image_map[0, 6:, 6:] = 3, 5, 1
    assert rank_cells(image_map, 4, 0.25, 3).tolist() == [[5, 15, 0]]


def test_ties_go_to_the_whole_map_and_then_to_the_first_cell() -> None:
    level = np.ones((1, 8, 8), np.float32)
    # of the 16 equal pixels that count, the first two rows of pixels
    assert rank_cells(level, 4, 0.25, 16).tolist() == [list(range(16))]
    image_map = np.zeros((1, 8, 8), np.float32)
    image_map[0, 0, 0] = image_map[0, 7, 7] = 1
    image_map[0, 4, 4] = 0.5
    # only one pixel counts: the first one; the others are ordered by the whole map
    assert rank_cells(image_map, 4, 1 / 64, 4).tolist() == [[0, 15, 10, 1]]


@pytest.mark.parametrize(("share", "count"), [(0.25, 576), (0.1, 230), (1, 2304), (1e-9, 1)])
def test_just_the_share_is_kept(share: float, count: int) -> None:
    rng = np.random.default_rng(1)
    maps = np.stack([rng.random((48, 48)) + 0.1, np.ones((48, 48)), rng.integers(1, 4, (48, 48))]).astype(
        "f4"
    )
    kept = top_share(maps, share)
    assert (kept > 0).sum((1, 2)).tolist() == [count] * 3
    for own, whole in zip(kept, maps, strict=True):
        assert own[own > 0].min() >= whole[own == 0].max(initial=0)
        np.testing.assert_array_equal(own[own > 0], whole[own > 0])
    assert kept.dtype == np.float32
    first = np.flatnonzero(kept[1])
    np.testing.assert_array_equal(first, np.arange(count))


def test_negative_values_do_not_count_for_the_share() -> None:
    image_map = np.full((1, 6, 6), -5, np.float32)
    image_map[0, 5, 5], image_map[0, 0, 5] = 1, 2
    assert rank_cells(image_map, 3, 0.25, 2).tolist() == [[2, 8]]
    np.testing.assert_array_equal(top_share(image_map, 1), np.maximum(image_map, 0))


@pytest.mark.parametrize("value", [0, -1])
def test_a_map_without_a_positive_value_is_empty(value: float) -> None:
    maps = np.full((3, 12, 12), value, np.float32)
    maps[1, 11, 11] = 1e-30
    cells = rank_cells(maps, 4, 0.25, 3)
    assert cells[0].tolist() == cells[2].tolist() == [-1] * 3
    assert cells[1].tolist()[0] == 15
    assert cells.dtype == np.int16


@pytest.mark.parametrize(("size", "grid", "share"), [(16, 4, 0.25), (15, 4, 0.1), (12, 12, 0.5), (10, 3, 1)])
@pytest.mark.parametrize("kind", ["normal", "coarse"])
def test_a_plain_loop_finds_the_same(size: int, grid: int, share: float, kind: str) -> None:
    rng = np.random.default_rng(size)
    maps = rng.standard_normal((20, size, size)).astype(np.float32)
    if kind == "coarse":  # many ties, exact sums
        maps = np.round(maps)
    expected = [slow_ranking(m, grid, share, 5) for m in maps]
    assert rank_cells(maps, grid, share, 5).tolist() == expected


def test_a_map_ranks_alike_in_any_company() -> None:
    maps = np.random.default_rng(3).random((300, 24, 24), dtype=np.float32)
    together = rank_cells(maps, 8, 0.25, 64)
    np.testing.assert_array_equal(np.concatenate([rank_cells(m[None], 8, 0.25, 64) for m in maps]), together)
    assert rank_cells(maps[:0], 8, 0.25, 10).shape == (0, 10)
    assert (np.sort(together, axis=1) == np.arange(64)).all()


def test_only_the_cell_is_painted() -> None:
    images = np.random.default_rng(0).integers(0, 255, (4, 10, 10, 3), dtype=np.uint8)
    cells, colour = np.array([5, -1, 0, 5]), np.array([255, 7, 9], np.uint8)
    painted = images.copy()
    paint_cells(painted, cells, 3, colour)
    edges = [0, 3, 7, 10]
    for before, after, cell in zip(images, painted, cells, strict=True):
        inside = np.zeros((10, 10), bool)
        if cell >= 0:
            row, column = divmod(int(cell), 3)
            inside[edges[row] : edges[row + 1], edges[column] : edges[column + 1]] = True
        assert (after[inside] == colour).all()
        np.testing.assert_array_equal(after[~inside], before[~inside])
