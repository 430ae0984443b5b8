"""The look of every figure: fonts, colours, the fixed style of each method, panels and saving."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from signsight.core.files import atomic
from signsight.core.registry import methods

Arguments = ParamSpec("Arguments")

DPI = 150
LETTER = 0.078  # inches of a letter of a name, on average
NARROW = 7.4  # inches: below this width the entries of a key do not fit on one line
INK, GREY, FAINT = "#222222", "#777777", "#dddddd"
BLUE, VERMILLION = "#0072B2", "#D55E00"
RIGHT, WRONG = "✓", "✗"

STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.labelsize": 10.5,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.7,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "legend.fontsize": 9.5,
    "legend.frameon": False,
    "lines.linewidth": 1.7,
    "lines.markersize": 5.5,
    "text.parse_math": False,  # a dollar in the name of a class is a dollar
    "svg.hashsalt": "signsight",
    "svg.fonttype": "path",
}

# Okabe and Ito's colours without the yellow, which is too pale on white, and Tol's wine; in such an
# order that the first four and the grey of random stay apart for red-green blindness too.
COLOURS = (VERMILLION, BLUE, "#000000", "#56B4E9", "#009E73", "#CC79A7", "#E69F00", "#882255")
# No plain dashes: those mark published figures.
LINES = (
    "-",
    "-.",
    (0, (1, 1.2)),
    (0, (6, 1.5, 1, 1.5, 1, 1.5)),
    (0, (2.5, 1, 1, 1, 1, 1, 1, 1)),
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">", "p", "h", "d")

FAMILY_ORDER = (
    "Controls",
    "Gradients",
    "Altered backward passes",
    "Class activation",
    "Perturbation",
    "Relevance",
)
OTHER = "Other methods"
LOOKS: dict[str, Mapping[str, Any]] = {}  # of the methods of the run, see `name_methods`


@dataclass(frozen=True)
class MethodStyle:
    """How one method is named and drawn, the same in every figure."""

    label: str
    colour: str
    marker: str
    line: str | tuple[float, tuple[float, ...]]


def name_methods(looks: Mapping[str, Mapping[str, Any]]) -> None:
    """From now on draw these methods so, in every figure: name -> `label`, `family` and `style`.

    A method that is not among them looks as its declaration says.
    """
    LOOKS.clear()
    LOOKS.update(looks)
    method_style.cache_clear()


@functools.cache
def method_style(name: str) -> MethodStyle:
    """The style of the method called `name`, by its number or else by the checksum of its name."""
    if name == "random":
        return MethodStyle(method_label(name), "#808080", "x", "-")
    number = _look(name).get("style")
    place = zlib.crc32(name.encode()) if number is None else number
    turn = place // len(COLOURS)
    return MethodStyle(
        method_label(name),
        COLOURS[place % len(COLOURS)],
        MARKERS[(place + turn) % len(MARKERS)],
        LINES[turn % len(LINES)],
    )


def method_label(name: str) -> str:
    """The method's name as people write it: grad_cam_pp -> Grad-CAM++."""
    return str(_look(name)["label"])


def family(name: str) -> str:
    """What the method has in common with others; OTHER for a stranger."""
    return str(_look(name)["family"])


def _look(name: str) -> Mapping[str, Any]:
    """What a method is called and how it is drawn: as handed over, as declared, or by its name.

    A variant has the label of the method that its name begins with, and the rest of the name.
    """
    if name in LOOKS:
        return LOOKS[name]
    base, words = base_method(name), name.replace("_", " ").capitalize()
    about = {"label": words, "family": OTHER} | (methods.about(base) if base in methods else {})
    if base == name:
        return about
    rest = name.removeprefix(f"{base}_").replace("_", " ")
    return {"label": f"{about['label']} {rest}", "family": about["family"]}


def base_method(name: str) -> str:
    """The longest registered name that `name` is or begins with (before a '_'); else `name` itself."""
    known = [method for method in methods.names() if name == method or name.startswith(f"{method}_")]
    return max(known, key=len, default=name)


def families(names: Iterable[str]) -> dict[str, list[str]]:
    """The methods by family: those of FAMILY_ORDER first, OTHER last; only families that have some.

    Within a family methods stand as they do in their files, strangers last.
    """
    ordered = sorted(names, key=_place)
    titles = dict.fromkeys([*FAMILY_ORDER, *(title for title in map(family, ordered) if title != OTHER)])
    return {
        title: own
        for title in (*titles, OTHER)
        if (own := [name for name in ordered if family(name) == title])
    }


def _place(name: str) -> tuple[bool, tuple[str, int]]:
    base = base_method(name)
    return (False, methods.order(base)) if base in methods else (True, ("", 0))


