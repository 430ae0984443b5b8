"""Networks compared: known answers give the house's differences; McNemar's test is the binomial one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from signsight.evaluation.compared.answers import (
    accuracy_table,
    answers_table,
    class_table,
    network_table,
    right_answers,
)
from signsight.evaluation.compared.disagreements import contested_rows
from signsight.evaluation.compared.matching import Matched
from signsight.evaluation.statistics import mcnemar, paired_difference, wilson

RNG = np.random.default_rng(0)
ONE, TWO = RNG.random(200) < 0.9, RNG.random(200) < 0.7
TRUTH = np.repeat(np.arange(4), 50)
BOTH = {"a": ONE, "b": TWO}


def test_accuracy_and_difference_are_those_of_the_house() -> None:
    table = accuracy_table(BOTH, TRUTH, 0.9).set_index("network")
    for name, correct in BOTH.items():
        assert table.loc[name, "accuracy"] == correct.mean()
        assert tuple(table.loc[name, ["low", "high"]]) == wilson(correct.sum(), 200, 0.9)
    ends = ["difference", "difference_low", "difference_high"]
    assert tuple(table.loc["b", ends]) == paired_difference(TWO, ONE, 0.9)
    assert table.loc["a", ends].isna().all()
    assert (table["chance"] == 0.25).all()


def test_equal_answers_differ_by_nothing() -> None:
    table = accuracy_table({"a": ONE, "b": ONE}, TRUTH, 0.95).set_index("network")
    difference, low, high = table.loc["b", ["difference", "difference_low", "difference_high"]]
    assert difference == 0 and low == -high
    cells = answers_table({"a": ONE, "b": ONE}).iloc[0]
    assert (cells["only_first"], cells["only_this"], cells["p"]) == (0, 0, 1)


def test_the_four_cells_are_counted() -> None:
    first = np.array([1, 1, 1, 1, 0, 0, 0], bool)
    other = np.array([1, 1, 0, 0, 1, 0, 0], bool)
    row = answers_table({"a": first, "b": other}).iloc[0]
    assert [row[k] for k in ("both_right", "only_first", "only_this", "both_wrong")] == [2, 2, 1, 2]
    assert row["n"] == 7


@pytest.mark.parametrize(("won", "lost"), [(0, 0), (1, 0), (3, 9), (10, 10), (40, 61), (700, 900)])
def test_mcnemar_is_the_binomial_test(won: int, lost: int) -> None:
    expected = scipy.stats.binomtest(won, won + lost, 0.5).pvalue if won + lost else 1.0
    assert mcnemar(won, lost) == pytest.approx(expected, rel=1e-9)


def test_recall_is_that_of_the_images_of_a_class() -> None:
    table = class_table(BOTH, TRUTH, dict(enumerate("wxyz")), 0.95)
    own = table[(table["class_name"] == "y") & (table["network"] == "b")].iloc[0]
    assert own["recall"] == TWO[100:150].mean() and own["n"] == 50
    assert own["difference"] == pytest.approx(TWO[100:150].mean() - ONE[100:150].mean())


def test_answers_are_read_in_the_rows_of_the_matched_images(tmp_path: Path) -> None:
    rows = np.array([[0, 1, 2], [2, 0, 3]])
    classes = np.array([[5, 6, 7], [0, 1, 2]])
    matched = Matched(
        np.array(["a", "b"]), np.array(["x", "y", "z"]), rows, classes, np.array([3, 4]), np.array([8, 8])
    )
    for name, predicted in (("a", [5, 6, 0]), ("b", [1, 9, 9, 2])):
        np.savez(tmp_path / name, sets=["test"], predicted=np.array([predicted], np.int16))
        (tmp_path / f"{name}.json").write_text(json.dumps({"architecture": f"net_{name}"}))
    found = right_answers(matched, [tmp_path / "a.npz", tmp_path / "b.npz"])
    assert found["a"].tolist() == [True, True, False] and found["b"].tolist() == [False, True, True]
    table = network_table(matched, ["r/a", "r/b"], [tmp_path / "a.json", tmp_path / "b.json"])
    assert table["architecture"].tolist() == ["net_a", "net_b"] and table["images"].tolist() == [3, 4]
    assert (table["common"] == 3).all()


def test_contested_images_are_of_both_sides_the_surest_errors_first() -> None:
    first = np.array([1, 1, 1, 0, 0, 1, 0], bool)
    other = np.array([0, 1, 0, 1, 1, 0, 0], bool)
    sure = np.array([[0.1, 0.9, 0.1, 0.3, 0.8, 0.1, 0.9], [0.5, 0.9, 0.7, 0.1, 0.1, 0.6, 0.9]])
    correct = {"a": first, "b": other}
    assert contested_rows(correct, sure, 4).tolist() == [2, 5, 4, 3]
    assert contested_rows(correct, sure, 12).tolist() == [2, 5, 0, 4, 3]
    assert contested_rows(correct, sure, 5).tolist() == [2, 5, 0, 4, 3]
    assert contested_rows({"a": first, "b": first}, sure, 12).tolist() == []
