"""Layout of sheets of pictures: blocks of rows and columns, measured in inches."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from signsight.figures.pages import TALLEST, pages, rows_within
from signsight.figures.style import DPI, GREY, VERMILLION, WRONG, styled

PIXELS = 144  # of a cell's height in the mosaic
GAP = 10  # pixels of the mosaic between two pictures
ROW_TEXT, COLUMN_TEXT, NOTE_TEXT, TITLE_TEXT = 8.5, 8.5, 8.0, 11.0
TOP, EDGE = 0.1, 0.12  # inches above the first block, and below every one
LINE = 0.155  # inches of a line of small text
TITLE_LETTER = 0.085  # inches of a letter of a title, on average


@dataclass(frozen=True)
class Block:
    """A table of pictures.

    images: (rows, columns, H, W, 3) uint8. row_titles stand at the left (wrapped), column_titles
    above, notes (rows, columns) below each picture (wrapped); a note that begins with the sign for
    wrong is bold and its picture framed.
    """

    images: np.ndarray
    row_titles: Sequence[str]
    column_titles: Sequence[str] = ()
    title: str = ""
    notes: np.ndarray | None = None


def fit(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """An (H, W, 3) uint8 picture as (height, width, 3): small ones enlarged with hard pixels, large
    ones shrunk with Lanczos, the shape kept and white added at the shorter side."""
    scale = min(height / image.shape[0], width / image.shape[1])
    size = max(round(image.shape[1] * scale), 1), max(round(image.shape[0] * scale), 1)
    how = Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.LANCZOS
    out = np.full((height, width, 3), 255, np.uint8)
    top, left = (height - size[1]) // 2, (width - size[0]) // 2
    out[top : top + size[1], left : left + size[0]] = Image.fromarray(image).resize(size, how)
    return out


def sheet(blocks: Sequence[Block], cell: float = 0.9, left: float = 1.9, foot: float = 0.1) -> Figure:
    """The blocks one below the other.

    cell: height of a picture in inches (its width follows from its shape); left: room for row titles
    in inches; foot: empty space at the bottom in inches.
    """
    tops, high = [], TOP
    for block in blocks:
        tops.append(high)
        high += _height(block, cell)
    high += foot
    wide = left + max(_row_width(block, cell) for block in blocks) + 0.15
    wide = max(wide, *(0.3 + TITLE_LETTER * len(block.title) for block in blocks))
    figure = Figure(figsize=(wide, high))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    for block, top in zip(blocks, tops, strict=True):
        _draw(axes, block, top, left, cell)
    axes.set_xlim(0, wide)
    axes.set_ylim(high, 0)
    axes.set_aspect("auto")
    return figure


def rows_of_page(block: Block, cell: float = 0.9, foot: float = 0.1) -> int:
    """How many rows of the block a page takes, one at least, if it holds nothing else (see `sheet`)."""
    return rows_within(_pitch(block, cell), TOP + _head(block) + EDGE + foot)


def on_pages(blocks: Sequence[Block], cell: float = 0.9, foot: float = 0.1) -> list[list[Block]]:
    """The blocks in their order, as many on a page as it takes (see `sheet`); large ones are divided."""
    filled: list[list[Block]] = []
    high = float("inf")
    for block in chain.from_iterable(_split(block, cell, foot) for block in blocks):
        high += _height(block, cell)
        if high + foot > TALLEST / DPI:
            filled.append([])
            high = TOP + _height(block, cell)
        filled[-1].append(block)
    return filled


def sheets(blocks: Sequence[Block], cell: float = 0.9, left: float = 1.9, foot: float = 0.1) -> list[Figure]:
    """As `sheet`, on as many pages as it takes."""
    return [sheet(page, cell, left, foot) for page in on_pages(blocks, cell, foot)]


def _split(block: Block, cell: float, foot: float) -> list[Block]:
    """A block in parts that a page takes, each with the title and what it is one of."""
    parts = pages(len(block.images), rows_of_page(block, cell, foot))
    if len(parts) == 1:
        return [block]
    notes = [None if block.notes is None else block.notes[part] for part in parts]
    titles = [f"{block.title} ({number} of {len(parts)})" for number in range(1, len(parts) + 1)]
    return [
        replace(
            block, images=block.images[part], row_titles=block.row_titles[part], notes=own,
            title=title if block.title else "",
        )
        for part, own, title in zip(parts, notes, titles, strict=True)
    ]  # fmt: skip


def _height(block: Block, cell: float) -> float:
    """Inches from the top of a block to the top of the next."""
    return _head(block) + len(block.images) * _pitch(block, cell) + EDGE


@styled
def in_words(text: str) -> Figure:
    """In place of pictures: why there are none."""
    lines = textwrap.wrap(text, 80)
    figure = Figure(figsize=(6.6, 0.3 + LINE * len(lines)))
    figure.text(0.03, 0.5, "\n".join(lines), va="center", fontsize=9)
    return figure


def _cell_width(block: Block, cell: float) -> float:
    return cell * _across(block.images) / PIXELS


def _across(images: np.ndarray) -> int:
    """Width in pixels of a cell of the mosaic."""
    return round(PIXELS * images.shape[-2] / images.shape[-3])


def _gap(cell: float) -> float:
    return cell * GAP / PIXELS


def _row_width(block: Block, cell: float) -> float:
    return block.images.shape[1] * (_cell_width(block, cell) + _gap(cell))


def _lines(texts: Sequence[str]) -> int:
    return max((text.count("\n") + 1 for text in texts if text), default=0)


def _head(block: Block) -> float:
    """Inches above the first row of pictures."""
    title = 0.3 if block.title else 0.0
    return title + LINE * _lines(block.column_titles) + 0.06


def _pitch(block: Block, cell: float) -> float:
    """Inches from one row to the next."""
    notes = _notes(block, cell)
    below = 0 if notes is None else LINE * _lines(list(notes.flat)) + 0.05
    return cell + _gap(cell) + below


def _notes(block: Block, cell: float) -> np.ndarray | None:
    """The notes, wrapped to the width of a picture."""
    if block.notes is None:
        return None
    wrapped = [_wrap(str(note or ""), _cell_width(block, cell) / 0.07) for note in block.notes.flat]
    return np.array(wrapped, object).reshape(block.notes.shape)


def _draw(axes: Axes, block: Block, top: float, left: float, cell: float) -> None:
    rows, columns = block.images.shape[:2]
    width = _cell_width(block, cell)
    if block.title:
        axes.text(0.1, top + 0.13, block.title, fontsize=TITLE_TEXT, va="center")
    start, notes = top + _head(block), _notes(block, cell)
    for column, text in enumerate(block.column_titles):
        x = left + column * (width + _gap(cell)) + width / 2
        axes.text(x, start - 0.05, text, ha="center", va="bottom", fontsize=COLUMN_TEXT)
    for row in range(rows):
        y = start + row * _pitch(block, cell)
        text = _wrap(block.row_titles[row], (left - 0.2) / 0.075)
        axes.text(left - 0.1, y + cell / 2, text, ha="right", va="center", fontsize=ROW_TEXT)
        _draw_row(axes, block.images[row], (left, y, width, cell))
        for column in range(columns):
            x = left + column * (width + _gap(cell))
            note = "" if notes is None else notes[row, column]
            wrong = note.startswith(WRONG)
            if block.images[row, column].min() < 255:
                _frame(axes, (x, y), width, cell, wrong)
            place = {"ha": "center", "va": "top", "fontweight": "bold" if wrong else "normal"}
            axes.text(x + width / 2, y + cell + 0.04, note, fontsize=NOTE_TEXT, **place)


def _frame(axes: Axes, corner: tuple[float, float], width: float, cell: float, wrong: bool) -> None:
    """A hairline, so that white at the border of a picture is seen to be its own; bold for wrong."""
    line, colour = (2.0, VERMILLION) if wrong else (0.5, GREY)
    axes.add_patch(Rectangle(corner, width, cell, fill=False, edgecolor=colour, linewidth=line))


def _draw_row(axes: Axes, images: np.ndarray, box: tuple[float, float, float, float]) -> None:
    """One row of pictures as one image with white gaps."""
    left, top, width, cell = box
    gap = np.full((PIXELS, GAP, 3), 255, np.uint8)
    across = _across(images)
    pieces = [piece for image in images for piece in (fit(image, PIXELS, across), gap)]
    mosaic = np.concatenate(pieces, axis=1)
    right = left + len(images) * (width + _gap(cell))
    # Not resampled for SVG: the file keeps the mosaic's own pixels.
    how = {"interpolation": "none", "interpolation_stage": "rgba"}
    axes.imshow(mosaic, extent=(left, right, top + cell, top), **how)


def _wrap(text: str, letters: float) -> str:
    """Text with its lines broken to at most `letters` (but not to less than 8) letters."""
    letters = max(int(letters), 8)
    return "\n".join(line for part in text.split("\n") for line in textwrap.wrap(part, letters) or [""])
