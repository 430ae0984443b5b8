"""Where the network breaks: angles, stickers, masked cells and backgrounds, with what each costs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import numpy as np
import pandas as pd

from signsight.evaluation.background import ALONE, OTHER
from signsight.evaluation.guessing import beats_guessing
from signsight.figures.numbers import MINUS, lost, percent
from signsight.verdict.lines import (
    BAD,
    CAUTION,
    GOOD,
    PARTS,
    STEADY,
    UNKNOWN,
    Line,
    interval,
    level_of_loss,
    points_lost,
    several,
    small,
)

TRANSFORMS = {
    "rotation": "Rotation in the plane",
    "perspective_vertical": "Turning about the vertical axis",
    "perspective_horizontal": "Turning about the horizontal axis",
}
CELLS = 5  # that are masked in the sentence, if so many are
Labels = Mapping[str, str]


def angles(geometry: pd.DataFrame) -> Iterator[Line]:
    """From which angle on more than STEADY is lost, and the lowest accuracy; a line a transform.

    geometry: of `accuracy.geometry_table`.
    """
    for name, title in TRANSFORMS.items():
        rows = geometry[(geometry["transform"] == name) & (geometry["degree"] != 0)]
        if rows.empty:
            continue
        level, worst = level_of_loss(rows), rows.loc[rows["difference"].idxmin()]
        if level == BAD:
            broken = rows[rows["difference_high"] < -STEADY]
            nearest = broken.loc[broken["degree"].abs() == broken["degree"].abs().min()]
            first = nearest.loc[nearest["difference"].idxmin()]
            text = f"{title} costs more than {small()} from {_degree(first)} on: {points_lost(first)} there"
            if worst["degree"] != first["degree"]:
                text += f", and the accuracy falls to {interval(worst)} at {_degree(worst)}"
        else:
            ends = [_degree(rows.iloc[place]) for place in (0, -1)]
            span = f"from {ends[0]} to {ends[1]}" if len(rows) > 1 else f"by {ends[0]}"
            costs = _costs(worst, level, several(worst["n"], "image"))
            text = f"{title} {span} {costs} at {_degree(worst)}"
        yield Line("Angles", level, f"{text}.")


def _costs(worst: pd.Series, level: str, images: str) -> str:
    """What the costliest condition takes, where none is shown to take more than STEADY."""
    if level == GOOD:
        return f"costs no more than {small()}: at most {points_lost(worst)}"
    return f"is not shown to cost more than {small()}, but {images} do not exclude it: {points_lost(worst)}"


def _degree(row: pd.Series) -> str:
    return f"{row['degree']:+.0f}°".replace("-", MINUS)


def stickers(table: pd.DataFrame, labels: Labels, chance: str | None) -> Iterator[Line]:
    """The costliest sticker on each set of pictures, beside the same one at random places.

    table: of `accuracy.sticker_table`; chance: the method whose maps are noise, or None.
    """
    for target, where in PARTS.items():
        rows = table[(table["target"] == target) & (table["sign_size"] != "none")]
        if rows.empty:
            continue
        untouched = table[(table["target"] == target) & (table["sign_size"] == "none")]
        if len(untouched) and not beats_guessing(untouched.iloc[0]):
            text = f"Of {where}, {interval(untouched.iloc[0])} are right without a sticker"
            told = "no more than by a guess, so what a sticker costs cannot be told"
            yield Line("Stickers", UNKNOWN, f"{text}, {told}.")
            continue
        level, worst = level_of_loss(rows), rows.loc[rows["difference"].idxmin()]
        which = f"{worst['sticker']}, on {worst['sign_size']} signs, placed by {labels[worst['method']]}"
        if level == BAD:
            text = (
                f"The costliest sticker on {where} ({which}) takes {points_lost(worst)},"
                f" down to {percent(worst['accuracy'])}{_at_random(rows, worst, chance)}"
            )
        else:
            text = f"A sticker on {where} {_costs(worst, level, several(worst['n'], 'image'))} ({which})"
        yield Line("Stickers", level, f"{text}.")


def _at_random(rows: pd.DataFrame, worst: pd.Series, chance: str | None) -> str:
    """What the same sticker costs at random places, if that is known."""
    same = (rows["sticker"] == worst["sticker"]) & (rows["sign_size"] == worst["sign_size"])
    random = rows[same & (rows["method"] == chance)]
    if random.empty or worst["method"] == chance:
        return ""
    return f"; at random places it takes {points_lost(random.iloc[0])}"


def masking(
    table: pd.DataFrame, labels: Labels, controls: Collection[str], chance: str | None, grid: int
) -> Iterator[Line]:
    """What the most relevant cells cost, and as many at random, which says how bad it is.

    table: of `accuracy.masking_table`; controls, chance: methods that look at no network, and the one of them
    whose maps are noise; grid: cells along each side. Methods are compared on the images that all of them
    have a map for.
    """
    last = min(CELLS, int(table["masked_cells"].max()))
    rows = table[(table["masked_cells"] == last) & (table["subset"] == "common") & (table["n"] > 0)]
    if not last or rows.empty:
        return
    random = rows[rows["method"] == chance]
    others = rows[~rows["method"].isin(list(controls))]
    parts = []
    if len(others):
        worst = others.loc[others["difference"].idxmin()]
        parts.append(f"the most relevant ones by {labels[worst['method']]} cost {points_lost(worst)}")
    if len(random):
        parts.append(f"{'random ones' if parts else 'random cells'} cost {points_lost(random.iloc[0])}")
    if parts:
        level = level_of_loss(random) if len(random) else CAUTION
        yield Line("Masking", level, f"With {last} of {grid**2} cells painted over, {', '.join(parts)}.")


def backgrounds(table: pd.DataFrame) -> Iterator[Line]:
    """Whether the background alone tells the class, and whether another background changes the answer.

    table: of `background.background_table`.
    """
    first = table[table["seed"] == table["seed"].iloc[0]].set_index(["kept", "behind"])
    if ALONE in first.index and first.loc[ALONE, "n"]:
        row = first.loc[ALONE]
        told = f"the background alone, without the object, {interval(row)} are right"
        guess = f"{percent(row['chance'])} for the largest class"
        if row["low"] > row["chance"]:
            yield Line("Background", BAD, f"The background tells the class: of {told}, against {guess}.")
        else:
            level = GOOD if row["high"] <= row["chance"] + STEADY else UNKNOWN
            text = f"The background is not shown to tell the class: of {told}, against {guess}"
            yield Line("Background", level, f"{text}.")
    if OTHER in first.index and not np.isnan(first.loc[OTHER, "gap"]):
        row = first.loc[OTHER]
        gap = f"{lost(-row['gap'])} points [{lost(-row['gap_low'])}, {lost(-row['gap_high'])}]"
        level = BAD if row["gap_low"] > 0 else GOOD if row["gap_high"] <= STEADY else UNKNOWN
        shown = "depends" if level == BAD else "is not shown to depend"
        text = f"The answer {shown} on the background: one of another class costs {gap}"
        yield Line("Background", level, f"{text} more than one of the own class.")
