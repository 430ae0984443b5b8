"""What survives another training: orders, first places and the spread are those of small tables by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from signsight.evaluation.trainings import trainings_table

VALUES = {"a": (0.9, 0.8, 0.85), "b": (0.7, 0.6, 0.65), "c": (0.65, 0.62, 0.6)}
HALF = {"a": 0.01, "b": 0.02, "c": 0.06}


def seeds(direction: str = "higher", values: dict[str, tuple[float, ...]] = VALUES) -> pd.DataFrame:
    rows = []
    for method, own in values.items():
        ends = [(value, value - HALF[method], value + HALF[method]) for value in own]
        rows += [(seed, "insertion", "auc", method, *three, direction) for seed, three in enumerate(ends)]
    columns = ["seed", "metric", "quantity", "method", "value", "low", "high", "direction"]
    accuracy = [(seed, "accuracy", "accuracy", "model", 0.9, 0.8, 1.0, "higher") for seed in range(3)]
    return pd.DataFrame(rows + accuracy, columns=columns)


def pairs(**p: float) -> pd.DataFrame:
    told = {"ab": 0.001, "ac": 0.001, "bc": 0.04} | p
    rows = [("insertion", "auc", *pair, 0.1, value) for pair, value in told.items()]
    return pd.DataFrame(rows, columns=["metric", "quantity", "method_a", "method_b", "difference", "p_holm"])


def test_by_hand() -> None:
    (row,) = trainings_table(seeds(), pairs(), 0.95).to_dict("records")
    assert row["metric"] == "insertion" and row["quantity"] == "auc" and row["trainings"] == 3
    assert row["first"] == "a"
    assert (row["pairs"], row["kept"]) == (3, 2)  # b and c change places in the second training
    assert row["over_trainings"] == pytest.approx(0.05) and row["half_interval"] == pytest.approx(0.02)


def test_pairs_that_do_not_differ_are_not_counted() -> None:
    (row,) = trainings_table(seeds(), pairs(bc=0.2), 0.95).to_dict("records")
    assert (row["pairs"], row["kept"]) == (2, 2)
    (row,) = trainings_table(seeds(), pairs(ab=np.nan, ac=np.nan, bc=np.nan), 0.95).to_dict("records")
    assert (row["pairs"], row["kept"]) == (0, 0)


def test_less_can_be_better_and_several_can_come_first() -> None:
    (row,) = trainings_table(seeds("lower"), pairs(), 0.95).to_dict("records")
    assert row["first"] == "c,b"


def test_methods_that_repeat_others_and_quantities_without_a_direction() -> None:
    table = seeds()
    (row,) = trainings_table(table[table["method"] != "b"], pairs(), 0.95).to_dict("records")
    assert (row["pairs"], row["kept"]) == (1, 1)
    assert trainings_table(seeds(""), pairs(), 0.95).empty
    assert trainings_table(table[table["metric"] == "accuracy"], pairs(), 0.95).empty


def test_an_equal_value_keeps_no_order() -> None:
    table = seeds(values=VALUES | {"b": (0.7, 0.8, 0.65)})
    (row,) = trainings_table(table, pairs(bc=1.0), 0.95).to_dict("records")
    assert (row["pairs"], row["kept"]) == (2, 1)
