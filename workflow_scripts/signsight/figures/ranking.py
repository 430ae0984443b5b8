"""Figures of the ranking: methods by metrics with ties, and how far metrics agree."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Mapping, Sequence

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from signsight.core.registry import figures
from signsight.evaluation.guessing import no_ranking
from signsight.evaluation.null_table import BETTER, WORSE
from signsight.figures.numbers import NONE, fixed
from signsight.figures.repeats import labels_once
from signsight.figures.sheet import in_words
from signsight.figures.style import GREY, INK, LETTER, styled

CELL = (0.78, 0.37)  # inches
FOOT = 0.75
LETTERS = 24  # of a line of a column's name
TURN = 40  # degrees of the columns' names
CELL_LETTERS = 6  # that fit into a cell
AGAINST_NULL = {BETTER: "▲", WORSE: "▼"}
RANKS = "viridis"  # perceptually uniform, readable without colour too
Quantities = Sequence[Sequence[str]]  # metric, quantity, label


@figures.register(
    "ranking", category="Ranking", subcategory="Methods by metrics", when={"methods_at_least": 2}
)
@styled
def ranking(
    ranking: pd.DataFrame,
    clean: pd.DataFrame,
    identical_maps: pd.DataFrame,
    *,
    quantities: Quantities,
    controls: Collection[str],
) -> Figure:
    """Rows are methods, columns quantities: rank, letters of ties and value; dark is the best rank.

    ranking: of `ranking.ranking_table`; identical_maps: of `evaluation.identical`, methods that share a row;
    clean: the accuracy of the network, which is to be better than guessing. controls: methods that do not
    look at the network, written in grey. Rows are in the order of the mean rank.
    """
    if refused := no_ranking(clean):
        return in_words(refused)
    methods = [*ranking["method"].unique(), *identical_maps["method"]]
    named = {name: " = ".join(own) for name, own in labels_once(methods, identical_maps).items()}
    return methods_by_metrics(ranking, named, quantities, controls)


def methods_by_metrics(
    table: pd.DataFrame, named: Mapping[str, str], quantities: Quantities, controls: Collection[str]
) -> Figure:
    """What `ranking` draws. named: method -> what stands before its row."""
    labels = _labels(quantities)
    columns = list(dict.fromkeys(zip(table["metric"], table["quantity"], strict=True)))
    cells = {(row.method, (row.metric, row.quantity)): row for row in table.itertuples()}
    mean = table.assign(rank=table["rank"].astype(float)).groupby("method", sort=False)["rank"].mean()
    methods = mean.sort_values(kind="stable", na_position="last").index.tolist()
    heads = [*(labels.get(column, column[1]) for column in columns), "mean rank"]
    figure, axes = _grid([named[method] for method in methods], heads)
    worst = max(float(table["rank"].max()), 2.0)
    colours = matplotlib.colormaps[RANKS]
    lettered = {column for column in columns if _letters_fit(table, column)}
    for y, method in enumerate(methods):
        grey = GREY if method in controls else INK
        axes.text(-0.1, y + 0.5, named[method], ha="right", va="center", fontsize=9.5, color=grey)
        for x, column in enumerate(columns):
            _ranked(axes, (x, y), cells.get((method, column)), colours, worst, column in lettered)
        text = NONE if np.isnan(mean[method]) else f"{mean[method]:.1f}"
        axes.text(len(columns) + 0.5, y + 0.5, text, ha="center", va="center", fontsize=9, color=grey)
    note = "Rank and value; dark = best. Methods that share a letter do not differ significantly."
    if len(lettered) < len(columns):
        note += " Where letters do not fit, they are in tables/ranking.csv."
    if (table["against_null"] != "").any():
        note += "\n▲ better than every null map, which knows nothing of the image; ▼ worse than one."
    _note(figure, note if not controls else f"{note}\nGrey: controls, which do not look at the network.")
    return figure


def _letters_fit(table: pd.DataFrame, column: tuple[str, str]) -> bool:
    """Whether the letters of every method fit into the cells of a quantity."""
    own = table[(table["metric"] == column[0]) & (table["quantity"] == column[1])]
    return all(len(short_letters(group)) <= CELL_LETTERS for group in own["group"].astype(str))


def _ranked(
    axes: Axes, corner: tuple[int, int], row: object, colours: Colormap, worst: float, letters: bool
) -> None:
    """A cell: rank and, if wanted, letters above, the value and what it is against null maps below."""
    (x, y), known = corner, row is not None and not pd.isna(row.rank)
    colour = colours((row.rank - 1) / (worst - 1)) if known else (1, 1, 1, 1)
    axes.add_patch(Rectangle((x, y), 1, 1, facecolor=colour, edgecolor="white", linewidth=1.2))
    if not known:
        axes.text(x + 0.5, y + 0.5, NONE, ha="center", va="center", fontsize=9, color=GREY)
        return
    ink = readable(colour)
    text = f"{int(row.rank)} {short_letters(row.group)}" if letters else f"{int(row.rank)}"
    axes.text(x + 0.5, y + 0.31, text, ha="center", va="center", fontsize=9, color=ink, fontweight="bold")
    value = f"{fixed(row.value)} {AGAINST_NULL.get(row.against_null, '')}".rstrip()
    axes.text(x + 0.5, y + 0.73, value, ha="center", va="center", fontsize=7.5, color=ink)


def short_letters(group: str) -> str:
    """Letters as they fit into a cell: 'abcde' -> 'a–e', 'abce' -> 'a–ce'."""
    runs: list[str] = []
    for letter in group:
        if runs and ord(letter) == ord(runs[-1][-1]) + 1:
            runs[-1] += letter
        else:
            runs.append(letter)
    return "".join(run if len(run) < 3 else f"{run[0]}–{run[-1]}" for run in runs)


def _labels(quantities: Quantities) -> dict[tuple[str, str], str]:
    return {(metric, quantity): label for metric, quantity, label in quantities}


@figures.register(
    "agreement",
    category="Ranking",
    subcategory="Agreement of metrics",
    when={"quantities": 2, "explaining_at_least": 2},
)
@styled
def agreement(agreement: pd.DataFrame, clean: pd.DataFrame, *, quantities: Quantities) -> Figure:
    """Kendall's tau-b between the orders of the methods by every two quantities, as a matrix.

    agreement: of `ranking.agreement_table`; clean: as for `ranking`.
    """
    if refused := no_ranking(clean):
        return in_words(refused)
    table, labels = agreement, _labels(quantities)
    keys = list(dict.fromkeys(zip(table["metric_a"], table["quantity_a"], strict=True)))
    place = {key: i for i, key in enumerate(keys)}
    names = [_wrap(labels.get(key, key[1])) for key in keys]
    figure, axes = _grid(names, names)
    colours = matplotlib.colormaps["RdBu"]
    for row in table.itertuples():
        x, y = place[row.metric_b, row.quantity_b], place[row.metric_a, row.quantity_a]
        known = np.isfinite(row.tau)
        colour = colours((row.tau + 1) / 2) if known else (1, 1, 1, 1)
        axes.add_patch(Rectangle((x, y), 1, 1, facecolor=colour, edgecolor="white", linewidth=1.2))
        text = fixed(row.tau, 2) if known else NONE
        axes.text(x + 0.5, y + 0.5, text, ha="center", va="center", fontsize=9, color=readable(colour))
    for y, name in enumerate(names):
        axes.text(-0.1, y + 0.5, name, ha="right", va="center", fontsize=9)
    _note(figure, "Kendall's τ: 1 = the same order of the methods,\n0 = no agreement, −1 = the reverse.")
    return figure


def readable(colour: tuple[float, ...]) -> str:
    """White or ink, whichever stands out more from the RGB colour (contrast of WCAG 2)."""
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    light = float(np.dot(parts, (0.2126, 0.7152, 0.0722)))
    return "white" if 1.05 / (light + 0.05) > (light + 0.05) / 0.065 else INK


def _wrap(name: str) -> str:
    """A quantity's name in lines, with a capital."""
    return "\n".join(textwrap.wrap(name[:1].upper() + name[1:], LETTERS))


