"""The sticker figure shows the table's accuracies and intervals, and can be read."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.text import Text

from signsight.figures.stickers import conditions, sticker_accuracy
from signsight.figures.style import method_label

Check = Callable[[Figure], None]
FEW = {"stock": 43, "test": 1000}
FIVE = ["saliency", "grad_cam", "grad_cam_pp", "smooth_grad_cam_pp", "integrated_gradients"]


def drawn(table: pd.DataFrame, published: pd.DataFrame | None = None) -> Figure:
    known = {} if published is None else {"stickers": published}
    return sticker_accuracy(table, confidence=0.95, published=known)


@pytest.fixture
def table(request: pytest.FixtureRequest) -> pd.DataFrame:
    return request.getfixturevalue("stickers")


def test_dots_and_bars(table: pd.DataFrame, published: dict[str, pd.DataFrame], legible: Check) -> None:
    figure = drawn(table, published["stickers"])
    panels = [(target, sticker) for target in FEW for sticker in ("square", "tall")]
    for axes, (target, sticker) in zip(figure.axes, panels, strict=True):
        bars = {c.get_label(): c for c in axes.containers if isinstance(c, ErrorbarContainer)}
        own = table[(table["target"] == target) & (table["sticker"] == sticker)]
        for method, rows in own.groupby("method"):
            dots, _, (lines,) = bars[method_label(str(method))]
            assert dots.get_ydata() == pytest.approx(rows["accuracy"].values)
            # An interval never leaves out its dot.
            ends = np.array(lines.get_segments())[:, :, 1]
            assert ends[:, 0] == pytest.approx(np.minimum(rows["low"], rows["accuracy"]))
            assert ends[:, 1] == pytest.approx(np.maximum(rows["high"], rows["accuracy"]))
        assert target == "test" or f"n = {FEW[target]}" in axes.get_title(loc="left")
        low, high = axes.get_ylim()
        assert low <= own["low"].min() and high >= own["high"].max()
        hollow = [line for line in axes.lines if line.get_label() == "published study"]
        assert len(hollow) == (target == "stock")
        for line in hollow:
            theirs = published["stickers"].query("sticker == @sticker")["accuracy"]
            assert sorted(line.get_ydata()) == pytest.approx(sorted(theirs))
    legible(figure)


def test_five_methods_on_one_target(table: pd.DataFrame, legible: Check) -> None:
    base = table[(table["method"] == "saliency") & (table["target"] == "test")]
    figure = drawn(pd.concat([base.assign(method=m) for m in FIVE]))
    named = " ".join(text.get_text() for text in figure.findobj(Text))
    assert all(method_label(name) in named for name in FIVE)
    legible(figure)


def test_one_design_and_chance_within_the_axes(table: pd.DataFrame, legible: Check) -> None:
    one = table[table["sticker"] == "square"].assign(accuracy=0.3, low=0.01, high=0.5)
    chances = one["target"].map({"stock": 1 / 43, "test": 0.5})
    figure = drawn(one.assign(chance=chances))
    marks = [line.get_ydata()[0] for axes in figure.axes for line in axes.lines
             if line.get_label() == "largest class"]  # fmt: skip
    assert marks == [pytest.approx(1 / 43), 0.5]
    assert figure.axes[0].get_ylim()[0] == 0
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[-1] == "always the largest\nclass"
    legible(figure)


def test_conditions_keep_the_tables_order_with_none_first(table: pd.DataFrame) -> None:
    sizes = ("none", "large", "medium", "small")
    expected = [(sticker, size) for sticker in ("square", "tall") for size in sizes]
    assert conditions(table) == expected
    assert conditions(table[table["sign_size"] != "medium"]) == [
        pair for pair in expected if pair[1] != "medium"
    ]
