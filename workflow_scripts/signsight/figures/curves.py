"""Figures of curves: training, accuracy by masked cells and by degree."""

from __future__ import annotations

from collections.abc import Mapping
from math import log

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, MultipleLocator, NullFormatter

from signsight.core.registry import figures
from signsight.figures.numbers import span, subsets_shown
from signsight.figures.style import (
    BLUE,
    GREY,
    INK,
    VERMILLION,
    MethodStyle,
    band_entry,
    chance_entry,
    chance_line,
    key,
    label_ends,
    method_style,
    panels,
    percent_axis,
    styled,
)

SUBSETS = {"all": "All images with a map", "common": "Images that every method has a map for"}
TRANSFORMS = {
    "rotation": ("Rotation in the plane", "Angle (degrees, counterclockwise)"),
    "perspective_vertical": ("Turned about the vertical axis", "Angle (degrees)"),
    "perspective_horizontal": ("Turned about the horizontal axis", "Angle (degrees)"),
}
NOTE_LINE = 0.17  # inches of a line of a note
PUBLISHED = {"linestyle": (0, (4, 2)), "linewidth": 1.3, "markersize": 4.5}


@figures.register("training_curve", category="Model", subcategory="Training")
@styled
def training_curve(
    history: pd.DataFrame, classes: pd.DataFrame, *, label_smoothing: float, augmented: bool
) -> Figure:
    """Loss and accuracy by epoch, training and validation; the kept epoch is marked.

    history: `epoch, train_loss, train_accuracy, validation_loss, validation_accuracy, kept`.
    With label smoothing, the lowest training loss that there can be is drawn, and a note says why training
    can look worse than validation.
    """
    floor, note = smoothing_floor(label_smoothing, len(classes)), _gap_note(label_smoothing, augmented)
    bottom = 1.15 + (NOTE_LINE * (note.count("\n") + 1) if note else 0)
    figure, axes = panels(1, 2, 3.7, 3.0, gap_x=0.95, top=0.2, bottom=bottom)
    best = history[history["kept"]].iloc[0]
    both = (
        ("train", "Training", BLUE, "o", (0, (1, 1.2))),
        ("validation", "Validation", VERMILLION, "s", "-"),
    )
    for panel, value in zip(axes[0], ("loss", "accuracy"), strict=True):
        for name, label, colour, marker, line in both:
            panel.plot(
                history["epoch"],
                history[f"{name}_{value}"],
                color=colour,
                marker=marker if len(history) <= 40 else None,
                markersize=4,
                linestyle=line,
                label=label,
            )
        panel.axvline(best["epoch"], color=GREY, linewidth=1, zorder=1)
        panel.set_xlabel("Epoch")
        panel.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    entries = [(line, str(line.get_label())) for line in axes[0, 0].lines[:2]]
    if floor:
        line = axes[0, 0].axhline(floor, color=BLUE, linewidth=1.2, linestyle="-.", zorder=1, label="floor")
        entries.append((line, f"lowest training loss with label smoothing {label_smoothing:g}: {floor:.2f}"))
    _loss_axis(axes[0, 0], history, floor)
    axes[0, 0].set_ylabel("Loss (cross-entropy, nats)")
    axes[0, 1].set_ylabel("Accuracy")
    lowest = float(history[["train_accuracy", "validation_accuracy"]].min(axis=None))
    percent_axis(axes[0, 1], max(0.0, lowest - 0.05 * (1 - lowest)), 1 + 0.02 * (1 - lowest))
    kept = f"kept: epoch {best['epoch']:.0f}, validation {100 * best['validation_accuracy']:.2f} %"
    entries.insert(2, (Line2D([], [], color=GREY, linewidth=1), kept))
    _key_and_note(figure, entries, note)
    return figure


def smoothing_floor(smoothing: float, classes: int) -> float:
    """The lowest cross-entropy (nats) with smoothed labels: the entropy of the smoothed label.

    The true class has 1 - s + s / K, every other one s / K (Szegedy et al. 2016, section 7); 0 without s.
    """
    if not smoothing or classes < 2:
        return 0.0
    other = smoothing / classes
    true = 1 - smoothing + other
    return -true * log(true) - (classes - 1) * other * log(other)


