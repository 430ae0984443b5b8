"""What a classifier says of pictures with other backgrounds, and of backgrounds alone, as a tidy table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from signsight.core.stored import stored
from signsight.evaluation.accuracy import accuracy_row
from signsight.evaluation.statistics import bootstrap, paired_difference, wilson

WHOLE = "none"  # name of the untouched set
OTHER, SAME = ("object", "other_class"), ("object", "same_class")
ALONE = ("background", "surroundings")
# set name -> ((N,) predicted classes, (N,) softmax of the true class)
Answers = dict[str, tuple[np.ndarray, np.ndarray]]


def load_answers(path: Path | str) -> Answers:
    """Set name -> predicted classes (N,) int16, and softmax of the true class (N,) float32."""
    with stored(path) as arrays:
        parts = zip(map(str, arrays["sets"]), arrays["predicted"], arrays["probability"], strict=True)
        return {name: (predicted, probability) for name, predicted, probability in parts}


def background_table(
    answers: Mapping[int, Answers],
    sets: Mapping[str, Sequence[str]],
    truth: np.ndarray,
    lent: Mapping[str, np.ndarray],
    confidence: float,
    seed: int,
) -> pd.DataFrame:
    """A row a model and set of pictures, the untouched one first.

    answers: seed of the training -> its model's answers; sets: name -> (what is kept, what is behind); lent:
    kind of donor -> (N,) class of the picture that lent its background, -1 for none, where the picture counts
    in no row of that kind.

    Columns: seed, kept, behind; n, correct, accuracy, low, high and the paired difference from the untouched
    pictures; probability (of the true class) with its interval; chance, the accuracy of always answering the
    commonest class. For backgrounds of another class also follows, the share of answers that are the class
    of the background, and gap, by how much the accuracy is lower than with backgrounds of the own class, on
    the same pictures (the BG-gap of Xiao et al. 2020).
    """
    rows = []
    for own_seed, own in answers.items():
        untouched = own[WHOLE][0] == truth
        for name, (kept, behind) in {WHOLE: ("all", "nothing"), **sets}.items():
            predicted, probability = own[name]
            chosen = lent[behind] >= 0 if behind in lent else np.ones(len(truth), bool)
            clean = untouched if name != WHOLE else None
            row: dict[str, Any] = {"seed": own_seed, "kept": kept, "behind": behind}
            row |= accuracy_row(predicted == truth, truth, clean, confidence, chosen)
            row |= _mean(probability[chosen], confidence, seed)
            if (kept, behind) == OTHER:
                row |= _follows(predicted[chosen], lent[behind][chosen], confidence)
                row |= _gap(own, sets, truth, lent, confidence)
            rows.append(row)
    return pd.DataFrame(rows)


def _mean(values: np.ndarray, confidence: float, seed: int) -> dict[str, float]:
    mean, low, high = bootstrap(values, confidence, seed) if len(values) else (np.nan,) * 3
    return {"probability": float(mean), "probability_low": float(low), "probability_high": float(high)}


def _follows(predicted: np.ndarray, lent: np.ndarray, confidence: float) -> dict[str, float]:
    """How often the answer is the class of the background."""
    count, right = len(predicted), int((predicted == lent).sum())
    low, high = wilson(right, count, confidence)
    share = right / count if count else float("nan")
    return {"follows": share, "follows_low": low, "follows_high": high}


def _gap(
    answers: Answers,
    sets: Mapping[str, Sequence[str]],
    truth: np.ndarray,
    lent: Mapping[str, np.ndarray],
    confidence: float,
) -> dict[str, float]:
    """Accuracy with backgrounds of the own class less that with those of another, on the same pictures."""
    named = {tuple(pair): name for name, pair in sets.items()}
    both = np.all([classes >= 0 for classes in lent.values()], axis=0)
    same, other = (answers[named[pair]][0][both] == truth[both] for pair in (SAME, OTHER))
    gap, low, high = paired_difference(same, other, confidence)
    return {"gap": gap, "gap_low": low, "gap_high": high}
