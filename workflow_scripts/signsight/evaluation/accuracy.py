"""Accuracy tables from predictions: tidy rows with n, interval, and the paired difference from clean."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from signsight.evaluation.statistics import paired_difference, wilson


def load_correct(path: Path | str, truth: np.ndarray) -> dict[str, np.ndarray]:
    """Set name -> (N,) bool: which images the classifier got right."""
    with np.load(path) as stored:
        return {str(n): p == truth for n, p in zip(stored["sets"], stored["predicted"], strict=True)}


def accuracy_row(
    correct: np.ndarray,
    clean: np.ndarray | None,
    confidence: float,
    chosen: np.ndarray | None = None,
) -> dict[str, float]:
    """One row: n, correct, accuracy, low, high; with `clean` also the paired difference from it.

    correct, clean: (N,) bool on the same images; chosen: (N,) bool, the subset that counts.
    """
    if chosen is not None:
        correct = correct[chosen]
        clean = clean[chosen] if clean is not None else None
    n, right = len(correct), int(correct.sum())
    low, high = wilson(right, n, confidence)
    row = {
        "n": n,
        "correct": right,
        "accuracy": right / n if n else float("nan"),
        "low": low,
        "high": high,
    }
    if clean is not None:
        difference, low, high = paired_difference(correct, clean, confidence)
        row |= {"difference": difference, "difference_low": low, "difference_high": high}
    return row


def confusion_table(truth: np.ndarray, predicted: np.ndarray) -> pd.DataFrame:
    """Long confusion table: class_id, predicted_id, count; pairs that do not occur are left out."""
    pairs = pd.DataFrame({"class_id": truth, "predicted_id": predicted.astype(np.int64)})
    return pairs.value_counts(sort=False).rename("count").reset_index()


def masking_table(
    scores: dict[str, dict[str, np.ndarray]], empty: dict[str, np.ndarray], confidence: float
) -> pd.DataFrame:
    """Accuracy by method, subset and number of masked cells.

    scores: method -> set name (the number of cells) -> (N,) bool correct; empty: method -> (N,) bool,
    images whose map is empty. Subset `all`: the images for which the method has a map; `common`:
    those for which every method has one. The set "0" is the untouched one.
    """
    common = ~np.any(list(empty.values()), axis=0)
    rows = []
    for method, sets in scores.items():
        for subset, chosen in (("all", ~empty[method]), ("common", common)):
            for name, correct in sets.items():
                row = accuracy_row(correct, sets["0"], confidence, chosen)
                rows.append({"method": method, "subset": subset, "masked_cells": int(name), **row})
    return pd.DataFrame(rows)
