"""Figures of real stickers: what they show of tables that are known, and that all text is legible."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from signsight.evaluation.drawn_and_real import ANY, COLUMNS, REAL
from signsight.evaluation.on_sticker import on_sticker as measured
from signsight.figures.real_stickers import NO_BOXES, NO_CLASSES, drawn_and_real, on_sticker

Check = Callable[[Figure | list[Figure]], None]
LONG = "End of no overtaking for vehicles over 3.5 metric tons"


def costs(classes: list[str], methods: list[str]) -> pd.DataFrame:
    rows = [
        {"class_id": c, "class_name": name, "method": m, "sticker": ANY, "sign_size": ANY, "n": 12 + c,
         "difference": -0.1 * (c + 1), "difference_low": -0.2 * (c + 1), "difference_high": 0.01,
         "probability_difference": -0.1, "probability_low": np.nan, "probability_high": np.nan}
        for c, name in enumerate(classes, -1)
        for m in methods
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


@pytest.mark.parametrize("methods", [[REAL], [REAL, "random"], [REAL, "grad_cam", "random"]])
def test_costs_class_by_class(methods: list[str], legible: Check) -> None:
    figure = drawn_and_real(costs(["all", "Stop", LONG], methods), confidence=0.95)
    labels = [text.get_text().replace("\n", " ") for text in figure.axes[0].get_yticklabels()]
    assert labels == [f"{LONG} (13)", "Stop (12)", "all, in this mix (11)"]
    shown = [line.get_xdata()[0] for line in figure.axes[0].lines if len(line.get_xdata()) == 3]
    assert len(shown) >= len(methods)
    legible(figure)


def test_relevance_on_stickers_by_method(legible: Check) -> None:
    rng = np.random.default_rng(0)
    maps = {name: rng.random((9, 8, 8)) for name in ("random", "grad_cam", "smooth_grad_cam_pp")}
    table = measured(["0,0,.5,.5"] * 9, [""] * 9, maps, 0.95, 0)
    figure = on_sticker(table, confidence=0.95)
    order = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert len(order) == 3 and "9 photographs" in figure.axes[0].get_title("left")
    legible(figure)


def test_nothing_to_show_is_said(legible: Check) -> None:
    none = measured(["", ""], ["", ""], {"random": np.ones((2, 4, 4))}, 0.95, 0)
    without_boxes = on_sticker(none, confidence=0.95)
    without_classes = drawn_and_real(pd.DataFrame(columns=COLUMNS), confidence=0.95)
    for figure, sentence in ((without_boxes, NO_BOXES), (without_classes, NO_CLASSES)):
        assert not figure.axes and figure.texts[0].get_text().split() == sentence.split()
        legible(figure)