def styled(draw: Callable[Arguments, Figure]) -> Callable[Arguments, Figure]:
    """Decorator of figure functions: draw under STYLE."""

    @functools.wraps(draw)
    def drawn(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Figure:
        with matplotlib.rc_context(STYLE):
            return draw(*args, **kwargs)

    return drawn


def save(figure: Figure, paths: Iterable[str | Path]) -> None:
    """Write `figure` to each path, whole or not at all, as PNG or SVG by the path's suffix.

    The same figure gives the same bytes: SVG ids are hashed from a fixed salt and no date is kept.
    """
    for path in map(Path, paths):
        if path.suffix not in (".png", ".svg"):
            raise ValueError(f"{path}: a figure is saved as .png or .svg")
        kind = path.suffix[1:]
        metadata = {"Date": None} if kind == "svg" else None
        with matplotlib.rc_context(STYLE), atomic(path) as part:
            figure.savefig(part, format=kind, dpi=DPI, metadata=metadata)


def panels(
    rows: int,
    columns: int,
    width: float,
    height: float,
    *,
    left: float = 0.85,
    right: float = 0.3,
    top: float = 0.45,
    bottom: float = 0.65,
    gap_x: float = 0.35,
    gap_y: float = 0.6,
) -> tuple[Figure, np.ndarray]:
    """A figure with (rows, columns) axes of `width` x `height` and margins, all in inches.

    Sizes are set and not found by a layout engine, so that labels can be placed by calculation.
    """
    wide = left + columns * width + (columns - 1) * gap_x + right
    high = top + rows * height + (rows - 1) * gap_y + bottom
    figure = Figure(figsize=(wide, high))
    axes = np.empty((rows, columns), object)
    for row in range(rows):
        for column in range(columns):
            x = left + column * (width + gap_x)
            y = bottom + (rows - 1 - row) * (height + gap_y)
            axes[row, column] = figure.add_axes((x / wide, y / high, width / wide, height / high))
    return figure, axes


def percent_axis(axes: Axes, low: float = 0.0, high: float = 1.0) -> None:
    """Show the fractions low..high of the y axis as percent."""
    axes.set_ylim(low, high)
    axes.yaxis.set_major_formatter(lambda share, _: f"{round(100 * share, 6):g} %")


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> np.ndarray:
    """The places nearest to `wanted` that keep their order, lie `gap` apart and within low..high.

    Neighbours that are too close are pooled and set evenly about their mean.
    """
    order = np.argsort(wanted, kind="stable")
    pools: list[list[float]] = []  # each: sum of (wanted - offset in the pool), size
    for place in np.asarray(wanted, float)[order]:
        pools.append([place, 1])
        while len(pools) > 1 and _start(pools[-1]) < _start(pools[-2]) + gap * pools[-2][1]:
            total, size = pools.pop()
            pools[-1] = [pools[-1][0] + total - gap * pools[-1][1] * size, pools[-1][1] + size]
    found = [_start(pool) + gap * i for pool in pools for i in range(int(pool[1]))]
    room = low + gap * np.arange(len(found))
    found = np.maximum(found, room)
    found = np.minimum(found, high - gap * np.arange(len(found))[::-1])
    out = np.empty(len(found))
    out[order] = found
    return out


def _start(pool: list[float]) -> float:
    return pool[0] / pool[1]


def label_ends(axes: Axes, ends: Sequence[tuple[MethodStyle, float]]) -> None:
    """Name lines at the right of `axes`: `ends` has each line's style and last y value (data).

    The labels stand in the order of the line ends, with a sample of the line, and do not overlap.
    """
    low, high = axes.get_ylim()
    box, figure = axes.get_position(), axes.figure.get_size_inches()
    inch_x, inch_y = 1 / (box.width * figure[0]), 1 / (box.height * figure[1])
    gap = 0.2 * inch_y * (high - low)
    start, middle, stop, text = (1 + inches * inch_x for inches in (0.13, 0.3, 0.47, 0.55))
    across = axes.get_yaxis_transform()
    places = spread([end for _, end in ends], gap, low + gap / 4, high)
    for (style, end), place in zip(ends, places, strict=True):
        extra = {"transform": across, "clip_on": False, "color": style.colour}
        axes.plot([1.0, start], [end, place], linewidth=0.8, **extra)
        axes.plot([start, stop], [place] * 2, linestyle=style.line, **extra)
        axes.plot([middle], [place], marker=style.marker, linestyle="none", **extra)
        axes.text(text, place, style.label, transform=across, va="center", fontsize=9.5)


def key(figure: Figure, entries: Sequence[tuple[Line2D | Patch, str]]) -> None:
    """A legend below the panels that says what bands, dashes and dots mean; two columns if narrow."""
    handles, labels = zip(*entries, strict=True)
    columns = 2 if figure.get_size_inches()[0] < NARROW else 4
    figure.legend(handles, labels, loc="lower center", ncols=columns, handlelength=2.4)


def band_entry(confidence: float) -> tuple[Patch, str]:
    """The entry of `key` for bands."""
    return Patch(color=GREY, alpha=0.25, linewidth=0), f"{interval_name(confidence)} interval"


def chance_entry(shares: Iterable[float]) -> tuple[Line2D, str]:
    """The entry of `key` for the lines of `chance_line`, which stand at these shares."""
    line, names = Line2D([], [], color=INK, linestyle=":", linewidth=1.2), {f"{100 * s:.1f}" for s in shares}
    return line, f"always the largest class{f' ({names.pop()} %)' if len(names) == 1 else ''}"


def chance_line(axes: Axes, rows: pd.DataFrame) -> float:
    """Mark the accuracy of always guessing the largest class, and return it.

    rows: of a table of accuracies, `n` and `chance`; the row of the most images counts.
    """
    share = float(rows["chance"].iloc[rows["n"].argmax()])
    axes.axhline(share, color=INK, linestyle=":", linewidth=1.2, zorder=1).set_label("largest class")
    return share


def interval_name(confidence: float) -> str:
    """'95 %' for 0.95."""
    return f"{100 * confidence:g} %"
