"""Photographs of the user beside clean test images of the same classes, by group."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from signsight.core.files import read_csv
from signsight.core.stored import stored
from signsight.data.imageset import read_index
from signsight.evaluation.statistics import (
    clustered_interval,
    clustered_wilson,
    independent_difference,
    linear_interval,
    mean_interval,
    wilson,
)

UNKNOWN, NEW, TRAINED = PARTS = ("unknown", "new", "trained")
ALL = "all"
SIMILAR = 1.5  # times as large or as small as the photographs: still of similar size
ENOUGH = 20  # clean images of similar size; of fewer, those of all sizes count
COLUMNS = [
    "part", "group", "name", "n", "tracks", "correct", "accuracy", "low", "high", "clean_n", "similar",
    "clean_accuracy", "clean_low", "clean_high", "difference", "difference_low", "difference_high",
    "probability", "clean_probability", "probability_difference", "probability_low", "probability_high",
]  # fmt: skip


@dataclass(frozen=True)
class Clean:
    """The clean test images of one class: (m,) bool correct, (m,) float probability of the true class, and
    whether they were chosen to be of similar size as the photographs."""

    correct: np.ndarray
    probability: np.ndarray
    similar: bool


class CleanImages:
    """The test images that photographs are compared with.

    index: `class_id`, `source` and the ROI (`roi_x1`, ...) of the N test images; correct: (N,) bool;
    probability: (N,) float of the true class; left_out: sources that do not count, those of the photographs.
    """

    def __init__(
        self, index: pd.DataFrame, correct: np.ndarray, probability: np.ndarray, left_out: Collection[str]
    ) -> None:
        self.classes = index["class_id"].to_numpy()
        self.counted = ~index["source"].isin(list(left_out)).to_numpy()
        self.side = (index[["roi_x2", "roi_y2"]].to_numpy() - index[["roi_x1", "roi_y1"]].to_numpy()).min(
            1
        ) + 1
        self.correct, self.probability = correct, probability

    def of(self, class_id: int, sides: np.ndarray) -> Clean:
        """Those of a class, of a size similar to `sides` (shorter sides in pixels) if there are ENOUGH."""
        own = self.counted & (self.classes == class_id)
        near = own & (self.side >= sides.min() / SIMILAR) & (self.side <= sides.max() * SIMILAR)
        similar = bool(near.sum() >= ENOUGH)
        chosen = near if similar else own
        return Clean(self.correct[chosen], self.probability[chosen], similar)


def read_compared(
    pictures: str, index: str, clean: str, trained: str | None = None
) -> tuple[pd.DataFrame, CleanImages]:
    """The photographs of `known`, and what they are compared with, from the files of a run.

    pictures: of rule album_pictures; index, clean: of the test images and their scores; trained: index of the
    images that the network was trained on.
    """
    told, tested = read_csv(pictures), read_index(index)
    seen = None if trained is None else set(read_index(trained)["source"])
    with stored(clean) as arrays:
        correct = arrays["predicted"][0] == tested["class_id"].to_numpy()
        probability = arrays["probability"][0].astype(np.float64)
    others = CleanImages(tested, correct, probability, set(told["original"]))
    return known(told, seen), others


def known(pictures: pd.DataFrame, trained_on: Collection[str] | None) -> pd.DataFrame:
    """The photographs of known class, with `part` and `correct`.

    pictures: of rule album_pictures; trained_on: sources of the images that the network was trained on, None
    where that is not known. part: TRAINED for those that are one of these, NEW for others that say which
    image of the data set they are, else UNKNOWN. A photograph without a track is its own.
    """
    table = pictures[pictures["class_id"] >= 0].reset_index(drop=True)
    original = table["original"]
    part = np.full(len(table), UNKNOWN, object)
    if trained_on is not None:
        part[(original != "").to_numpy()] = NEW
        part[original.isin(list(trained_on)).to_numpy()] = TRAINED
    alone = table.index.to_series().map("photograph {}".format)
    tracks = table["track"].where(table["track"] != "", alone)
    return table.assign(part=part, track=tracks, correct=table["predicted_id"] == table["class_id"])


def real_table(photographs: pd.DataFrame, clean: CleanImages, confidence: float) -> pd.DataFrame:
    """Accuracy of photographs by part and group, beside what clean images of the same classes give.

    photographs: of `known`. Columns COLUMNS: accuracy with Wilson's interval, for as many independent
    photographs as their tracks (physical objects) are worth; clean_accuracy: that of clean images, each class
    as often as among the photographs, clean_n of them, and `similar`, for how many of the n photographs they
    are of similar size; difference: accuracy minus clean_accuracy; intervals of sums and
    differences as in `statistics.linear_interval`. probability: the mean of the true class, and its
    difference with a normal interval. NaN beside a class without a clean image.
    """
    rows = []
    for part in PARTS:
        own = photographs[photographs["part"] == part]
        for group, name, rows_of in _groups(own):
            rows.append({"part": part, "group": group, "name": name, **_row(rows_of, clean, confidence)})
    return pd.DataFrame(rows, columns=COLUMNS)


def _groups(table: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Group, name and rows: all, each class, and each value of each column of groups."""
    if table.empty:
        return
    yield ALL, ALL, table
    for _, own in table.groupby("class_id"):
        yield "class", str(own["class_name"].iloc[0]), own
    told = [json.loads(text) for text in table["groups"]]
    for column in told[0]:
        values = pd.Series([one[column] for one in told], index=table.index)
        for value, own in table.groupby(values, sort=True):
            if value:
                yield column, str(value), own


