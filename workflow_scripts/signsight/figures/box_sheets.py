"""Sheets of a detector: a page a picture, with the maps of its boxes by every method; and an overview."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from signsight.detection.map_file import MapsFile
from signsight.figures.colour import overlay
from signsight.figures.examples import KEY_LINE, colour_keys
from signsight.figures.feature_pages import fitted_lines
from signsight.figures.gallery import PALE
from signsight.figures.heading import broken, headed
from signsight.figures.numbers import MINUS
from signsight.figures.pages import pages
from signsight.figures.scene_drawing import (
    MARGIN,
    Area,
    View,
    draw_labels,
    draw_view,
    edges_of,
    found_words,
    kinds_in,
    line_key,
    place_box,
    place_picture,
    shrunk,
)
from signsight.figures.sheet import COLUMN_TEXT, LINE, NOTE_TEXT, ROW_TEXT
from signsight.figures.style import INK, styled

WIDE, HIGH = 4.8, 3.4  # inches of the picture, at most
PAGE, TALL = 12.0, 5.0  # inches across all maps of a page and their row titles, and down all its maps
COLUMNS = 6  # maps beside each other, at most
AREA, HIGHEST, NARROW = 4.0, 2.4, 0.8  # of a map: square inches and height at most, room across at least
LEFT, EDGE, GAP = 1.75, 0.15, 0.1
KEY = 0.3  # inches for what the lines mean
HEAD_LETTER = 0.078  # inches of a letter
ROW_LINES = 3  # of a class's name beside a row, at most
PAIRS, PAIR = 2, 2.5  # pairs beside each other on the overview, and inches of a picture's longer side there
ENDS = {False: ("0", "the map's largest"), True: (f"lowers the score ({MINUS})", "raises it (+)")}
# Why none of the detections is explained, by `detection.boxes.which`.
NONE_OF = {
    "objects": "none finds a true object",
    "class": "none is of the class that is explained",
    "nearest": "no point is given for this picture",
}


@dataclass(frozen=True)
class Column:
    """The maps of all boxes by one method; signed: whether their negative values count."""

    method: str
    label: str
    signed: bool
    maps: MapsFile = field(repr=False)


def columns_of(files: Iterable[Path | str], told: Iterable[Mapping[str, Any]]) -> list[Column]:
    """The columns of files of maps; told: of each, `method`, `label` and `signed`."""
    return [Column(**about, maps=MapsFile(file)) for file, about in zip(files, told, strict=True)]


@dataclass(frozen=True)
class Asked:
    """What detections are drawn and explained: from which probability on, and `detection.boxes.which`."""

    threshold: float
    which: str


def detection_pages(
    shown: Iterable[View], columns: Sequence[Column], asked: Asked
) -> Iterator[tuple[str, Figure]]:
    """(name, sheet) of every page, one at a time: a page a picture, or more for many boxes or methods."""
    for view in shown:
        together = pages(len(columns), COLUMNS) if len(view.boxes) else [slice(0, COLUMNS)]
        most = max(some.stop - some.start for some in together)
        parts = pages(len(view.boxes), Layout.of(view.image.shape, most).rows)
        every = [(part, some) for part in parts for some in together]
        for number, (part, some) in enumerate(every, 1):
            several = len(every) > 1
            words = f"page {number} of {len(every)}" if several else ""
            name = f"{view.stem}-{number}" if several else view.stem
            yield name, detection_sheet(view, part, columns[some], asked, words)


@dataclass(frozen=True)
class Layout:
    """How the maps of a picture stand on a page, in inches.

    methods: maps beside each other; width, height: of a map; step: from one map to the next; rows: how many
    boxes a page takes.
    """

    methods: int
    width: float
    height: float
    step: float
    rows: int

    @classmethod
    def of(cls, shape: Sequence[int], methods: int) -> Layout:
        """For pictures of the shape (H, W, ...) and so many methods."""
        aspect = shape[1] / shape[0]
        across = (PAGE - LEFT - EDGE) / methods - GAP
        height = min(across / aspect, sqrt(AREA / aspect), HIGHEST)
        width = height * aspect
        rows = int(TALL / (max(height, LINE * (ROW_LINES + 1)) + GAP))
        return cls(methods, width, height, max(width, NARROW) + GAP, max(rows, 1))

    @property
    def across(self) -> float:
        """Inches of the table of maps with its row titles."""
        return LEFT + self.step * self.methods


@styled
def detection_sheet(
    view: View, part: slice, columns: Sequence[Column], asked: Asked, page: str = ""
) -> Figure:
    """The picture with all boxes; below, rows of some explained boxes and a column a method.

    part: which of the explained boxes; page: what the heading says of the page. A map is laid over the
    picture in grey, with its box. A map that is zero everywhere says so.
    """
    layout, boxes = Layout.of(view.image.shape, len(columns)), view.boxes.iloc[part]
    figure, axes = _empty()
    scale = min(WIDE / view.image.shape[1], HIGH / view.image.shape[0])
    size = view.image.shape[1] * scale, view.image.shape[0] * scale
    wide = 2 * EDGE + max(2 * MARGIN + size[0], layout.across if len(boxes) else 0)
    area = ((wide - size[0]) / 2, 0.1, *size)
    draw_view(axes, view, area)
    left_out = draw_labels(axes, view, area)
    key_at = high = area[1] + size[1] + KEY
    if len(boxes):
        high = _draw_maps(axes, view, boxes, columns, layout, ((wide - layout.across) / 2, high))
    scales = sorted({column.signed for column in columns}) if len(boxes) else []
    high += 0.15 + KEY_LINE * len(scales)
    _grow(figure, axes, wide, high)
    headed(figure, f"{view.name} ({page})" if page else view.name, _words(view, asked, left_out))
    line_key(figure, kinds_in(view), high - key_at + 0.05)
    colour_keys(figure, scales, ENDS)
    return figure


def _empty() -> tuple[Figure, Axes]:
    """A figure whose axes fill it."""
    figure = Figure()
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    return figure, axes


def _grow(figure: Figure, axes: Axes, wide: float, high: float) -> None:
    """The size of the figure in inches, which the axes count from the top left."""
    figure.set_size_inches(wide, high)
    axes.set_xlim(0, wide)
    axes.set_ylim(high, 0)
    axes.set_aspect("auto")


def _words(view: View, asked: Asked, left_out: int) -> str:
    """What there is to say of the picture as a whole."""
    found, explained = len(view.detections), len(view.boxes)
    if not found:
        words = [f"No detection above {asked.threshold:g}."]
    elif not explained:
        words = [
            f"{_count(found, 'detection')} above {asked.threshold:g}; {NONE_OF.get(asked.which, 'none')}."
        ]
    else:
        words = [f"{_count(found, 'detection')} above {asked.threshold:g}, {explained} explained."]
    if view.objects is not None:
        missed = f", {len(view.missed)} missed" if len(view.missed) else ""
        words.append(f"{_count(len(view.objects), 'true object')}{missed}.")
    if left_out:
        words.append(f"{_count(left_out, 'more box')} drawn without words.")
    return " ".join(words)


def _count(number: int, noun: str) -> str:
    """'1 detection', '2 detections'."""
    plural = f"{noun}es" if noun.endswith("x") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"


def _draw_maps(
    axes: Axes,
    view: View,
    boxes: pd.DataFrame,
    columns: Sequence[Column],
    layout: Layout,
    corner: tuple[float, float],
) -> float:
    """A table of maps, whose left and top `corner` says; where it ends."""
    heads = ["\n".join(broken(column.label, (layout.step - GAP) / HEAD_LETTER)) for column in columns]
    titles = [_row_title(found_words(box, view)) for _, box in boxes.iterrows()]
    start = corner[1] + LINE * max(head.count("\n") + 1 for head in heads) + 0.12
    pitch = max(layout.height, LINE * max(title.count("\n") + 1 for title in titles)) + GAP
    lefts = [corner[0] + LEFT + place * layout.step for place in range(len(columns))]
    for left, head in zip(lefts, heads, strict=True):
        x = left + (layout.step - GAP) / 2
        axes.text(x, start - 0.05, head, ha="center", va="bottom", fontsize=COLUMN_TEXT)
    base, inset = shrunk(view.image, layout.width, layout.height), (layout.step - GAP - layout.width) / 2
    for number, ((row, box), title) in enumerate(zip(boxes.iterrows(), titles, strict=True)):
        y = start + number * pitch
        middle = y + layout.height / 2
        axes.text(lefts[0] - 0.1, middle, title, ha="right", va="center", fontsize=ROW_TEXT)
        for left, column in zip(lefts, columns, strict=True):
            area = (left + inset, y, layout.width, layout.height)
            _draw_map(axes, base, column, int(row), edges_of(box), area, view.image.shape[:2])
    return start + len(boxes) * pitch


def _row_title(words: str) -> str:
    """The lines beside a row; a long name of a class takes some of them, and ends in dots."""
    name, *rest = words.split("\n")
    # In tenths of points, which the width of letters is nearly in proportion to.
    return "\n".join([*fitted_lines(name, round(10 * ROW_TEXT), (LEFT - 0.2) * 720, ROW_LINES), *rest])


def _draw_map(
    axes: Axes,
    base: np.ndarray,
    column: Column,
    row: int,
    box: np.ndarray,
    area: Area,
    size: tuple[int, int],
) -> None:
    """A map over its picture, with the box that it explains."""
    values = column.maps.read(row)
    place_picture(axes, overlay(base, values, column.signed), area)
    place_box(axes, box, "explained", area, size)
    if not (values.any() if column.signed else (values > 0).any()):
        place = area[0] + area[2] / 2, area[1] + area[3] - 0.04
        text = "zero everywhere" if area[2] > 1.1 else "zero"
        look = {"ha": "center", "va": "bottom", "fontsize": 8, "color": INK}
        axes.text(*place, text, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5}, **look)


@styled
def detection_overview(shown: Iterable[View], column: Column, asked: Asked) -> Figure:
    """Pictures with their boxes, each beside the map of its best explained box by one method."""
    figure, axes = _empty()
    pair, high, kinds, across = 2 * PAIR + 4 * GAP, 0.05, set(), 0
    rest = iter(shown)
    while row := list(islice(rest, PAIRS)):
        high += max(_fitted(view)[1] for view in row)
        for place, view in enumerate(row):
            _draw_pair(axes, view, column, asked, EDGE + place * pair, high)
            kinds |= kinds_in(view)
        high, across = high + 2 * LINE + 0.2, max(across, len(row))
    high += 0.2 + KEY + KEY_LINE
    _grow(figure, axes, 2 * EDGE + across * pair - 3 * GAP, high)
    words = (
        f"Left: detections above {asked.threshold:g}; right: the map by {column.label} of the most probable "
        "one that is explained."
    )
    headed(figure, "Detections and what they depend on", words)
    line_key(figure, kinds, 0.2 + KEY_LINE)
    colour_keys(figure, [column.signed] if "explained" in kinds else [], ENDS)
    return figure


def _fitted(view: View) -> tuple[float, float]:
    """Width and height in inches of a picture of the overview."""
    height, width = view.image.shape[:2]
    scale = PAIR / max(height, width)
    return width * scale, height * scale


def _draw_pair(axes: Axes, view: View, column: Column, asked: Asked, left: float, bottom: float) -> None:
    """A picture that stands on `bottom`, and beside it the map of its best box, with a note below each."""
    size = _fitted(view)
    lefts = [left + place * (PAIR + GAP) + (PAIR - size[0]) / 2 for place in range(2)]
    picture, beside = ((x, bottom - size[1], *size) for x in lefts)
    draw_view(axes, view, picture)
    _note(axes, f"{view.name}\n{_count(len(view.detections), 'detection')}", picture)
    if len(view.boxes):
        row, best = next(view.boxes.iterrows())
        base = shrunk(view.image, *size)
        _draw_map(axes, base, column, int(row), edges_of(best), beside, view.image.shape[:2])
        _note(axes, found_words(best, view).replace("\n", ", ").replace(", ", "\n", 1), beside)
        return
    axes.add_patch(Rectangle(beside[:2], *size, facecolor=(PALE / 255,) * 3))
    none = f"no detection above {asked.threshold:g}"
    _note(axes, NONE_OF.get(asked.which, "") if len(view.detections) else none, beside)


def _note(axes: Axes, text: str, area: Area) -> None:
    """Two lines below a picture, cut to the room that there is."""
    lines = [fitted_lines(line, round(10 * NOTE_TEXT), PAIR * 720, 1)[0] for line in text.split("\n")]
    look = {"ha": "center", "va": "top", "fontsize": NOTE_TEXT}
    axes.text(area[0] + area[2] / 2, area[1] + area[3] + 0.05, "\n".join(lines), **look)
