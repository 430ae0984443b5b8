"""Sheets of examples: heat maps, masked, stickered, rotated and warped pictures, own photographs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from signsight.core.files import ArrayFile
from signsight.core.registry import figures
from signsight.data.imageset import ImageSet
from signsight.figures.choice import class_names, example_rows, overview_rows, spread_degrees
from signsight.figures.colour import overlay, palette, to_rgb
from signsight.figures.numbers import MINUS, percent
from signsight.figures.sheet import PIXELS, Block, fit, in_words, sheet
from signsight.figures.stickers import TARGETS, size_label
from signsight.figures.style import RIGHT, WRONG, method_style, styled
from signsight.perturbation.geometry import warped_examples
from signsight.perturbation.masking import masked_steps
from signsight.perturbation.stickering import sticker_cells, stickered_examples

KEY_LINE = 0.25  # inches of a line of the key of colours
ACROSS = 3  # photographs beside each other
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


@figures.register("overview", category="Attribution", subcategory="Overview")
def overview(
    images: ImageSet,
    maps: Mapping[str, ArrayFile],
    clean_scores: Mapping[str, np.ndarray],
    classes: pd.DataFrame,
    *,
    signed: Collection[str],
    overview_images: int,
) -> Figure:
    """Some test images, a few of them misclassified, and their maps by every method.

    clean_scores: `predicted` and `confidence`, (1, N) each.
    """
    predicted, confidence = clean_scores["predicted"][0], clean_scores["confidence"][0]
    rows = overview_rows(images.index, predicted, confidence, overview_images)
    return overview_sheet(
        images.take(rows),
        {name: file.take(rows) for name, file in maps.items()},
        signed,
        class_names(classes, images.class_ids[rows]),
        class_names(classes, predicted[rows]),
        confidence[rows],
    )


@styled
def overview_sheet(
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


@figures.register("masked_sheet", category="Masking", subcategory="Examples")
def masked_sheet(
    images: ImageSet,
    cells: Mapping[str, ArrayFile],
    masking_scores: Mapping[str, Mapping[str, np.ndarray]],
    classes: pd.DataFrame,
    *,
    masked_cells: Sequence[int],
    grid: int,
    colour: Sequence[float],
    sheet_images: int,
) -> Figure:
    """A few test images with their most relevant cells masked, by every method.

    cells: method -> (N, K) ranked cells; masking_scores: method -> results of the metric `grid_masking`.
    """
    rows = example_rows(images.index, sheet_images)
    pictures, right = {}, {}
    for method, scores in masking_scores.items():
        ranked = cells[method].take(rows)[:, : max(masked_cells)]
        pictures[method] = masked_steps(images.take(rows), ranked, grid=grid, colour=colour)
        places = [scores["x"].tolist().index(number) for number in masked_cells]
        right[method] = scores["curve_masked_accuracy"][rows][:, places] == 1
    return mask_sheet(pictures, masked_cells, class_names(classes, images.class_ids[rows]), right)


@styled
def mask_sheet(
    images: Mapping[str, np.ndarray],
    masked_cells: Sequence[int],
    titles: Sequence[str],
    right: Mapping[str, np.ndarray],
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
        notes = np.array([[RIGHT if x else WRONG for x in right[name][place]] for name in images])
        blocks.append(Block(cells, names, heads, title, notes))
    return sheet(blocks, cell=0.75, left=1.75)


@figures.register("sticker_sheet", category="Stickers", subcategory="Examples")
def sticker_sheet(
    sticker_bases: Mapping[str, ImageSet],
    sticker_scores: Mapping[str, Mapping[str, np.ndarray]],
    cells: Mapping[str, ArrayFile],
    images: ImageSet,
    classes: pd.DataFrame,
    *,
    sticker_method: str,
    sticker_sets: Mapping[str, Sequence[str]],
    designs: Mapping[str, Mapping[str, Any]],
    sign_widths: Mapping[str, Mapping[str, float]],
    grid: int,
    sheet_images: int,
) -> Figure:
    """A few stock signs and test images with every sticker, on the most relevant cell by one method.

    sticker_bases: target -> its pictures, of which `test` are the test images; sticker_scores: target ->
    `sets` and `predicted` (sets, N); sticker_sets: name of a set -> its design and size of sign.
    """
    first = cells[sticker_method].read(0, len(images))[:, 0]
    names, shapes = (classes.set_index("class_id")[key].to_dict() for key in ("name", "shape"))
    looks = [(designs[design], sign_widths[size]) for design, size in sticker_sets.values()]
    pictures, titles, notes = {}, {}, {}
    for target, base in sticker_bases.items():
        rows = example_rows(base.index, sheet_images)
        truth = base.class_ids[rows]
        own = (
            first if target == "test" else sticker_cells(base.class_ids, images.class_ids, first, len(names))
        )
        pictures[target] = stickered_examples(
            base.take(rows), own[rows], [shapes[one] for one in truth], looks, grid
        )
        scores = sticker_scores[target]
        seen = dict(zip(map(str, scores["sets"]), scores["predicted"], strict=True))
        predicted = np.stack([seen[name][rows] for name in sticker_sets], axis=1)
        titles[target] = class_names(classes, truth)
        notes[target] = sticker_notes(truth, predicted, names)
    return sticker_blocks(pictures, list(sticker_sets.values()), titles, notes)


@styled
def sticker_blocks(
    images: Mapping[str, np.ndarray],
    stickers: Sequence[Sequence[str]],
    titles: Mapping[str, Sequence[str]],
    notes: Mapping[str, np.ndarray],
) -> Figure:
    """A block a target: rows are pictures, columns the stickers and sizes of sign.

    images: target ('stock', 'user_stock', 'test') -> (n, k, H, W, 3) uint8; stickers: k pairs
    (sticker, sign_size); titles: target -> n texts; notes: target -> (n, k) str below each picture.
    """
    heads = [_sticker_head(sticker, size) for sticker, size in stickers]
    blocks = [
        Block(pictures, titles[name], heads, TARGETS[name], notes[name]) for name, pictures in images.items()
    ]
    return sheet(blocks, cell=1.15, left=1.7)


def sticker_notes(truth: np.ndarray, seen: np.ndarray, names: Mapping[int, str]) -> np.ndarray:
    """(n, k) notes for `sticker_blocks`: the mark for right, or that for wrong with the predicted class.

    truth: (n,) int class ids; seen: (n, k) int predicted ids; names: class names by id.
    """
    notes = np.full(seen.shape, RIGHT, object)
    for place in zip(*np.nonzero(seen != np.asarray(truth)[:, None]), strict=True):
        notes[place] = f"{WRONG} {names[seen[place]]}"
    return notes


def _sticker_head(sticker: str, size: str) -> str:
    return "without" if size == "none" else f"{sticker},\n{size_label(size)} sign"


@figures.register(
    "geometry_sheet",
    category="Rotation and perspective",
    subcategory="Examples",
    when={"stage": "geometry"},
)
def geometry_sheet(
    images: ImageSet, classes: pd.DataFrame, *, degrees: Mapping[str, Sequence[int]], sheet_images: int
) -> Figure:
    """A few test images at some of the degrees, transform -> degrees."""
    rows = example_rows(images.index, sheet_images)
    shown = {name: spread_degrees(own) for name, own in degrees.items() if own}
    pictures = {name: warped_examples(images.take(rows), name, own) for name, own in shown.items()}
    return warp_sheet(pictures, shown, class_names(classes, images.class_ids[rows]))


@styled
def warp_sheet(
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


@figures.register("photographs", category="Attribution", subcategory="Own photographs")
def photographs(
    photographs: pd.DataFrame,
    photograph_images: ArrayFile,
    photograph_maps: Mapping[str, np.ndarray],
    *,
    method: str,
    signed: Collection[str],
) -> Figure:
    """The user's own photographs with prediction and map, or why the method has no maps.

    photographs: `predicted_name, probability, class_name` (empty where not known); photograph_maps:
    `maps` (n, h, w), or the sentence `refused`.
    """
    if "refused" in photograph_maps:
        return in_words(f"No maps of the photographs: {photograph_maps['refused']}")
    return photograph_sheet(
        photograph_images.read(0, len(photographs)),
        photograph_maps["maps"],
        method,
        method in signed,
        photographs["predicted_name"].tolist(),
        photographs["probability"].tolist(),
        [name or None for name in photographs["class_name"]],
    )


@styled
def photograph_sheet(
    pictures: Sequence[np.ndarray],
    maps: np.ndarray,
    method: str,
    signed: bool,
    predicted: Sequence[str],
    probability: Sequence[float],
    given: Sequence[str | None],
) -> Figure:
    """Own photographs beside themselves under their map; below, the predicted and the given class.

    pictures: (H, W, 3) uint8 of any sizes; maps: (n, h, w) float32 of `method`; given: the class
    name where known, else None.
    """
    columns = min(ACROSS, len(pictures))
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
