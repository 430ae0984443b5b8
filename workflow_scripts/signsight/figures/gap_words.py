"""Variants beside published numbers, in `summary.md`: which is closest, and which change explains what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from signsight.figures.gap_names import headline, told_settings
from signsight.figures.numbers import fixed, markdown, percent, points, points_within
from signsight.figures.style import interval_name

Row = Mapping[str, Any]


def explained(table: pd.DataFrame, confidence: float) -> str:
    """The part of the summary on variants beside published numbers, as Markdown.

    table: of `evaluation.compared.gaps.gap_table`, with `changed`, the settings of each variant.
    """
    shown = headline(table)
    reference = str(shown["experiment"].iloc[0])
    quantities = [own.to_dict("records") for _, own in shown.groupby("key", sort=False)]
    parts = ["## What explains the difference from the published numbers", _introduction(shown, confidence)]
    parts += [_settings(shown), _beside(quantities, reference)]
    parts.append("\n".join(f"- {sentence(rows, reference)}" for rows in quantities))
    return "\n\n".join(part for part in parts if part)


def _introduction(shown: pd.DataFrame, confidence: float) -> str:
    reference = shown["experiment"].iloc[0]
    return (
        f"Differences are reproduced less published, in percentage points, with {interval_name(confidence)} "
        "intervals over images; the published numbers are taken as they stand. What a change moves is the "
        f"difference from `{reference}`, the reference, paired over the images where both have the same. "
        "All numbers are in `tables/published_gaps.csv`."
    )


def _settings(shown: pd.DataFrame) -> str:
    """What each variant changed."""
    changed = shown.groupby("experiment", sort=False)["changed"].first().iloc[1:]
    rows = [[f"`{label}`", told.replace("; ", ", ") or "nothing"] for label, told in changed.items()]
    return markdown(["Variant", "What it changes"], rows, right=False) if rows else ""


def _beside(quantities: list[list[Row]], reference: str) -> str:
    """The reference beside the published numbers."""
    rows = []
    for own in (rows[0] for rows in quantities if rows[0]["experiment"] == reference):
        values = [percent(own["published"]), percent(own["reproduced"]), _within(own)]
        rows.append([own["key"], *values, fixed(100 * own["mean_absolute"], 1), str(own["cells"])])
    head = ["Quantity", "Published", f"`{reference}`", "Difference", "Mean absolute difference", "Numbers"]
    return markdown(head, rows) if rows else ""


def sentence(rows: list[Row], reference: str) -> str:
    """Of one quantity: which experiment is closest to the published number, which change moves it most."""
    start, first = f"**{rows[0]['key']}**: ", rows[0]
    closest = min(rows, key=lambda row: abs(row["difference"]))
    if first["experiment"] != reference:
        near = f"`{closest['experiment']}` is closest ({_within(closest)})"
        return f"{start}`{reference}` has not measured it; of the others {near}."
    told = f"`{reference}` is {_within(first)} points from the published {percent(first['published'])}"
    if first["low"] <= 0 <= first["high"]:
        told += ", which is within its interval"
    if len(rows) == 1:
        return f"{start}{told}."
    near = "no variant comes closer"
    if closest is not first:
        near = f"`{closest['experiment']}` comes closest ({_within(closest)})"
    return f"{start}{told}; {near}; {_moved(rows[1:], first)}."


def _moved(variants: list[Row], first: Row) -> str:
    """What the change that moves the number most does to the reference's difference."""
    clear = [row for row in variants if row["change_low"] > 0 or row["change_high"] < 0]
    if not clear:
        return "no change moves it clearly"
    most = max(clear, key=lambda row: abs(row["change"]))
    settings = told_settings(most["changed"])
    name = f"`{most['experiment']}`" + (f" ({settings})" if settings else "")
    moved = points_within(most["change"], most["change_low"], most["change_high"])
    if not most["paired"]:
        moved += ", other images"
    change, gap = most["change"], first["difference"]
    if first["low"] <= 0 <= first["high"] or change * gap > 0:
        return f"{name} moves it most, away from that number ({moved})"
    if abs(change) > abs(gap):
        return f"{name} moves it most, past that number ({moved})"
    explains = f"{points(abs(change)).lstrip('+')} of {points(abs(gap)).lstrip('+')} points"
    return f"{name} explains {explains} ({moved})"


def _within(row: Row) -> str:
    return points_within(row["difference"], row["low"], row["high"])
