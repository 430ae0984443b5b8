"""Which test images the explorer shows: by rule, right and wrong ones, spread over the classes."""

from __future__ import annotations

import numpy as np
import pytest

from signsight.explorer.choice import ordered_rows, sentence

CLASSES = np.arange(400) % 20


def chosen(wrong: np.ndarray, count: int, measured: np.ndarray | None = None) -> np.ndarray:
    predicted = np.where(wrong, (CLASSES + 1) % 20, CLASSES)
    seen = np.ones(400, int) if measured is None else measured
    return ordered_rows(CLASSES, predicted, seen)[:count]


def test_every_row_is_there_once() -> None:
    wrong = np.random.default_rng(0).random(400) < 0.3
    assert sorted(chosen(wrong, 400)) == list(range(400))


@pytest.mark.parametrize("count", [10, 60, 100])
def test_half_are_wrong_where_there_are_so_many(count: int) -> None:
    wrong = np.random.default_rng(1).random(400) < 0.5
    assert wrong[chosen(wrong, count)].sum() == count / 2


def test_all_wrong_ones_where_there_are_few() -> None:
    wrong = np.isin(np.arange(400), (3, 77, 210))
    assert wrong[chosen(wrong, 60)].sum() == 3


@pytest.mark.parametrize("count", [5, 20, 60])
def test_the_classes_are_spread(count: int) -> None:
    rows = chosen(np.zeros(400, bool), count)
    found = np.bincount(CLASSES[rows], minlength=20)
    assert found.max() - found.min() <= 1
    if count == 5:  # no two of neighbouring classes, and from both ends
        picked = np.sort(CLASSES[rows])
        assert np.diff(picked).min() >= 2 and picked[0] < 5 and picked[-1] >= 15


def test_images_that_were_measured_come_first() -> None:
    measured = np.zeros(400, int)
    measured[100:150], measured[100:110] = 1, 3  # by one metric, and by three
    rows = chosen(np.zeros(400, bool), 60, measured)
    assert (measured[rows[:10]] == 3).all() and (measured[rows[10:50]] == 1).all()


def test_the_choice_does_not_depend_on_chance() -> None:
    wrong = np.random.default_rng(2).random(400) < 0.2
    np.testing.assert_array_equal(chosen(wrong, 60), chosen(wrong, 60))


def test_fewer_are_the_first_of_more() -> None:
    wrong = np.random.default_rng(3).random(400) < 0.2
    np.testing.assert_array_equal(chosen(wrong, 20), chosen(wrong, 60)[:20])


def test_it_is_said_how_they_were_chosen() -> None:
    assert sentence(60, 60, 3, 3) == "All are shown."
    assert "all 5 misclassified ones and 55 others" in sentence(60, 860, 5, 5)
    assert "30 of the 400 misclassified ones and 30 others" in sentence(60, 860, 30, 400)
    assert "none is misclassified" in sentence(60, 860, 0, 0)