def _gap_note(smoothing: float, augmented: bool) -> str:
    """Why the curves of training and validation do not measure the same; empty where they do."""
    ways = ["augmented pictures"] * augmented + ["smoothed labels"] * bool(smoothing)
    if not ways:
        return ""
    plain = ["pictures as they are"] * augmented + ["plain labels"] * bool(smoothing)
    return (
        f"Training is measured on {' with '.join(ways)}, validation on {' with '.join(plain)};\n"
        "so the training curves can look worse than those of validation without anything being wrong."
    )


def _key_and_note(figure: Figure, entries: list, note: str) -> None:
    """The key below the panels, and below it in grey a note."""
    handles, labels = zip(*entries, strict=True)
    high = figure.get_size_inches()[1]
    room = NOTE_LINE * (note.count("\n") + 1) + 0.08 if note else 0.0
    place = {"loc": "lower center", "bbox_to_anchor": (0.5, room / high), "ncols": 2}
    figure.legend(handles, labels, **place, handlelength=2.4)
    figure.text(0.5, 0.06 / high, note, ha="center", va="bottom", fontsize=8.5, color=GREY)


def _loss_axis(axes: Axes, history: pd.DataFrame, floor: float) -> None:
    """A logarithmic axis when every loss is positive, so that the late epochs can be told apart."""
    losses = history[["train_loss", "validation_loss"]]
    if not (losses > 0).all(axis=None):
        return
    axes.set_yscale("log")
    if floor:
        low, high = axes.get_ylim()
        axes.set_ylim(min(low, floor / 1.15), high)
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())


@figures.register(
    "masking",
    category="Masking",
    subcategory="Accuracy",
    published=("masking",),
    draws=("grid_masking",),
)
@styled
def masking(
    masking: pd.DataFrame,
    *,
    grid: int,
    confidence: float,
    published: Mapping[str, pd.DataFrame],
) -> Figure:
    """Accuracy by number of masked cells: one panel a subset that says something, one curve a method.

    masking: `method, subset ('all' | 'common'), masked_cells, n, accuracy, low, high, chance`. grid: cells
    along each side. published: `masking`, with `method, subset, masked_cells, accuracy`, is drawn dashed
    where ours has the method.
    """
    theirs, last = published.get("masking"), masking["masked_cells"].max()
    methods = list(dict.fromkeys(masking["method"]))
    subsets = subsets_shown(masking, theirs)
    height = max(3.6, 0.21 * (len(methods) + 1))
    figure, axes = panels(1, len(subsets), 3.9, height, right=2.1, top=0.6, bottom=_foot(subsets), gap_x=0.45)
    shown, chances = False, []
    for panel, subset in zip(axes[0], subsets, strict=True):
        rows = masking[masking["subset"] == subset]
        for name in methods:
            own = rows[rows["method"] == name]
            _curve(panel, own, "masked_cells", method_style(name), len(methods))
            if theirs is not None:
                other = theirs[(theirs["method"] == name) & (theirs["subset"] == subset)]
                other = other[other["masked_cells"] <= last]
                shown |= _published(panel, other, "masked_cells", method_style(name))
        panel.set_title(f"{SUBSETS[subset]}\nn = {span(rows['n'])}", loc="left")
        panel.set_xlabel(f"Most relevant cells masked (of {grid**2})")
        panel.set_xlim(0, last)
        panel.xaxis.set_major_locator(MaxNLocator(11, integer=True))
        percent_axis(panel)
        chances.append(chance_line(panel, rows))
    axes[0, 0].set_ylabel("Accuracy")
    for panel in axes[0, 1:]:
        panel.tick_params(labelleft=False)
    _label_last(axes[0, -1], rows, "masked_cells", "accuracy")
    key(figure, _entries(shown, len(methods) == 1, confidence, chances))
    return figure


