"""The answers of several networks to the same images: accuracy, who is right where, recall of each class."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from signsight.evaluation.accuracy import accuracy_row, load_predicted
from signsight.evaluation.compared.matching import Matched
from signsight.evaluation.statistics import mcnemar

Correct = Mapping[str, np.ndarray]  # network -> (n,) bool on the same images; differences are from the first


def right_answers(matched: Matched, scores: Iterable[Path | str]) -> dict[str, np.ndarray]:
    """Network -> (n,) bool, which of the matched images it recognises; scores: their predictions."""
    rows = zip(matched.labels, scores, matched.rows, matched.class_ids, strict=True)
    return {str(label): load_predicted(path)["test"][own] == truth for label, path, own, truth in rows}


def network_table(matched: Matched, folders: Iterable[str], models: Iterable[Path | str]) -> pd.DataFrame:
    """What is compared: network, its folder, architecture, size in pixels, test images, those in common."""
    told = [json.loads(Path(path).read_text(encoding="utf-8"))["architecture"] for path in models]
    return pd.DataFrame(
        {
            "network": matched.labels, "folder": list(folders), "architecture": told,
            "size": matched.sizes, "images": matched.counts, "common": len(matched),
        }
    )  # fmt: skip


def accuracy_table(correct: Correct, truth: np.ndarray, confidence: float) -> pd.DataFrame:
    """A row for each network: its accuracy, and the paired difference from the first one (NaN for itself).

    truth: (n,) the classes of the images.
    """
    return pd.DataFrame([{"network": name, **row} for name, row in rows_of(correct, truth, confidence)])


def rows_of(
    correct: Correct, truth: np.ndarray, confidence: float, chosen: np.ndarray | None = None
) -> list[tuple[str, dict[str, float]]]:
    """(network, `accuracy_row`) of each; chosen: (n,) bool, the images that count."""
    (name, first), *others = correct.items()
    missing = dict.fromkeys(("difference", "difference_low", "difference_high"), float("nan"))
    rows = [(name, accuracy_row(first, truth, None, confidence, chosen) | missing)]
    return rows + [(name, accuracy_row(own, truth, first, confidence, chosen)) for name, own in others]


def answers_table(correct: Correct) -> pd.DataFrame:
    """How the answers of each further network meet those of the first: the four cells of the paired table.

    Columns network, n, both_right, only_first, only_this, both_wrong, and p of McNemar's exact test.
    """
    (_, first), *others = correct.items()
    rows = []
    for name, own in others:
        only_first, only_this = int((first & ~own).sum()), int((own & ~first).sum())
        cells = {
            "both_right": int((first & own).sum()), "only_first": only_first, "only_this": only_this,
            "both_wrong": int((~first & ~own).sum()),
        }  # fmt: skip
        rows.append({"network": name, "n": len(own), **cells, "p": mcnemar(only_this, only_first)})
    return pd.DataFrame(rows)


def class_table(
    correct: Correct, class_ids: np.ndarray, names: Mapping[int, str], confidence: float
) -> pd.DataFrame:
    """Recall of every class that the images have, by network, with the paired difference from the first.

    class_ids: (n,) true classes; names: class -> name.
    """
    rows = [
        {"class_id": int(one), "class_name": names[int(one)], "network": name, **row}
        for one in np.unique(class_ids)
        for name, row in rows_of(correct, class_ids, confidence, class_ids == one)
    ]
    return pd.DataFrame(rows).rename(columns={"accuracy": "recall"}).drop(columns="chance")
