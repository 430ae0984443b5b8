"""Pages of sheets: everything once and evenly, names that sort, and no more rows than fit."""

from __future__ import annotations

import numpy as np
import pytest

from signsight.figures.pages import METHODS, TALLEST, page_names, pages, rows_within
from signsight.figures.sheet import Block, rows_of_page, sheet
from signsight.figures.style import DPI


@pytest.mark.parametrize(("count", "most"), [(1, 8), (8, 8), (9, 8), (17, 8), (30, 16), (48, 16)])
def test_pages_hold_everything_once_and_evenly(count: int, most: int) -> None:
    found = pages(count, most)
    assert [i for page in found for i in range(count)[page]] == list(range(count))
    sizes = [len(range(count)[page]) for page in found]
    assert max(sizes) <= most and max(sizes) - min(sizes) <= 1 and len(found) == -(-count // most)


@pytest.mark.parametrize("count", [1, 9, 10, 99, 100, 120])
def test_names_of_pages_sort(count: int) -> None:
    names = list(page_names(count, "layer"))
    assert names == sorted(names) and len(set(names)) == count
    assert all(int(name.removeprefix("layer-")) == place for place, name in enumerate(names, 1))


@pytest.mark.parametrize(("pitch", "around"), [(1.0, 0.0), (0.7, 1.3), (2.2, 3.1), (10.0, 5.0)])
def test_one_more_row_would_not_fit(pitch: float, around: float) -> None:
    rows = rows_within(pitch, around)
    assert rows == 1 or around + rows * pitch <= TALLEST / DPI
    assert around + (rows + 1) * pitch > TALLEST / DPI


@pytest.mark.parametrize("notes", [False, True])
def test_a_page_of_as_many_rows_is_within_the_height(notes: bool) -> None:
    count = 40
    block = Block(
        np.zeros((count, METHODS, 8, 12, 3), np.uint8),
        ["row"] * count,
        ["head\nof two lines"] * METHODS,
        title="A title",
        notes=np.full((count, METHODS), "a note that takes some lines", object) if notes else None,
    )
    heights = {}
    for rows in (rows_of_page(block, cell=1.0, foot=0.7), rows_of_page(block, cell=1.0, foot=0.7) + 1):
        cut = None if block.notes is None else block.notes[:rows]
        part = Block(block.images[:rows], block.row_titles[:rows], block.column_titles, block.title, cut)
        heights[rows] = sheet([part], cell=1.0, foot=0.7).get_size_inches()[1] * DPI
    low, high = heights.values()
    assert low <= TALLEST < high
