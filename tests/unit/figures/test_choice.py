"""Which images the sheets show."""

from __future__ import annotations

import numpy as np
import pandas as pd

from signsight.figures.choice import example_rows, overview_rows, spread_degrees

INDEX = pd.DataFrame({"class_id": np.repeat(np.arange(10), 3), "width": [20, 60, 40] * 10})


def test_examples_are_the_widest_of_classes_spread_evenly() -> None:
    rows = example_rows(INDEX, 4)
    assert (INDEX["width"][rows] == 60).all()
    assert len(set(INDEX["class_id"][rows])) == 4
    assert np.ptp(np.diff(INDEX["class_id"][rows])) <= 1
    assert all(len(set(example_rows(INDEX, count))) == count for count in range(1, 11))
    assert len(example_rows(INDEX, 99)) == 10
    assert len(example_rows(INDEX.drop(columns="width"), 3)) == 3


def test_a_quarter_of_the_overview_is_errors_of_different_classes() -> None:
    predicted = INDEX["class_id"].to_numpy().copy()
    confidence = np.full(30, 0.5)
    for row, sure in ((3, 0.9), (4, 0.8), (9, 0.7)):  # classes 1, 1 and 3
        predicted[row], confidence[row] = 7, sure
    rows = overview_rows(INDEX, predicted, confidence, 8)
    assert len(rows) == 8 and rows[-2:].tolist() == [3, 9]
    right = overview_rows(INDEX, INDEX["class_id"].to_numpy(), confidence, 8)
    assert right.tolist() == example_rows(INDEX, 8).tolist()


def test_degrees_keep_both_ends() -> None:
    shown = spread_degrees(range(-90, 91))
    assert (shown[0], shown[4], shown[-1], len(shown)) == (-90, 0, 90, 9)
    assert np.ptp(np.diff(shown)) <= 1
    assert spread_degrees([30, -30]) == [-30, 30]
