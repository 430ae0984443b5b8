"""Pages of pictures made by optimisation: of classes, of units beside natural pictures, and the way there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
import pandas as pd
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

from signsight.figures.gallery import PALE, hard
from signsight.figures.heading import headed
from signsight.figures.numbers import MINUS, NONE
from signsight.figures.pages import digits, page_names, pages
from signsight.figures.sheet import GAP, PIXELS, Block, fit, on_pages, sheet
from signsight.figures.style import DPI, GREY, VERMILLION, styled

COLUMNS, UNITS = 6, 7  # pictures in a row of a page of classes, at most; units on a page of filters
HEADING = 1.5  # inches that are left for the heading of a page
CELL = PIXELS / DPI  # inches: a pixel of the mosaic is one of the file
EDGE, UNIT_LEFT = 0.16, 1.2  # inches
NEVER = "never\nactivated"
HALO, STROKE, SMALLEST = 1, 3, 8  # pixels of the mosaic: of the frame around a patch, and of its inside
SCORES = {"logit": "logit", "softmax": "probability", "log_softmax": "log probability"}
ACROSS, AREA = 6, 3  # pictures in a row of the animation; up to so many are large
SIDES = {"large": 240, "small": 144}  # pixels of a picture of the animation
BAR_TEXT, LABEL_TEXT, LABEL_LINES, MARGIN = 15, 12, 3, 8


def class_pages(
    images: np.ndarray,
    index: pd.DataFrame,
    label: str,
    parts: Sequence[str] = (),
    steps: int = 0,
    score: str = "logit",
) -> Iterator[tuple[str, Figure]]:
    """(name, sheet) of every page of the pictures made by one recipe, restarts of one thing side by side.

    images: (N, H, W, 3) uint8; index: a row a picture, with `class_id` and `against` (-1 for none), `label`,
    `restart`, `score` and `active`. label, parts, steps: of the recipe; score: what it maximises of a class,
    a key of SCORES. Names sort as the pages do.
    """
    rows, notes = picture_rows(index), class_notes(index, score)
    words, active = recipe_words(parts, steps), index["active"].to_numpy(bool)
    columns = max(map(len, rows), default=1)
    layout = on_pages([_class_row(images, active, row, columns, notes) for row in rows], CELL, HEADING)
    if index["restart"].nunique() > 1:
        words = f"{words} Pictures of one name are restarts from other noise.".strip()
    first = 0
    for number, (name, blocks) in enumerate(zip(page_names(len(layout)), layout, strict=True), 1):
        title = f"Pictures made by optimisation: {label}"
        title += f" (page {number} of {len(layout)})" if len(layout) > 1 else ""
        figure = _class_page(blocks, rows[first : first + len(blocks)], active)
        yield name, headed(figure, title, words)
        first += len(blocks)


def recipe_words(parts: Sequence[str], steps: int) -> str:
    """What there is to say of a recipe besides its name: its parts and its number of steps."""
    told = [", ".join(part.replace("_", " ") for part in parts)] if parts else []
    told += [f"{steps:,} step{'s' if steps != 1 else ''}"] if steps else []
    return f"{'; '.join(told).capitalize()}." if told else ""


def picture_rows(index: pd.DataFrame) -> list[list[int]]:
    """Rows of at most COLUMNS pictures: in the order of the index, but restarts of one thing together.

    They share a row where there are no more than COLUMNS of them.
    """
    keys = ["class_id", "against", "label"]
    # Two things can have the same label, as directions of one layer do; then each restart is there twice.
    names = index[keys].assign(again=index.groupby([*keys, "restart"], sort=False).cumcount())
    things: dict[tuple[object, ...], list[int]] = {}
    for place, name in enumerate(names.itertuples(index=False, name=None)):
        things.setdefault(name, []).append(place)
    restarts = index["restart"].to_numpy()
    own = [sorted(places, key=lambda place: restarts[place]) for places in things.values()]
    together = max(COLUMNS // max(map(len, own), default=1), 1)
    rows = [list(chain(*own[start : start + together])) for start in range(0, len(own), together)]
    return [row[start : start + COLUMNS] for row in rows for start in range(0, len(row), COLUMNS)]


def class_notes(index: pd.DataFrame, score: str = "logit") -> list[str]:
    """What stands below every picture: what it shows, and the score that it reached."""
    notes = []
    for row in index.itertuples():
        name = SCORES[score] if row.class_id >= 0 else "activation"
        name += " difference" if row.class_id >= 0 and row.against >= 0 else ""
        notes.append(f"{row.label}\n{name} {short(row.score) if row.active else NONE}")
    return notes


def _class_row(
    images: np.ndarray, active: np.ndarray, row: Sequence[int], columns: int, notes: Sequence[str]
) -> Block:
    """A row of pictures as a block, so that it takes only as much room as its own notes need."""
    cells = np.full((1, columns, *images.shape[1:]), 255, np.uint8)
    below = np.full((1, columns), "", object)
    for column, place in enumerate(row):
        cells[0, column] = images[place] if active[place] else PALE
        below[0, column] = notes[place]
    return Block(cells, [""], notes=below)


@styled
def _class_page(blocks: Sequence[Block], rows: Sequence[Sequence[int]], active: np.ndarray) -> Figure:
    """A page of rows; pictures that nothing activated say so."""
    figure = sheet(blocks, CELL, EDGE)
    for number, (block, row) in enumerate(zip(blocks, rows, strict=True)):
        for column, place in enumerate(row):
            if not active[place]:
                mark(figure.axes[0], number, column, block.images.shape[1], NEVER)
    return figure


def filter_pages(
    images: np.ndarray,
    index: pd.DataFrame,
    examples: np.ndarray,
    table: pd.DataFrame,
    label: str,
    parts: Sequence[str] = (),
    steps: int = 0,
) -> Iterator[tuple[str, Figure]]:
    """(name, sheet) of every page, layer by layer: a row a unit, its picture beside the natural ones.

    images: (N, H, W, 3) uint8; index: `layer, channel, reached_max, active`, one row a unit; examples:
    (N, T, H, W, 3) uint8, the natural pictures that activate it most; table: of these, `layer, channel, rank,
    value` and the patch that does it, `top, left, bottom, right` (the last two exclusive), framed. label,
    parts, steps: of the recipe.
    """
    ranked = {unit: own for unit, own in table.sort_values("rank").groupby(["layer", "channel"], sort=False)}
    layers = list(dict.fromkeys(index["layer"]))
    for number, layer in enumerate(layers, 1):
        places = np.flatnonzero(index["layer"] == layer)
        layout = pages(len(places), UNITS)
        stem = f"{number:0{digits(len(layers))}d}-{re.sub(r'[^A-Za-z0-9._]+', '_', str(layer))}"
        for page, (name, part) in enumerate(zip(page_names(len(layout), stem), layout, strict=True), 1):
            units = index.iloc[places[part]]
            own = [ranked.get((row.layer, row.channel), table.iloc[:0]) for row in units.itertuples()]
            title = f"Units of layer {layer}, made by optimisation: {label}"
            title += f" (page {page} of {len(layout)})" if len(layout) > 1 else ""
            words = (
                f"{recipe_words(parts, steps)} Below each picture, the largest activation of the unit in "
                "it; in a natural picture, the framed patch causes it."
            )
            figure = _filter_page(images[places[part]], units, examples[places[part]], own)
            yield name, headed(figure, title, words.strip())


@styled
def _filter_page(
    images: np.ndarray, units: pd.DataFrame, examples: np.ndarray, tables: Sequence[pd.DataFrame]
) -> Figure:
    """Rows are units; tables: of each, its natural pictures in their order."""
    count, top = examples.shape[:2]
    across = round(PIXELS * images.shape[2] / images.shape[1])
    active = units["active"].to_numpy(bool)
    cells = np.full((count, 1 + top, PIXELS, across, 3), 255, np.uint8)
    notes = np.full((count, 1 + top), "", object)
    for row, (unit, table) in enumerate(zip(units.itertuples(), tables, strict=True)):
        cells[row, 0] = fit(images[row], PIXELS, across) if active[row] else PALE
        notes[row, 0] = short(unit.reached_max) if active[row] else ""
        for place, example in enumerate(table.head(top).itertuples()):
            box = (example.top, example.left, example.bottom, example.right)
            cells[row, 1 + place] = framed(examples[row, place], box)
            notes[row, 1 + place] = short(example.value)
    heads = ["made", *(f"natural, {_ordinal(rank)}" for rank in range(1, top + 1))]
    titles = [f"channel {channel}" for channel in units["channel"]]
    figure = sheet([Block(cells, titles, heads, notes=notes)], CELL, UNIT_LEFT)
    for row in np.flatnonzero(~active):
        mark(figure.axes[0], row, 0, 1 + top, NEVER)
    return figure


def _ordinal(rank: int) -> str:
    """1 -> '1st', 12 -> '12th'."""
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{rank}{'th' if rank % 100 in (11, 12, 13) else ends.get(rank % 10, 'th')}"


def framed(picture: np.ndarray, box: Sequence[float]) -> np.ndarray:
    """A picture (H, W, 3) uint8 as a tile of a sheet, PIXELS high, with a frame around a part of it.

    box: top, left, bottom, right in pixels of the picture, the last two exclusive; no frame where one is
    missing or negative. The frame lies around the part, or within it at the rim of the picture; it is
    vermillion between white lines, so that it is seen on every ground. Tiny parts get a larger frame.
    """
    height, width = picture.shape[:2]
    tile = fit(picture, PIXELS, round(PIXELS * width / height))
    if not all(np.isfinite(side) and side >= 0 for side in box):
        return tile
    ring = 2 * HALO + STROKE
    spans = []
    for low, high, side, room in (
        (box[0], box[2], height, tile.shape[0]),
        (box[1], box[3], width, tile.shape[1]),
    ):
        middle, half = (low + high) / 2 * room / side, max((high - low) * room / side, SMALLEST) / 2
        spans.append((max(round(middle - half) - ring, 0), min(round(middle + half) + ring, room)))
    white, stroke = (255, 255, 255), tuple(int(VERMILLION[i : i + 2], 16) for i in (1, 3, 5))
    for inset, thick, colour in ((0, ring, white), (HALO, STROKE, stroke)):
        top, bottom = spans[0][0] + inset, spans[0][1] - inset
        left, right = spans[1][0] + inset, spans[1][1] - inset
        tile[top : top + thick, left:right] = tile[bottom - thick : bottom, left:right] = colour
        tile[top:bottom, left : left + thick] = tile[top:bottom, right - thick : right] = colour
    return tile


@styled
def mark(axes: Axes, row: int, column: int, columns: int, text: str) -> None:
    """Write into a tile of a sheet; row: counted over all its blocks; columns: of that row."""
    drawn = axes.images[row]
    left, right, bottom, top = drawn.get_extent()
    pixels = drawn.get_array().shape[1]
    pitch = pixels // columns
    middle = (column * pitch + (pitch - GAP) / 2) / pixels
    look = {"ha": "center", "va": "center", "fontsize": 8, "color": GREY}
    axes.text(left + (right - left) * middle, (top + bottom) / 2, text, **look)


def short(value: float) -> str:
    """A number with three significant digits, tiny ones with two and an exponent; '–' for a missing one."""
    if not np.isfinite(value):
        return NONE if np.isnan(value) else ("∞" if value > 0 else f"{MINUS}∞")
    if abs(value) >= 999.5:
        text = f"{value:,.0f}"
    else:
        text = f"{value:.1e}" if 0 < abs(value) < 0.001 else f"{value + 0.0:#.3g}".rstrip(".")
    return text.replace("-", MINUS)


def way_frames(
    frames: np.ndarray,
    steps: Sequence[int],
    labels: Sequence[str],
    label: str = "",
    active: Sequence[bool] | None = None,
) -> list[np.ndarray]:
    """The way to pictures: an image (height, width, 3) uint8 for every kept step, for `save_animation`.

    frames: (n, F, H, W, 3) uint8 after so many `steps` (F,); labels: of the n pictures, below each; label: of
    the recipe; active: whether a gradient ever reached it.
    """
    rows = -(-len(frames) // ACROSS)
    across = -(-len(frames) // rows)
    tiles = np.stack([[_tile(one, len(frames)) for one in way] for way in frames])
    for place in np.flatnonzero(~np.asarray(active, bool)) if active is not None else ():
        tiles[place] = _never(*tiles.shape[2:4])
    width = across * (tiles.shape[3] + MARGIN) + MARGIN
    prefix = f"{label}: " if label else ""
    bars = [f"{prefix}after {step} of {steps[-1]} steps" for step in steps]
    lines = max(len(fitted_lines(bar, BAR_TEXT, width - 2 * MARGIN, LABEL_LINES)) for bar in bars)
    below = _captions(labels, tiles.shape[3])
    return [
        np.concatenate(
            [
                _text_bar(bar, width, lines),
                *(
                    _row(tiles[start : start + across, number], below[start : start + across], width)
                    for start in range(0, len(frames), across)
                ),
            ]
        )
        for number, bar in enumerate(bars)
    ]


def _tile(picture: np.ndarray, count: int) -> np.ndarray:
    """A picture as large as one of `count` is shown: whole pixels repeated, or shrunk if it is larger."""
    side = SIDES["large" if count <= AREA else "small"]
    times = side // picture.shape[0]
    if times:
        return hard(picture, times * picture.shape[0])
    return fit(picture, side, round(side * picture.shape[1] / picture.shape[0]))


def _never(height: int, width: int) -> np.ndarray:
    """The tile of what cannot be activated."""
    tile = Image.new("RGB", (width, height), (PALE,) * 3)
    place = {"anchor": "mm", "align": "center", "font": font_of(LABEL_TEXT)}
    ImageDraw.Draw(tile).multiline_text((width / 2, height / 2), NEVER, GREY, **place)
    return np.asarray(tile)


def _row(tiles: np.ndarray, below: np.ndarray, width: int) -> np.ndarray:
    """Tiles (n, h, w, 3) side by side, each above its caption (n, c, w, 3), on white, `width` wide."""
    cells = np.concatenate([tiles, below], axis=1)
    row = np.full((cells.shape[1] + MARGIN, width, 3), 255, np.uint8)
    for place, one in enumerate(cells):
        left = MARGIN + place * (cells.shape[2] + MARGIN)
        row[: cells.shape[1], left : left + cells.shape[2]] = one
    return row


def _captions(labels: Sequence[str], width: int) -> np.ndarray:
    """(n, height, width, 3) uint8: the labels, wrapped, all as high as the highest."""
    broken = [fitted_lines(label, LABEL_TEXT, width, LABEL_LINES) for label in labels]
    high = max(map(len, broken)) * (LABEL_TEXT + 3) + 4
    return np.stack([_written(lines, LABEL_TEXT, (width, high), (0, 2)) for lines in broken])


def _text_bar(text: str, width: int, lines: int) -> np.ndarray:
    """A line of text above the pictures, with room for so many lines."""
    size = width, lines * (BAR_TEXT + 3) + 8
    return _written(
        fitted_lines(text, BAR_TEXT, width - 2 * MARGIN, LABEL_LINES), BAR_TEXT, size, (MARGIN, 4)
    )


def _written(lines: Sequence[str], size: int, sides: tuple[int, int], at: tuple[int, int]) -> np.ndarray:
    """White (height, width, 3) uint8 of these sides (width, height) with lines of text."""
    bar = Image.new("RGB", sides, "white")
    for number, line in enumerate(lines):
        ImageDraw.Draw(bar).text((at[0], at[1] + number * (size + 3)), line, "black", font_of(size))
    return np.asarray(bar)


def font_of(size: int) -> ImageFont.FreeTypeFont:
    """The font of all figures, its letters so many pixels high."""
    return ImageFont.truetype(font_manager.findfont("DejaVu Sans"), size)


def fitted_lines(text: str, size: int, width: float, most: int) -> list[str]:
    """Text in lines no wider than `width` pixels, at most `most` of them; what is left out leaves dots."""
    font, lines, rest = font_of(size), [], " ".join(text.split())
    while rest and len(lines) < most:
        fits = next((n for n in range(len(rest), 1, -1) if font.getlength(rest[:n]) <= width), 1)
        if fits < len(rest) and " " in rest[: fits + 1]:
            fits = rest[: fits + 1].rindex(" ")
        lines.append(rest[:fits])
        rest = rest[fits:].lstrip()
    while rest and lines[-1]:  # the last line is shortened until the dots fit
        if font.getlength(f"{lines[-1]}…") <= width:
            return [*lines[:-1], f"{lines[-1]}…"]
        lines[-1] = lines[-1][:-1].rstrip()
    return lines or [""]
