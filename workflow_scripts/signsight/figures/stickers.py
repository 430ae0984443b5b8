"""The figure of accuracy by sticker and size of sign."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from signsight.core.registry import figures
from signsight.figures.numbers import span
from signsight.figures.style import (
    FAINT,
    INK,
    chance_entry,
    chance_line,
    interval_name,
    method_style,
    panels,
    percent_axis,
    styled,
)

TARGETS = {
    "stock": "Rendered stock signs",
    "user_stock": "Your stock pictures",
    "test": "Test images",
}


def size_label(size: str) -> str:
    """'none' -> 'without', else the size itself."""
    return "without" if size == "none" else size


def conditions(table: pd.DataFrame) -> list[tuple[str, str]]:
    """(sticker, sign_size) pairs of the table: stickers and sizes in the table's order, none first."""
    sizes = sorted(dict.fromkeys(table["sign_size"]), key=lambda size: size != "none")
    pairs = set(zip(table["sticker"], table["sign_size"], strict=True))
    stickers = dict.fromkeys(table["sticker"])
    return [(sticker, size) for sticker in stickers for size in sizes if (sticker, size) in pairs]


@figures.register("sticker_accuracy", category="Stickers", subcategory="Accuracy", published=("stickers",))
@styled
def sticker_accuracy(
    stickers: pd.DataFrame,
    *,
    confidence: float,
    published: Mapping[str, pd.DataFrame],
) -> Figure:
    """Accuracy by size of sign as dots with intervals: a row of panels a target, a column a sticker.

    stickers: `target, method, sticker, sign_size, n, accuracy, low, high, chance`; method: whose most
    relevant cell has the sticker. published: `stickers`, with `sticker, sign_size, accuracy` of the study's
    stock signs, are hollow diamonds on the rendered stock signs.
    """
    theirs, chances = published.get("stickers"), []
    targets = [name for name in TARGETS if (stickers["target"] == name).any()]
    columns = conditions(stickers)
    designs = list(dict.fromkeys(sticker for sticker, _ in columns))
    sizes = list(dict.fromkeys(size for _, size in columns))
    methods = list(dict.fromkeys(stickers["method"]))
    width = max(3.0, len(sizes) * (0.18 * (len(methods) + 1) + 0.25))
    figure, axes = panels(
        len(targets), len(designs), width, 2.4, left=0.9, top=0.6, right=2.5, gap_x=0.3, gap_y=1.0
    )
    for row, target in zip(axes, targets, strict=True):
        here = stickers[stickers["target"] == target]
        rival = theirs if target == "stock" else None
        for panel, sticker in zip(row, designs, strict=True):
            _dots(panel, here[here["sticker"] == sticker], methods, sizes)
            if rival is not None:
                _hollow(panel, rival[rival["sticker"] == sticker], sizes)
            panel.set_title(f"{TARGETS[target]}, {sticker} sticker\nn = {span(here['n'])}", loc="left")
            _axis(panel, sizes)
            percent_axis(panel, _floor(here, rival), 1.015)
            chances.append(chance_line(panel, here))
        row[0].set_ylabel("Accuracy")
        for panel in row[1:]:
            panel.tick_params(labelleft=False)
        for panel in row:
            panel.set_xlabel("Size of the sign")
    lowest = min(panel.get_ylim()[0] for panel in axes.flat)
    handle, words = chance_entry(chances)
    words = words.replace(" class", "\nclass")
    entries = [(handle, words if lowest < max(chances) else f"{words},\nbelow the axes")]
    if theirs is not None and "stock" in targets:
        entries.insert(0, (Line2D([], [], **PUBLISHED), "published study"))
    _legend(figure, methods, entries, confidence)
    return figure


def _dots(axes: Axes, rows: pd.DataFrame, methods: list[str], sizes: list[str]) -> None:
    """One dot a method and size, side by side, with its interval."""
    offsets = np.linspace(-0.5, 0.5, len(methods) + 2)[1:-1] * 0.9
    for name, offset in zip(methods, offsets, strict=True):
        own = rows[rows["method"] == name]
        style = method_style(name)
        middle = own["accuracy"].to_numpy()
        axes.errorbar(
            [sizes.index(size) + offset for size in own["sign_size"]],
            middle,
            yerr=np.maximum([middle - own["low"], own["high"] - middle], 0),
            color=style.colour,
            marker=style.marker,
            linestyle="none",
            elinewidth=1.4,
            capsize=2.5,
            label=style.label,
            clip_on=False,
            zorder=3,
        )


def _hollow(axes: Axes, rows: pd.DataFrame, sizes: list[str]) -> None:
    """The published accuracies, in the middle of each size."""
    rows = rows[rows["sign_size"].isin(sizes)]
    axes.plot(
        [sizes.index(size) for size in rows["sign_size"]],
        rows["accuracy"],
        label="published study",
        clip_on=False,
        zorder=4,
        **PUBLISHED,
    )


PUBLISHED = {
    "linestyle": "none",
    "marker": "D",
    "markersize": 7,
    "markerfacecolor": "none",
    "markeredgecolor": INK,
    "markeredgewidth": 1.3,
}


def _axis(axes: Axes, sizes: list[str]) -> None:
    axes.set_xticks(range(len(sizes)), [size_label(size) for size in sizes])
    axes.set_xlim(-0.5, len(sizes) - 0.5)
    axes.tick_params(axis="x", length=0)
    axes.grid(False, axis="x")
    for edge in range(1, len(sizes)):
        axes.axvline(edge - 0.5, color=FAINT, linewidth=0.7, zorder=0)


def _floor(rows: pd.DataFrame, published: pd.DataFrame | None) -> float:
    """The highest round tenth below everything that is drawn."""
    lowest = float(rows["low"].min())
    if published is not None:
        lowest = min(lowest, float(published["accuracy"].min()))
    return max(0.0, np.floor(10 * lowest - 0.2) / 10)


def _legend(figure: Figure, methods: list[str], extra: list, confidence: float) -> None:
    """Right of the panels: methods, what else is drawn, and what the bars mean."""
    styles = [method_style(name) for name in methods]
    handles = [Line2D([], [], color=s.colour, marker=s.marker, linestyle="-", linewidth=1.4) for s in styles]
    labels = [s.label for s in styles] + [label for _, label in extra]
    handles += [handle for handle, _ in extra]
    wide, high = figure.get_size_inches()
    figure.legend(
        handles,
        labels,
        title=f"Sticker on the most relevant\ncell by (bars: {interval_name(confidence)} interval)",
        title_fontsize=9.5,
        loc="upper left",
        bbox_to_anchor=(1 - 2.4 / wide, 1 - 0.5 / high),
        alignment="left",
        borderaxespad=0,
    )
