"""What a verdict is made of: lines with topic, level and text, and the words that its rules share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pandas as pd

from signsight.figures.numbers import lost, percent

GOOD, BAD, CAUTION, UNKNOWN = LEVELS = ("good", "bad", "caution", "unknown")
COLUMNS = ["topic", "level", "text"]
STEADY = 0.05  # a loss of accuracy up to this is called small
SHOWN = 4  # names in a sentence before the rest is counted
PARTS = {"test": "the test images", "stock": "the rendered stock signs", "user_stock": "your stock pictures"}


class Line(NamedTuple):
    """One sentence of the verdict; level: one of LEVELS."""

    topic: str
    level: str
    text: str


def table_of(lines: Iterable[Line]) -> pd.DataFrame:
    """The lines as a table with COLUMNS, topics and sentences with a capital."""
    rows = [(_capital(line.topic), line.level, _capital(line.text)) for line in lines]
    return pd.DataFrame(rows, columns=COLUMNS)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def listed(names: Sequence[str], most: int = SHOWN) -> str:
    """'A', 'A and B', 'A, B and C'; of more than `most` names the first ones, and how many more there are."""
    if len(names) > most + 1:
        names = [*names[:most], f"{len(names) - most} more"]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def several(number: float, thing: str) -> str:
    """'1 image', '1,200 images'."""
    return f"{int(number):,} {thing}{'' if int(number) == 1 else 's'}"


def points_lost(row: pd.Series) -> str:
    """'11.5 points [9.4, 13.8]': the loss of accuracy of a row of an accuracy table, with its interval."""
    limits = [lost(row[key]) for key in ("difference_high", "difference_low")]
    return f"{lost(row['difference'])} points [{', '.join(limits)}]"


def level_of_loss(rows: pd.DataFrame) -> str:
    """How bad the losses of accuracy in these rows are, by their intervals.

    BAD: one of them is more than STEADY; GOOD: none of them is; UNKNOWN: the intervals do not tell.
    """
    if (rows["difference_high"] < -STEADY).any():
        return BAD
    return GOOD if (rows["difference_low"] >= -STEADY).all() else UNKNOWN


def small() -> str:
    """'5 points', the loss that is called small."""
    return f"{100 * STEADY:.0f} points"


def share_of(part: float, whole: float) -> str:
    """'18 of 36 test images'."""
    return f"{int(part):,} of {several(whole, 'test image')}"


def named(name: str) -> str:
    """The name of a class in a sentence."""
    return f'"{name}"'


def interval(row: pd.Series, keys: Sequence[str] = ("accuracy", "low", "high")) -> str:
    """'97.7 % [97.4, 97.9]' from a share and its interval."""
    value, low, high = (float(row[key]) for key in keys)
    if pd.isna(low) or pd.isna(high):
        return percent(value)
    return f"{percent(value)} [{100 * low:.1f}, {100 * high:.1f}]"
