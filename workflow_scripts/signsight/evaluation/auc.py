"""Area under the ROC curve of each class against the others, their mean, and its interval."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from signsight.core.stored import stored
from signsight.evaluation.statistics import z_value


def load_columns(path: Path | str, name: str) -> tuple[np.ndarray, np.ndarray]:
    """(N, K) float32 softmax of K classes for the set called `name`, and their class ids (K,)."""
    with stored(path) as arrays:
        place = list(map(str, arrays["sets"])).index(name)
        return arrays["columns"][place], arrays["column_ids"]


def auc_row(
    columns: np.ndarray, column_ids: np.ndarray, truth: np.ndarray, confidence: float
) -> dict[str, float]:
    """Mean column-wise AUC: auc, auc_low, auc_high, and auc_classes, how many classes it is the mean of.

    columns: (N, K) softmax of the classes `column_ids`; truth: (N,) true classes. A class without a
    positive or without a negative image has no AUC and is left out; with none left all but the count is
    NaN.
    """
    positive = truth[:, None] == column_ids
    known = positive.any(0) & ~positive.all(0)
    if not known.any():
        return {"auc": np.nan, "auc_low": np.nan, "auc_high": np.nan, "auc_classes": 0}
    parts = [components(columns[:, k], positive[:, k]) for k in np.flatnonzero(known)]
    auc, low, high = _interval(np.mean(parts, axis=0), confidence)
    return {"auc": auc, "auc_low": low, "auc_high": high, "auc_classes": int(known.sum())}


def components(scores: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """(N,) float64: what each image adds to the AUC of `scores` (N,) for `positive` (N,) bool, its mean.

    The AUC is the share of pairs of a positive and a negative image in which the positive one has the
    higher score, ties counting half (the Mann-Whitney U over the number of pairs). The components are the
    structural ones of DeLong et al. 1988 (doi:10.2307/2531595), scaled so that their mean is the AUC and
    the variance of that mean is DeLong's, apart from n / (n - 1). Both sides have at least one image.
    """
    place = np.empty(len(scores))
    for side in (True, False):
        own, others = scores[positive == side], np.sort(scores[positive != side])
        below = np.searchsorted(others, own, "left") + np.searchsorted(others, own, "right")
        share = below / (2 * len(others))
        place[positive == side] = share if side else 1 - share
    auc = place[positive].mean()
    size = np.where(positive, positive.sum(), (~positive).sum())
    return auc + (place - auc) * len(scores) / size


def _interval(parts: np.ndarray, confidence: float) -> tuple[float, float, float]:
    """Mean of components and its normal interval on the logit scale (Pepe 2003), which keeps it in [0, 1].

    Near 1, where AUCs lie, it holds its level where that on the AUC's own scale does not. There is none
    (NaN) where every pair is in order, and nothing says how wide it would be.
    """
    auc = float(parts.mean())
    if len(parts) < 2 or not 1e-9 < auc < 1 - 1e-9:  # rounding
        return auc, float("nan"), float("nan")
    error = parts.std(ddof=1) / np.sqrt(len(parts)) / (auc * (1 - auc))
    middle, half = np.log(auc / (1 - auc)), z_value(confidence) * error
    low, high = (float(1 / (1 + np.exp(-limit))) for limit in (middle - half, middle + half))
    return auc, low, high
