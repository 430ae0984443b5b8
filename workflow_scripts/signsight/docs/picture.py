"""docs/figures/architecture.svg: the path of an image through the stages, and the parts of the package."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from signsight.docs.imports import LAYERS, direct, parts
from signsight.docs.stages import STAGES, stages
from signsight.figures.style import BLUE, GREY, INK, VERMILLION, save, styled

WIDTH, PITCH, BOX = 13.0, 2.2, 1.42  # inches: of the picture, from column to column, of a box
LINE, HEAD, GAP = 0.21, 0.36, 0.5  # height of a line of text, of a title, between the rows of stages
LEVEL, LOW = 0.92, 0.42  # from layer to layer of the package, height of a part
TITLE = 0.5  # room for a panel's title
# Column of each part of the package; what is not there yet is left out.
COLUMNS = {
    "core": 2, "data": 2, "signs": 3, "data/sets": 4, "models": 1.5, "attribution": 1, "perturbation": 3,
    "config": 4, "features": 0.5, "evaluation": 2, "detection": 3, "figures": 4, "explorer": 2, "plan": 4,
    "verdict": 5, "plugins": 5, "docs": 3, "provenance": 5,
}  # fmt: skip
NOTE = (
    "Imports run downwards or along a layer, never in a circle.\nThose that follow from others are left out."
)
BENDS = (0, 0.15, -0.15, 0.3, -0.3, 0.45, -0.45)  # of an arrow, the first that keeps clear of boxes


class Box(NamedTuple):
    """A box by its lower left corner and its size, in inches."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> tuple[float, float]:
        """The centre."""
        return self.x + self.width / 2, self.y + self.height / 2

    def holds(self, points: np.ndarray, margin: float = 0.04) -> bool:
        """Whether one of the points (N, 2) lies within the box or close to it."""
        low = np.array([self.x, self.y]) - margin
        high = np.array([self.x + self.width, self.y + self.height]) + margin
        return bool(((points > low) & (points < high)).all(1).any())


