"""Sheets of pictures made from given ones: guided gradients of layers, inversions and dreams."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from signsight.figures.feature_pages import CELL, HEADING, mark, recipe_words, short
from signsight.figures.gallery import PALE
from signsight.figures.heading import broken, headed
from signsight.figures.pages import pages
from signsight.figures.sheet import LINE, NOTE_TEXT, Block, on_pages, sheet, sheets
from signsight.figures.style import DPI, GREY, styled

Tiles = Callable[[np.ndarray], Mapping[str, np.ndarray]]

GRADIENT_ROWS, GRADIENT_PICTURES = 16, 4  # rows of gradients on all pages, of so many pictures at most
# (rule, tile) of the columns behind the picture, and what stands above them
COLUMNS = {
    ("published", "colour"): "published,\ncolour",
    ("published", "grey"): "published,\ngrey",
    ("signed", "colour"): "signed,\ncolour",
    ("signed", "grey"): "signed,\ngrey",
    ("signed", "positive"): "signed,\npositive part",
    ("signed", "negative"): "signed,\nnegative part",
}
INVERTED, LAYERS = 12, 8  # pictures on the strips of inversions, and layers beside each other
HEAD_LETTERS, TITLE_LETTERS = 14, 21  # of names of layers above columns, and beside rows
GRADIENT_LEFT, INVERTED_LEFT = 1.9, 1.4  # inches
DREAMS, LARGE = 12, 4  # pairs of dreams that are shown; up to so many are large, one below the other
SIDES = {"large": 3.2, "small": 2.25}  # inches
SPACE, EDGE = 0.1, 0.15  # inches between pictures, and around them
NOTE_LETTER = 0.07  # inches of a letter below a picture


@styled
def activation_sheets(
    pictures: np.ndarray, gradients: np.ndarray, index: pd.DataFrame, tiles: Tiles
) -> list[Figure]:
    """What in given pictures makes units of layers: guided gradients by both rules, drawn in several ways.

    pictures: (n, H, W, 3) uint8; gradients: (M, 3, H, W) float; index: of the M gradients, `picture` (its
    name), `row` (among the pictures), `layer`, `channel`, and `rule`, "published" or "signed". tiles: a
    gradient (3, H, W) -> "colour", "grey", "positive", "negative", (H, W, 3) uint8 each. Of many, some are
    shown; a gradient that is zero everywhere has pale tiles that say so.
    """
    found = {
        (row.row, row.layer, row.channel, row.rule): place for place, row in enumerate(index.itertuples())
    }
    blocks, words, rows = [], {}, 0
    chosen = shown_units(index)
    for (row, name), own in chosen.groupby(["row", "picture"], sort=False):
        cells = np.full((len(own), 1 + len(COLUMNS), *pictures.shape[1:]), PALE, np.uint8)
        cells[:, 0] = pictures[row]
        for place, unit in enumerate(own.itertuples()):
            drawn = {
                rule: tiles(gradients[at])
                for rule in ("published", "signed")
                if (at := found.get((row, unit.layer, unit.channel, rule))) is not None
                and np.any(gradients[at])
            }
            for column, (rule, kind) in enumerate(COLUMNS, 1):
                if rule in drawn:
                    cells[place, column] = drawn[rule][kind]
                else:
                    made = (row, unit.layer, unit.channel, rule) in found
                    words[rows + place, column] = "zero\neverywhere" if made else "not made"
        rows += len(own)
        titles = [_unit(unit.layer, unit.channel) for unit in own.itertuples()]
        blocks.append(Block(cells, titles, ["", *COLUMNS.values()], str(name)))
    some = _some(len(chosen), len(index.drop_duplicates(["row", "layer", "channel"])), "units")
    text = (
        "Published: of the sum of the unit's absolute values, which turns the direction where the unit is "
        f"negative; signed: of the unit as it is.{some}"
    )
    drawn, first = [], 0
    for page in on_pages(blocks, CELL, HEADING):
        figure, here = sheet(page, CELL, GRADIENT_LEFT), sum(len(block.images) for block in page)
        for (row, column), word in words.items():
            if first <= row < first + here:
                mark(figure.axes[0], row - first, column, 1 + len(COLUMNS), word)
        drawn.append(headed(figure, "Guided gradients from units of layers to the picture", text))
        first += here
    return drawn


def _unit(layer: str, channel: int) -> str:
    """What stands beside a row of gradients."""
    return "\n".join([*broken(str(layer), TITLE_LETTERS), f"channel {channel}"])


def shown_units(index: pd.DataFrame) -> pd.DataFrame:
    """One row a unit of a picture, of at most GRADIENT_ROWS units.

    The first GRADIENT_PICTURES pictures, and of each as many units, spread over its layers: the first unit
    of every layer, then the second ones; of too many layers, some that are spread evenly.
    """
    units = index.drop_duplicates(["row", "layer", "channel"])
    rows = list(dict.fromkeys(units["row"]))[:GRADIENT_PICTURES]
    room, parts = GRADIENT_ROWS // max(len(rows), 1), []
    for row in rows:
        own = units[units["row"] == row]
        turn = own.groupby("layer", sort=False).cumcount()
        firsts = own.index[turn == 0]
        if len(firsts) > room:
            parts.append(own.loc[firsts[np.linspace(0, len(firsts) - 1, room).round().astype(int)]])
        else:
            order = turn.sort_values(kind="stable").index[:room]
            parts.append(own.loc[own.index.isin(order)])
    return pd.concat(parts) if parts else units


def _some(shown: int, there: int, noun: str) -> str:
    """A sentence where not all are shown."""
    return f" {shown} of {there} {noun} are shown here." if shown < there else ""


@styled
def inversion_strips(
    pictures: np.ndarray,
    made: np.ndarray,
    index: pd.DataFrame,
    label: str,
    parts: Sequence[str] = (),
    steps: int = 0,
) -> list[Figure]:
    """Given pictures beside those that look to a layer like them, from layer to layer.

    pictures: (n, H, W, 3) uint8; made: (M, H, W, 3) uint8; index: of the M, `picture` (its name, first in the
    order of the pictures), `layer`, `depth`, `error` (relative feature error) and `psnr` (dB), which stand
    below. label, parts, steps: of the recipe. Many layers take several blocks.
    """
    names = list(dict.fromkeys(index["picture"]))
    layers = index.drop_duplicates("depth").sort_values("depth")
    places = {(row.picture, row.depth): place for place, row in enumerate(index.itertuples())}
    rows, blocks = range(min(len(names), INVERTED)), []
    for part in pages(len(layers), LAYERS):
        some = layers.iloc[part]
        cells = np.full((len(rows), 1 + len(some), *pictures.shape[1:]), 255, np.uint8)
        notes = np.full(cells.shape[:2], "", object)
        cells[:, 0] = pictures[: len(rows)]
        for row in rows:
            for column, depth in enumerate(some["depth"], 1):
                place = places.get((names[row], depth))
                if place is not None:
                    cells[row, column] = made[place]
                    one = index.iloc[place]
                    notes[row, column] = f"error {short(one['error'])}\n{_decibels(one['psnr'])}"
        heads = ["given", *("\n".join(broken(str(name), HEAD_LETTERS)) for name in some["layer"])]
        blocks.append(Block(cells, names[: len(rows)], heads, notes=notes))
    words = (
        f"{recipe_words(parts, steps)} Each picture is made so that the layer named above it gives what it "
        "gives for the given picture. Below: the squared error of that output, relative to its square; the "
        "likeness of the pixels (PSNR)."
        f"{_some(len(rows), len(names), 'pictures')}"
    )
    title = f"Given pictures, made again from layers: {label}"
    return [headed(one, title, words.strip()) for one in sheets(blocks, CELL, INVERTED_LEFT, HEADING)]


def _decibels(psnr: float) -> str:
    return f"{short(psnr) if not np.isfinite(psnr) else f'{psnr:.1f}'} dB"


@styled
def dream_sheets(
    pairs: Sequence[tuple[np.ndarray, np.ndarray]],
    index: pd.DataFrame,
    label: str,
    parts: Sequence[str] = (),
    steps: int = 0,
) -> list[Figure]:
    """Pictures beside their dreams, two columns of pairs where there are many.

    pairs: (picture, dream), (H, W, 3) uint8 each, of any sizes; index: of the pairs, `picture` (its name),
    `target`, `score_before` and `score_after`. label, parts, steps: of the recipe.
    """
    shown = min(len(pairs), DREAMS)
    across, side, room = (1, SIDES["large"], 2) if shown <= LARGE else (2, SIDES["small"], 6)
    notes = [_dream_notes(row, int(side / NOTE_LETTER)) for row in index.head(shown).itertuples()]
    words = (
        f"{recipe_words(parts, steps)} On the right, what the network finds in the picture on the left is "
        f"strengthened. Below: what is maximised, before and after.{_some(shown, len(pairs), 'dreams')}"
    )
    return [
        headed(
            _dream_page(pairs[part], notes[part], across, side),
            f"Dreams of given pictures: {label}",
            words.strip(),
        )
        for part in pages(shown, room)
    ]


def _dream_page(
    pairs: Sequence[tuple[np.ndarray, np.ndarray]], notes: Sequence[tuple[str, str]], across: int, side: float
) -> Figure:
    """So many pairs beside each other, each picture within `side` inches, with its note below."""
    figure = Figure()
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    high, step = 0.05, side + SPACE
    for start in range(0, len(pairs), across):
        row = range(start, min(start + across, len(pairs)))
        bottom = high + max(_height(picture, side) for place in row for picture in pairs[place])
        for column, place in enumerate(row):
            left = EDGE + column * (2 * step + SPACE)
            for offset, picture, note in zip((0, step), pairs[place], notes[place], strict=True):
                _draw_picture(axes, picture, note, left + offset, bottom, side)
        high = bottom + 0.22 + LINE * max(note.count("\n") + 1 for place in row for note in notes[place])
    wide = 2 * EDGE + across * (2 * step + SPACE) - 2 * SPACE
    figure.set_size_inches(wide, high)
    axes.set_xlim(0, wide)
    axes.set_ylim(high, 0)
    axes.set_aspect("auto")
    return figure


def _draw_picture(
    axes: Axes, picture: np.ndarray, note: str, left: float, bottom: float, side: float
) -> None:
    """A picture that stands on `bottom`, in the midst of `side` inches from `left`, and a note below it."""
    height = _height(picture, side)
    width = height * picture.shape[1] / picture.shape[0]
    corner = left + (side - width) / 2, bottom - height
    pixels = _resized(picture, max(round(width * DPI), 1), max(round(height * DPI), 1))
    extent = (corner[0], corner[0] + width, bottom, bottom - height)
    axes.imshow(pixels, extent=extent, interpolation="none")
    axes.add_patch(Rectangle(corner, width, height, fill=False, edgecolor=GREY, linewidth=0.5))
    axes.text(left + side / 2, bottom + 0.06, note, ha="center", va="top", fontsize=NOTE_TEXT)


def _dream_notes(row: Any, letters: int) -> tuple[str, str]:
    """What stands below a picture and below its dream, in lines of so many letters."""
    return (
        "\n".join([*broken(str(row.picture), letters), f"before: {short(row.score_before)}"]),
        "\n".join([*broken(f"dream of {row.target}", letters), f"after: {short(row.score_after)}"]),
    )


def _resized(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    """A picture at the size of the file: enlarged with hard pixels, or shrunk with Lanczos."""
    how = Image.Resampling.NEAREST if height >= picture.shape[0] else Image.Resampling.LANCZOS
    return np.asarray(Image.fromarray(picture).resize((width, height), how))


def _height(picture: np.ndarray, side: float) -> float:
    """Inches of a picture's height in a square of this side."""
    return side * min(1.0, picture.shape[0] / picture.shape[1])
