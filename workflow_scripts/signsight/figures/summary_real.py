"""What `summary.md` says of the user's own photographs: beside clean images, drawn stickers, relevance."""

from __future__ import annotations

from typing import Any

import pandas as pd

from signsight.evaluation.drawn_and_real import ANY, COST, REAL
from signsight.evaluation.real_examples import ALL, NEW, TRAINED
from signsight.figures.numbers import count, markdown, percent, points_within, within
from signsight.figures.style import method_label

TITLES = {NEW: "Not trained on", TRAINED: "The network was trained on these"}


def photographs_part(table: pd.DataFrame) -> str:
    """Accuracy of the photographs by group, beside clean test images; of those trained on only the whole."""
    shown = table[(table["part"] != TRAINED) | (table["group"] == ALL)]
    rows = [
        [
            _title(row), f"{count(row.n)} ({count(row.tracks)})", within(row.accuracy, row.low, row.high),
            within(row.clean_accuracy, row.clean_low, row.clean_high),
            points_within(row.difference, row.difference_low, row.difference_high),
            f"{percent(row.probability)} / {percent(row.clean_probability)}",
        ]
        for row in shown.itertuples()
    ]  # fmt: skip
    header = ["Photographs", "Number (objects)", "Right", "Clean test images", "Difference"]
    body = markdown([*header, "Probability of the true class, both"], rows)
    note = (
        "Clean test images are of the same classes, each as often as among the photographs. In the "
        "intervals, photographs of one object count for fewer than they are."
    )
    return f"## Your own photographs\n\n{body}\n\n{note}"


def _title(row: Any) -> str:
    title = TITLES.get(row.part, "All")
    return title if row.group == ALL else f"{row.group.replace('_', ' ')}: {row.name}"


def drawn_and_real_part(table: pd.DataFrame) -> str:
    """What real and drawn stickers cost, class by class."""
    own = table[(table["method"] == REAL) | (table["sticker"] == ANY)]
    methods = [name for name in dict.fromkeys(own["method"]) if name != REAL]
    rows = []
    for _, of_class in own.groupby("class_id"):
        by = of_class.set_index("method")
        cells = [points_within(*by.loc[name, list(COST)]) for name in (REAL, *methods) if name in by.index]
        rows.append([by["class_name"].iloc[0], *cells])
    header = ["Class", "Real", *(f"Drawn, by {method_label(name)}" for name in methods)]
    note = "Points of accuracy; of drawn stickers the mean over all stickers and sizes, on clean test images."
    return f"### Real stickers and drawn ones\n\n{markdown(header, rows)}\n\n{note}"


def on_sticker_part(table: pd.DataFrame) -> str:
    """The share of the relevance on stickers by method."""
    rows = [
        [
            method_label(row.method), count(row.n), percent(row.share), percent(row.area), f"{row.ratio:.2f}",
            points_within(row.gap_area, row.gap_area_low, row.gap_area_high), percent(row.other),
            points_within(row.gap_other, row.gap_other_low, row.gap_other_high),
        ]
        for row in table[table["n"] > 0].itertuples()
    ]  # fmt: skip
    if not rows:
        return ""
    header = ["Method", "Photographs", "Relevance on the sticker", "Area", "Ratio", "Gap to the area"]
    body = markdown([*header, "Other photographs' maps there", "Gap to them"], rows)
    return f"### Relevance on stickers\n\n{body}"
