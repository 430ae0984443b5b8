"""Figures of networks compared: accuracy, recall of classes, and what changed pictures cost each."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from signsight.core.registry import figures
from signsight.figures.background import set_name
from signsight.figures.compared_names import group_name
from signsight.figures.networks import (
    difference_name,
    dot_entries,
    most_rows,
    network_dots,
    network_styles,
    percent_x,
    points_x,
    side_by_side,
    zero_line,
)
from signsight.figures.numbers import count
from signsight.figures.sheet import in_words
from signsight.figures.style import GREY, method_label, styled

DIFFERENCE = ("difference", "difference_low", "difference_high")
CELLS = {"only_first": "only the first right", "only_this": "only this right", "both_wrong": "both wrong"}


def _groups(table: pd.DataFrame) -> list[str]:
    """The names of the groups of changed pictures that the rows are of."""
    rows = zip(table["kind"], table["target"], table["method"].fillna(""), strict=True)
    return [group_name(kind, target, name and method_label(name)) for kind, target, name in rows]


@figures.register("compared_accuracy", category="Comparison", subcategory="Accuracy")
@styled
def compared_accuracy(
    compared_accuracy: pd.DataFrame, compared_answers: pd.DataFrame, *, confidence: float
) -> Figure:
    """Accuracy of each network on the common test images, the paired difference, and where answers part."""
    styles = network_styles(compared_accuracy["network"])
    first, table = next(iter(styles)), compared_accuracy.assign(row=compared_accuracy["network"])
    n = f"n = {count(table['n'].iloc[0])}"
    columns = [
        (f"Accuracy, {n}", "Accuracy"),
        ("Difference", f"{difference_name(styles)} (points)"),
        ("Answers that are not both right", "Images"),
    ]
    figure, axes = side_by_side(list(styles), columns, 3, dot_entries(styles, confidence), width=2.55)
    for panel, own in zip(axes[:2], (("accuracy", "low", "high"), DIFFERENCE), strict=True):
        for name in styles:
            network_dots(panel, table[table["network"] == name], list(styles), styles, own)
        panel.xaxis.set_major_locator(MaxNLocator(4))
    percent_x(axes[0])
    points_x(axes[1])
    zero_line(axes[1])
    bars = axes[2]
    places = {name: y for y, name in enumerate(styles)}
    for row in compared_answers.to_dict("records"):
        for i, (cell, label) in enumerate(CELLS.items()):
            y = places[row["network"]] + 0.27 * (i - 1)
            colour = {"only_first": styles[first].colour, "only_this": styles[row["network"]].colour}
            bars.barh(y, row[cell], height=0.22, color=colour.get(cell, GREY), alpha=0.75)
            bars.text(row[cell], y, f" {count(row[cell])} {label}", va="center", fontsize=8)
    bars.set_xlim(0, 2.4 * max(compared_answers[list(CELLS)].max(axis=None), 1))
    bars.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    bars.grid(visible=False, axis="y")
    return figure


@figures.register("compared_classes", category="Comparison", subcategory="Recall by class")
def compared_classes(compared_classes: pd.DataFrame, *, confidence: float) -> Figure:
    """Recall of the classes in which the networks differ most."""
    table = compared_classes.rename(columns={"recall": "accuracy"})
    names = table["class_name"] + "  (" + table["n"].map(count) + ")"
    return _accuracies(table.assign(row=names), confidence, "Recall", by_difference=True)


@figures.register("compared_stickers", category="Comparison", subcategory="Stickers")
def compared_stickers(compared_stickers: pd.DataFrame, *, confidence: float) -> Figure:
    """Accuracy of each network with every sticker that all were given, by the method that says where."""
    groups = [group.removeprefix("Stickers by ") for group in _groups(compared_stickers)]
    names = [
        f"{group}: {name.replace('_', ' ')}"
        for group, name in zip(groups, compared_stickers["set"], strict=True)
    ]
    return _accuracies(compared_stickers.assign(row=names), confidence, "Accuracy")


@figures.register("compared_background", category="Comparison", subcategory="Background")
def compared_background(compared_background: pd.DataFrame, *, confidence: float) -> Figure:
    """Accuracy of each network with other backgrounds, and on backgrounds alone."""
    names = [set_name(*name.split("_on_", 1)) for name in compared_background["set"]]
    return _accuracies(compared_background.assign(row=names), confidence, "Accuracy")


@figures.register("compared_losses", category="Comparison", subcategory="Robustness")
@styled
def compared_losses(compared_losses: pd.DataFrame, *, confidence: float) -> Figure:
    """The accuracy that turning, masking, stickers and other backgrounds cost each network, on average."""
    table = compared_losses.assign(row=_groups(compared_losses))
    styles = network_styles(table["network"])
    order = list(dict.fromkeys(table["row"]))[: most_rows(len(styles))]
    columns = [
        ("Accuracy lost, mean over the sets", "Loss (points)"),
        ("Difference of the losses", f"{difference_name(styles)} (points)"),
    ]
    figure, axes = side_by_side(order, columns, len(styles), dot_entries(styles, confidence))
    table = table[table["row"].isin(order)]
    for panel, own in zip(axes, (("loss", "low", "high"), DIFFERENCE), strict=True):
        network_dots(panel, table, order, styles, own)
        panel.xaxis.set_major_locator(MaxNLocator(5))
        points_x(panel)
    zero_line(axes[1])
    return figure


@styled
def _accuracies(table: pd.DataFrame, confidence: float, what: str, by_difference: bool = False) -> Figure:
    """Rows of accuracies, and their differences beside them; of many, those with the largest differences."""
    if table.empty:
        return in_words("The experiments have no set of this kind in common.")
    styles = network_styles(table["network"])
    most = most_rows(len(styles))
    size = table.assign(size=table["difference"].abs()).groupby("row", sort=False)["size"].max().fillna(0)
    kept = set(size.sort_values(ascending=False, kind="stable").index[:most])
    order = [name for name in size.index if name in kept]
    if by_difference:
        mean = table.groupby("row", sort=False)["difference"].mean()
        order = mean[mean.index.isin(kept)].sort_values(kind="stable").index.tolist()
    shown = f"{what}, the {most} largest differences" if len(size) > most else what
    columns = [(shown, what), ("Difference", f"{difference_name(styles)} (points)")]
    figure, axes = side_by_side(order, columns, len(styles), dot_entries(styles, confidence))
    table = table[table["row"].isin(order)]
    for panel, own in zip(axes, (("accuracy", "low", "high"), DIFFERENCE), strict=True):
        network_dots(panel, table, order, styles, own)
        panel.xaxis.set_major_locator(MaxNLocator(5))
    axes[0].set_xlim(-0.03, 1.03)
    percent_x(axes[0])
    points_x(axes[1])
    zero_line(axes[1])
    return figure
