"""Pages of sheets that are too large for one: how much a page takes, and what it is called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from matplotlib.figure import Figure

from signsight.figures.style import DPI, save

METHODS = 8  # beside each other on a page, at most
TALLEST = 1600  # pixels of a page, at most: a screen shows it in two halves that can be read


def pages(count: int, room: int) -> list[slice]:
    """`count` things on as few pages as have `room` for so many each, spread evenly."""
    number = max(-(-count // room), 1)
    edges = [round(count * page / number) for page in range(number + 1)]
    return [slice(low, high) for low, high in pairwise(edges)]


def rows_within(pitch: float, around: float) -> int:
    """How many rows a page takes, one at least.

    pitch: inches from one row to the next; around: inches above, below and between that are no rows.
    """
    return max(int((TALLEST / DPI - around) / pitch + 1e-9), 1)


def page_names(count: int, stem: str = "page") -> Iterator[str]:
    """'page-01', 'page-02', ...: names of `count` pages that sort."""
    return (f"{stem}-{number:0{digits(count)}d}" for number in range(1, count + 1))


def save_pages(figures: Iterable[Figure], folder: Path | str, kinds: Sequence[str] = ("png", "svg")) -> None:
    """Write the pages of a figure to a folder, as 'page-01.png', 'page-01.svg' and so on."""
    every = list(figures)
    for name, figure in zip(page_names(len(every)), every, strict=True):
        save(figure, [Path(folder) / f"{name}.{kind}" for kind in kinds])


def digits(count: int) -> int:
    """Digits of numbers up to `count` that are to sort, two at least."""
    return max(len(str(count)), 2)