def _row(table: pd.DataFrame, clean: CleanImages, confidence: float) -> dict[str, float]:
    n, right = len(table), int(table["correct"].sum())
    low, high = clustered_wilson(table["correct"].to_numpy(), table["track"].to_numpy(), confidence)
    real = {"n": n, "correct": right, "accuracy": right / n, "low": low, "high": high}
    real["tracks"] = table["track"].nunique()
    real["probability"] = float(table["true_probability"].mean())
    counts = table["class_id"].value_counts()
    sides = {c: table.loc[table["class_id"] == c, "side"].to_numpy() for c in counts.index}
    others = {int(c): clean.of(int(c), sides[c]) for c in counts.index}
    found = {
        "clean_n": sum(len(one.correct) for one in others.values()),
        "similar": int(sum(counts[c] for c, one in others.items() if one.similar)),
    }
    return real | found | _against(table, real, counts / n, others, confidence)


def _against(
    table: pd.DataFrame,
    real: Mapping[str, float],
    weights: pd.Series,
    others: Mapping[int, Clean],
    confidence: float,
) -> dict[str, float]:
    """What clean images of the same classes give, and how far the photographs are from it."""
    if not all(len(one.correct) for one in others.values()):
        return {}
    shares = weights.loc[list(others)].to_numpy()
    value, low, high = expected(shares, list(others.values()), confidence)
    own = real["accuracy"], real["low"], real["high"]
    difference = independent_difference(own, (value, low, high))
    return {
        "clean_accuracy": value,
        "clean_low": low,
        "clean_high": high,
        "clean_probability": float(shares @ [one.probability.mean() for one in others.values()]),
        **dict(zip(("difference", "difference_low", "difference_high"), difference, strict=True)),
        **_probability(table, shares, list(others.values()), confidence),
    }


def expected(shares: np.ndarray, classes: list[Clean], confidence: float) -> tuple[float, float, float]:
    """The accuracy of clean images in a mix of classes, and its interval; shares: (m,) float, of sum 1."""
    values = np.array([one.correct.mean() for one in classes])
    bounds = np.array([wilson(int(one.correct.sum()), len(one.correct), confidence) for one in classes])
    return linear_interval(shares, values, bounds[:, 0], bounds[:, 1])


def _probability(
    table: pd.DataFrame, shares: np.ndarray, classes: list[Clean], confidence: float
) -> dict[str, float]:
    """Difference of the mean probabilities of the true class, and its normal interval."""
    own = clustered_interval(table["true_probability"].to_numpy(), table["track"].to_numpy(), confidence)
    own = np.clip(own, 0, 1)  # of few objects the normal interval is too wide to be one of probabilities
    found = np.array([own, *(mean_interval(one.probability, confidence) for one in classes)], np.float64)
    names = ("probability_difference", "probability_low", "probability_high")
    weights = np.array([1.0, *-shares])
    return dict(zip(names, linear_interval(weights, found[:, 0], found[:, 1], found[:, 2]), strict=True))
