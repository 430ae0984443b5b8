"""Which test images are in the explorer: chosen by rule, not by eye."""

from __future__ import annotations

import numpy as np


def ordered_rows(truth: np.ndarray, predicted: np.ndarray, measured: np.ndarray) -> np.ndarray:
    """All rows of a test set, (N,) int64, the most wanted first.

    truth, predicted: (N,) int classes; measured: (N,) int, how many metrics saw each image. Right and wrong
    predictions take turns, as long as there are both. Within each, classes take turns, evenly spread from
    the first round on: of each class the images that most metrics saw come first, then the first ones.
    """
    wrong, right = (
        _spread(np.flatnonzero(side), truth, measured) for side in (predicted != truth, predicted == truth)
    )
    both = min(len(wrong), len(right))
    turns = np.stack([right[:both], wrong[:both]], axis=1).ravel()
    return np.concatenate([turns, right[both:], wrong[both:]]).astype(np.int64)


def _spread(rows: np.ndarray, truth: np.ndarray, measured: np.ndarray) -> np.ndarray:
    """The rows in rounds: each round has one of every class that has any left."""
    order = np.lexsort((rows, -measured[rows], truth[rows]))
    rows = rows[order]
    classes, first = np.unique(truth[rows], return_index=True)
    rounds = np.arange(len(rows)) - np.repeat(first, np.diff([*first, len(rows)]))
    turn = _halving(len(classes))[np.searchsorted(classes, truth[rows])]
    # images that more metrics saw before others, whatever their class
    return rows[np.lexsort((turn, rounds, -measured[rows]))]


def _halving(count: int) -> np.ndarray:
    """(count,) places of 0..count-1 in an order whose every beginning is spread: their bits reversed."""
    width = max(count - 1, 1).bit_length()
    keys = [int(f"{n:0{width}b}"[::-1], 2) for n in range(count)]
    return np.argsort(np.argsort(keys, kind="stable"), kind="stable")


def sentence(count: int, total: int, wrong: int, all_wrong: int) -> str:
    """How `count` of `total` images, `wrong` of them misclassified, were chosen."""
    if count == total:
        return "All are shown."
    errors = f"all {wrong}" if wrong == all_wrong else f"{wrong} of the {all_wrong}"
    told = f"{errors} misclassified ones and {count - wrong} others" if all_wrong else "none is misclassified"
    return f"Chosen by rule: {told}, spread over the classes, those first that the metrics measured."