def svg() -> str:
    """The picture as SVG; the same code yields the same text."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "architecture.svg")
        save(draw(), [file])
        return file.read_text(encoding="utf-8")


@styled
def draw() -> Figure:
    """Above the stages with their rules, below the package with its imports."""
    flow = stage_boxes(stages())
    house = part_boxes(list(parts()))
    low = min(box.y for box in flow.values())
    high = max(box.y + box.height for box in house.values())
    height = high + 2 * TITLE - low + 0.1
    figure = Figure(figsize=(WIDTH, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(0, height))
    axes.axis("off")
    up = height - TITLE
    flow = {name: box._replace(y=box.y + up) for name, box in flow.items()}
    _title(axes, up, "The path of an image: each box is a file of rules/ with its rules")
    _draw_stages(axes, flow)
    _title(axes, high + 0.1, "The package signsight: an arrow points to what a part imports")
    axes.text(0.3, high, NOTE, fontsize=9.5, va="top", linespacing=1.5)
    _draw_parts(axes, house)
    return figure


def _title(axes: Axes, y: float, text: str) -> None:
    axes.text(0.3, y + 0.12, text, fontsize=13, fontweight="bold", va="bottom")


def stage_boxes(found: dict[str, list[str]]) -> dict[str, Box]:
    """Boxes of the stages with their rules, the upper edge of the first row at 0."""
    heights = {name: HEAD + LINE * len(own) + 0.1 for name, own in found.items()}
    boxes = {}
    for name in found:
        side = STAGES[name].column > 3  # the second row keeps clear of the first at its own side
        above = [heights[one] for one in found if STAGES[one].row == 0 and (STAGES[one].column > 3) == side]
        top = -max(above) - GAP if STAGES[name].row else 0.0
        x = 0.3 + STAGES[name].column * PITCH
        boxes[name] = Box(x, top - heights[name], BOX, heights[name])
    return boxes


def part_boxes(names: Sequence[str]) -> dict[str, Box]:
    """Boxes of the parts of the package, from the ground up; KeyError for a part without a place."""
    layers = [[name for name in layer if name in names] for layer in LAYERS]
    boxes = {}
    for level, layer in enumerate(one for one in layers if one):
        for name in layer:
            boxes[name] = Box(0.3 + COLUMNS[name] * PITCH, 0.25 + level * LEVEL, BOX, LOW)
    return boxes


def _draw_stages(axes: Axes, boxes: dict[str, Box]) -> None:
    for name, own in stages().items():
        box = boxes[name]
        _box(axes, box, "#eef4fa", BLUE)
        top = box.y + box.height
        axes.text(box.middle[0], top - HEAD / 2, name, fontweight="bold", ha="center", va="center")
        for number, rule in enumerate(own):
            y = top - HEAD - LINE * (number + 0.4)
            axes.text(box.x + 0.1, y, rule, fontsize=8.5, va="center")
        if STAGES[name].before in boxes:
            _hand_on(axes, boxes[STAGES[name].before], box, STAGES[name].taken)


def _hand_on(axes: Axes, first: Box, second: Box, text: str) -> None:
    """An arrow from stage to stage: across within a row, else by way of the gap between the rows."""
    if np.isclose(first.y + first.height, second.y + second.height):
        y = first.y + first.height - HEAD / 2
        start, end = (first.x + first.width, y), (second.x, y)
        place = (sum(point[0] for point in (start, end)) / 2, y + 0.05)
        points = [start, end]
    else:
        top = second.y + second.height
        start, end = (first.middle[0], first.y), (second.middle[0], top)
        points = [start, (start[0], top + GAP / 2), (end[0], top + GAP / 2), end]
        place = (end[0] + 0.3, top + 0.06)
    xs, ys = zip(*points[:-1], strict=True)
    axes.plot(xs, ys, color=GREY, linewidth=1.2, solid_capstyle="butt")
    _arrow(axes, points[-2], end, 0)
    axes.text(*place, text, fontsize=8, color=INK, ha="center", va="bottom", style="italic")


def _draw_parts(axes: Axes, boxes: dict[str, Box]) -> None:
    for a, b in direct(parts()):
        start, end, bend = route(a, b, boxes)
        _arrow(axes, start, end, bend)
    for name, box in boxes.items():
        _box(axes, box, "#fbf1ea", VERMILLION)
        axes.text(*box.middle, name, fontweight="bold", ha="center", va="center")


def route(a: str, b: str, boxes: dict[str, Box]) -> tuple[tuple[float, float], tuple[float, float], float]:
    """Start, end and bend of an arrow between two parts, through no other box where that can be."""
    first, second = boxes[a], boxes[b]
    if first.y == second.y:
        right = second.x > first.x
        start = (first.x + first.width * right, first.middle[1])
        end = (second.x + second.width * (not right), second.middle[1])
    else:
        lean = np.clip((second.middle[0] - first.middle[0]) / 8, -0.4, 0.4)
        start, end = (first.middle[0] + lean, first.y), (second.middle[0] - lean, second.y + second.height)
    others = [box for name, box in boxes.items() if name not in (a, b)]
    clear = [bend for bend in BENDS if not any(box.holds(curve(start, end, bend)) for box in others)]
    return start, end, (clear or [0])[0]


def curve(start: tuple[float, float], end: tuple[float, float], bend: float) -> np.ndarray:
    """Points (50, 2) of matplotlib's connection style `arc3`."""
    a, b = np.array(start), np.array(end)
    across = b - a
    control = (a + b) / 2 + bend * np.array([across[1], -across[0]])
    t = np.linspace(0, 1, 50)[:, None]
    return (1 - t) ** 2 * a + 2 * t * (1 - t) * control + t**2 * b


def _box(axes: Axes, box: Box, face: str, edge: str) -> None:
    style = "round,pad=0,rounding_size=0.08"
    axes.add_patch(
        FancyBboxPatch((box.x, box.y), box.width, box.height, boxstyle=style, facecolor=face, edgecolor=edge)
    )


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], bend: float) -> None:
    axes.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle="-|>", mutation_scale=11, linewidth=1.2, color=GREY, shrinkA=0, shrinkB=0,
            connectionstyle=f"arc3,rad={bend}",
        )
    )  # fmt: skip
