"""Curves of many methods that stay readable: a panel a family, the other methods pale behind it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from signsight.core.registry import figures
from signsight.figures.metric_words import metric_words
from signsight.figures.numbers import fixed
from signsight.figures.pages import pages, rows_within
from signsight.figures.style import (
    FAINT,
    MethodStyle,
    band_entry,
    families,
    key,
    label_ends,
    method_style,
    panels,
    percent_axis,
    styled,
)

TOGETHER = 8  # methods that one panel can hold; more are split by family
MARKED = 8  # markers along a line
LABEL_ROOM = 2.2  # inches at the right of a panel for the names of its lines
NUMBER_ROOM = 0.5  # inches for the number behind a name
TICKS = 12  # names of points that stand below a panel; more are thinned
TOP, PANEL = 0.45, 2.4  # inches above the first panels, and of the height of a panel, at least
LEVELS = ("value", "low", "high")
RELATIVE = ("relative", "relative_low", "relative_high")


@dataclass(frozen=True)
class Curve:
    """One curve of every method, drawn in panels of its own.

    rows: of the curve table, with method, point, x, label and `columns` (value, low, high).
    numbers: method -> value that follows the method's name. limits: of the y axis where they are
    fixed. percent: write y as percent, share: write x as percent. higher: whether high numbers are good.
    """

    rows: pd.DataFrame
    title: str
    x_label: str
    y_label: str
    columns: tuple[str, str, str] = LEVELS
    numbers: Mapping[str, float] | None = None
    limits: tuple[float, float] | None = None
    percent: bool = False
    share: bool = False
    higher: bool = False


def curve_of(table: pd.DataFrame, metric: str, curve: str) -> pd.DataFrame:
    """The rows of one curve of the curve table."""
    return table[(table["metric"] == metric) & (table["curve"] == curve)]


@figures.register("metric_curves", category="Metrics", subcategory="Curves", pages=True, when={"undrawn": 1})
@styled
def metric_curves(metric_curves: pd.DataFrame, *, undrawn: Sequence[str], confidence: float) -> list[Figure]:
    """Every curve of the metrics that no figure of its own shows, in panels of its own.

    metric_curves: the curve table; undrawn: the metrics, whose declarations say what the axes are called.
    """
    curves = [curve for metric in undrawn for curve in declared_curves(metric_curves, metric)]
    return family_curves(curves, confidence)[0]


def declared_curves(table: pd.DataFrame, metric: str) -> list[Curve]:
    """The curves of a metric that the table has, named as its declaration names them."""
    about, curves = metric_words(metric), []
    title = about.get("label") or metric.replace("_", " ").capitalize()
    for name, told in about["curves"].items():
        rows = curve_of(table, metric, name)
        if not rows.empty:
            share = bool(rows["x"].max() <= 1)
            curves.append(Curve(rows, title, about.get("x", ""), told.get("label", name), share=share))
    return curves


def grouped(methods: Sequence[str]) -> dict[str, list[str]]:
    """The methods of each panel: all in one without a title, or by family, `random` in every one."""
    if len(methods) <= TOGETHER:
        return {"": list(methods)}
    groups = families(methods)
    return {
        title: own if "random" in own or "random" not in methods else [*own, "random"]
        for title, own in groups.items()
    }


def family_curves(
    curves: Sequence[Curve], confidence: float, extra: int = 0, zero: str = ""
) -> tuple[list[Figure], list[Axes]]:
    """A panel for each curve and group of methods, with a band and a name at every line.

    extra: empty panels to leave at the end for the caller. zero: what the zero line is called, drawn as
    `random`, where the curves are differences from it. Returns the pages and all axes in order, the extra
    ones last.
    """
    methods = list(dict.fromkeys(name for curve in curves for name in curve.rows["method"]))
    groups = grouped([name for name in methods if not (zero and name == "random")])
    cells = [(title, names, curve) for title, names in groups.items() for curve in curves]
    lines = max(len(names) for names in groups.values()) + bool(zero)
    named = any(curve.rows["label"].astype(str).ne("").any() for curve in curves)
    numbered = any(curve.numbers is not None for curve in curves)
    drawn, every = panel_pages(len(cells) + extra, lines, numbered, named)
    for panel, (title, names, curve) in zip(every, cells, strict=False):
        _panel(panel, curve, names, len(methods), zero)
        panel.set_title(": ".join(text for text in (curve.title, title) if text), loc="left")
    entries = [band_entry(confidence)]
    if len(groups) > 1:
        entries.append((Line2D([], [], color=FAINT, linewidth=1), "methods of the other panels"))
    for figure in drawn:
        key(figure, entries)
    return drawn, every


def panel_pages(count: int, lines: int, numbered: bool, named: bool) -> tuple[list[Figure], list[Axes]]:
    """`count` panels in two columns on as many pages as they take, and all of them in order.

    lines: how many names stand beside a panel, at most; numbered: with numbers behind them; named: with
    names of points, which are turned, below.
    """
    columns, height = min(count, 2), max(PANEL, 0.21 * (lines + 1))
    room = LABEL_ROOM + NUMBER_ROOM * numbered
    bottom, gap = (1.75, 1.7) if named else (1.0, 0.95)
    drawn, every = [], []
    for part in pages(-(-count // columns), rows_within(height + gap, TOP + bottom - gap)):
        here = min(count, part.stop * columns) - part.start * columns
        figure, axes = panels(
            -(-here // columns), columns, 4.4 if columns == 1 else 3.6, height, left=1.0, right=room, top=TOP,
            bottom=bottom, gap_x=room + 1.05, gap_y=gap,
        )  # fmt: skip
        flat = list(axes.ravel())
        for panel in flat[here:]:
            panel.remove()
        drawn.append(figure)
        every += flat[:here]
    return drawn, every


def leading_curves(curves: Sequence[Curve], confidence: float, always: Collection[str]) -> list[Figure]:
    """A panel for each curve with a band and a name at its best lines, as many as one panel can hold.

    The methods `always` are among them whatever their numbers; the other methods are pale behind. The best
    have the lowest numbers, or with `Curve.higher` the highest.
    """
    drawn, every = panel_pages(len(curves), TOGETHER - 1, numbered=True, named=False)
    faint = False
    for panel, curve in zip(every, curves, strict=True):
        numbers = curve.numbers or {}
        methods = sorted(numbers, key=lambda name: numbers[name], reverse=curve.higher)
        others = [name for name in methods if name not in always]
        kept = {*always, *others[: TOGETHER - len(set(always) & set(methods))]}
        names = [name for name in methods if name in kept]
        faint = faint or len(names) < len(methods)
        _panel(panel, curve, names, len(names), "")
        panel.set_title(curve.title, loc="left")
    entries = [band_entry(confidence)]
    if faint:
        entries.append((Line2D([], [], color=FAINT, linewidth=1), "other methods"))
    for figure in drawn:
        key(figure, entries)
    return drawn


def _panel(axes: Axes, curve: Curve, names: Sequence[str], count: int, zero: str) -> None:
    """One group of methods; the others behind it without names."""
    value = curve.columns[0]
    for name, rows in curve.rows.groupby("method", sort=False):
        if name not in names and not (zero and name == "random"):
            axes.plot(rows["x"], rows[value], color=FAINT, linewidth=1, zorder=1)
    for name in names:
        _line(axes, curve.rows[curve.rows["method"] == name], curve.columns, name, len(names))
    if zero:
        axes.axhline(0, color=method_style("random").colour, linewidth=1.6, zorder=1.5, label=zero)
    _axes(axes, curve)
    label_ends(axes, _ends(curve, names, zero))


def _ends(curve: Curve, names: Sequence[str], zero: str) -> list[tuple[MethodStyle, float]]:
    """Name and end of every line; lines that end at one point are named in the order of their numbers."""
    low, high = curve.limits or span_of(curve.rows, curve.columns)
    numbers, ends = curve.numbers or {}, []
    for name in sorted(names, key=lambda name: numbers.get(name, 0.0)):
        own = curve.rows[curve.rows["method"] == name].sort_values("point")[curve.columns[0]]
        if len(own) and np.isfinite(own.iloc[-1]):
            style = method_style(name)
            number = f"  {fixed(numbers[name])}" if name in numbers else ""
            end = round((float(own.iloc[-1]) - low) / (high - low), 2) * (high - low) + low
            ends.append((replace(style, label=style.label + number), end))
    if zero:
        ends.append((replace(method_style("random"), label=zero), 0.0))
    return ends


def _line(axes: Axes, rows: pd.DataFrame, columns: tuple[str, str, str], name: str, count: int) -> None:
    """A method's curve with its band; few markers, the first of them at a place of the method's own."""
    rows, style = rows.sort_values("point"), method_style(name)
    every = max(len(rows) // MARKED, 1)
    axes.plot(
        rows["x"], rows[columns[0]], color=style.colour, linestyle=style.line, marker=style.marker,
        markersize=4.5, markevery=(sum(map(ord, name)) % every, every), label=style.label, zorder=3,
        clip_on=False,
    )  # fmt: skip
    look = {"color": style.colour, "alpha": 0.2 if count <= TOGETHER else 0.1, "linewidth": 0}
    axes.fill_between(rows["x"], rows[columns[1]], rows[columns[2]], label=style.label, **look)


def _axes(axes: Axes, curve: Curve) -> None:
    """Labels, ticks and limits, the same in all panels of a curve."""
    axes.set_xlabel(curve.x_label)
    axes.set_ylabel(curve.y_label)
    first = curve.rows.drop_duplicates("point").sort_values("point")
    axes.set_xlim(first["x"].min(), first["x"].max())
    if first["label"].astype(str).ne("").any():
        shown = first.iloc[:: -(-len(first) // TICKS)]
        axes.set_xticks(shown["x"], shown["label"], rotation=40, ha="right", rotation_mode="anchor")
    elif curve.share:
        axes.xaxis.set_major_formatter(lambda share, _: f"{round(100 * share, 6):g} %")
        axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    low, high = curve.limits or span_of(curve.rows, curve.columns)
    if curve.percent:
        percent_axis(axes, low, high)
    axes.set_ylim(low, high)


def span_of(rows: pd.DataFrame, columns: Sequence[str]) -> tuple[float, float]:
    """Limits that hold all values and bands of `columns`, with a margin; 0..1 without any."""
    values = rows[list(columns)].to_numpy(float)
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    margin = 0.05 * (high - low) or 0.05
    return low - margin, high + margin
