"""What the quantities of published tables are called, and which of them a figure and the summary show."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from signsight.figures.compared_names import KINDS
from signsight.figures.style import method_label

MEAN = "mean"
SUBSETS = {"all": "all images", "common": "common images"}
LONGEST = 46  # letters of changed settings that fit beside a figure


class Name(NamedTuple):
    """What a quantity is about, and which part of that it is; the latter can be empty."""

    subject: str
    detail: str

    def __str__(self) -> str:
        return ", ".join(filter(None, self))


def gap_name(part: str, method: str, subset: str, span: str) -> Name:
    """The name of a quantity, by the columns of `evaluation.compared.gaps.COLUMNS`."""
    if part == "clean":
        return Name("Untouched images", "")
    if part == "stickers":
        return Name("Stickers on stock signs", span)
    if part == "maps":
        return Name("Images with a map", method_label(method))
    if part == "masking":
        cells = "" if span == MEAN else f", {span} masked"
        return Name(f"Masking by {method_label(method)}", f"{SUBSETS[subset]}{cells}")
    return Name(KINDS[part], f"{span.replace('-', '–')}°")


def headline(table: pd.DataFrame) -> pd.DataFrame:
    """The rows that are drawn and told, with `name` and `key`; of masking the means over the cells alone.

    Rows of one quantity have the same `key`, its name as text.
    """
    shown = table.fillna({"method": "", "subset": "", "span": "", "changed": ""})
    shown = shown[(shown["part"] != "masking") | (shown["span"] == MEAN)]
    columns = zip(*(shown[key].astype(str) for key in ("part", "method", "subset", "span")), strict=True)
    names = [gap_name(*one) for one in columns]
    return shown.assign(name=names, key=[str(name) for name in names])


def told_settings(changed: str) -> str:
    """'data.rotate.sd 20'; of too many to be told, how many there are."""
    settings = changed.split("; ") if changed else []
    return changed if len(settings) <= 2 and len(changed) <= LONGEST else f"{len(settings)} settings changed"
