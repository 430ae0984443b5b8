"""Which images the sheets of examples show: chosen by rule, not by eye."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

DEGREES_SHOWN = 9


def example_rows(index: pd.DataFrame, count: int) -> np.ndarray:
    """Rows of `count` images of classes spread evenly over all, of each class the sharpest original.

    index: of an image set; the sharpest is the widest picture where `width` is known, else the first.
    """
    widths = index["width"] if "width" in index else pd.Series(0, index=index.index)
    widest = widths.groupby(index["class_id"]).idxmax().to_numpy()
    count = min(count, len(widest))
    ends = int(count + 2 <= len(widest))  # the first and the last class stand back where there are more
    places = np.linspace(0, len(widest) - 1, count + 2 * ends).round().astype(int)
    return widest[places[ends : ends + count]]


def changed_rows(index: pd.DataFrame, changed: np.ndarray, count: int) -> np.ndarray:
    """Rows of `count` images: first those of which most sets changed the prediction, then as `example_rows`.

    index: of an image set; changed: (sets, N) bool. Of the changed ones, one of each class comes before the
    second of any.
    """
    times = changed.sum(0)
    order = np.argsort(-times, kind="stable")[: np.count_nonzero(times)]
    turn = index["class_id"].iloc[order].groupby(index["class_id"].iloc[order]).cumcount().to_numpy()
    failures = order[np.argsort(turn, kind="stable")]
    others = [row for row in example_rows(index, count) if row not in set(failures)]
    return np.concatenate([failures, np.asarray(others, int)])[:count].astype(int)


def class_names(classes: pd.DataFrame, ids: np.ndarray) -> list[str]:
    """The names of the classes with these ids; classes: `class_id, name`."""
    return classes.set_index("class_id")["name"].loc[ids].tolist()


def overview_rows(
    index: pd.DataFrame, predicted: np.ndarray, confidence: np.ndarray, count: int
) -> np.ndarray:
    """As `example_rows`, but a quarter of the rows are errors where there are any: the surest one
    of each class, the surest first."""
    truth = index["class_id"].to_numpy()
    wrong = np.flatnonzero(predicted != truth)
    surest = wrong[np.argsort(-confidence[wrong], kind="stable")]
    _, first = np.unique(truth[surest], return_index=True)
    errors = surest[np.sort(first)][: count // 4]
    return np.concatenate([example_rows(index, count - len(errors)), errors])


def spread_degrees(degrees: Sequence[int]) -> list[int]:
    """At most nine of the degrees, spread evenly."""
    ordered = sorted(degrees)
    places = np.linspace(0, len(ordered) - 1, min(DEGREES_SHOWN, len(ordered))).round().astype(int)
    return [ordered[i] for i in places]
