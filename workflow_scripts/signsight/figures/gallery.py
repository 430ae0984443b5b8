"""The gallery: sheets of pictures by methods, and how maps are drawn as pictures."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from signsight.core.stored import stored
from signsight.core.words import shortened
from signsight.figures.colour import normalise, overlay, to_rgb
from signsight.figures.examples import KEY_LINE, colour_keys
from signsight.figures.heading import headed, heading_height, network_warning, network_words
from signsight.figures.numbers import percent
from signsight.figures.pages import METHODS, digits, page_names, pages
from signsight.figures.sheet import LINE, Block, rows_of_page, sheet
from signsight.figures.style import GREY, RIGHT, WRONG, method_style, styled

ROWS = 8  # maximum number of pictures on one page
SIDE = 384  # pixels of a single file, at least
CELL, LEFT = 1.0, 2.1  # inches
HEAD_LETTERS = 13
PALE = 246  # grey of empty tiles


@dataclass(frozen=True)
class Column:
    """What one method gave: maps (n, H, W) float, and colours (n, 3, H, W) where it has them.

    refused: the sentence of a method that does not suit the network; then there are no maps.
    """

    method: str
    signed: bool
    maps: np.ndarray | None = None
    colours: np.ndarray | None = None
    refused: str = ""
    label: str = ""

    @property
    def title(self) -> str:
        """Its name in figures."""
        return self.label or method_style(self.method).label


@dataclass(frozen=True)
class Source:
    """The file of a column, of rule `gallery_maps`, and what there is to know of its method."""

    path: Path | str
    method: str
    signed: bool
    label: str = ""

    def read(self, rows: slice = slice(None), colours: bool = False) -> Column:
        """The column, of these pictures only, and with `colours` also those."""
        with stored(self.path) as file:
            if "refused" in file:
                return Column(self.method, self.signed, refused=str(file["refused"]), label=self.label)
            kept = {key: file[key][rows] for key in file if key == "maps" or colours}
        return Column(self.method, self.signed, label=self.label, **kept)


def names_of(table: pd.DataFrame) -> list[str]:
    """'01-stem' for every picture, so that the names sort as the pictures do."""
    stems = [shortened(re.sub(r"[^\w.-]+", "_", Path(file).stem)) for file in table["file"]]
    return [f"{place:0{digits(len(stems))}d}-{stem}" for place, stem in enumerate(stems, 1)]


def row_title(row: pd.Series, name: str) -> str:
    """Name of the picture and the predicted class with its probability.

    Where the right class is given, with the sign for right or wrong and the class; where something
    else is explained, with that.
    """
    predicted, given = row["predicted_name"], row["class_name"]
    lines = [name, _surely(predicted, row["probability"])]
    if given:
        lines[1] = f"{RIGHT if given == predicted else WRONG} {lines[1]}"
        lines += [f"true: {given}"] if given != predicted else []
    if (explained := row["explained_name"]) != predicted:
        alone = isinstance(row["explained_probability"], float) and row["explained_probability"] >= 0
        lines.append(f"explained: {_surely(explained, row['explained_probability']) if alone else explained}")
    return "\n".join(lines)


def _surely(name: str, probability: float) -> str:
    """'Speed limit 80, 82.2 %'."""
    return f"{name}, {percent(probability)}".replace(" %", "\N{NO-BREAK SPACE}%")


def gallery_pages(
    images: np.ndarray, table: pd.DataFrame, sources: Sequence[Source], network: Mapping[str, Any]
) -> Iterator[tuple[str, Figure]]:
    """(name, sheet) of every page, one at a time; names sort: first all methods of the first pictures.

    images: (n, H, W, 3) uint8; table: of `attribution.gallery.picture_table`; network: its `name` and
    `weights` in words, and whether these are `random`.
    """
    titles = [row_title(row, name) for (_, row), name in zip(table.iterrows(), names_of(table), strict=True)]
    groups = pages(len(sources), METHODS)
    rooms = [_rows_of_page(images, [one.read(slice(0)) for one in sources[some]], network) for some in groups]
    layout = [(rows, some) for rows in pages(len(images), min(rooms)) for some in groups]
    for number, (name, (rows, some)) in enumerate(zip(page_names(len(layout)), layout, strict=True), 1):
        columns = [source.read(rows) for source in sources[some]]
        figure = gallery_sheet(images[rows], titles[rows], columns)
        page = f"page {number} of {len(layout)}" if len(layout) > 1 else ""
        yield name, headed(figure, network_words(network), page, network_warning(network))


def _rows_of_page(images: np.ndarray, columns: Sequence[Column], network: Mapping[str, Any]) -> int:
    """How many pictures a page of these methods takes."""
    block = Block(images[:, None], [], ["Picture", *_heads(columns)])
    wide = LEFT + (len(columns) + 1) * (CELL + 0.07)
    above = heading_height(wide, network_words(network), "page", network_warning(network))
    notes, keys = _foot(columns)
    return min(rows_of_page(block, CELL, keys + _below(notes) + above), ROWS)


def _heads(columns: Sequence[Column]) -> list[str]:
    return [textwrap.fill(column.title, HEAD_LETTERS, break_on_hyphens=False) for column in columns]


def _foot(columns: Sequence[Column]) -> tuple[str, float]:
    """What stands below a sheet, why methods refused, and the inches of the keys of colours."""
    reasons = [f"{column.title}: {column.refused}" for column in columns if column.refused]
    notes = "\n".join(line for text in reasons for line in textwrap.wrap(text, _letters(len(columns))))
    return notes, 0.15 + KEY_LINE * len(_scales(columns))


def _scales(columns: Sequence[Column]) -> list[bool]:
    """Which scales of colours are in use: that of maps without sign, that of maps with sign."""
    shown = {column.signed for column in columns if not column.refused}
    return [signed for signed in (False, True) if signed in shown]


def _below(notes: str) -> float:
    """Inches of the notes below a sheet."""
    return LINE * (notes.count("\n") + 1) + 0.1 if notes else 0.0


@styled
def gallery_sheet(images: np.ndarray, titles: Sequence[str], columns: Sequence[Column]) -> Figure:
    """Rows are pictures (n, H, W, 3) in their true colours, columns the heat maps of the methods.

    A method that refused has empty tiles, and its reason stands below the sheet; a map that is zero
    everywhere is an empty tile that says so.
    """
    cells, words = [images], []
    for column in columns:
        drawn = np.full_like(images, PALE)
        if column.maps is None:
            words.append(["refused,\nsee below"] * len(images))
        else:
            there = column.maps.any((1, 2))
            drawn[there] = to_rgb(column.maps, column.signed)[there]
            words.append(["" if one else "zero\neverywhere" for one in there])
        cells.append(drawn)
    notes, keys = _foot(columns)
    block = Block(np.stack(cells, axis=1), titles, ["Picture", *_heads(columns)])
    figure = sheet([block], CELL, LEFT, foot=keys + _below(notes))
    colour_keys(figure, _scales(columns))
    axes = figure.axes[0]
    for place, marks in enumerate(words, 1):
        _mark_empty(axes, place, len(columns) + 1, marks)
    high = axes.get_ylim()[0]
    axes.text(0.15, high - keys - 0.05, notes, fontsize=8.5, va="bottom", linespacing=1.25)
    return figure


def _letters(columns: int) -> int:
    """Letters of a line as wide as a sheet."""
    return max(round((LEFT + (columns + 1) * CELL) / 0.078), 40)


def _mark_empty(axes: Axes, place: int, columns: int, marks: Sequence[str]) -> None:
    """Write into the empty tiles of a column of the sheet why they are empty."""
    for row, mark in zip(axes.images, marks, strict=True):
        if not mark:
            continue
        left, right, bottom, top = row.get_extent()
        x = left + (right - left) / columns * (place + 0.46)
        text = {"ha": "center", "va": "center", "fontsize": 8, "color": GREY}
        axes.text(x, (top + bottom) / 2, mark, **text)


def grey(values: np.ndarray, signed: bool) -> np.ndarray:
    """Maps (..., H, W) as greys (..., H, W) uint8: black is zero and white the largest value, or with
    `signed` black the most negative, mid-grey zero and white the most positive."""
    share = normalise(values, signed)
    return np.rint((share + 1) * 127.5 if signed else share * 255).astype(np.uint8)


def coloured_gradient(colours: np.ndarray) -> np.ndarray:
    """One value a colour (3, H, W) as a picture (H, W, 3) uint8; zero is mid-grey in every colour.

    The three colours share one scale, so that their balance is the method's own.
    """
    channels, height, width = colours.shape
    share = normalise(colours.reshape(channels * height, width), True).reshape(colours.shape)
    return np.rint((share + 1) * 127.5).astype(np.uint8).transpose(1, 2, 0)


def hard(picture: np.ndarray, side: int = SIDE) -> np.ndarray:
    """A picture (H, W[, 3]) with every pixel repeated until it is `side` high: nothing is smoothed."""
    times = max(-(-side // picture.shape[0]), 1)
    return picture.repeat(times, axis=0).repeat(times, axis=1)


def overlays(images: np.ndarray, column: Column, side: int) -> np.ndarray:
    """The pictures (n, H, W, 3) side by side in grey under their maps, about `side` pixels high."""
    laid = [overlay(image, values, column.signed) for image, values in zip(images, column.maps, strict=True)]
    return side_by_side(np.stack(laid), side)


def side_by_side(pictures: np.ndarray, side: int) -> np.ndarray:
    """Pictures (n, H, W, 3) uint8 in a row with white gaps, every pixel repeated to `side` at least."""
    gap = np.full((pictures.shape[1], 1, 3), 255, np.uint8)
    row = [piece for picture in pictures for piece in (picture, gap)][:-1]
    return hard(np.concatenate(row, axis=1), side)
