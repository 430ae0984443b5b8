"""Figures of one number a method: cost against faithfulness, localisation, spread over networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, MultipleLocator, NullFormatter

from signsight.core.registry import figures
from signsight.core.registry import metrics as metric_registry
from signsight.figures.method_curves import span_of
from signsight.figures.style import (
    GREY,
    INK,
    LETTER,
    interval_name,
    key,
    label_ends,
    method_label,
    method_style,
    panels,
    styled,
)

LEAST = 1e-3  # forward passes: less is shown as this
ROW, BETWEEN = 0.24, 0.95  # inches from one method to the next, and between panels one above the other
PLACES = {
    "symbol": "in the symbol",
    "sign": "in the rest of the sign",
    "outside": "outside the sign",
}
PLAIN = {"sign": "in the object", "outside": "outside the object"}  # where no symbol is known


@figures.register(
    "cost",
    category="Ranking",
    subcategory="Cost against faithfulness",
    when={"metrics": ("region_perturbation",)},
)
@styled
def cost(metrics: pd.DataFrame, times: Mapping[str, pd.DataFrame], *, confidence: float) -> Figure:
    """Forward passes that a map costs (logarithmic) against the AOPC of the same method, with its interval.

    metrics: the metric table; times: method -> one row, as `attribution.cost_table.cost_table` makes it.
    """
    passes = {method: table["forward_passes"].item() for method, table in times.items()}
    own = metrics[(metrics["metric"] == "region_perturbation") & (metrics["quantity"] == "aopc")]
    both = own.assign(passes=own["method"].map(passes).clip(lower=LEAST)).dropna(subset=["value", "passes"])
    figure, axes = panels(
        1, 1, 5.8, max(3.8, 0.21 * (len(both) + 1)), left=0.95, right=2.45, top=0.2, bottom=0.95
    )
    panel = axes[0, 0]
    panel.set_xscale("log")
    left, right = both["passes"].min(), both["passes"].max()
    panel.set_xlim(left / 1.6, right * 1.6)
    for row in both.itertuples():
        style = method_style(row.method)
        bounds = [row.value - row.low], [row.high - row.value]
        panel.errorbar(
            [row.passes], [row.value], yerr=bounds, color=style.colour, marker=style.marker, markersize=6.5,
            linewidth=1.2, label=style.label, zorder=3,
        )  # fmt: skip
    low, high = span_of(both, ("value", "low", "high"))
    panel.set_ylim(low, high)
    panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if right / left < 300 else (1,), numticks=20))
    panel.xaxis.set_minor_formatter(NullFormatter())
    panel.xaxis.set_major_formatter(lambda value, _: f"{round(value, 9):g}")
    panel.set_xlabel("Cost of a map in forward passes of the network")
    told = metric_registry.about("region_perturbation")["quantities"]["aopc"]
    panel.set_ylabel(f"{told['label']}, {told['direction']} = better")
    for row in both.itertuples():  # so that the name at the right is found
        across = [row.passes, panel.get_xlim()[1]]
        panel.plot(across, [row.value] * 2, color=method_style(row.method).colour, linewidth=0.5, alpha=0.5)
    label_ends(panel, [(method_style(row.method), float(row.value)) for row in both.itertuples()])
    key(figure, [interval_entry(confidence)])
    return figure


@figures.register(
    "localisation",
    category="Localisation",
    subcategory="Where the relevance lies",
    when={"metrics": ("localisation",)},
)
@styled
def localisation(metrics: pd.DataFrame, *, confidence: float) -> Figure:
    """Where the positive relevance of each method lies: in the symbol, in the rest of the sign, outside.

    metrics: the metric table with `mass_symbol`, `mass_sign`, `mass_outside`; a region that no image
    has is left out. Methods in the order of the first region; the dotted line is the region's share of
    the image.
    """
    rows = metrics[metrics["metric"] == "localisation"].dropna(subset=["value"])
    names = [name for name in PLACES if (rows["quantity"] == f"mass_{name}").any()]
    tables = [rows[rows["quantity"] == f"mass_{name}"] for name in names]
    order = tables[0].sort_values("value", kind="stable")["method"].tolist()
    figure, axes = rows_of_methods(order, len(names), 2.5)
    for panel, name, table in zip(axes, names, tables, strict=True):
        dots(panel, table, order)
        panel.axvline(table["chance"].iloc[0], color=INK, linestyle=":", linewidth=1.2, zorder=1)
        place = (PLACES if "symbol" in names else PLAIN)[name]
        panel.set_title(f"Relevance {place}", loc="left", fontsize=10)
        panel.set_xlim(0, 1)
        panel.xaxis.set_major_formatter(lambda share, _: f"{round(100 * share, 6):g} %")
        panel.xaxis.set_major_locator(MultipleLocator(0.25))
        panel.set_xlabel("Share of the positive relevance")
    chance = Line2D([], [], color=INK, linestyle=":", linewidth=1.2), "share of the image's area"
    key(figure, [interval_entry(confidence), chance])
    return figure


@figures.register("seeds", category="Ranking", subcategory="Spread over networks", when={"quantities": 1})
@styled
def seeds(seeds: pd.DataFrame, *, seeds_quantity: Sequence[str]) -> Figure:
    """One quantity of networks that differ in their seed: a dot a network, a bar at their mean.

    seeds: `seed, metric, quantity, method, value`; seeds_quantity: metric, quantity, its label, and which
    direction is better. Best method on top.
    """
    metric, quantity, label, direction = seeds_quantity
    table = seeds[(seeds["metric"] == metric) & (seeds["quantity"] == quantity)]
    mean = table.groupby("method", sort=False)["value"].mean()
    order = mean.sort_values(ascending=direction == "higher", kind="stable").index.tolist()
    figure, (panel,) = rows_of_methods(order, 1, 4.4)
    count = table["seed"].nunique()
    for y, name in enumerate(order):
        own, style = table[table["method"] == name].sort_values("seed"), method_style(name)
        offsets = np.linspace(0.22, -0.22, len(own)) if len(own) > 1 else [0.0]
        panel.plot(
            own["value"], y + np.asarray(offsets), color=style.colour, marker=style.marker, linestyle="none",
            markersize=4.5, alpha=0.85, label=style.label,
        )  # fmt: skip
        panel.plot([mean[name]] * 2, [y - 0.36, y + 0.36], color=INK, linewidth=1.6, zorder=4)
    panel.set_xlim(*span_of(table, ["value"]))
    panel.xaxis.set_major_locator(MaxNLocator(6))
    panel.set_xlabel(f"{label}, {direction} = better")
    dot = Line2D([], [], color=GREY, marker="o", linestyle="none", markersize=4.5)
    bar = Line2D([], [], color=INK, marker="|", linestyle="none", markersize=11, markeredgewidth=1.6)
    key(figure, [(dot, f"one of {count} networks"), (bar, "mean")])
    return figure


def rows_of_methods(
    order: Sequence[str],
    count: int,
    width: float,
    across: int | None = None,
    labels: Sequence[str] | None = None,
) -> tuple[Figure, np.ndarray]:
    """`count` panels whose rows are the methods, the last one on top, named at the left.

    width: of a panel in inches; across: how many panels stand side by side, without it all. labels: names
    of the rows, where they are not those of the methods.
    """
    labels = labels or [method_label(name) for name in order]
    across = min(across or count, count)
    high = ROW * max(len(order), 3)
    sides = {
        "left": max(1.95, LETTER * max(map(len, labels)) + 0.45),
        "right": 0.35,
        "top": 0.45,
        "bottom": 1.0,
    }
    figure, axes = panels(-(-count // across), across, width, high, **sides, gap_x=0.6, gap_y=BETWEEN)
    flat = axes.ravel()
    for place, panel in enumerate(flat[:count]):
        panel.set_ylim(-0.6, len(order) - 0.4)
        panel.set_yticks(range(len(order)), labels)
        panel.tick_params(axis="y", length=0, labelleft=place % across == 0)
    for panel in flat[count:]:
        panel.remove()
    return figure, flat[:count]


def dots(axes: Axes, table: pd.DataFrame, order: Sequence[str]) -> None:
    """A dot and its interval for every method."""
    place = {name: y for y, name in enumerate(order)}
    for row in table[table["method"].isin(order)].itertuples():
        style, bounds = method_style(row.method), ([row.value - row.low], [row.high - row.value])
        axes.errorbar(
            [row.value], [place[row.method]], xerr=bounds, color=style.colour, marker=style.marker,
            linewidth=1.2, label=style.label, zorder=3,
        )  # fmt: skip


def interval_entry(confidence: float) -> tuple[Line2D, str]:
    """The entry of `key` for dots with bars."""
    bar = Line2D([], [], color=GREY, linewidth=1.2, marker="o", markersize=4.5)
    return bar, f"mean with its {interval_name(confidence)} interval"
