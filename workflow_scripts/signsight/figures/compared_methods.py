"""Figures of networks compared: likeness of their maps, metrics of the methods, agreement of the rankings."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from signsight.core.registry import figures
from signsight.figures.compared_names import quantity_name
from signsight.figures.networks import (
    Entries,
    dot_entries,
    fitted_key,
    key_height,
    network_dots,
    network_entries,
    network_styles,
    side_by_side,
    zero_line,
)
from signsight.figures.numbers import NONE, fixed
from signsight.figures.sheet import in_words
from signsight.figures.style import FAINT, GREY, LETTER, MethodStyle, method_label, styled

MEASURES = {"rank_correlation": "Rank correlation", "ssim": "Structural similarity (SSIM)"}
TINT = 0.45  # of a network's colour in a cell
CELL, LINE = (1.2, 0.42), 0.15  # inches of a cell, and of a line of a column's name
LETTERS = 17  # of such a line


@figures.register("compared_maps", category="Comparison", subcategory="Maps")
@styled
def compared_maps(compared_maps: pd.DataFrame, *, confidence: float) -> Figure:
    """How alike the maps of the networks are, method by method, beside maps of two different images."""
    styles = _others(compared_maps["network"])
    table = compared_maps.assign(row=[method_label(name) for name in compared_maps["method"]])
    order = list(dict.fromkeys(table["row"]))
    columns = [(label, "Mean over the images") for label in MEASURES.values()]
    entries = [*network_entries(styles), *_kinds_of_maps(), dot_entries({}, confidence)[-1]]
    figure, axes = side_by_side(order, columns, len(styles), entries)
    for panel, measure in zip(axes, MEASURES, strict=True):
        own = table[table["measure"] == measure]
        network_dots(panel, own, order, styles, ("chance", "chance_low", "chance_high"), hollow=True)
        network_dots(panel, own, order, styles, ("value", "low", "high"))
        panel.set_xlim(min(-0.05, own[["low", "chance_low"]].min(axis=None) - 0.05), 1.02)
    return figure


def _kinds_of_maps() -> Entries:
    """The entries of the legend for full and hollow dots."""
    look = {"color": GREY, "marker": "o", "linestyle": "none", "markersize": 5}
    hollow = Line2D([], [], markerfacecolor="white", **look)
    return [(Line2D([], [], **look), "maps of the same image"), (hollow, "of two different images")]


@figures.register("compared_metrics", category="Comparison", subcategory="Methods by metrics")
@styled
def compared_metrics(compared_metrics: pd.DataFrame, *, confidence: float) -> Figure:
    """Rows are methods, columns quantities: the place of a method on each network, and its values.

    A cell has the colour of the network on which the method does significantly better.
    """
    table = compared_metrics[compared_metrics["direction"] != ""]
    if table.empty:
        return in_words("The experiments have no metric in common that was measured in the same way.")
    styles = network_styles(compared_metrics["network"])
    first, *others = styles
    pairs = list(dict.fromkeys(zip(table["metric"], table["quantity"], strict=True)))
    columns = [(*pair, network) for pair in pairs for network in others]
    heads = [quantity_name(m, q) + (f", {network}" if len(others) > 1 else "") for m, q, network in columns]
    cells = {(r["method"], r["metric"], r["quantity"], r["network"]): r for r in table.to_dict("records")}
    methods = list(dict.fromkeys(table["method"]))
    entries = [(Patch(color=_tint(s.colour)), f"better on {name}") for name, s in styles.items()]
    entries.append((Patch(color=FAINT), "not told apart"))
    figure, axes = _grid([method_label(name) for name in methods], heads, entries)
    for y, method in enumerate(methods):
        for x, (metric, quantity, network) in enumerate(columns):
            one, two = (cells[method, metric, quantity, name] for name in (first, network))
            colour = _better(two, styles[first].colour, styles[network].colour, 1 - confidence)
            axes.add_patch(Rectangle((x, y), 1, 1, facecolor=colour, edgecolor="white", linewidth=1.2))
            for height, size, text in ((0.32, 8.5, _places(one, two)), (0.71, 7.5, _values(one, two))):
                axes.text(x + 0.5, y + height, text, ha="center", va="center", fontsize=size)
    return figure


def _grid(rows: Sequence[str], columns: Sequence[str], entries: Entries) -> tuple[Figure, Axes]:
    """A figure whose axes count cells from the top left, both names and the legend written."""
    heads = ["\n".join(textwrap.wrap(name[:1].upper() + name[1:], LETTERS)) for name in columns]
    left, top = LETTER * max(map(len, rows)) + 0.35, 0.15 + LINE * max(head.count("\n") + 1 for head in heads)
    wide = max(left + len(columns) * CELL[0] + 0.15, 6.0)
    foot = key_height(entries, wide) + 0.35
    high = top + len(rows) * CELL[1] + foot
    figure = Figure(figsize=(wide, high))
    size = len(columns) * CELL[0] / wide, len(rows) * CELL[1] / high
    axes = figure.add_axes((left / wide, foot / high, *size))
    axes.set_axis_off()
    axes.set_xlim(0, len(columns))
    axes.set_ylim(len(rows), 0)
    for x, head in enumerate(heads):
        axes.text(x + 0.5, -0.1, head, ha="center", va="bottom", fontsize=8.5)
    for y, name in enumerate(rows):
        axes.text(-0.1, y + 0.5, name, ha="right", va="center", fontsize=9.5)
    words = "Above the place of the method on the first network → on the other, below its value."
    figure.text(0.15 / wide, (foot - 0.2) / high, words, ha="left", va="center", fontsize=8.5)
    fitted_key(figure, entries)
    return figure, axes


def _better(row: Mapping[str, Any], first: str, other: str, alpha: float) -> Any:
    """The pale colour of the network on which a method does significantly better, else grey."""
    if not row["p_holm"] <= alpha:  # NaN too
        return FAINT
    return _tint(other if (row["difference"] > 0) == (row["direction"] == "higher") else first)


def _tint(colour: str) -> tuple[float, ...]:
    return tuple(1 - TINT * (1 - part) for part in to_rgb(colour))


def _places(one: Mapping[str, Any], two: Mapping[str, Any]) -> str:
    return " → ".join(NONE if pd.isna(row["place"]) else f"{row['place']:.0f}." for row in (one, two))


def _values(one: Mapping[str, Any], two: Mapping[str, Any]) -> str:
    return " → ".join(fixed(row["value"]) for row in (one, two))


@figures.register("compared_rankings", category="Comparison", subcategory="Agreement of rankings")
@styled
def compared_rankings(compared_rankings: pd.DataFrame, *, confidence: float) -> Figure:
    """Do the methods rank alike on the networks? Kendall's tau of their order, by every quantity."""
    table = compared_rankings
    if table.empty:
        return in_words("There are less than two methods that look at the network and have a value on all.")
    names = [quantity_name(m, q) for m, q in zip(table["metric"], table["quantity"], strict=True)]
    table = table.assign(row=[name[:1].upper() + name[1:] for name in names])
    styles = _others(table["network"])
    title = f"Order of {table['methods'].max()} methods on the two networks"
    order, entries = list(dict.fromkeys(table["row"])), dot_entries(styles, confidence)
    figure, (panel,) = side_by_side(order, [(title, "Kendall's τ")], len(styles), entries, width=4.0)
    network_dots(panel, table, order, styles, ("tau", "low", "high"))
    panel.set_xlim(-1.04, 1.04)
    zero_line(panel)
    return figure


def _others(names: pd.Series) -> dict[str, MethodStyle]:
    """The styles of the further networks; the first one is in no row, but has the first style."""
    return {name: style for name, style in network_styles(["", *names]).items() if name}
