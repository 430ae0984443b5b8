"""Figures from the tables of a detector: how well it finds objects, and how good the maps of boxes are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from signsight.core.registry import figures
from signsight.figures.dots import BETWEEN, ROW, dots, interval_entry, rows_of_methods
from signsight.figures.faithfulness import hiding
from signsight.figures.feature_pages import fitted_lines, font_of
from signsight.figures.method_curves import declared_curves, family_curves, span_of
from signsight.figures.metric_words import metric_words
from signsight.figures.numbers import count
from signsight.figures.pages import pages, rows_within
from signsight.figures.ranking import Quantities, methods_by_metrics
from signsight.figures.sheet import in_words
from signsight.figures.style import BLUE, GREY, INK, interval_name, key, method_label, panels, styled

ACROSS = 4  # quantities side by side
CLASSES = 36  # below each other, at most
NAME = 2.6  # inches of the name of a class, at most
HOLLOW = {"color": GREY, "marker": "D", "markersize": 4.5, "markerfacecolor": "white", "zorder": 2.5}
NOT_MEASURED = "No metric has a value for any box: no box is explained, or none finds a true object."


@figures.register("average_precision", category="Detection", subcategory="Accuracy")
@styled
def average_precision(detection_accuracy: pd.DataFrame, *, confidence: float) -> Figure:
    """Average precision by class at an overlap of 0.5 with its interval, best on top; the mean below all.

    detection_accuracy: of `detection.accuracy.accuracy_table`. Hollow: the mean over overlaps from 0.5 to
    0.95. Beside a class, how many objects of it there are.
    """
    table = detection_accuracy
    classes = table[table["class_id"] >= 0].sort_values("ap50", kind="stable")
    if classes.empty:
        return in_words("The pictures have no object that counts, so there is no average precision.")
    rows = pd.concat([table[table["class_id"] < 0], classes], ignore_index=True)
    labels = [fitted_lines(str(label), 95, NAME * 720, 1)[0] for label in rows["label"]]
    left = max(font_of(95).getlength(label) for label in labels) / 720 + 0.35
    parts = pages(len(rows), CLASSES)[::-1]  # the best classes on the left
    most = max(part.stop - part.start for part in parts)
    sides = {"left": max(left, 1.0), "right": 0.95, "top": 0.35, "bottom": 1.0}
    gap = sides["left"] + sides["right"]
    figure, axes = panels(1, len(parts), 4.6, ROW * max(most, 3), **sides, gap_x=gap)
    for panel, part in zip(axes[0], parts, strict=True):
        _precisions(panel, rows.iloc[part], labels[part], max(most, 3))
        panel.axvline(rows["ap50"].iloc[0], color=INK, linestyle=":", linewidth=1.2, zorder=1)
    bar = Line2D([], [], color=BLUE, marker="o", linewidth=1.2, markersize=4.5)
    entries = [(bar, f"IoU of 0.5, with its {interval_name(confidence)} interval")]
    entries.append((Line2D([], [], linestyle="none", **HOLLOW), "mean over IoU 0.5 to 0.95"))
    key(figure, entries)
    return figure


def _precisions(panel: Axes, rows: pd.DataFrame, labels: Sequence[str], most: int) -> None:
    """The average precisions of some classes, the last on top, in a panel with room for `most` rows."""
    mean = (rows["class_id"] < 0).to_numpy()
    places = most - len(rows) + np.arange(len(rows)) - 0.3 * mean  # the mean stands apart
    for place, row in zip(places, rows.itertuples(), strict=True):
        colour, marker = (INK, "s") if row.class_id < 0 else (BLUE, "o")
        bounds = [row.ap50 - row.ap50_low], [row.ap50_high - row.ap50]
        look = {"linewidth": 1.2, "color": colour, "marker": marker, "zorder": 3, "clip_on": False}
        panel.errorbar([row.ap50], [place], xerr=bounds, label=row.label, **look)
        panel.plot([row.ap], [place], linestyle="none", clip_on=False, **HOLLOW)
        look = {"transform": panel.get_yaxis_transform(), "va": "center", "ha": "right", "fontsize": 9}
        panel.text(1.17, place, count(row.objects), **look)
    panel.text(1.17, places[-1] + 0.85, "objects", transform=panel.get_yaxis_transform(), ha="right",
               va="center", fontsize=9, color=GREY)  # fmt: skip
    panel.set_yticks(places, labels)
    panel.tick_params(axis="y", length=0)
    panel.set_ylim(-0.9, most - 0.4)
    panel.set_xlim(0, 1)
    panel.xaxis.set_major_formatter(lambda share, _: f"{round(100 * share, 6):g} %")
    panel.set_xlabel("Average precision")


@figures.register("box_ranking", category="Detection", subcategory="Methods by metrics")
@styled
def box_ranking(
    box_ranking: pd.DataFrame, *, box_quantities: Quantities, box_controls: Collection[str]
) -> Figure:
    """As `ranking`, for the maps of boxes.

    box_ranking: of `ranking.ranking_table`. box_controls: methods that do not look at the detector.
    """
    known = box_ranking.groupby(["metric", "quantity"], sort=False)["rank"].transform(
        lambda r: r.notna().any()
    )
    if not known.any():
        return in_words(NOT_MEASURED)
    named = {name: method_label(name) for name in box_ranking["method"]}
    return methods_by_metrics(box_ranking[known], named, box_quantities, box_controls)


@figures.register("box_metrics", category="Detection", subcategory="Metrics", pages=True)
@styled
def box_metrics(box_metrics: pd.DataFrame, *, confidence: float) -> list[Figure]:
    """A panel for every quantity that has a better direction: a dot a method, with its interval.

    box_metrics: of `metric_table.metric_table`. Methods in the order of the first quantity, best on top; the
    dotted line is chance.
    """
    rows = box_metrics[box_metrics["direction"] != ""].dropna(subset=["value"])
    tables = [own for _, own in rows.groupby(["metric", "quantity"], sort=False)]
    if not tables:
        return [in_words(NOT_MEASURED)]
    first = tables[0].sort_values(
        "value", ascending=tables[0]["direction"].iloc[0] == "higher", kind="stable"
    )
    others = [name for name in dict.fromkeys(rows["method"]) if name not in set(first["method"])]
    order = [*others, *first["method"]]
    room = ACROSS * rows_within(ROW * max(len(order), 3) + BETWEEN, 0.45 + 1.0 - BETWEEN)
    return [_quantities(tables[part], order, confidence) for part in pages(len(tables), room)]


def _quantities(tables: Sequence[pd.DataFrame], order: Sequence[str], confidence: float) -> Figure:
    """A page of `box_metrics`: a panel a table, whose rows are the methods in this order."""
    figure, axes = rows_of_methods(order, len(tables), 2.2, ACROSS)
    chances = False
    for panel, table in zip(axes, tables, strict=True):
        row = table.iloc[0]
        dots(panel, table, order)
        if np.isfinite(row["chance"]):
            panel.axvline(row["chance"], color=INK, linestyle=":", linewidth=1.2, zorder=1)
            chances = True
        label = metric_words(row["metric"])["quantities"][row["quantity"]]["label"]
        panel.set_title(label[:1].upper() + label[1:], loc="left", fontsize=10)
        panel.set_xlim(*span_of(table, ("value", "low", "high", "chance")))
        panel.xaxis.set_major_locator(MaxNLocator(4))
        panel.set_xlabel(f"{row['direction']} = better")
    chance = Line2D([], [], color=INK, linestyle=":", linewidth=1.2), "chance"
    key(figure, [interval_entry(confidence), *([chance] if chances else [])])
    return figure


@figures.register("box_curves", category="Detection", subcategory="Deletion and insertion", pages=True)
@styled
def box_curves(
    box_curves: pd.DataFrame,
    box_metrics: pd.DataFrame,
    *,
    hidden: Mapping[str, str],
    follows: str,
    confidence: float,
) -> list[Figure]:
    """Every curve of the metrics of boxes: of deletion and insertion with the AUC behind each name.

    box_curves, box_metrics: of `metric_table`. hidden: metric or variant -> replacement; follows: the score
    that deletion and insertion follow.
    """
    scores = dict.fromkeys(hidden, follows)
    curves = []
    for metric, rows in box_curves.dropna(subset=["value"]).groupby("metric", sort=False):
        kind = rows["curve"].iloc[0]
        if metric in hidden and kind in ("deletion", "insertion"):
            curves.append(hiding(metric, kind, box_curves, box_metrics, hidden, scores))
        else:
            curves += declared_curves(box_curves, metric)
    return family_curves(curves, confidence)[0] if curves else [in_words(NOT_MEASURED)]
