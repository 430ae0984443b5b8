"""Figures of confusions: the confusion matrix, and what stickered signs are taken for."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure

from signsight.core.registry import figures
from signsight.figures.numbers import count, percent
from signsight.figures.stickers import TARGETS, conditions, size_label
from signsight.figures.style import FAINT, GREY, INK, method_style, panels, styled

LONGEST = 30  # letters of the name of a class
CONFUSIONS, OF_STICKERS = 10, 15  # that are listed
FEW = 12  # classes, up to which the counts stand in the cells
DARK = 0.45  # of the lightness, below which white is read better than black


def short(name: str, longest: int = LONGEST) -> str:
    """A class name cut to `longest` characters."""
    return name if len(name) <= longest else name[: longest - 1].rstrip() + "…"


def square(confusion: pd.DataFrame, classes: int) -> np.ndarray:
    """(classes, classes) int64 counts, rows true and columns predicted, of the long table."""
    counts = np.zeros((classes, classes), np.int64)
    at = confusion["class_id"].to_numpy(), confusion["predicted_id"].to_numpy()
    np.add.at(counts, at, confusion["count"].to_numpy())
    return counts


def commonest(counts: np.ndarray) -> list[tuple[int, int, int]]:
    """(true, predicted, count) of the off-diagonal cells with the largest counts, largest first."""
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:CONFUSIONS]
    pairs = [divmod(int(at), len(counts)) for at in order]
    return [(true, seen, int(wrong[true, seen])) for true, seen in pairs if wrong[true, seen]]


@figures.register(
    "confusion_matrix", category="Model", subcategory="Test performance", when={"own_classes": True}
)
@styled
def confusion_matrix(confusion: pd.DataFrame, classes: pd.DataFrame) -> Figure:
    """The confusion matrix as shares of each true class, on a logarithmic scale.

    confusion: `class_id, predicted_id, count`, zero cells may be missing; classes: `class_id, name`
    for class ids 0, 1, ... Of few classes the counts stand in the cells; of more, the ten commonest
    confusions are listed beside the matrix.
    """
    names = classes.sort_values("class_id")["name"].tolist()
    counts, few = square(confusion, len(names)), len(names) <= FEW
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    side = max(0.5 * len(names), 3.6) if few else float(np.clip(0.19 * len(names), 6.6, 9.0))
    figure, axes = panels(1, 1, side, side, left=3.2, right=1.6 if few else 4.3, top=0.75, bottom=0.75)
    panel = axes[0, 0]
    smallest = share[share > 0].min(initial=1.0)
    cells = panel.pcolormesh(
        np.ma.masked_equal(share, 0),
        cmap=_errors_map(),
        norm=LogNorm(min(smallest, 0.5), 1.0),
        edgecolors="none",
    )
    panel.set_box_aspect(1)
    _class_axes(panel, names)
    total = f"{count(np.trace(counts))} of {count(counts.sum())} right"
    accuracy = np.trace(counts) / max(counts.sum(), 1)
    panel.set_title(f"Test accuracy {percent(accuracy, 2)} ({total})", loc="left", pad=22)
    _colour_bar(figure, panel, cells)
    if few:
        _write_counts(panel, cells, counts)
    else:
        _list_confusions(figure, panel, counts, names)
    return figure


def _write_counts(axes: Axes, cells: QuadMesh, counts: np.ndarray) -> None:
    """The number of images in every cell, black or white by its colour; a zero in grey."""
    colours = cells.to_rgba(cells.get_array()).reshape(*counts.shape, 4)
    for (row, column), number in np.ndenumerate(counts):
        light = colours[row, column, :3] @ (0.299, 0.587, 0.114)
        colour = GREY if not number else ("white" if light < DARK else INK)
        axes.text(column + 0.5, row + 0.5, count(number), ha="center", va="center", fontsize=9, color=colour)


def _errors_map() -> matplotlib.colors.Colormap:
    """Light but plainly not white for a single error, dark for a whole class."""
    colours = matplotlib.colormaps["magma_r"](np.linspace(0.12, 1, 256))
    return LinearSegmentedColormap.from_list("errors", colours)


def _class_axes(axes: Axes, names: list[str]) -> None:
    """Class numbers on both axes, names on the rows; thinned out beyond 48 classes."""
    step = -(-len(names) // 48)
    shown = np.arange(0, len(names), step)
    size = 9.5 if len(names) <= 48 else 7
    axes.set_xlim(0, len(names))
    axes.set_ylim(len(names), 0)
    axes.set_yticks(shown + 0.5, [f"{short(names[i])}  {i:\N{FIGURE SPACE}>2}" for i in shown], fontsize=size)
    axes.set_xticks(shown + 0.5, [str(i) for i in shown], fontsize=size - 1.5)
    axes.tick_params(length=0, labeltop=True, pad=2)
    axes.set_xlabel("Predicted class")
    axes.set_ylabel("True class")
    axes.grid(False)
    if len(names) <= 100:
        lines = np.arange(1, len(names))
        axes.hlines(lines, 0, len(names), color=FAINT, linewidth=0.4)
        axes.vlines(lines, 0, len(names), color=FAINT, linewidth=0.4)
    for spine in axes.spines.values():
        spine.set_visible(True)


def _colour_bar(figure: Figure, axes: Axes, cells: object) -> None:
    box, (wide, high) = axes.get_position(), figure.get_size_inches()
    place = (box.x1 + 0.35 / wide, box.y0, 0.16 / wide, 0.42 * box.height)
    bar = figure.colorbar(cells, cax=figure.add_axes(place))
    bar.set_label("Share of the true class")
    low = bar.vmin
    ticks = [t for t in (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1) if t >= low]
    bar.set_ticks(ticks, labels=[f"{100 * tick:g} %" for tick in ticks])
    bar.minorticks_off()
    place = (box.x1 + 0.35 / wide, box.y0 - 0.3 / high)
    figure.text(*place, "white: none", fontsize=9)


def _list_confusions(figure: Figure, axes: Axes, counts: np.ndarray, names: list[str]) -> None:
    """The ten commonest confusions as text at the upper right of the matrix."""
    box, (wide, high) = axes.get_position(), figure.get_size_inches()
    left, top = box.x1 + 0.35 / wide, box.y1
    pairs = commonest(counts)
    heading = "Most frequent confusions" if pairs else "No confusions"
    figure.text(left, top, heading, va="top", fontsize=12)
    if pairs:
        look = {"fontsize": 8.5, "color": GREY, "va": "center"}
        at = top - 0.3 / high
        figure.text(left + 0.3 / wide, at, "n", ha="right", **look)
        figure.text(left + 0.95 / wide, at, "of class", ha="right", **look)
        figure.text(left + 1.07 / wide, at, "true class → predicted class", **look)
    line = min(0.42, 0.56 * box.height * high / 11) / high
    for rank, (true, seen, number) in enumerate(pairs, 1):
        at = top - 0.2 / high - rank * line
        rate = percent(number / counts[true].sum(), 1)
        text = f"{short(names[true])} ({true})\n→ {short(names[seen])} ({seen})"
        figure.text(left + 0.3 / wide, at, f"{number}", fontsize=9.5, ha="right", va="center")
        figure.text(left + 0.95 / wide, at, rate, fontsize=9.5, ha="right", va="center", color=GREY)
        figure.text(left + 1.07 / wide, at, text, fontsize=9, va="center", linespacing=1.15)


@figures.register("sticker_confusions", category="Stickers", subcategory="Confusions")
@styled
def sticker_confusions(sticker_confusions: pd.DataFrame) -> Figure:
    """What stickered signs are taken for, as a table of counts: rows a confusion, columns a sticker.

    sticker_confusions: `target, method, sticker, sign_size, class_id, class_name, predicted_id,
    predicted_name, count`. One block a target (the OF_STICKERS commonest confusions of each) and a method.
    """
    table = sticker_confusions
    wrong = table[(table["class_id"] != table["predicted_id"]) & (table["count"] > 0)]
    targets = [name for name in TARGETS if (wrong["target"] == name).any()]
    methods = list(dict.fromkeys(table["method"]))
    columns = conditions(table)
    tops = [_top(wrong[wrong["target"] == name]) for name in targets]
    heights = [0.24 * len(top) for top in tops]
    left, right, gap = 4.2, 0.2, 0.3
    cell = max(0.58, 2.9 / max(len(columns), 1))
    block = cell * len(columns)
    wide = left + len(methods) * (block + gap) - gap + right
    head, foot = 1.15, 0.2
    high = max(sum(heights) + (head + foot) * len(targets), 1.0)
    figure = Figure(figsize=(wide, high))
    y = high
    for name, top, height in zip(targets, tops, heights, strict=True):
        y -= head + height
        here = wrong[wrong["target"] == name]
        for place, method in enumerate(methods):
            box = (left + place * (block + gap), y, block, height)
            axes = figure.add_axes(tuple(np.divide(box, (wide, high, wide, high))))
            rows = here[here["method"] == method]
            _count_table(axes, rows, top, columns, int(here["count"].max()))
            label = f"Sticker on the most relevant cell by\n{method_style(method).label}"
            axes.text(0, -2.75, label, fontsize=9.5, fontweight="bold")
            if place == 0:
                axes.set_yticks(np.arange(len(top)) + 0.5, [text for _, text in top], fontsize=8.5)
                axes.text(-0.1, -0.35, "size of the sign:", ha="right", fontsize=8, color=GREY)
                figure.text(0.15 / wide, (y + height + 0.76) / high, TARGETS[name], fontsize=11)
        y -= foot
    if not targets:
        figure.text(0.5, 0.5, "No stickered sign was misclassified.", ha="center", va="center")
    return figure


def _top(rows: pd.DataFrame) -> list[tuple[tuple[int, int], str]]:
    """((class_id, predicted_id), 'a → b') of the commonest confusions."""
    by = ["class_id", "predicted_id", "class_name", "predicted_name"]
    total = rows.groupby(by, as_index=False)["count"].sum()
    total = total.sort_values(["count", "class_id", "predicted_id"], ascending=[False, True, True])
    return [
        ((row.class_id, row.predicted_id), f"{short(row.class_name, 26)} → {short(row.predicted_name, 26)}")
        for row in total.head(OF_STICKERS).itertuples()
    ]


def _count_table(
    axes: Axes,
    rows: pd.DataFrame,
    top: list[tuple[tuple[int, int], str]],
    columns: list[tuple[str, str]],
    largest: int,
) -> None:
    """One block of counts, shaded by count, with a header of sticker and size of sign."""
    keys = ["class_id", "predicted_id", "sticker", "sign_size"]
    found = rows.groupby(keys)["count"].sum().to_dict()
    counts = np.array([[found.get((*pair, *column), 0) for column in columns] for pair, _ in top])
    axes.pcolormesh(counts, cmap="Blues", vmin=0, vmax=1.6 * largest)
    for (row, column), number in np.ndenumerate(counts):
        text, colour = (str(number), INK) if number else ("·", GREY)
        axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", color=colour, fontsize=9)
    axes.set_xlim(0, len(columns))
    axes.set_ylim(len(top), 0)
    for place, (_, size) in enumerate(columns):
        axes.text(place + 0.5, -0.35, size_label(size), ha="center", fontsize=8)
    for sticker in dict.fromkeys(sticker for sticker, _ in columns):
        places = [i for i, column in enumerate(columns) if column[0] == sticker]
        axes.plot([places[0] + 0.08, places[-1] + 0.92], [-1.3, -1.3], color=GREY, clip_on=False)
        middle = (places[0] + places[-1] + 1) / 2
        axes.text(middle, -1.6, f"{sticker} sticker", ha="center", fontsize=8.5)
    axes.grid(False)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
