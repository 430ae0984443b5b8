"""Figures of networks compared: accuracy by angle and by masked cells, with the paired differences."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, MultipleLocator

from signsight.core.registry import figures
from signsight.figures.curves import TRANSFORMS
from signsight.figures.networks import difference_name, fitted_key, network_entries, network_styles, points_y
from signsight.figures.sheet import in_words
from signsight.figures.style import (
    INK,
    MethodStyle,
    band_entry,
    method_label,
    panels,
    percent_axis,
    styled,
)

ACROSS, MOST = 4, 8  # panels of methods side by side, and in all
Styles = dict[str, MethodStyle]


@figures.register("compared_degrees", category="Comparison", subcategory="Rotation and perspective")
@styled
def compared_degrees(compared_geometry: pd.DataFrame, *, confidence: float) -> Figure:
    """Accuracy of each network by angle, a panel a transform, and below it the paired difference."""
    if compared_geometry.empty:
        return in_words("The experiments have no angle in common.")
    table = compared_geometry.assign(x=compared_geometry["set"].astype(int))
    styles = network_styles(table["network"])
    names = [name for name in TRANSFORMS if (table["kind"] == name).any()]
    figure, axes = panels(2, len(names), 3.1, 2.2, left=1.0, bottom=1.15, gap_y=0.3)
    for (panel, below), name in zip(axes.T, names, strict=True):
        _pair(panel, below, table[table["kind"] == name], styles)
        title, label = TRANSFORMS[name]
        panel.set_title(title, loc="left")
        below.set_xlabel(label)
        for one in (panel, below):
            one.xaxis.set_major_locator(MultipleLocator(30))
            one.set_xlim(min(table["x"].min(), -5), max(table["x"].max(), 5))
    _finish(figure, axes, styles, confidence)
    return figure


@figures.register("compared_masking", category="Comparison", subcategory="Masking")
@styled
def compared_masking(compared_masking: pd.DataFrame, *, confidence: float) -> Figure:
    """Accuracy of each network by masked cells, a panel a method, and below it the paired difference.

    Each network is masked where its own map says. Of more than MOST methods, those with the largest
    differences are drawn.
    """
    if compared_masking.empty:
        return in_words("The experiments have no number of masked cells in common.")
    table = compared_masking.assign(x=compared_masking["set"].astype(int))
    styles = network_styles(table["network"])
    size = table.assign(size=table["difference"].abs()).groupby("method", sort=False)["size"].mean()
    kept = set(size.sort_values(ascending=False, kind="stable").index[:MOST])
    names = [name for name in size.index if name in kept]
    columns = min(ACROSS, len(names))
    blocks = -(-len(names) // columns)
    figure, axes = panels(2 * blocks, columns, 2.3, 1.6, left=1.0, bottom=1.15, gap_y=0.75, gap_x=0.25)
    for place, name in enumerate(names):
        block, column = divmod(place, columns)
        panel, below = axes[2 * block : 2 * block + 2, column]
        _pair(panel, below, table[table["method"] == name], styles)
        panel.set_title(method_label(name), loc="left")
        below.set_xlabel("Masked cells")
        for one in (panel, below):
            one.xaxis.set_major_locator(MaxNLocator(5, integer=True))
            one.set_xlim(0, table["x"].max())
    for place in range(len(names), columns * blocks):
        block, column = divmod(place, columns)
        for one in axes[2 * block : 2 * block + 2, column]:
            one.remove()
    _finish(figure, axes, styles, confidence)
    return figure


def _pair(panel: Axes, below: Axes, rows: pd.DataFrame, styles: Styles) -> None:
    """The accuracies of the networks, and their differences from the first one."""
    for name, style in styles.items():
        own = rows[rows["network"] == name].sort_values("x")
        _line(panel, own, style, ("accuracy", "low", "high"))
        if own["difference"].notna().any():
            _line(below, own, style, ("difference", "difference_low", "difference_high"))
    below.axhline(0, color=INK, linewidth=0.9, zorder=1)
    panel.tick_params(labelbottom=False)


def _line(axes: Axes, rows: pd.DataFrame, style: MethodStyle, columns: tuple[str, str, str]) -> None:
    value, low, high = columns
    marker = style.marker if len(rows) <= 40 else None
    look = {"color": style.colour, "clip_on": False, "zorder": 3}
    axes.plot(rows["x"], rows[value], linestyle=style.line, marker=marker, markersize=4, **look)
    axes.fill_between(rows["x"], rows[low], rows[high], color=style.colour, alpha=0.2, linewidth=0)


def _finish(figure: Figure, axes: np.ndarray, styles: Styles, confidence: float) -> None:
    """Scales, labels at the left, and the legend; the differences share one scale."""
    for row, line in enumerate(axes):
        there = [panel for panel in line if panel.figure is not None]
        if row % 2:
            ends = [end for panel in there for end in panel.get_ylim()]
            for panel in there:
                panel.set_ylim(min(ends), max(ends))
                points_y(panel)
        else:
            for panel in there:
                percent_axis(panel)
        there[0].set_ylabel(f"{difference_name(styles)}\n(points)" if row % 2 else "Accuracy")
        for panel in there[1:]:
            panel.tick_params(labelleft=False)
    fitted_key(figure, [*network_entries(styles, lines=True), band_entry(confidence)])
