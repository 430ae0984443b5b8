"""Figures of networks compared: likeness of their maps, metrics of the methods, agreement of the rankings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from signsight.core.registry import figures, metrics
from signsight.figures.networks import (
    network_dots,
    network_key,
    network_styles,
    side_by_side,
    zero_line,
)
from signsight.figures.numbers import NONE, fixed
from signsight.figures.ranking import matrix, matrix_note
from signsight.figures.sheet import in_words
from signsight.figures.style import (
    FAINT,
    GREY,
    MethodStyle,
    interval_name,
    key,
    method_label,
    styled,
)

MEASURES = {"rank_correlation": "Rank correlation", "ssim": "Structural similarity (SSIM)"}
TINT = 0.45  # of a network's colour in a cell


def quantity_name(metric: str, quantity: str) -> str:
    """What a quantity is called; by its own name where its metric is not known here."""
    known = [name for name in metrics.names() if metric == name or metric.startswith(f"{name}_")]
    base = max(known, key=len, default="")
    told = metrics.about(base)["quantities"].get(quantity) if base else None
    label = told["label"] if told else f"{metric}: {quantity}".replace("_", " ")
    return label + metric.removeprefix(base).replace("_", " ") if told else label


@figures.register("compared_maps", category="Comparison", subcategory="Maps")
@styled
def compared_maps(compared_maps: pd.DataFrame, *, confidence: float) -> Figure:
    """How alike the maps of the networks are, method by method, beside maps of two different images."""
    styles = _others(compared_maps["network"])
    table = compared_maps.assign(row=[method_label(name) for name in compared_maps["method"]])
    order = list(dict.fromkeys(table["row"]))
    columns = [(label, "Mean over the images") for label in MEASURES.values()]
    figure, axes = side_by_side(order, columns, len(styles), bottom=1.05 if len(styles) == 1 else 1.3)
    for panel, measure in zip(axes, MEASURES, strict=True):
        own = table[table["measure"] == measure]
        network_dots(panel, own, order, styles, ("chance", "chance_low", "chance_high"), hollow=True)
        network_dots(panel, own, order, styles, ("value", "low", "high"))
        panel.set_xlim(min(-0.05, own[["low", "chance_low"]].min(axis=None) - 0.05), 1.02)
    entries = []
    for name, style in styles.items():
        look = {"color": style.colour, "marker": style.marker, "linestyle": "none", "markersize": 5}
        entries.append((Line2D([], [], **look), f"{name}, maps of the same image"))
        entries.append((Line2D([], [], markerfacecolor="white", **look), f"{name}, of different images"))
    bar = Line2D([], [], color=GREY, linewidth=1.2)
    key(figure, [*entries, (bar, f"{interval_name(confidence)} interval")])
    return figure


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
    figure, axes = matrix([method_label(name) for name in methods], heads, cell=(1.2, 0.42), foot=1.0)
    for y, method in enumerate(methods):
        axes.text(-0.1, y + 0.5, method_label(method), ha="right", va="center", fontsize=9.5)
        for x, (metric, quantity, network) in enumerate(columns):
            one, two = (cells[method, metric, quantity, name] for name in (first, network))
            colour = _better(two, styles[first].colour, styles[network].colour, 1 - confidence)
            axes.add_patch(Rectangle((x, y), 1, 1, facecolor=colour, edgecolor="white", linewidth=1.2))
            for height, size, text in ((0.32, 8.5, _places(one, two)), (0.71, 7.5, _values(one, two))):
                axes.text(x + 0.5, y + height, text, ha="center", va="center", fontsize=size)
    entries = [(Patch(color=_tint(s.colour)), f"better on {name}") for name, s in styles.items()]
    entries.append((Patch(color=FAINT), "not told apart"))
    key(figure, entries)
    other = others[0] if len(others) == 1 else "the other network"
    matrix_note(figure, f"Place (above) and value (below) of the method: on {first} → on {other}.", up=0.6)
    return figure


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
    figure, (panel,) = side_by_side(
        list(dict.fromkeys(table["row"])), [(title, "Kendall's τ")], len(styles), width=4.0
    )
    network_dots(panel, table, list(dict.fromkeys(table["row"])), styles, ("tau", "low", "high"))
    panel.set_xlim(-1.04, 1.04)
    zero_line(panel)
    network_key(figure, styles, confidence)
    return figure


def _others(names: pd.Series) -> dict[str, MethodStyle]:
    """The styles of the further networks; the first one is in no row, but has the first style."""
    return {name: style for name, style in network_styles(["", *names]).items() if name}
