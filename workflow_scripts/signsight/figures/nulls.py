"""Figure of the methods against null maps: how far each is above the strongest of them, by every quantity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from signsight.core.registry import figures
from signsight.evaluation.guessing import no_ranking
from signsight.evaluation.null_table import BETTER, WORSE, strongest
from signsight.evaluation.nulls import null_labels
from signsight.figures.dots import BETWEEN, ROW, rows_of_methods
from signsight.figures.method_curves import span_of
from signsight.figures.metric_words import metric_words
from signsight.figures.pages import pages, rows_within
from signsight.figures.repeats import labels_once
from signsight.figures.sheet import in_words
from signsight.figures.style import BLUE, GREY, INK, VERMILLION, interval_name, key, method_label, styled

ACROSS = 4  # panels beside each other
MARKERS = {"same_class": "o", "any_class": "s", "centre_prior": "^"}
CONTROL = "D"  # of a control that is a method of the run
COLOURS = {BETTER: BLUE, WORSE: VERMILLION}  # GREY and hollow: not told apart
UNMEASURED = "No null maps were measured: there was no method beside the controls, or no image to measure on."


@figures.register("nulls", category="Ranking", subcategory="Against null maps", pages=True)
@styled
def nulls(
    nulls: pd.DataFrame, clean: pd.DataFrame, identical_maps: pd.DataFrame, *, confidence: float
) -> list[Figure]:
    """A panel for every quantity that has a better direction: each method's gap to its strongest null map.

    nulls: of `null_table.null_table`; clean: the accuracy of the network, which is to be better than
    guessing; identical_maps: of `evaluation.identical`, methods that share a row. The gap is positive where
    the method is better. Methods by the number of quantities by which they are better than all nulls, the
    first on top.
    """
    if refused := no_ranking(clean):
        return [in_words(refused)]
    rows = strongest(nulls)
    if rows.empty:
        return [in_words(UNMEASURED)]
    named = labels_once([*rows["method"].unique(), *identical_maps["method"]], identical_maps)
    return _pages(rows, {method: " = ".join(own) for method, own in named.items()}, confidence)


@figures.register("box_nulls", category="Detection", subcategory="Against null maps", pages=True)
@styled
def box_nulls(box_nulls: pd.DataFrame, *, confidence: float) -> list[Figure]:
    """As `nulls`, for the maps of boxes. box_nulls: of `null_table.null_table`."""
    rows = strongest(box_nulls)
    if rows.empty:
        return [in_words(UNMEASURED.replace("image", "box"))]
    named = {method: method_label(method) for method in rows["method"].unique()}
    return _pages(rows, named, confidence, "box")


def _pages(
    rows: pd.DataFrame, named: Mapping[str, str], confidence: float, thing: str = "image"
) -> list[Figure]:
    """The pages of the rows against the strongest nulls; named: label of each method."""
    won = (rows["outcome"] == BETTER).astype(int) - (rows["outcome"] == WORSE)
    order = won.groupby(rows["method"], sort=False).sum().sort_values(kind="stable").index.tolist()
    labels = [named[method] for method in order]
    tables = [own for _, own in rows.groupby(["metric", "quantity"], sort=False)]
    room = ACROSS * rows_within(ROW * max(len(order), 3) + BETWEEN, 0.45 + 1.0 - BETWEEN)
    return [_page(tables[part], order, labels, confidence, thing) for part in pages(len(tables), room)]


def _page(
    tables: Sequence[pd.DataFrame], order: Sequence[str], labels: Sequence[str], confidence: float, thing: str
) -> Figure:
    figure, axes = rows_of_methods(order, len(tables), 2.2, ACROSS, labels)
    place = {name: y for y, name in enumerate(order)}
    for panel, table in zip(axes, tables, strict=True):
        for row in table.itertuples():
            colour = COLOURS.get(row.outcome, GREY)
            panel.errorbar(
                [row.gap], [place[row.method]], xerr=[[row.gap - row.low], [row.high - row.gap]],
                color=colour, marker=MARKERS.get(row.null, CONTROL), markersize=5.5, linewidth=1.2,
                markerfacecolor=colour if row.outcome in COLOURS else "white", zorder=3,
            )  # fmt: skip
        panel.axvline(0, color=INK, linewidth=1.0, zorder=1)
        label = metric_words(table["metric"].iloc[0])["quantities"][table["quantity"].iloc[0]]["label"]
        panel.set_title(label[:1].upper() + label[1:], loc="left", fontsize=10)
        low, high = span_of(table, ("gap", "low", "high"))
        panel.set_xlim(min(low, 0 - 0.05 * (high - low)), max(high, 0.05 * (high - low)))
        panel.xaxis.set_major_locator(MaxNLocator(4))
        panel.set_xlabel("gap to the strongest null")
    key(figure, _entries(tables, confidence, thing))
    return figure


def _entries(
    tables: Sequence[pd.DataFrame], confidence: float, thing: str
) -> list[tuple[Line2D | Patch, str]]:
    """What the key says: colours for what comes of it, shapes for which null is the strongest."""
    there = {name for table in tables for name in table["null"]}
    look = {"linestyle": "none", "markersize": 5.5}
    words = (
        (Patch(color=BLUE), "better than all nulls"),
        (Patch(edgecolor=GREY, facecolor="white"), "not told apart"),
        (Patch(color=VERMILLION), "worse than the strongest"),
    )
    shapes = [
        (Line2D([], [], color=INK, marker=marker, **look), null_labels(thing)[kind])
        for kind, marker in MARKERS.items()
        if kind in there
    ]
    if there - set(MARKERS):
        shapes.append((Line2D([], [], color=INK, marker=CONTROL, **look), "control"))
    bar = Line2D([], [], color=GREY, linewidth=1.2), f"{interval_name(confidence)} interval"
    return [*words, *shapes, bar]
