"""The table of other backgrounds: counted by hand, paired, without a donor, for every model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from signsight.evaluation.accuracy import accuracy_row
from signsight.evaluation.background import WHOLE, background_table, load_answers
from signsight.evaluation.scoring import Predictions, save_predictions
from signsight.evaluation.statistics import bootstrap, paired_difference, wilson

TRUTH = np.array([0, 0, 0, 1, 1, 1, 2, 2])
SETS = {
    "o": ["object", "zero"],
    "s": ["object", "same_class"],
    "d": ["object", "other_class"],
    "b": ["background", "surroundings"],
}
LENT = {"same_class": np.array([0, 0, 0, 1, 1, 1, 2, -1]), "other_class": np.array([1, 2, 1, 0, 2, 0, 0, 1])}
SEEN = {
    WHOLE: [0, 0, 0, 1, 1, 1, 2, 0],
    "o": [0, 0, 1, 1, 1, 1, 2, 2],
    "s": [0, 0, 0, 1, 1, 1, 2, 0],
    "d": [1, 0, 1, 0, 1, 2, 0, 2],
    "b": [0, 0, 2, 2, 1, 1, 0, 0],
}
SHARES = {name: np.linspace(0.1, 0.9, 8) ** (1 + place) for place, name in enumerate(SEEN)}


def answers() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    return {name: (np.array(seen), SHARES[name]) for name, seen in SEEN.items()}


def test_rows_are_counted_and_paired() -> None:
    table = background_table({3: answers()}, SETS, TRUTH, LENT, 0.9, 5)
    assert table["seed"].tolist() == [3] * 5 and table["kept"].tolist()[0] == "all"
    by = table.set_index(["kept", "behind"])
    whole, black = by.loc[("all", "nothing")], by.loc[("object", "zero")]
    assert (whole["n"], whole["correct"]) == (8, 7) and np.isnan(whole["difference"])
    expected = accuracy_row(np.array(SEEN["o"]) == TRUTH, TRUTH, np.array(SEEN[WHOLE]) == TRUTH, 0.9)
    assert black[list(expected)].to_dict() == pytest.approx(expected)
    mean, low, high = (float(part) for part in bootstrap(SHARES["o"], 0.9, 5))
    assert black[["probability", "probability_low", "probability_high"]].tolist() == pytest.approx(
        [mean, low, high]
    )
    assert by.loc[("background", "surroundings"), "correct"] == 4
    assert by.loc[("background", "surroundings"), "chance"] == 3 / 8
    assert by["follows"].notna().sum() == by["gap"].notna().sum() == 1


def test_the_lent_background_is_followed_and_the_gap_is_paired() -> None:
    table = background_table({3: answers()}, SETS, TRUTH, LENT, 0.9, 5).set_index(["kept", "behind"])
    other, same = table.loc[("object", "other_class")], table.loc[("object", "same_class")]
    assert (same["n"], same["correct"]) == (7, 7) and (other["n"], other["correct"]) == (8, 3)
    assert other["follows"] == 4 / 8
    assert (other["follows_low"], other["follows_high"]) == wilson(4, 8, 0.9)
    both = slice(0, 7)  # of the last picture there is no other of its class
    right = [np.array(SEEN[name])[both] == TRUTH[both] for name in ("s", "d")]
    expected = paired_difference(*right, 0.9)
    assert other[["gap", "gap_low", "gap_high"]].tolist() == pytest.approx(list(expected))


def test_every_model_has_its_rows_and_pictures_without_a_donor_count_in_none() -> None:
    lent = LENT | {"other_class": np.full(8, -1)}
    table = background_table({3: answers(), 4: answers()}, SETS, TRUTH, lent, 0.9, 5)
    assert table.groupby("seed").size().to_dict() == {3: 5, 4: 5}
    none = table[table["behind"] == "other_class"]
    assert (none["n"] == 0).all() and none[["accuracy", "follows", "gap", "chance"]].isna().all(axis=None)


def test_answers_come_back_by_set(tmp_path: Path) -> None:
    seen = np.array([SEEN["o"], SEEN["b"]], np.int16)
    shares = np.array([SHARES["o"], SHARES["b"]], np.float32)
    save_predictions(tmp_path / "p.npz", Predictions(["o", "b"], seen, shares, shares))
    found = load_answers(tmp_path / "p.npz")
    np.testing.assert_array_equal(found["b"][0], seen[1])
    np.testing.assert_array_equal(found["b"][1], shares[1])
