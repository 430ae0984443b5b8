"""The figure of null maps: every gap with its interval, what comes of it, and which null it is to."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from signsight.figures.nulls import COLOURS, GREY, MARKERS, UNMEASURED, box_nulls, nulls
from signsight.figures.style import method_label
from synthetic_metrics import FOUR, MANY

Check = Callable[[Figure | list[Figure]], None]
CLEAN = pd.DataFrame({"n": [36], "accuracy": [0.9], "low": [0.77], "high": [0.96], "chance": [0.5]})
NONE_THE_SAME = pd.DataFrame({"method": [], "same_as": []}, dtype=str)
QUANTITIES = {"region_perturbation": ("aopc", "abpc"), "deletion": ("deletion_auc",), "road": ("road",)}


def table(methods: list[str]) -> pd.DataFrame:
    """Gaps of all sizes to all nulls, the smallest gap marked as that to the strongest."""
    rng, rows = np.random.default_rng(0), []
    for metric, quantities in QUANTITIES.items():
        for quantity in quantities:
            for method in methods:
                gaps = np.sort(rng.normal(0, 0.2, 4))
                for place, (null, gap) in enumerate(zip([*MARKERS, "random"], gaps, strict=True)):
                    told = "better" if gap > 0.1 else "worse" if gap < -0.1 else "open"
                    rows.append((metric, quantity, method, null, gap, gap - 0.05, gap + 0.08,
                                 "" if place else "yes", "" if place else told))  # fmt: skip
    columns = ["metric", "quantity", "method", "null", "gap", "low", "high", "strongest", "outcome"]
    return pd.DataFrame(rows, columns=columns)


@pytest.mark.parametrize("methods", [FOUR, MANY], ids=["4", "22"])
def test_every_gap_is_drawn_in_the_colour_of_its_outcome(methods: list[str], legible: Check) -> None:
    rows = table(methods)
    pages = nulls(rows, CLEAN, NONE_THE_SAME, confidence=0.95)
    axes = [axis for page in pages for axis in page.axes]
    own = [part for _, part in rows[rows["strongest"] == "yes"].groupby(["metric", "quantity"], sort=False)]
    assert len(axes) == len(own) == 4
    names = [text.get_text() for text in axes[0].get_yticklabels()]
    for panel, told in zip(axes, own, strict=True):
        drawn = {}
        for container in panel.containers:
            (dot, _, (bar,)) = container
            (x,), (y,) = dot.get_data()
            drawn[names[round(y)]] = (x, *np.sort(bar.get_segments()[0][:, 0]), dot.get_color())
        for row in told.itertuples():
            *numbers, colour = drawn[method_label(row.method)]
            np.testing.assert_allclose(numbers, (row.gap, row.low, row.high))
            assert matplotlib.colors.same_color(colour, COLOURS.get(row.outcome, GREY))
    legible(pages)


def test_methods_that_share_a_row_are_named_in_full(legible: Check) -> None:
    same = pd.DataFrame({"method": ["smooth_grad_cam_pp"], "same_as": ["grad_cam_pp"]})
    pages = nulls(table(["grad_cam_pp", "saliency", "grad_cam"]), CLEAN, same, confidence=0.95)
    names = [text.get_text() for text in pages[0].axes[0].get_yticklabels()]
    assert f"{method_label('grad_cam_pp')} = {method_label('smooth_grad_cam_pp')}" in names
    legible(pages)


def test_nothing_measured_is_said_in_words(legible: Check) -> None:
    empty = table(FOUR).assign(strongest="")
    pages = nulls(empty, CLEAN, NONE_THE_SAME, confidence=0.95)
    words = " ".join(text.get_text() for text in pages[0].findobj(matplotlib.text.Text))
    assert " ".join(words.split()) == UNMEASURED
    legible(pages)


def test_a_guessing_network_gets_no_gaps() -> None:
    guessing = CLEAN.assign(accuracy=0.41, low=0.26, high=0.57)
    (page,) = nulls(table(FOUR), guessing, NONE_THE_SAME, confidence=0.95)
    assert not [axis for axis in page.axes if axis.containers]


def test_nulls_of_boxes_are_named_as_such(legible: Check) -> None:
    pages = box_nulls(table(FOUR), confidence=0.95)
    words = {text.get_text() for page in pages for legend in page.legends for text in legend.get_texts()}
    assert any("box" in word for word in words) and not any("image" in word for word in words)
    legible(pages)
    (empty,) = box_nulls(table(FOUR).assign(strongest=""), confidence=0.95)
    words = " ".join(text.get_text() for text in empty.findobj(matplotlib.text.Text))
    assert "no box to measure on" in " ".join(words.split())
