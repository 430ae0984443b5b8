"""Accuracy tables from predictions: tidy rows with n, interval, and the paired difference from clean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from signsight.core.archives import join_archives
from signsight.core.errors import UserError
from signsight.core.stored import stored
from signsight.evaluation.statistics import paired_difference, wilson

Scores = dict[str, np.ndarray]
StickerSets = dict[str, tuple[str, str]]


def join_predictions(files: Sequence[Path | str], out: Path | str) -> None:
    """Write the predictions (of `scoring.save_predictions`) for all images to `out`, from those of shards."""
    join_archives(files, out, axis=1, shared=("sets", "column_ids"), counted="predicted")


def load_predicted(path: Path | str, truth: np.ndarray | None = None) -> Scores:
    """Set name -> (N,) int16 predicted classes. UserError for those of other images than `truth`."""
    with stored(path) as arrays:
        found = dict(zip(map(str, arrays["sets"]), arrays["predicted"], strict=True))
    for predicted in found.values() if truth is not None else ():
        _refuse_other_images(path, predicted, truth)
    return found


def load_correct(path: Path | str, truth: np.ndarray) -> Scores:
    """Set name -> (N,) bool: which images the classifier got right. UserError for those of other images."""
    return {name: predicted == truth for name, predicted in load_predicted(path, truth).items()}


def _refuse_other_images(path: Path | str, values: np.ndarray, truth: np.ndarray) -> None:
    """UserError unless `values`, read in `path`, has one for each image of `truth`."""
    if values.shape != truth.shape:
        raise UserError(
            f"{path} has values of shape {values.shape} for {len(truth)} images, so it is of another run; "
            "delete it and run again."
        )


def load_masking(path: Path | str) -> tuple[Scores, np.ndarray]:
    """From the answers of the metric `grid_masking`: number of masked cells -> (N,) bool correct, and
    (N,) bool, the images whose map is empty (never correct here; tables leave them out).
    """
    with stored(path) as arrays:
        curve, cells = arrays["curve_masked_accuracy"], arrays["x"]
        return {f"{k:.0f}": curve[:, i] == 1 for i, k in enumerate(cells)}, np.isnan(curve[:, 0])


def largest_share(truth: np.ndarray) -> float:
    """The share of the commonest class, which is the accuracy of always guessing it; NaN for no images.

    truth: (N,) class ids.
    """
    return float(np.unique(truth, return_counts=True)[1].max() / len(truth)) if len(truth) else float("nan")


def accuracy_row(
    correct: np.ndarray,
    truth: np.ndarray,
    clean: np.ndarray | None,
    confidence: float,
    chosen: np.ndarray | None = None,
) -> dict[str, float]:
    """One row: n, correct, accuracy, low, high, chance; with `clean` also the paired difference from it.

    correct, clean: (N,) bool on the same images; truth: (N,) their class ids; chosen: (N,) bool, the subset
    that counts. chance: the accuracy of always guessing the largest class of these images.
    """
    if chosen is not None:
        correct, truth = correct[chosen], truth[chosen]
        clean = clean[chosen] if clean is not None else None
    n, right = len(correct), int(correct.sum())
    low, high = wilson(right, n, confidence)
    row = {
        "n": n,
        "correct": right,
        "accuracy": right / n if n else float("nan"),
        "low": low,
        "high": high,
        "chance": largest_share(truth),
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
    scores: dict[str, dict[str, np.ndarray]],
    empty: dict[str, np.ndarray],
    truth: np.ndarray,
    confidence: float,
) -> pd.DataFrame:
    """Accuracy by method, subset and number of masked cells.

    scores: method -> set name (the number of cells) -> (N,) bool correct; empty: method -> (N,) bool,
    images whose map is empty; truth: (N,) class ids. Subset `all`: the images for which the
    method has a map; `common`: those for which every method has one. The set "0" is the untouched one.
    """
    common = ~np.any(list(empty.values()), axis=0)
    rows = []
    for method, sets in scores.items():
        for subset, chosen in (("all", ~empty[method]), ("common", common)):
            for name, correct in sets.items():
                row = accuracy_row(correct, truth, sets["0"], confidence, chosen)
                rows.append({"method": method, "subset": subset, "masked_cells": int(name), **row})
    return pd.DataFrame(rows)


def geometry_table(
    scores: list[tuple[str, Scores]], truth: np.ndarray, clean: np.ndarray, confidence: float
) -> pd.DataFrame:
    """Accuracy by transform and degree, in the order of both.

    scores: (transform, set name = the degree -> (N,) bool correct), in any number of pieces; truth: (N,)
    class ids; clean: (N,) bool, which untouched images are right.
    """
    rows = [
        {"transform": transform, "degree": int(name), **accuracy_row(correct, truth, clean, confidence)}
        for transform, sets in scores
        for name, correct in sets.items()
    ]
    return pd.DataFrame(rows).sort_values(["transform", "degree"], ignore_index=True)


StickerScores = list[tuple[str, np.ndarray, str, Scores]]


def sticker_table(scores: StickerScores, sets: StickerSets, confidence: float) -> pd.DataFrame:
    """Accuracy by target, method, sticker and size of sign; size "none" is without a sticker.

    scores: (target, (N,) true classes, method, set name -> (N,) predicted classes); sets: set name
    -> (sticker, size of sign).
    """
    rows = []
    for key, truth, predicted, untouched in _sticker_cases(scores, sets):
        rows.append(key | accuracy_row(predicted == truth, truth, untouched == truth, confidence))
    return pd.DataFrame(rows)


def sticker_confusions(scores: StickerScores, sets: StickerSets, names: list[str]) -> pd.DataFrame:
    """What was misclassified as what, with each sticker and without (size "none"), commonest first.

    Columns: target, method, sticker, sign_size, class_id, class_name, predicted_id, predicted_name,
    count.
    """
    tables = []
    for key, truth, predicted, _ in _sticker_cases(scores, sets):
        wrong = predicted != truth
        pairs = confusion_table(truth[wrong], predicted[wrong]).sort_values(
            "count", ascending=False, kind="stable"
        )
        for column in ("class", "predicted"):
            pairs[f"{column}_name"] = [names[i] for i in pairs[f"{column}_id"]]
        tables.append(pairs.assign(**key))
    columns = ["class_id", "class_name", "predicted_id", "predicted_name", "count"]
    return pd.concat(tables, ignore_index=True)[["target", "method", "sticker", "sign_size", *columns]]


def _sticker_cases(
    scores: StickerScores, sets: StickerSets
) -> Iterator[tuple[dict[str, str], np.ndarray, np.ndarray, np.ndarray]]:
    """Every sticker, with and without: the columns that name it, truth, predicted, without sticker."""
    stickers = dict.fromkeys(sticker for sticker, _ in sets.values())
    named = [("none", sticker, "none") for sticker in stickers]
    named += [(name, sticker, size) for name, (sticker, size) in sets.items()]
    for target, truth, method, predicted in scores:
        for name, sticker, size in named:
            key = {"target": target, "method": method, "sticker": sticker, "sign_size": size}
            yield key, truth, predicted[name], predicted["none"]
