"""Sheets of examples: heat maps, masked, stickered, rotated and warped pictures, own photographs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from signsight.figures.colour import overlay, palette, to_rgb
from signsight.figures.numbers import MINUS, percent
from signsight.figures.sheet import PIXELS, Block, fit, sheet
from signsight.figures.stickers import TARGETS, size_label
from signsight.figures.style import RIGHT, WRONG, method_style, styled

KEY_LINE = 0.25  # inches of a line of the key of colours
TRANSFORMS = {
    "rotation": "Rotation in the plane",
    "perspective_vertical": "Turned about the vertical axis, in perspective",
    "perspective_horizontal": "Turned about the horizontal axis, in perspective",
}


def verdict(predicted: str, probability: float, given: str | None) -> str:
    """'✓ Stop 99.8 %', or '✗ Yield 54.2 %' and the right class below; without a mark if not given."""
    text = f"{predicted} {percent(probability)}".replace(" %", "\N{NO-BREAK SPACE}%")
    if given is None:
        return f"{text}\nclass not given"
    if predicted == given:
        return f"{RIGHT} {text}"
    return f"{WRONG} {text}\ntrue: {given}"


def mark(right: bool) -> str:
    """A sign for right or wrong that needs no colour."""
    return RIGHT if right else WRONG


@styled
def overview(
    images: np.ndarray,
    maps: Mapping[str, np.ndarray],
    signed: Collection[str],
    truth: Sequence[str],
    predicted: Sequence[str],
    probability: np.ndarray,
) -> Figure:
    """Rows are images, columns the picture and one heat map a method.

    images: (n, H, W, 3) uint8; maps: method -> (n, H, W) float32; signed: the methods whose maps have
    a sign. truth, predicted: class names; probability: (n,) float of the predicted class.
    """
    cells = [images, *(to_rgb(values, name in signed) for name, values in maps.items())]
    titles = [verdict(*row) for row in zip(predicted, map(float, probability), truth, strict=True)]
    heads = ["Image", *(method_style(name).label.replace(" ", "\n", 1) for name in maps)]
    scales = [False] * any(name not in signed for name in maps)
    scales += [True] * any(name in signed for name in maps)
    foot = 0.15 + KEY_LINE * len(scales)
    figure = sheet([Block(np.stack(cells, axis=1), titles, heads)], left=2.0, foot=foot)
    colour_keys(figure, scales)
    return figure


def colour_keys(figure: Figure, scales: Sequence[bool]) -> None:
    """A strip for each scale in use (signed or not) that says what the colours of the maps mean."""
    wide, high = figure.get_size_inches()
    ends = {False: ("0", "the map's largest"), True: (f"against the class ({MINUS})", "for it (+)")}
    for place, signed in enumerate(reversed(scales)):
        bottom = 0.12 + KEY_LINE * place
        axes = figure.add_axes(((wide / 2 - 0.6) / wide, bottom / high, 1.2 / wide, 0.14 / high))
        axes.imshow(palette(signed)[None], aspect="auto")
        axes.set_axis_off()
        for x, text, side in zip((-0.05, 1.05), ends[signed], ("right", "left"), strict=True):
            axes.text(x, 0.5, text, transform=axes.transAxes, ha=side, va="center", fontsize=8.5)


@styled
def masked_sheet(
    images: Mapping[str, np.ndarray],
    masked_cells: Sequence[int],
    titles: Sequence[str],
    right: Mapping[str, np.ndarray] | None = None,
) -> Figure:
    """A block an image: rows are methods, columns the number of masked cells.

    images: method -> (n, k, H, W, 3) uint8 for n images and k = len(masked_cells); titles: n texts.
    right: method -> (n, k) bool, whether the prediction still holds, marked below each picture.
    """
    names = [method_style(name).label for name in images]
    heads = [f"{k} masked" if k == masked_cells[0] else str(k) for k in masked_cells]
    blocks = []
    for place, title in enumerate(titles):
        cells = np.stack([pictures[place] for pictures in images.values()])
        notes = None
        if right is not None:
            notes = np.array([[mark(x) for x in right[name][place]] for name in images])
        blocks.append(Block(cells, names, heads, title, notes))
    return sheet(blocks, cell=0.75, left=1.75)


@styled
def sticker_sheet(
    images: Mapping[str, np.ndarray],
    stickers: Sequence[tuple[str, str]],
    titles: Mapping[str, Sequence[str]],
    notes: Mapping[str, np.ndarray] | None = None,
) -> Figure:
    """A block a target: rows are pictures, columns the stickers and sizes of sign.

    images: target ('stock', 'user_stock', 'test') -> (n, k, H, W, 3) uint8; stickers: k pairs
    (sticker, sign_size); titles: target -> n texts; notes: target -> (n, k) str below each picture.
    """
    heads = [_sticker_head(sticker, size) for sticker, size in stickers]
    blocks = [
        Block(pictures, titles[name], heads, TARGETS[name], None if notes is None else notes[name])
        for name, pictures in images.items()
    ]
    return sheet(blocks, cell=1.15, left=1.7)


def sticker_notes(truth: np.ndarray, seen: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """(n, k) notes for `sticker_sheet`: the mark for right, or that for wrong with the predicted class.

    truth: (n,) int class ids; seen: (n, k) int predicted ids; names: class names by id.
    """
    notes = np.full(seen.shape, RIGHT, object)
    for place in zip(*np.nonzero(seen != np.asarray(truth)[:, None]), strict=True):
        notes[place] = f"{WRONG} {names[seen[place]]}"
    return notes


def _sticker_head(sticker: str, size: str) -> str:
    return "without" if size == "none" else f"{sticker},\n{size_label(size)} sign"


@styled
def geometry_sheet(
    images: Mapping[str, np.ndarray],
    degrees: Mapping[str, Sequence[int]],
    titles: Sequence[str],
) -> Figure:
    """A block a transform: rows are pictures, columns the degrees.

    images: transform -> (n, k, H, W, 3) uint8; degrees: transform -> k angles; titles: n texts.
    """
    blocks = [
        Block(pictures, titles, [degree_label(d) for d in degrees[name]], TRANSFORMS[name])
        for name, pictures in images.items()
    ]
    return sheet(blocks, cell=0.75, left=1.6)


def degree_label(degree: int) -> str:
    """'−45°'."""
    return f"{MINUS if degree < 0 else ''}{abs(degree)}°"


@styled
def real_examples(
    pictures: Sequence[np.ndarray],
    maps: np.ndarray,
    method: str,
    signed: bool,
    predicted: Sequence[str],
    probability: Sequence[float],
    given: Sequence[str | None],
    columns: int = 3,
) -> Figure:
    """Own photographs beside themselves under their map; below, the predicted and the given class.

    pictures: (H, W, 3) uint8 of any sizes; maps: (n, h, w) float32 of `method`; given: the class
    name where known, else None.
    """
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    cells = np.full((rows * columns, PIXELS, 2 * PIXELS + 6, 3), 255, np.uint8)
    notes = np.full(rows * columns, "", object)
    for place, picture in enumerate(pictures):
        cells[place, :, :PIXELS] = fit(picture, PIXELS, PIXELS)
        cells[place, :, PIXELS + 6 :] = fit(overlay(enlarged(picture), maps[place], signed), PIXELS, PIXELS)
        notes[place] = verdict(predicted[place], float(probability[place]), given[place])
    block = Block(
        cells.reshape(rows, columns, *cells.shape[1:]),
        [""] * rows,
        title=f"Photographs, each beside itself under its {method_style(method).label} map",
        notes=notes.reshape(rows, columns),
    )
    return sheet([block], cell=1.3, left=0.15)


def enlarged(picture: np.ndarray) -> np.ndarray:
    """A small picture repeated to PIXELS at least, so that the map over it is smooth."""
    times = max(PIXELS // max(picture.shape[:2]), 1)
    return picture.repeat(times, axis=0).repeat(times, axis=1)
