"""Drawn stickers beside real ones: the same classes in the same mix, and losses that are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from signsight.evaluation.drawn_and_real import ANY, REAL, drawn_and_real
from signsight.evaluation.real_examples import CleanImages, known
from signsight.evaluation.statistics import paired_difference

SETS = {"a": ("tall", "small"), "b": ("tall", "large")}


def given(trained: set[str] | None = None) -> pd.DataFrame:
    """Class 0: 30 clean images, all right; real stickers on 2 photographs cost all. Class 1: 10, all right;
    of 2 photographs none is lost. Drawn ones of set a cost class 0 half, of set b nothing."""
    classes = np.repeat([0, 1], [30, 10])
    index = pd.DataFrame({"class_id": classes, "source": [f"{i}" for i in range(40)]})
    index = index.assign(roi_x1=0, roi_y1=0, roi_x2=29, roi_y2=29)
    right = np.ones(40, bool)
    clean = CleanImages(index, right, np.full(40, 0.9), {"0"})
    table = {
        "class_id": [0, 0, 1, 1], "predicted_id": [1, 1, 1, 1], "class_name": ["no", "no", "one", "one"],
        "true_probability": [0.1, 0.1, 0.9, 0.9], "side": 30, "track": "", "groups": "{}",
        "original": ["0", "x", "", ""],
    }  # fmt: skip
    hit = right.copy()
    hit[1:16] = False  # 15 of the 29 images of class 0 that count
    answers = {
        name: (correct, np.where(correct, 0.9, 0.4)) for name, correct in (("none", right), ("b", right))
    }
    answers["a"] = hit, np.where(hit, 0.9, 0.4)
    return drawn_and_real(known(pd.DataFrame(table), trained), clean, {"random": answers}, SETS, 0.95)


def test_costs_by_class_and_in_the_mix() -> None:
    table = given().set_index(["class_id", "method", "sticker", "sign_size"])
    assert table.loc[(0, REAL, "", ""), "difference"].item() == -1
    assert table.loc[(-1, REAL, "", ""), "difference"].item() == -0.5
    assert table.loc[(0, "random", "tall", "small"), "difference"] == pytest.approx(-15 / 29)
    assert table.loc[(0, "random", ANY, ANY), "difference"] == pytest.approx(-15 / 58)
    assert table.loc[(-1, "random", ANY, ANY), "difference"] == pytest.approx(-15 / 116)
    assert table.loc[(0, "random", "tall", "small"), "probability_difference"] == pytest.approx(
        -0.5 * 15 / 29
    )
    assert table.loc[(0, "random", ANY, ANY), "gap"] == pytest.approx(-1 + 15 / 58)
    assert table.loc[(0, "random", ANY, ANY), "n"] == 29


def test_limits_of_the_mean_are_those_of_the_single_stickers() -> None:
    table = given().set_index(["class_id", "method", "sticker", "sign_size"])
    lost = np.r_[np.zeros(15, bool), np.ones(14, bool)]
    limits = [paired_difference(after, np.ones(29, bool), 0.95)[1:] for after in (lost, np.ones(29, bool))]
    row = table.loc[(0, "random", ANY, ANY)]
    assert (row["difference_low"], row["difference_high"]) == pytest.approx(tuple(np.mean(limits, axis=0)))
    assert (table["difference_low"] <= table["difference"]).all()


def test_names_and_photographs_that_the_network_knows() -> None:
    table = given({"x", "0"})
    assert set(table["class_id"]) == {-1, 1} and set(table["class_name"]) == {"all", "one"}
    assert given()["class_name"].notna().all()