def _longest(names: Sequence[str]) -> float:
    """Inches of the longest line."""
    return LETTER * max((len(line) for name in names for line in name.split("\n")), default=0)


def _grid(rows: Sequence[str], columns: Sequence[str]) -> tuple[Figure, Axes]:
    """A figure whose axes count cells from the top left, with room for both names, those above written."""
    columns = [_wrap(name) for name in columns]
    aslant, turn = _longest(columns) + 0.15, np.radians(TURN)
    left, top = _longest(rows) + 0.35, 0.45 + aslant * np.sin(turn)
    wide = max(left + len(columns) * CELL[0] + aslant * np.cos(turn) - 0.3 * CELL[0], 6.0)
    high = top + len(rows) * CELL[1] + FOOT
    figure = Figure(figsize=(wide, high))
    size = len(columns) * CELL[0] / wide, len(rows) * CELL[1] / high
    axes = figure.add_axes((left / wide, FOOT / high, *size))
    axes.set_axis_off()
    axes.set_xlim(0, len(columns))
    axes.set_ylim(len(rows), 0)
    look = {"rotation": TURN, "rotation_mode": "anchor", "ha": "left", "va": "center"}
    for x, name in enumerate(columns):
        axes.text(x + 0.5, -0.35, name, fontsize=9, **look)
    return figure, axes


def _note(figure: Figure, text: str) -> None:
    wide, high = figure.get_size_inches()
    figure.text(0.15 / wide, 0.33 / high, text, ha="left", va="center", fontsize=8.5, color=INK)
