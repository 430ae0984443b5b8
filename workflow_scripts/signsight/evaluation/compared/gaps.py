"""Published beside reproduced: the difference of each experiment, and what a variant changes in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from signsight.evaluation.statistics import (
    independent_difference,
    mean_interval,
    paired_difference,
    wilson,
    z_value,
)

NAN3 = (float("nan"),) * 3
COLUMNS = ("part", "method", "subset", "span")  # which quantity a row is of
Quantity = tuple[str, str, str, str]


@dataclass(frozen=True)
class Beside:
    """One quantity of one experiment beside the published one, over n images and C published numbers (cells).

    ids: (n,) str, ascending. class_ids: (n,) int64. answers: (n, C) float, 1 where the image counts for the
    quantity (is recognised, has a map), else 0. published: (C,) shares.
    """

    ids: np.ndarray
    class_ids: np.ndarray
    answers: np.ndarray
    published: np.ndarray

    @property
    def gaps(self) -> np.ndarray:
        """(n,) float: each image's part in the difference, its mean over the cells less the published one."""
        return self.answers.mean(1) - self.published.mean()

    def shows_the_images_of(self, other: Beside) -> bool:
        """Whether both are over the same images of the same classes, so that they can be paired."""
        return np.array_equal(self.ids, other.ids) and np.array_equal(self.class_ids, other.class_ids)


Experiment = Mapping[Quantity, Beside]


def gap_table(experiments: Mapping[str, Experiment], confidence: float) -> pd.DataFrame:
    """A row for each experiment and each of its quantities; the first experiment is the reference.

    Columns: experiment, those of COLUMNS, published, reproduced, difference with low and high (shares),
    mean_absolute (mean over the cells of the absolute difference), cells, images; and, but for the reference
    and for what it has not measured, how the difference differs from the reference's: change, with
    change_low, change_high, and paired, whether both are over the same images. Intervals are over images.
    """
    first = next(iter(experiments.values()), {})
    rows = []
    for label, quantities in experiments.items():
        for quantity, own in quantities.items():
            value, low, high = gap(own, confidence)
            away = np.abs(own.answers.mean(0) - own.published).mean()
            row = {"experiment": label, **dict(zip(COLUMNS, quantity, strict=True))}
            row |= {"published": own.published.mean(), "reproduced": own.answers.mean()}
            row |= {"difference": value, "low": low, "high": high, "mean_absolute": away}
            row |= {"cells": own.answers.shape[1], "images": len(own.ids)}
            reference = None if quantities is first else first.get(quantity)
            moved, paired = change(own, reference, confidence) if reference else (NAN3, False)
            row |= dict(zip(("change", "change_low", "change_high"), moved, strict=True), paired=paired)
            rows.append(row)
    return pd.DataFrame(rows)


def gap(own: Beside, confidence: float) -> tuple[float, float, float]:
    """Reproduced less published, with its interval over images.

    Wilson's for one cell, and where all images agree; else the normal one of the images' means over the
    cells, which are as many as there are images, whatever the number of cells.
    """
    share, published = own.answers.mean(1), own.published.mean()
    if own.answers.shape[1] == 1 or np.ptp(share) == 0:
        low, high = wilson(round(float(share.sum())), len(share), confidence)
        return float(share.mean() - published), low - published, high - published
    mean, low, high = (float(part) for part in mean_interval(share, confidence))
    return mean - published, low - published, high - published


def change(own: Beside, reference: Beside, confidence: float) -> tuple[tuple[float, float, float], bool]:
    """How much the difference is moved from the reference's, with its interval, and whether it is paired.

    Over the same images the difference is taken image by image: by Agresti and Min for one cell, else by the
    normal interval of its mean. Otherwise the two are independent estimates.
    """
    moved = own.published.mean() - reference.published.mean()
    if not own.shows_the_images_of(reference):
        return independent_difference(gap(own, confidence), gap(reference, confidence)), False
    if own.answers.shape[1] == reference.answers.shape[1] == 1:
        right = own.answers[:, 0] == 1, reference.answers[:, 0] == 1
        value, low, high = paired_difference(*right, confidence)
        return (value - moved, low - moved, high - moved), True
    values = own.gaps - reference.gaps
    if np.ptp(values) == 0:  # no image changes: the normal interval would have no width
        half = z_value(confidence) ** 2 / (len(values) + z_value(confidence) ** 2)
        return (float(values.mean()), float(values.mean() - half), float(values.mean() + half)), True
    value, low, high = (float(part) for part in mean_interval(values, confidence))
    return (value, low, high), True
