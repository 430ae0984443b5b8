"""How the networks of a comparison are named and drawn, and rows of dots that set them side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from signsight.figures.numbers import MINUS
from signsight.figures.style import (
    BLUE,
    GREY,
    INK,
    LETTER,
    VERMILLION,
    MethodStyle,
    interval_name,
    panels,
)

COLOURS = (BLUE, VERMILLION, "#009E73", "#000000", "#CC79A7", "#E69F00")
MARKERS = ("o", "s", "^", "D", "v", "P")
LINES = ("-", "-.", (0, (1, 1.2)), (0, (6, 1.5, 1, 1.5, 1, 1.5)), (0, (2.5, 1, 1, 1)), (0, (3, 1)))
ROW, STEP = 0.26, 0.17  # inches from row to row for two networks, and for every further one
Entries = Sequence[tuple[Line2D | Patch, str]]  # of a legend
Columns = Sequence[str]  # a value and the two ends of its interval


def network_styles(names: Iterable[str]) -> dict[str, MethodStyle]:
    """The style of each network, by its place in the comparison."""
    looks = zip(COLOURS, MARKERS, LINES, strict=True)
    return {name: MethodStyle(name, *look) for name, look in zip(dict.fromkeys(names), looks, strict=False)}


def network_entries(styles: dict[str, MethodStyle], lines: bool = False) -> list[tuple[Line2D, str]]:
    """The entries of a legend for the networks."""
    found = []
    for style in styles.values():
        line = style.line if lines else "none"
        handle = Line2D([], [], color=style.colour, marker=style.marker, linestyle=line, markersize=5)
        found.append((handle, style.label))
    return found


def difference_name(styles: dict[str, MethodStyle]) -> str:
    """'wide − narrow', or 'other − narrow' where there are several others."""
    first, *others = styles
    return f"{others[0] if len(others) == 1 else 'other'} − {first}"


def side_by_side(
    rows: Sequence[str],
    columns: Sequence[tuple[str, str]],
    networks: int,
    entries: Entries,
    width: float = 2.9,
) -> tuple[Figure, np.ndarray]:
    """Panels whose rows have these names, the first on top, with room for dots of so many `networks`.

    columns: title and label of the x axis of each panel; entries: of the legend below them.
    """
    high = _row(networks) * max(len(rows), 3)
    left = min(LETTER * max(len(name) for name in rows) + 0.35, 4.2)
    wide = left + len(columns) * (width + 0.4)
    sides = {"left": left, "right": 0.35, "top": 0.45, "bottom": 0.65 + key_height(entries, wide)}
    figure, axes = panels(1, len(columns), width, high, **sides, gap_x=0.4)
    flat = axes.ravel()
    for place, (panel, (title, label)) in enumerate(zip(flat, columns, strict=True)):
        panel.set_ylim(len(rows) - 0.4, -0.6)
        panel.set_yticks(range(len(rows)), rows)
        panel.tick_params(axis="y", length=0, labelleft=place == 0)
        panel.set_title(title, loc="left", fontsize=10)
        panel.set_xlabel(label)
    fitted_key(figure, entries)
    return figure, flat


def most_rows(networks: int) -> int:
    """How many rows fit a figure of 1,600 pixels, with dots of so many networks in each."""
    return int(8.2 / _row(networks))


def _row(networks: int) -> float:
    """Inches from row to row."""
    return ROW + STEP * max(networks - 2, 0)


def key_columns(entries: Entries, width: float) -> int:
    """How many entries of a legend stand beside each other in a figure of this width in inches."""
    widest = max(len(label) for _, label in entries) * LETTER + 0.75
    return max(min(int((width - 0.2) / widest), len(entries)), 1)


def key_height(entries: Entries, width: float) -> float:
    """Inches that the legend takes."""
    return 0.2 + 0.21 * -(-len(entries) // key_columns(entries, width))


def fitted_key(figure: Figure, entries: Entries) -> None:
    """A legend below the panels, in as many lines as its entries take."""
    handles, labels = zip(*entries, strict=True)
    columns = key_columns(entries, figure.get_size_inches()[0])
    figure.legend(handles, labels, loc="lower center", ncols=columns, handlelength=2.4)


def network_dots(
    axes: Axes,
    table: pd.DataFrame,
    order: Sequence[str],
    styles: dict[str, MethodStyle],
    columns: Columns,
    hollow: bool = False,
) -> None:
    """A dot with its interval for each network in each row; table: `row`, `network` and `columns`."""
    drawn = [name for name in styles if table.loc[table["network"] == name, columns[0]].notna().any()]
    spread = np.linspace(-0.2, 0.2, len(drawn)) if len(drawn) > 1 else np.zeros(len(drawn))
    offsets = dict(zip(drawn, spread, strict=True))
    place = {name: y for y, name in enumerate(order)}
    for row in table[table["network"].isin(drawn)].to_dict("records"):
        style, value = styles[row["network"]], row[columns[0]]
        if np.isnan(value):
            continue
        ends = [[max(value - row[columns[1]], 0)], [max(row[columns[2]] - value, 0)]]
        axes.errorbar(
            [value], [place[row["row"]] + offsets[row["network"]]], xerr=np.nan_to_num(ends),
            color=style.colour, marker=style.marker, markersize=5, linewidth=1.2, zorder=3,
            markerfacecolor="white" if hollow else style.colour,
        )  # fmt: skip


def zero_line(axes: Axes) -> None:
    """Where two networks do not differ."""
    axes.axvline(0, color=INK, linewidth=0.9, zorder=1)


def percent_x(axes: Axes) -> None:
    """Shares of the x axis as percent."""
    axes.xaxis.set_major_formatter(lambda share, _: f"{round(100 * share, 6):g} %")


def points_x(axes: Axes) -> None:
    """Differences of shares of the x axis in percentage points, with their sign."""
    axes.xaxis.set_major_formatter(_points)


def points_y(axes: Axes) -> None:
    """The same of the y axis."""
    axes.yaxis.set_major_formatter(_points)


def _points(share: float, _: int) -> str:
    """0.05 -> '+5', -0.05 -> '−5', 0 -> '0'."""
    text = f"{round(100 * share, 6):+g}".replace("-", MINUS)
    return "0" if abs(share) < 1e-9 else text


def dot_entries(styles: dict[str, MethodStyle], confidence: float) -> Entries:
    """The entries of a legend of dots: the networks, and what a bar is."""
    bar = Line2D([], [], color=GREY, linewidth=1.2)
    return [*network_entries(styles), (bar, f"{interval_name(confidence)} interval")]
