"""Object or background: accuracy with other backgrounds and on backgrounds alone, in figures and in words."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MultipleLocator

from signsight.core.registry import figures
from signsight.evaluation.background import ALONE, OTHER
from signsight.figures.choice import class_names
from signsight.figures.numbers import markdown, percent, points, within
from signsight.figures.sheet import Block, sheets
from signsight.figures.sticker_sheet import sticker_notes
from signsight.figures.style import BLUE, GREY, INK, VERMILLION, interval_name, key, panels, styled

LETTERS = 15  # of a line of a column's name
ROW = 0.26  # inches from one set to the next
FILLS = {"zero": "black", "gray": "grey", "mean": "mean colour"}
NAMES = {
    ("all", "nothing"): "Whole picture",
    ("object", "same_class"): "Object, background of its class",
    ("object", "other_class"): "Object, background of another class",
    ("background", "surroundings"): "Background, object filled in",
    ("nothing", "silhouette"): "Silhouette",
}
LOOKS = {"all": (INK, "o"), "object": (BLUE, "s"), "background": (VERMILLION, "D"), "nothing": (GREY, "x")}


def set_name(kept: str, behind: str) -> str:
    """What a set of pictures shows: 'Object on black', 'Background, object grey'."""
    fill = FILLS.get(behind, behind.replace("_", " "))
    plain = f"Object on {fill}" if kept == "object" else f"Background, object {fill}"
    return NAMES.get((kept, behind), plain)


@figures.register("background", category="Background", subcategory="Accuracy", when={"stage": "background"})
@styled
def background(background: pd.DataFrame, *, confidence: float) -> Figure:
    """Accuracy by what is shown of the pictures: a dot and its interval for the first model, hollow dots for
    the models of other seeds; the dotted line is the accuracy of always answering the commonest class.

    background: the table of `evaluation.background`.
    """
    first = background[background["seed"] == background["seed"].iloc[0]]
    others = background[background["seed"] != background["seed"].iloc[0]]
    order = list(zip(first["kept"], first["behind"], strict=True))[::-1]
    figure, axes = panels(1, 1, 4.4, ROW * len(order), left=2.75, top=0.2, bottom=1.05)
    panel, place = axes[0, 0], {pair: y for y, pair in enumerate(order)}
    seeds = list(dict.fromkeys(others["seed"]))
    below = dict(zip(seeds, np.linspace(0.16, 0.36, len(seeds)), strict=True))
    for row in others.itertuples():
        colour, marker = LOOKS[row.kept]
        face = {} if marker == "x" else {"markerfacecolor": "white"}
        panel.plot(
            [row.accuracy], [place[row.kept, row.behind] - below[row.seed]], color=colour, marker=marker,
            markersize=4, linestyle="none", linewidth=0.8, **face,
        )  # fmt: skip
    for row in first.itertuples():
        colour, marker = LOOKS[row.kept]
        bounds = [row.accuracy - row.low], [row.high - row.accuracy]
        panel.errorbar(
            [row.accuracy], [place[row.kept, row.behind]], xerr=bounds, color=colour, marker=marker,
            linewidth=1.2, zorder=3,
        )  # fmt: skip
    panel.axvline(first["chance"].iloc[0], color=INK, linestyle=":", linewidth=1.2, zorder=1)
    panel.set_yticks(range(len(order)), [set_name(*pair) for pair in order])
    panel.set_ylim(-0.6, len(order) - 0.4)
    panel.tick_params(axis="y", length=0)
    panel.set_xlim(0, 1.02)
    panel.xaxis.set_major_locator(MultipleLocator(0.25))
    panel.xaxis.set_major_formatter(lambda share, _: f"{round(100 * share, 6):g} %")
    panel.set_xlabel(f"Accuracy (n = {first['n'].max():,})")
    key(figure, _entries(confidence, len(seeds)))
    return figure


def _entries(confidence: float, others: int) -> list[tuple[Line2D, str]]:
    bar = Line2D([], [], color=GREY, linewidth=1.2, marker="o", markersize=4.5)
    entries = [(bar, f"with its {interval_name(confidence)} interval")]
    if others:
        dot = Line2D([], [], color=GREY, marker="o", markerfacecolor="white", markersize=4, linestyle="none")
        entries.append((dot, f"models of {others} other seeds"))
    chance = Line2D([], [], color=INK, linestyle=":", linewidth=1.2)
    return [*entries, (chance, "always the commonest class")]


@figures.register("background_sheet", category="Background", subcategory="Examples", pages=True)
@styled
def background_sheet(composed: Mapping[str, np.ndarray], classes: pd.DataFrame) -> list[Figure]:
    """A few test images with every other background and without their object, and what they are taken for.

    composed: `pictures` (n, k, H, W, 3) uint8, `predicted` (n, k), `class_ids` (n,), and `sets`
    (k, 2), what is kept and what is behind it.
    """
    made = composed
    names = classes.set_index("class_id")["name"].to_dict()
    heads = ["\n".join(textwrap.wrap(set_name(*map(str, pair)), LETTERS)) for pair in made["sets"]]
    notes = sticker_notes(made["class_ids"], made["predicted"].astype(np.int64), names)
    titles = class_names(classes, made["class_ids"])
    return sheets([Block(made["pictures"], titles, heads, notes=notes)], cell=1.05, left=1.3)


def object_or_background(table: pd.DataFrame) -> str:
    """The section of the summary, as Markdown. table: that of `evaluation.background`."""
    seeds = list(dict.fromkeys(table["seed"]))
    by = {(r.seed, r.kept, r.behind): r for r in table.itertuples()}
    pairs = list(dict.fromkeys(zip(table["kept"], table["behind"], strict=True)))
    head = ["Shown", "Accuracy", "Against the whole", "Probability of the true class"]
    head += ["Accuracy of the other seeds"] if len(seeds) > 1 else []
    rows = []
    for pair in pairs:
        row = by[(seeds[0], *pair)]
        change = "" if pair == ("all", "nothing") else _change(row)
        chance = within(row.probability, row.probability_low, row.probability_high, 1)
        cells = [set_name(*pair), within(row.accuracy, row.low, row.high, 1), change, chance]
        rows.append(cells + ([_spread([by[(s, *pair)].accuracy for s in seeds[1:]])] if seeds[1:] else []))
    words = [_alone(by[(seeds[0], *ALONE)]), _lent(by[(seeds[0], *OTHER)])]
    parts = ["## Object or background", markdown(head, rows), "\n".join(f"- {one}" for one in words if one)]
    return "\n\n".join(part for part in parts if part)


def _change(row: object) -> str:
    limits = f"{points(row.difference_low)}, {points(row.difference_high)}"
    return f"{points(row.difference)} [{limits}]"


def _spread(values: list[float]) -> str:
    return f"{percent(min(values))} to {percent(max(values))}" if len(values) > 1 else percent(values[0])


def _alone(row: object) -> str:
    """What the background alone says."""
    if not row.n:
        return ""
    found = f"{within(row.accuracy, row.low, row.high, 1)} of {row.n:,}"
    told = f"On the background alone, the object filled in from its surroundings, {found} are right"
    guess = f"always answering the commonest class gives {percent(row.chance)}"
    if row.low > row.chance:
        return f"{told}; {guess}. **The background tells the class.**"
    return f"{told}; {guess}, which the interval does not exclude: up to {percent(row.high)} are possible."


def _lent(row: object) -> str:
    """What another background does to the answer."""
    if not row.n or np.isnan(row.gap):
        return ""
    gap = f"{points(row.gap)} points [{points(row.gap_low)}, {points(row.gap_high)}]"
    follows = within(row.follows, row.follows_low, row.follows_high, 1)
    told = (
        f"With the background of another picture of the same class the accuracy is {gap} above that with a "
        f"background of another class; of those, {follows} are taken for the class of the background."
    )
    if row.gap_low > 0:
        return f"{told} **The answer depends on the background.**"
    return f"{told} No dependence is shown; up to {points(row.gap_high)} points are possible."
