"""Sheets of examples: maps of test images, and of the user's own photographs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

from signsight.core.files import ArrayFile
from signsight.core.registry import figures
from signsight.data.imageset import ImageSet
from signsight.data.photograph_columns import Box, parse_boxes
from signsight.figures.choice import class_names, overview_rows
from signsight.figures.colour import overlay, palette, to_rgb
from signsight.figures.heading import headed, heading_height, network_warning, network_words
from signsight.figures.numbers import MINUS, percent
from signsight.figures.pages import METHODS, pages
from signsight.figures.repeats import labels_once
from signsight.figures.sheet import PIXELS, Block, fit, in_words, on_pages, sheet, sheets
from signsight.figures.style import RIGHT, WRONG, method_style, styled

KEY_LINE = 0.25  # inches of a line of the key of colours
ACROSS, PHOTOGRAPH = 3, 1.3  # photographs beside each other, and inches of their height
PAIR = 2 * PIXELS + 6  # pixels across of a photograph beside itself
# What the two ends of the scales of maps, unsigned and signed, mean.
ENDS = {False: ("0", "the map's largest"), True: (f"against the class ({MINUS})", "for it (+)")}


def verdict(predicted: str, probability: float, given: str | None) -> str:
    """'✓ Stop 99.8 %', or '✗ Yield 54.2 %' and the right class below; without a mark if not given."""
    text = f"{predicted} {percent(probability)}".replace(" %", "\N{NO-BREAK SPACE}%")
    if given is None:
        return f"{text}\nclass not given"
    if predicted == given:
        return f"{RIGHT} {text}"
    return f"{WRONG} {text}\ntrue: {given}"


@figures.register("overview", category="Attribution", subcategory="Overview", pages=True)
def overview(
    images: ImageSet,
    maps: Mapping[str, ArrayFile],
    clean_scores: Mapping[str, np.ndarray],
    classes: pd.DataFrame,
    identical_maps: pd.DataFrame,
    *,
    signed: Collection[str],
    overview_images: int,
) -> list[Figure]:
    """Some test images, a few of them misclassified, and their maps by every method.

    clean_scores: `predicted` and `confidence`, (1, N) each; identical_maps: methods with the same maps, which
    share a column.
    """
    labels = labels_once(maps, identical_maps)
    predicted, confidence = clean_scores["predicted"][0], clean_scores["confidence"][0]
    rows = overview_rows(images.index, predicted, confidence, overview_images)
    return overview_sheet(
        images.take(rows),
        {name: maps[name].take(rows) for name in labels},
        labels,
        signed,
        class_names(classes, images.class_ids[rows]),
        class_names(classes, predicted[rows]),
        confidence[rows],
    )


@styled
def overview_sheet(
    images: np.ndarray,
    maps: Mapping[str, np.ndarray],
    labels: Mapping[str, Sequence[str]],
    signed: Collection[str],
    truth: Sequence[str],
    predicted: Sequence[str],
    probability: np.ndarray,
) -> list[Figure]:
    """Pages whose rows are images, and whose columns the picture and one heat map a method.

    images: (n, H, W, 3) uint8; maps: method -> (n, H, W) float32; labels: what stands above each, the
    labels of all methods with these maps; signed: the methods whose maps have a sign. truth, predicted:
    class names; probability: (n,) float of the predicted class.
    """
    titles = [verdict(*row) for row in zip(predicted, map(float, probability), truth, strict=True)]
    found = []
    for part in pages(len(maps), METHODS):
        names = list(maps)[part]
        cells = [images, *(to_rgb(maps[name], name in signed) for name in names)]
        heads = ["Image", *(_head(labels[name]) for name in names)]
        scales = [False] * any(name not in signed for name in names)
        scales += [True] * any(name in signed for name in names)
        foot = 0.15 + KEY_LINE * len(scales)
        for figure in sheets([Block(np.stack(cells, axis=1), titles, heads)], left=2.0, foot=foot):
            colour_keys(figure, scales)
            found.append(figure)
    return found


def _head(labels: Sequence[str]) -> str:
    """'Grad-CAM++', and below it '= Smooth' and 'Grad-CAM++' where these are the same maps."""
    return "\n= ".join(label.replace(" ", "\n", 1) for label in labels)


def colour_keys(figure: Figure, scales: Sequence[bool], ends: Mapping[bool, Sequence[str]] = ENDS) -> None:
    """A strip for each scale in use (signed or not) that says what the colours of the maps mean."""
    wide, high = figure.get_size_inches()
    for place, signed in enumerate(reversed(scales)):
        bottom = 0.12 + KEY_LINE * place
        axes = figure.add_axes(((wide / 2 - 0.6) / wide, bottom / high, 1.2 / wide, 0.14 / high))
        axes.imshow(palette(signed)[None], aspect="auto")
        axes.set_axis_off()
        for x, text, side in zip((-0.05, 1.05), ends[signed], ("right", "left"), strict=True):
            axes.text(x, 0.5, text, transform=axes.transAxes, ha=side, va="center", fontsize=8.5)


@figures.register("photographs", category="Attribution", subcategory="Own photographs", pages=True)
def photographs(
    photographs: pd.DataFrame,
    photograph_images: ArrayFile,
    photograph_maps: Mapping[str, Mapping[str, np.ndarray]],
    *,
    signed: Collection[str],
    network: Mapping[str, Any],
) -> list[Figure]:
    """The user's own photographs with prediction, maps and stickers, and why a method has no maps.

    photographs: `file, predicted_name, probability, class_name` (empty where not known), and `boxes` of
    stickers; photograph_maps: method -> `maps` (n, h, w), or the sentence `refused`; network: see
    `heading.network_words`.
    """
    refused = [
        in_words(f"No maps of the photographs by {method_style(name).label}: {own['refused']}")
        for name, own in photograph_maps.items()
        if "refused" in own
    ]
    maps = {name: own["maps"] for name, own in photograph_maps.items() if "refused" not in own}
    if not maps:
        return refused
    notes = [
        f"{verdict(row.predicted_name, float(row.probability), row.class_name or None)}\n{row.file}"
        for row in photographs.itertuples()
    ]
    boxes = [parse_boxes(text) for text in photographs["boxes"]]
    pictures = photograph_images.read(0, len(photographs))
    return [*photograph_sheet(pictures, maps, signed, boxes, notes, network), *refused]


@styled
def photograph_sheet(
    pictures: np.ndarray,
    maps: Mapping[str, np.ndarray],
    signed: Collection[str],
    boxes: Sequence[Sequence[Box]],
    notes: Sequence[str],
    network: Mapping[str, Any],
) -> list[Figure]:
    """Own photographs beside themselves under their maps, with a note on each, and boxes of stickers.

    pictures: (n, S, S, 3) uint8; maps: method -> (n, h, w) float32; boxes: of each picture. Of one method
    several photographs stand beside each other, each with its note below; of more each has a row.
    """
    shown = [_shown(place, picture, maps, signed, boxes[place]) for place, picture in enumerate(pictures)]
    if len(maps) == 1:
        blocks, left = [_side_by_side(shown, notes)], 0.15
        title = f"Photographs, each beside itself under its {method_style(next(iter(maps))).label} map"
    else:
        blocks, left = _in_rows(shown, list(maps), notes), 2.0
        title = "Photographs, alone and under their map by each method"
    title += "; rectangles: stickers" if any(boxes) else ""
    wide = max(block.images.shape[1] * block.images.shape[3] for block in blocks) / PIXELS
    words = network_words(network), network_warning(network)
    above = heading_height(left + PHOTOGRAPH * wide, title, *words)
    laid = on_pages(blocks, PHOTOGRAPH, 0.1 + above)
    return [headed(sheet(page, PHOTOGRAPH, left=left), title, *words) for page in laid]


def _shown(
    place: int,
    picture: np.ndarray,
    maps: Mapping[str, np.ndarray],
    signed: Collection[str],
    boxes: Sequence[Box],
) -> np.ndarray:
    """A photograph and itself under each of its maps, with boxes: (1 + methods, PIXELS, PIXELS, 3) uint8."""
    large = enlarged(picture)
    views = [large, *(overlay(large, own[place], name in signed) for name, own in maps.items())]
    return np.stack([framed(fit(view, PIXELS, PIXELS), boxes) for view in views])


def framed(picture: np.ndarray, boxes: Sequence[Box]) -> np.ndarray:
    """A picture with boxes, a black line about a white one, which is seen on every ground."""
    image = Image.fromarray(picture)
    draw, (width, height) = ImageDraw.Draw(image), image.size
    for left, upper, right, lower in boxes:
        edges = round(left * width), round(upper * height), round(right * width), round(lower * height)
        for inset, colour in ((0, "black"), (1, "white")):
            corner = edges[0] + inset, edges[1] + inset
            far = max(edges[2] - 1 - inset, corner[0]), max(edges[3] - 1 - inset, corner[1])
            draw.rectangle((*corner, *far), outline=colour)
    return np.asarray(image)


def _side_by_side(shown: Sequence[np.ndarray], notes: Sequence[str]) -> Block:
    """Photographs by one method, ACROSS in a row."""
    columns = min(ACROSS, len(shown))
    rows = -(-len(shown) // columns)
    cells = np.full((rows * columns, PIXELS, PAIR, 3), 255, np.uint8)
    below = np.full(rows * columns, "", object)
    for place, (picture, under) in enumerate(shown):
        cells[place, :, :PIXELS], cells[place, :, PIXELS + 6 :] = picture, under
        below[place] = notes[place]
    shape = rows, columns, *cells.shape[1:]
    return Block(cells.reshape(shape), [""] * rows, notes=below.reshape(rows, columns))


def _in_rows(shown: Sequence[np.ndarray], names: Sequence[str], notes: Sequence[str]) -> list[Block]:
    """Photographs by several methods, each in a row of its own; so many methods as a page takes."""
    cells = np.stack(shown)
    blocks = []
    for part in pages(len(names), METHODS):
        own = np.concatenate([cells[:, :1], cells[:, 1:][:, part]], axis=1)
        heads = ["Photograph", *(method_style(name).label.replace(" ", "\n", 1) for name in names[part])]
        blocks.append(Block(own, list(notes), heads))
    return blocks


def enlarged(picture: np.ndarray) -> np.ndarray:
    """A small picture repeated to PIXELS at least, so that the map over it is smooth."""
    times = max(PIXELS // max(picture.shape[:2]), 1)
    return picture.repeat(times, axis=0).repeat(times, axis=1)
