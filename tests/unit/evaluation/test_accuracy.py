"""Accuracy tables: subsets, pairs, and confusions, counted by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from signsight.evaluation.accuracy import (
    accuracy_row,
    confusion_table,
    geometry_table,
    load_correct,
    load_predicted,
    masking_table,
    sticker_confusions,
    sticker_table,
)
from signsight.evaluation.scoring import Predictions, save_predictions
from signsight.evaluation.statistics import paired_difference, wilson

CLEAN = np.array([1, 1, 1, 1, 0, 1], bool)
CLASSES = np.array([7, 7, 7, 2, 2, 5])


def test_a_row_counts_and_pairs() -> None:
    after = np.array([1, 0, 0, 1, 1, 1], bool)
    row = accuracy_row(after, CLASSES, CLEAN, 0.95)
    assert (row["n"], row["correct"], row["accuracy"]) == (6, 4, pytest.approx(4 / 6))
    assert (row["low"], row["high"]) == wilson(4, 6, 0.95)
    expected = paired_difference(after, CLEAN, 0.95)
    assert (row["difference"], row["difference_low"], row["difference_high"]) == expected
    assert row["difference"] == pytest.approx(-1 / 6)
    assert row["chance"] == 3 / 6  # three of the six images are of class 7
    assert "difference" not in accuracy_row(after, CLASSES, None, 0.95)


def test_a_subset_counts_alone() -> None:
    chosen = np.array([1, 1, 0, 0, 0, 0], bool)
    row = accuracy_row(np.array([1, 0, 0, 0, 0, 0], bool), CLASSES, CLEAN, 0.95, chosen)
    assert (row["n"], row["correct"], row["difference"]) == (2, 1, -0.5)
    assert row["chance"] == 1  # both of class 7
    nothing = accuracy_row(CLEAN, CLASSES, CLEAN, 0.95, np.zeros(6, bool))
    assert nothing["n"] == nothing["correct"] == 0 and np.isnan(nothing["accuracy"])
    assert np.isnan(nothing["chance"])


def test_predictions_come_back_by_set(tmp_path: Path) -> None:
    predicted = np.array([[0, 1, 2], [0, 0, 2]], np.int16)
    shares = np.full((2, 3), 0.5, np.float32)
    save_predictions(tmp_path / "p.npz", Predictions(["-5", "7"], predicted, shares, shares))
    assert {k: v.tolist() for k, v in load_predicted(tmp_path / "p.npz").items()} == {
        "-5": [0, 1, 2],
        "7": [0, 0, 2],
    }
    correct = load_correct(tmp_path / "p.npz", np.array([0, 1, 1]))
    assert {k: v.tolist() for k, v in correct.items()} == {
        "-5": [True, True, False],
        "7": [True, False, False],
    }


def test_confusions_are_all_pairs_that_occur() -> None:
    truth, predicted = np.array([1, 1, 0, 2, 1]), np.array([1, 0, 0, 2, 0], np.int16)
    table = confusion_table(truth, predicted)
    found = {(row.class_id, row.predicted_id): row.count for row in table.itertuples(index=False)}
    assert list(table.columns) == ["class_id", "predicted_id", "count"]
    rows = {tuple(row) for row in table.to_numpy().tolist()}
    assert rows == {(0, 0, 1), (1, 0, 2), (1, 1, 1), (2, 2, 1)}
    assert len(found) == len(table) and table["count"].sum() == 5


def test_all_and_common_subsets_of_masked_images() -> None:
    empty = {"a": np.array([0, 0, 1, 0, 0, 0], bool), "b": np.array([0, 0, 0, 1, 0, 0], bool)}
    after = {"a": np.array([0, 1, 1, 1, 0, 0], bool), "b": np.array([1, 1, 1, 1, 0, 0], bool)}
    scores = {m: {"0": CLEAN, "3": after[m]} for m in after}
    table = masking_table(scores, empty, CLASSES, 0.95).set_index(["method", "subset", "masked_cells"])
    assert len(table) == 8
    assert table.loc[("a", "all", 0), ["n", "correct", "difference"]].tolist() == [5, 4, 0]
    assert table.loc[("a", "all", 3), ["n", "correct"]].tolist() == [5, 2]
    assert table.loc[("a", "all", 3), "difference"] == pytest.approx(-2 / 5)
    for method, correct in (("a", 1), ("b", 2)):  # images 0, 1, 4, 5
        assert table.loc[(method, "common", 3), ["n", "correct"]].tolist() == [4, correct]
        assert table.loc[(method, "common", 3), "difference"] == pytest.approx((correct - 3) / 4)
        assert table.loc[(method, "common", 0), "accuracy"] == 0.75


def test_degrees_are_in_order_however_they_come() -> None:
    wrong = np.zeros(6, bool)
    pieces = [("rotation", {"5": wrong, "-90": CLEAN}), ("perspective_vertical", {"0": CLEAN}),
              ("rotation", {"-7": wrong})]  # fmt: skip
    table = geometry_table(pieces, CLASSES, CLEAN, 0.95)
    assert list(zip(table["transform"], table["degree"], table["correct"], strict=True)) == [
        ("perspective_vertical", 0, 5), ("rotation", -90, 5), ("rotation", -7, 0), ("rotation", 5, 0),
    ]  # fmt: skip


TRUTH = np.array([0, 0, 1, 1])
PREDICTED = {
    "none": np.array([0, 1, 1, 1], np.int16),
    "tall_big": np.array([2, 1, 0, 1], np.int16),
    "tall_small": np.array([0, 1, 1, 1], np.int16),
}
SETS = {"tall_big": ("tall", "big"), "tall_small": ("tall", "small")}


def test_stickers_by_size_beside_none() -> None:
    table = sticker_table([("stock", TRUTH, "saliency", PREDICTED)], SETS, 0.95)
    found = table.set_index("sign_size")[["correct", "difference"]]
    assert found.loc["none"].tolist() == [3, 0]
    assert found.loc["small"].tolist() == [3, 0]
    assert found.loc["big"].tolist() == [1, -0.5]
    assert set(table["sticker"]) == {"tall"} and len(table) == 3


def test_what_a_sticker_turned_into_what() -> None:
    table = sticker_confusions([("stock", TRUTH, "saliency", PREDICTED)], SETS, ["zero", "one", "two"])
    found = table[["sign_size", "class_name", "predicted_name", "count"]].to_numpy().tolist()
    assert sorted(found) == [
        ["big", "one", "zero", 1],
        ["big", "zero", "one", 1],
        ["big", "zero", "two", 1],
        ["none", "zero", "one", 1],
        ["small", "zero", "one", 1],
    ]
