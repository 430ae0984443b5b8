"""Variants beside published numbers: the figure is legible and true to its table, and so are the words."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

from signsight.evaluation.compared.gaps import Beside, gap_table
from signsight.figures.gap_names import headline, told_settings
from signsight.figures.gap_words import explained
from signsight.figures.gaps import published_gaps
from signsight.figures.style import DPI
from signsight.verdict.gaps import published

SPANS = ("0-30", "31-60", "61-90")
QUANTITIES = [
    ("clean", "", "", ""),
    *((part, "", "", span) for part in ("rotation", "perspective_vertical") for span in SPANS),
    *(("maps", method, "", "") for method in ("grad_cam", "grad_cam_pp")),
    *(
        ("masking", method, subset, span)
        for method in ("saliency", "grad_cam", "grad_cam_pp")
        for subset in ("all", "common")
        for span in ("5", "mean")
    ),
    *(("stickers", "", "", design) for design in ("tall", "square")),
]
SETTINGS = [
    "",
    "data.rotate.sd 20",
    "saliency by saliency_as_published",
    "a 1; b 2; c 3",
    "masking.colour [0, 0, 0]",
]


def table(variants: int) -> pd.DataFrame:
    """Each experiment with all quantities; the more variants, the longer their names."""
    rng = np.random.default_rng(variants)

    def beside(place: int) -> Beside:
        ids = np.arange(400).astype(str)
        shares = np.clip(0.9 - 0.05 * place + rng.normal(0, 0.05, 4), 0, 1)
        return Beside(ids, np.zeros(400, int), (rng.random((400, 4)) < shares).astype(float), np.full(4, 0.8))

    names = ["base", *(f"a variant with a name, the {i}th" for i in range(1, variants))]
    found = {name: {q: beside(i) for q in QUANTITIES} for i, name in enumerate(names)}
    made = gap_table(found, 0.95)
    changed = {name: SETTINGS[i % len(SETTINGS)] for i, name in enumerate(names)}
    made.insert(1, "changed", made["experiment"].map(changed))
    return made.replace("", np.nan)  # as it is read from its file


@pytest.mark.parametrize("variants", [1, 2, 5, 10])
def test_the_figure_is_legible(variants: int, legible: Callable[[Figure], None]) -> None:
    drawn = published_gaps(table(variants), confidence=0.95)
    legible(drawn)
    assert drawn.get_size_inches()[1] * DPI <= 1600 and drawn.get_size_inches()[0] < 16


def test_dots_are_the_differences_of_the_table() -> None:
    made = table(3)
    drawn = published_gaps(made, confidence=0.95)
    shown = headline(made)
    assert len(drawn.axes) == shown["key"].nunique() == 17
    for panel, (_, own) in zip(drawn.axes, shown.groupby("key", sort=False), strict=True):
        bars = [bar for bar in panel.containers if isinstance(bar, ErrorbarContainer)]
        assert [float(bar[0].get_xdata()[0]) for bar in bars] == pytest.approx(own["difference"].tolist())


def test_settings_that_are_too_many_are_counted() -> None:
    assert told_settings("data.rotate.sd 20") == "data.rotate.sd 20" and told_settings("") == ""
    assert told_settings("a 1; b 2; c 3") == "3 settings changed"


def row(experiment: str, difference: float, change: float = np.nan, **more: object) -> dict[str, object]:
    return {
        "experiment": experiment, "changed": "", "part": "rotation", "method": "", "subset": "",
        "span": "31-60", "published": 0.95, "reproduced": 0.95 + difference, "difference": difference,
        "low": difference - 0.01, "high": difference + 0.01, "mean_absolute": abs(difference), "cells": 3,
        "images": 100, "change": change, "change_low": change - 0.02, "change_high": change + 0.02,
        "paired": True,
    } | more  # fmt: skip


def sentence(*rows: dict[str, object]) -> str:
    return explained(pd.DataFrame(rows), 0.95).splitlines()[-1]


def test_what_a_change_explains_is_said() -> None:
    base, turned = row("base", -0.42), row("turned", -0.04, 0.38, changed="data.rotate.sd 20")
    assert sentence(base, row("black", -0.40, 0.02), turned) == (
        "- **Rotation, 31–60°**: `base` is −42.0 [−43.0, −41.0] points from the published 95.0 %; `turned` "
        "comes closest (−4.0 [−5.0, −3.0]); `turned` (data.rotate.sd 20) explains 38.0 of 42.0 points (+38.0 "
        "[+36.0, +40.0])."
    )
    assert "no variant comes closer; `worse` moves it most, away from" in sentence(
        base, row("worse", -0.6, -0.18)
    )
    assert "`over` moves it most, past that number (+50.0" in sentence(base, row("over", 0.08, 0.50))
    assert "no change moves it clearly" in sentence(base, row("same", -0.41, 0.01))
    other = row("other", -0.2, 0.22, paired=False)
    assert "(+22.0 [+20.0, +24.0], other images)" in sentence(base, other)
    assert sentence(row("base", 0.005)).endswith("95.0 %, which is within its interval.")
    near = sentence(row("base", 0.005), row("far", 0.3, 0.295))
    assert "no variant comes closer; `far` moves it most, away from" in near


def test_what_the_reference_has_not_measured_is_said() -> None:
    clean = row("base", 0.0, part="clean", span="")
    assert "`base` has not measured it; of the others `new` is closest" in sentence(clean, row("new", 0.1))


def test_the_verdict_names_the_nearest_variant() -> None:
    rows = [row("base", -0.42), row("turned", -0.04, 0.38)]
    one, two = published(pd.DataFrame(rows))
    assert one.level == "bad" and one.text.startswith('"base" is 42.0 points away on average from 1 number')
    assert two.text.startswith('"turned" comes nearest, 4.0 points on average against 42.0 over 1 number')
    (alone,) = published(pd.DataFrame(rows[:1]))
    assert alone.text == one.text
    *_, none = published(pd.DataFrame([rows[0], row("worse", -0.5, -0.08)]))
    assert none.text == "None of 1 variant comes nearer on average."
