"""Mean column-wise ROC AUC: SciPy's Mann-Whitney U, DeLong's variance, classes that are not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from signsight.evaluation.auc import auc_row, components, load_columns
from signsight.evaluation.scoring import Predictions, save_predictions
from signsight.evaluation.statistics import z_value


def answers(count: int, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Softmax (count, classes), rounded so that there are ties, and true classes."""
    rng = np.random.default_rng(seed)
    truth = np.arange(count) % classes
    logits = rng.normal(size=(count, classes)) + 1.5 * np.eye(classes)[truth]
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return shares.round(2).astype(np.float32), truth


def of_pairs(scores: np.ndarray, positive: np.ndarray) -> float:
    """AUC by SciPy."""
    found = mannwhitneyu(scores[positive], scores[~positive]).statistic
    return float(found / positive.sum() / (~positive).sum())


@pytest.mark.parametrize("count", [9, 60])
def test_it_is_the_mean_of_the_columns(count: int) -> None:
    shares, truth = answers(count, 4, count)
    row = auc_row(shares, np.arange(4), truth, 0.95)
    assert row["auc"] == pytest.approx(np.mean([of_pairs(shares[:, k], truth == k) for k in range(4)]))
    assert row["auc_low"] < row["auc"] < row["auc_high"] <= 1 and row["auc_classes"] == 4


def test_the_components_have_the_variance_of_delong() -> None:
    shares, truth = answers(40, 2, 1)
    scores, positive = shares[:, 1], truth == 1
    pairs = (scores[positive, None] > scores[~positive]) + 0.5 * (scores[positive, None] == scores[~positive])
    expected = pairs.mean(1).var(ddof=1) / 20 + pairs.mean(0).var(ddof=1) / 20
    own = components(scores, positive)
    assert own.mean() == pytest.approx(pairs.mean())
    assert own.var(ddof=1) / 40 == pytest.approx(expected, rel=0.06)  # n - 1 of both sides, not of all
    row = auc_row(shares, np.array([0, 1]), truth, 0.9)
    odds = [np.log(row[key] / (1 - row[key])) for key in ("auc_low", "auc", "auc_high")]
    half = z_value(0.9) * own.std(ddof=1) / np.sqrt(40) / (row["auc"] * (1 - row["auc"]))
    np.testing.assert_allclose(np.diff(odds), half, rtol=0.1)


def test_classes_without_a_positive_or_a_negative_are_left_out() -> None:
    shares, truth = answers(30, 3, 2)
    with_more = np.column_stack([shares, np.zeros(30), np.ones(30)])
    assert auc_row(with_more, np.arange(5), truth, 0.95) == auc_row(shares, np.arange(3), truth, 0.95)
    alone = auc_row(shares, np.arange(3), np.zeros(30, int), 0.95)
    assert alone["auc_classes"] == 0 and np.isnan(alone["auc"])


def test_without_an_error_there_is_no_interval() -> None:
    truth = np.arange(12) % 3
    row = auc_row(np.eye(3)[truth], np.arange(3), truth, 0.95)
    assert row["auc"] == 1 and np.isnan(row["auc_low"]) and np.isnan(row["auc_high"])


def test_columns_come_back_by_set(tmp_path: Path) -> None:
    shares, truth = answers(6, 2, 3)
    own = shares.max(1)
    kept = Predictions(["a", "b"], np.stack([truth] * 2), *[np.stack([own] * 2)] * 2,
                       np.stack([shares, 1 - shares]), np.array([0, 4]))  # fmt: skip
    save_predictions(tmp_path / "p.npz", kept)
    columns, ids = load_columns(tmp_path / "p.npz", "b")
    np.testing.assert_array_equal(columns, 1 - shares)
    assert ids.tolist() == [0, 4]