@figures.register(
    "degrees",
    category="Rotation and perspective",
    subcategory="Accuracy",
    published=("rotation", "perspective_vertical"),
)
@styled
def degrees(
    geometry: pd.DataFrame,
    *,
    confidence: float,
    published: Mapping[str, pd.DataFrame],
    fill: str,
) -> Figure:
    """Accuracy by angle: one panel a transform.

    geometry: `transform (a key of TRANSFORMS), degree, n, accuracy, low, high, chance`. published: by
    transform, `degree, accuracy`. fill: of what lies outside a turned image, a value of `geometry.fill`;
    the study's is black.
    """
    names = [name for name in TRANSFORMS if (geometry["transform"] == name).any()]
    figure, axes = panels(1, len(names), 3.1, 3.0, bottom=_foot(names), gap_x=0.35)
    style = MethodStyle("This network", BLUE, "o", "-")
    shown, chances = False, []
    for panel, name in zip(axes[0], names, strict=True):
        rows = geometry[geometry["transform"] == name].sort_values("degree")
        _curve(panel, rows, "degree", style)
        if name in published:
            # Black: in its own colour it would vanish where both curves agree.
            rival = MethodStyle("Published", INK, "", "-")
            shown |= _published(panel, published[name].sort_values("degree"), "degree", rival)
        title, axis = TRANSFORMS[name]
        panel.set_title(title, loc="left")
        panel.set_xlabel(axis)
        panel.set_xlim(-90, 90)
        panel.xaxis.set_major_locator(MultipleLocator(30))
        percent_axis(panel)
        chances.append(chance_line(panel, rows))
    axes[0, 0].set_ylabel("Accuracy")
    for panel in axes[0, 1:]:
        panel.tick_params(labelleft=False)
    rival_name = "published study" if fill == "black" else "published study (black corners)"
    key(figure, _entries(shown, True, confidence, chances, rival_name))
    return figure


def _foot(panels_across: list[str]) -> float:
    """Inches below the panels: a single panel is so narrow that its key takes two lines."""
    return 0.95 if len(panels_across) > 1 else 1.2


def _curve(axes: Axes, rows: pd.DataFrame, x: str, style: MethodStyle, curves: int = 1) -> None:
    """One of `curves` lines with its interval as a band; `rows` has `x`, accuracy, low, high."""
    rows = rows.sort_values(x)
    axes.plot(
        rows[x],
        rows["accuracy"],
        color=style.colour,
        linestyle=style.line,
        marker=style.marker if len(rows) <= 40 else None,
        markersize=5.5 if len(rows) <= 15 else 4,
        label=style.label,
        clip_on=False,
        zorder=3,
    )
    look = {"color": style.colour, "alpha": 0.2 if curves <= 8 else 0.08, "linewidth": 0}
    axes.fill_between(rows[x], rows["low"], rows["high"], label=style.label, **look)


def _published(axes: Axes, rows: pd.DataFrame, x: str, style: MethodStyle) -> bool:
    """The published curve in the method's colour, dashed, with hollow markers; False if there is none."""
    if rows.empty:
        return False
    axes.plot(
        rows[x],
        rows["accuracy"],
        color=style.colour,
        marker=style.marker if len(rows) <= 40 else None,
        markerfacecolor="white",
        clip_on=False,
        label=f"{style.label} (published)",
        zorder=3.5,
        **PUBLISHED,
    )
    return True


def _label_last(axes: Axes, rows: pd.DataFrame, x: str, y: str) -> None:
    ends = rows.sort_values(x).groupby("method", sort=False)[y].last()
    label_ends(axes, [(method_style(name), float(end)) for name, end in ends.items()])


def _entries(
    published: bool,
    single: bool,
    confidence: float,
    chances: list[float],
    rival_name: str = "published study",
) -> list:
    """Entries of the key: this network, published curve, band, the largest class."""
    colour = BLUE if single else GREY
    marker = {} if single else {"marker": "o"}
    entries = [(Line2D([], [], color=colour, **marker), "this network")]
    if published:
        rival = Line2D([], [], color=INK if single else GREY, **PUBLISHED, **marker)
        rival.set_markerfacecolor("white")
        entries.append((rival, rival_name))
    return [*entries, band_entry(confidence), chance_entry(chances)]
