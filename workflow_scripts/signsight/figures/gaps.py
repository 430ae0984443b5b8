"""The figure of published numbers and those of several variants: which change explains the difference?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from signsight.core.registry import figures
from signsight.figures.gap_names import headline, told_settings
from signsight.figures.networks import fitted_key, key_height, points_x, zero_line
from signsight.figures.numbers import percent
from signsight.figures.style import BLUE, GREY, INK, VERMILLION, interval_name, panels, styled

COLUMNS, WIDTH, GAP = 6, 1.5, 0.32  # the maximum of panels in a line; inches
HIGHEST, TALLEST, SHORTEST = 2.5, 0.42, 0.25  # inches of a panel, and of a row in it
NAME, SETTING = 8.5, 6.5  # font sizes of a variant's name and of what it changes
LETTER = 0.0085  # inches of a letter, on average, for each point of the font size


@figures.register("published_gaps", category="Comparison", subcategory="What explains the difference")
@styled
def published_gaps(published_gaps: pd.DataFrame, *, confidence: float) -> Figure:
    """Reproduced less published, with intervals: a panel a quantity, a row an experiment.

    published_gaps: of `evaluation.compared.gaps.gap_table`, with `changed`, the settings of each variant.
    """
    table = headline(published_gaps)
    variants = table.groupby("experiment", sort=False)["changed"].first()
    names = list(dict.fromkeys(table["key"]))
    lines = -(-len(names) // COLUMNS)
    columns = -(-len(names) // lines)  # even lines: 5, 5 and 3 panels in place of 6, 6 and 1
    high = max(np.clip(HIGHEST / len(variants), SHORTEST, TALLEST) * len(variants), 0.6)
    entries = _entries(str(variants.index[0]), len(variants) > 1, confidence)
    left = _left(variants)
    wide = left + columns * (WIDTH + GAP)
    sides = {"left": left, "right": GAP, "top": 0.5, "bottom": 0.5 + key_height(entries, wide)}
    figure, axes = panels(lines, columns, WIDTH, high, **sides, gap_x=GAP, gap_y=0.82)
    for place, panel in enumerate(axes.ravel()):
        if place >= len(names):
            panel.remove()
            continue
        own = table[table["key"] == names[place]]
        _draw(panel, own, list(variants.index))
        _name_rows(panel, variants, shown=place % columns == 0)
        if place + columns >= len(names):
            panel.set_xlabel("Difference (points)", fontsize=8.5)
    fitted_key(figure, entries)
    return figure


def _draw(panel: Axes, own: pd.DataFrame, variants: list[str]) -> None:
    """The differences of one quantity; the reference's goes on as a line, so that shifts from it are seen."""
    first = own.iloc[0]
    panel.set_title(first["name"].subject, loc="left", fontsize=8.5, pad=12)
    shown = first["name"].detail.removesuffix(" images")
    detail = ": ".join(filter(None, (shown, f"published {percent(first['published'])}")))
    panel.text(0, 1.0, detail, transform=panel.transAxes, fontsize=7.2, color=GREY, va="bottom")
    for row in own.to_dict("records"):
        y, reference = variants.index(row["experiment"]), row["experiment"] == variants[0]
        ends = [[max(row["difference"] - row["low"], 0)], [max(row["high"] - row["difference"], 0)]]
        if reference:
            panel.axvline(row["difference"], color=BLUE, linewidth=0.9, linestyle=(0, (1, 1.5)), zorder=1)
        panel.errorbar(
            [row["difference"]], [y], xerr=ends, color=BLUE if reference else VERMILLION,
            marker="D" if reference else "o", markersize=5.2, linewidth=1.3, zorder=3,
        )  # fmt: skip
    zero_line(panel)
    panel.set_ylim(len(variants) - 0.45, -0.55)
    low, high = min(own["low"].min(), 0), max(own["high"].max(), 0)
    room = 0.08 * max(high - low, 0.02)
    panel.set_xlim(low - room, high + room)
    panel.xaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
    panel.tick_params(axis="x", labelsize=8)
    points_x(panel)


def _name_rows(panel: Axes, variants: pd.Series, shown: bool) -> None:
    """The names of the experiments and below each what it changes; without them in panels further right."""
    panel.set_yticks(range(len(variants)), [""] * len(variants))
    panel.tick_params(axis="y", length=0)
    panel.axhspan(-0.5, 0.5, color=BLUE, alpha=0.07, linewidth=0, zorder=0)
    if not shown:
        return
    for y, (label, changed) in enumerate(variants.items()):
        told = told_settings(changed) or ("reference" if y == 0 else "")
        at = {"transform": panel.get_yaxis_transform(), "ha": "right", "clip_on": False}
        panel.text(-0.06, y, str(label), fontsize=NAME, va="bottom" if told else "center", **at)
        panel.text(-0.06, y + 0.04, told, fontsize=SETTING, color=GREY, va="top", **at)


def _left(variants: pd.Series) -> float:
    """Inches that the names take."""
    names = max(len(str(label)) for label in variants.index) * NAME
    told = max(len(told_settings(changed)) for changed in variants) * SETTING
    return min(max(names, told, 9 * SETTING) * LETTER + 0.35, 4.0)


def _entries(reference: str, others: bool, confidence: float) -> list[tuple[Line2D, str]]:
    """The entries of the legend."""
    dot = Line2D([], [], color=BLUE, marker="D", markersize=5, linestyle="none")
    found = [(dot, f"{reference}, the reference")]
    if others:
        found.append(
            (Line2D([], [], color=VERMILLION, marker="o", markersize=5, linestyle="none"), "variant")
        )
    found.append((Line2D([], [], color=GREY, linewidth=1.3), f"{interval_name(confidence)} interval"))
    return [*found, (Line2D([], [], color=INK, linewidth=0.9), "as published")]
