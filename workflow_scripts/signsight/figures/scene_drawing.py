"""A picture with what a detector finds in it: boxes in three line styles, and what they are beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from PIL import Image

from signsight.data.listing import SUFFIXES
from signsight.detection.scene import EDGES
from signsight.detection.scene_set import SceneSet
from signsight.figures.feature_pages import font_of
from signsight.figures.numbers import fixed, percent
from signsight.figures.pages import digits
from signsight.figures.style import DPI, GREY, INK, spread

GREEN, PALE_BLUE = "#00E676", "#8FD3FF"  # neither is a colour of a map
CASING = (patheffects.withStroke(linewidth=2.6, foreground="#000000B0"),)  # seen on every background
THIN = (patheffects.withStroke(linewidth=1.5, foreground="#00000080"),)  # of the lines to the words
LINES = {
    "explained": {"edgecolor": GREEN, "linewidth": 1.5, "linestyle": "-"},
    "found": {"edgecolor": PALE_BLUE, "linewidth": 0.9, "linestyle": "-"},
    "true": {"edgecolor": "white", "linewidth": 1.1, "linestyle": (0, (3.5, 2.5))},
}
WORDS = {"explained": "explained box", "found": "other detection", "true": "true object"}
MARGIN = 2.1  # inches at each side of a picture for the words on its boxes
LABEL_TEXT, LABEL_LINE = 8.0, 0.16
BOLD = 1.2  # how much wider bold letters are
Area = tuple[float, float, float, float]  # left, top, width, height in inches


@dataclass(frozen=True)
class View:
    """A picture and what is found in it.

    name: for people; stem: of files, "<place>-<name>", so that files sort as the pictures do. image:
    (H, W, 3) uint8. detections: those that are drawn, as `detect.Found` has them. boxes: those that are
    explained, whose index is their row among the maps.
    objects: of the truth; None where nobody said what is in the picture.
    """

    name: str
    stem: str
    image: np.ndarray
    detections: pd.DataFrame
    boxes: pd.DataFrame
    objects: pd.DataFrame | None

    @property
    def missed(self) -> pd.DataFrame | None:
        """The objects that none of the drawn detections finds; None where the objects are not known."""
        if self.objects is None:
            return None
        return self.objects[~self.objects["object"].isin(self.detections["object"])]


def views(
    scenes: SceneSet, detections: pd.DataFrame, boxes: pd.DataFrame, threshold: float, count: int
) -> Iterator[View]:
    """The first pictures of a scene set, one at a time; detections below the threshold are left out."""
    shown = detections[detections["probability"] >= threshold]
    for place, row in enumerate(scenes.pictures.head(count).itertuples(), 1):
        yield View(
            row.picture,
            file_stem(place, row.file, len(scenes)),
            scenes.picture(row.picture),
            shown[shown["picture"] == row.picture],
            boxes[boxes["picture"] == row.picture],
            scenes.objects(row.picture) if row.annotated else None,
        )


def file_stem(place: int, file: str, count: int) -> str:
    """How files on a picture of a scene set are called: (1, 'a.jpg.png', 12) -> '01-a'.

    place: of the picture among `count`, from 1.
    """
    name = file.removesuffix(".png")
    name = Path(name).stem if Path(name).suffix.lower() in SUFFIXES else name
    return f"{place:0{digits(count)}d}-{name}"


def found_words(one: pd.Series, view: View) -> str:
    """What a detection is, in lines: number and class, probability, and the overlap with its object."""
    lines = [f"{one['detection']} {one['label']}", percent(one["probability"])]
    if view.objects is not None:
        lines.append(f"IoU\N{NO-BREAK SPACE}{fixed(one['iou'], 2)}" if one["object"] else "no object")
    return "\n".join(lines).replace(" %", "\N{NO-BREAK SPACE}%")


def shrunk(picture: np.ndarray, width: float, height: float) -> np.ndarray:
    """A picture (H, W, 3) with no more pixels than `width` x `height` inches of the file have."""
    size = max(round(width * DPI), 1), max(round(height * DPI), 1)
    if size[0] >= picture.shape[1]:
        return picture
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def place_picture(axes: Axes, picture: np.ndarray, area: Area) -> None:
    """Draw a picture into an area of axes that count inches from the top left."""
    left, top, width, height = area
    axes.imshow(picture, extent=(left, left + width, top + height, top), interpolation_stage="rgba")
    axes.add_patch(Rectangle((left, top), width, height, fill=False, edgecolor=GREY, linewidth=0.5))


def place_box(axes: Axes, box: Sequence[float], kind: str, area: Area, size: tuple[int, int]) -> None:
    """Draw a box of a picture of `size` (height, width in pixels) that fills the area; kind: of LINES."""
    left, top, width, height = area
    x0, x1 = (left + width * float(np.clip(x, 0, size[1])) / size[1] for x in (box[0], box[2]))
    y0, y1 = (top + height * float(np.clip(y, 0, size[0])) / size[0] for y in (box[1], box[3]))
    axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, path_effects=CASING, **LINES[kind]))


def draw_view(axes: Axes, view: View, area: Area) -> None:
    """The picture with the boxes of its objects and detections, those that are explained on top."""
    place_picture(axes, shrunk(view.image, *area[2:]), area)
    others = view.detections[~view.detections["detection"].isin(view.boxes["detection"])]
    kinds = {"found": others, "explained": view.boxes, "true": view.objects}
    for kind, table in kinds.items():
        for box in [] if table is None else table[list(EDGES)].to_numpy(float):
            place_box(axes, box, kind, area, view.image.shape[:2])


def draw_labels(axes: Axes, view: View, area: Area) -> int:
    """Beside the picture, what its boxes are, each with a line to its box; the number of those left out.

    Explained boxes come first, then the other detections from the most probable one on, then the objects
    that none of them finds.
    """
    labels, capacity = _labels(view), max(int(area[3] / LABEL_LINE), 1)
    shown = labels[: 2 * capacity]
    places = [_middle(box, area, view.image.shape[:2]) for box, _, _ in shown]
    middle = area[0] + area[2] / 2
    order = np.argsort([x0 + x1 for x0, x1, _ in places], kind="stable")
    leftmost = sum(x0 + x1 < 2 * middle for x0, x1, _ in places)
    leftmost = min(max(leftmost, len(shown) - capacity), capacity)
    for side, own in (("left", order[:leftmost]), ("right", order[leftmost:])):
        wanted = [places[i][2] for i in own]
        heights = spread(wanted, LABEL_LINE, area[1] + LABEL_LINE / 2, area[1] + area[3] - LABEL_LINE / 2)
        for i, y in zip(own, heights, strict=True):
            _, text, kind = shown[i]
            _label(axes, text, kind, side, area, places[i], float(y))
    return len(labels) - len(shown)


def _label(
    axes: Axes,
    text: str,
    kind: str,
    side: str,
    area: Area,
    place: tuple[float, float, float],
    y: float,
) -> None:
    """A text at one side of a picture and the line from there to the box at `place`."""
    edge, sign, align = (area[0], -1, "right") if side == "left" else (area[0] + area[2], 1, "left")
    look = {"fontsize": LABEL_TEXT, "color": GREY}
    look |= {"color": INK, "fontweight": "bold"} if kind == "explained" else {}
    look |= {"fontstyle": "italic"} if kind == "true" else {}
    axes.plot([edge + 0.06 * sign, edge], [y, y], color=GREY, linewidth=0.6)
    line = {"color": LINES[kind]["edgecolor"], "linewidth": 0.7, "path_effects": THIN}
    axes.plot([edge, place[0] if side == "left" else place[1]], [y, place[2]], **line)
    axes.text(edge + 0.1 * sign, y, text, ha=align, va="center", **look)


def _labels(view: View) -> list[tuple[np.ndarray, str, str]]:
    """Box, text and kind of everything that is to be named, the most important first."""
    explained = view.detections["detection"].isin(view.boxes["detection"])
    labels = []
    for kind, table in (("explained", view.detections[explained]), ("found", view.detections[~explained])):
        for row in table.to_dict("records"):
            share = f" {percent(row['probability'], 0)}"
            labels.append((edges_of(row), _cut("{detection} {label}".format(**row), share, kind), kind))
    missed = view.missed
    for row in () if missed is None else missed.to_dict("records"):
        labels.append((edges_of(row), _cut(f"missed: {row['label']}", "", "true"), "true"))
    return labels


def edges_of(row: Mapping[str, Any]) -> np.ndarray:
    """(4,): the edges of the box of a row."""
    return np.array([row[edge] for edge in EDGES], float)


def _cut(text: str, rest: str, kind: str) -> str:
    """A text and the rest of it; what does not fit into the margin leaves dots in the text."""
    room = (MARGIN - 0.15) * 720 / (BOLD if kind == "explained" else 1)
    for letters in range(len(text), 0, -1):
        short = text[:letters].rstrip() + ("…" if letters < len(text) else "") + rest
        if font_of(round(10 * LABEL_TEXT)).getlength(short) <= room:
            break
    return short


def _middle(box: np.ndarray, area: Area, size: tuple[int, int]) -> tuple[float, float, float]:
    """Left and right edge of a box, and the height of its middle, in inches of the axes."""
    left, top, width, height = area
    x0, x1 = (left + width * float(np.clip(x, 0, size[1])) / size[1] for x in (box[0], box[2]))
    y = top + height * float(np.clip((box[1] + box[3]) / 2, 0, size[0])) / size[0]
    return x0, x1, y


def kinds_in(view: View) -> set[str]:
    """The kinds of lines, of LINES, that are drawn in a picture."""
    there = {
        "explained": len(view.boxes) > 0,
        "found": len(view.detections) > len(view.boxes),
        "true": view.objects is not None and len(view.objects) > 0,
    }
    return {kind for kind, drawn in there.items() if drawn}


def line_key(figure: Figure, kinds: Collection[str], bottom: float) -> None:
    """What lines of these kinds mean, `bottom` inches above the foot of the figure."""
    shown = [kind for kind in LINES if kind in kinds]
    if not shown:
        return
    looks = [(LINES[kind]["edgecolor"], LINES[kind]["linestyle"], LINES[kind]["linewidth"]) for kind in shown]
    handles = [
        Line2D([], [], color=colour, linestyle=line, linewidth=width + 0.3, path_effects=CASING)
        for colour, line, width in looks
    ]
    figure.legend(
        handles, [WORDS[kind] for kind in shown], loc="lower center", ncols=3, handlelength=2.6, fontsize=8.5,
        bbox_to_anchor=(0.5, bottom / figure.get_size_inches()[1]), borderpad=0, borderaxespad=0,
    )  # fmt: skip
