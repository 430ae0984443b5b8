"""Metrics of methods on networks: values, tests and orders of constructed cases."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from signsight.evaluation.compared.values import (
    TAU_COLUMNS,
    VALUE_COLUMNS,
    Values,
    compare_values,
    read_metric,
    tau_table,
    value_table,
)
from signsight.evaluation.statistics import holm, kendall, mean_interval, sign_flip

N = 60
RNG = np.random.default_rng(0)
METHODS = ["random", "x", "y", "z"]
FIRST = RNG.normal([0, 1, 2, 3], 0.5, (N, 4))


def values(other: np.ndarray) -> Values:
    return Values(["a", "b"], METHODS, np.stack([FIRST, other], axis=1))


def test_equal_networks_differ_in_nothing_and_rank_alike() -> None:
    found = values(FIRST)
    table = value_table(found, "higher", 0.95, 0)
    own = table[table["network"] == "b"]
    assert (own["difference"] == 0).all() and (own["p"] == 1).all()
    assert own["place"].tolist() == [4, 3, 2, 1]
    tau = tau_table(found, "higher", ["random"], 0.95, 0).iloc[0]
    assert (tau["tau"], tau["low"], tau["high"], tau["methods"]) == (1, 1, 1, 3)
    assert tau["best"] == tau["best_of_first"] == "z"


def test_a_reversed_order_has_a_tau_of_minus_one() -> None:
    tau = tau_table(values(-FIRST), "lower", [], 0.95, 0).iloc[0]
    assert tau["tau"] == -1 and tau["high"] < 0
    assert (tau["best_of_first"], tau["best"]) == ("random", "z")


def test_differences_are_those_of_the_house() -> None:
    other = FIRST + RNG.normal([0, 0.2, 0, -0.3], 0.5, (N, 4))
    table = value_table(values(other), "lower", 0.95, 3)
    own = table[table["network"] == "b"].set_index("method")
    p = []
    for m, name in enumerate(METHODS):
        expected = mean_interval(other[:, m] - FIRST[:, m], 0.95)
        assert own.loc[name, ["difference", "difference_low", "difference_high"]].tolist() == pytest.approx(
            [float(one) for one in expected]
        )
        p.append(sign_flip(np.stack([FIRST[:, m], other[:, m]], 1), 3, 10_000)[0, 1])
    assert own["p"].tolist() == p and own["p_holm"].tolist() == holm(np.array(p)).tolist()
    assert own.loc["random", "place"] == 1


def test_images_without_a_value_on_one_network_count_for_none(tmp_path: Path) -> None:
    one, two = FIRST.copy(), FIRST.copy()
    one[:5, 1], two[3:9, 1] = np.nan, np.nan
    files = {"a": _written(tmp_path / "a", one), "b": _written(tmp_path / "b", two)}
    found = read_metric(files, IDS)["q"]
    table = value_table(found, "higher", 0.95, 0).set_index(["network", "method"])
    assert table.loc[("a", "x"), "n"] == table.loc[("b", "x"), "n"] == N - 9
    assert table.loc[("a", "y"), "n"] == N


IDS = [f"i{k}" for k in range(N)]


def _written(
    folder: Path, table: np.ndarray, order: np.ndarray | None = None, steps: int = 3
) -> dict[str, Path]:
    """Files of a metric with the quantity `q` for METHODS; its images in an order of their own."""
    folder.mkdir()
    order = np.arange(len(table)) if order is None else order
    for m, name in enumerate(METHODS):
        labels = np.array([], str)
        np.savez(
            folder / f"{name}.npz", value_q=table[order, m], ids=np.array(IDS)[order],
            x=np.arange(float(steps)), labels=labels,
        )  # fmt: skip
    return {name: folder / f"{name}.npz" for name in METHODS}


def test_images_are_found_by_their_ids_in_any_order(tmp_path: Path) -> None:
    order = RNG.permutation(N)
    plain = {"a": _written(tmp_path / "a", FIRST), "b": _written(tmp_path / "b", 2 * FIRST)}
    mixed = {"a": plain["a"], "b": _written(tmp_path / "c", 2 * FIRST, order[:50])}
    found = read_metric(mixed, IDS)["q"]
    common = sorted(np.array(IDS)[order[:50]])
    rows = [IDS.index(one) for one in common]
    assert np.array_equal(found.values[:, 1], 2 * FIRST[rows])
    assert len(read_metric(plain, IDS[:7])["q"].values) == 7
    assert "no image" in read_metric(plain, ["other"])


def test_what_was_measured_otherwise_is_left_out_with_its_reason(tmp_path: Path) -> None:
    files = {"a": _written(tmp_path / "a", FIRST), "b": _written(tmp_path / "b", FIRST, steps=5)}
    same = {"a": files["a"], "b": files["a"]}
    about = pd.DataFrame(
        {"metric": ["m", "m", "n"], "quantity": ["q", "q", "q"], "direction": ["higher", "higher", ""]}
    )
    given = {"m": same, "n": same, "steps": files, "gone": same}
    tables = compare_values(given, IDS, about, ["random"], 0.95, 0)
    assert list(tables["metrics"].columns) == VALUE_COLUMNS
    assert list(tables["rankings"].columns) == TAU_COLUMNS
    assert set(tables["metrics"]["metric"]) == {"m", "n"} and set(tables["rankings"]["metric"]) == {"m"}
    assert dict(tables["left_out"].to_numpy().tolist()) == {
        "steps": "it was measured in other steps", "gone": "it is in no table of the first",
    }  # fmt: skip


def test_a_single_method_has_no_order() -> None:
    found = Values(["a", "b"], ["random", "x"], np.zeros((5, 2, 2)))
    assert tau_table(found, "higher", ["random"], 0.95, 0).empty


def test_tau_is_that_of_the_means() -> None:
    other = FIRST[:, [0, 2, 1, 3]]
    tau = tau_table(values(other), "higher", [], 0.95, 0).iloc[0]
    assert tau["tau"] == kendall(FIRST.mean(0), other.mean(0)) == pytest.approx(2 / 3)
    assert tau["low"] <= tau["tau"] <= tau["high"]
