"""Does the network know anything, and which classes does it know least?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import exp, lgamma

import numpy as np
import pandas as pd

from signsight.evaluation.guessing import beats_guessing, no_ranking
from signsight.evaluation.statistics import holm, wilson
from signsight.figures.numbers import percent
from signsight.verdict.lines import (
    BAD,
    CAUTION,
    GOOD,
    UNKNOWN,
    Line,
    interval,
    listed,
    named,
    several,
    share_of,
)

NETWORK, CLASSES = "The network", "Classes"
MOSTLY = 0.5  # accuracy up to which most images are wrong
ENOUGH = 20  # images of a class from which its recall says something
Names = Mapping[int, str]


def knowledge(clean: pd.DataFrame, confusion: pd.DataFrame, names: Names) -> Iterator[Line]:
    """The accuracy against always guessing the largest class of the test images.

    clean: one row of `accuracy.accuracy_row`; confusion: `class_id, predicted_id, count`; names: class id ->
    name. The network is better where the share of the largest class lies below Wilson's interval.
    """
    row = clean.iloc[0]
    if not row["n"]:
        yield Line(NETWORK, UNKNOWN, "There are no test images, so what the network knows is not known.")
        return
    truth = _counts(confusion, "class_id")
    right = f"{share_of(row['correct'], row['n'])} are right, {interval(row)}"
    if len(truth) == 1:
        text = f"All test images are of one class, {_name(truth.index[0], names)}: {right}."
        yield Line(
            NETWORK, UNKNOWN, f"{text} Whether that is more than a guess cannot be told from one class."
        )
        return
    guess = f"{_always(truth, names)} gets {percent(row['chance'])}"
    answers = _counts(confusion, "predicted_id")
    if len(answers) == 1:
        always = (
            f"The network names {_name(answers.index[0], names)} for all {several(row['n'], 'test image')}"
        )
        yield Line(NETWORK, BAD, f"{always}: {right}; {guess}. It tells no class from another.")
    elif beats_guessing(row):
        level = GOOD if row["accuracy"] > MOSTLY else CAUTION
        told = (
            "knows its classes"
            if level == GOOD
            else "is better than a guess, but wrong more often than right"
        )
        yield Line(NETWORK, level, f"The network {told}: {right}; {guess}.")
    elif row["accuracy"] <= row["chance"]:
        yield Line(NETWORK, BAD, f"The network is no better than a guess: {right}; {guess}.")
    else:
        told = f"{several(row['n'], 'test image')} do not tell the network from a guess"
        yield Line(NETWORK, UNKNOWN, f"{told}: {right}; {guess}.")


def refusal(clean: pd.DataFrame) -> Iterator[Line]:
    """Why nothing is ranked, nor said to break the network, where it is no better than guessing."""
    if text := no_ranking(clean):
        yield Line("Explanations", UNKNOWN, text)
        lost = "What masking, stickers, angles and backgrounds cost is not told either"
        yield Line("Where it breaks", UNKNOWN, f"{lost}: there is no knowledge to lose.")


def hardest_classes(
    confusion: pd.DataFrame, names: Names, own_classes: bool, confidence: float
) -> Iterator[Line]:
    """Classes whose recall is significantly below that of the other images, and classes without images.

    A class is compared with all other images by Fisher's exact test, one-sided, with Holm's correction for
    the number of classes. own_classes: whether the network's classes are those of the data set.
    """
    counts = _counts(confusion, "class_id").sort_index()
    right = confusion[confusion["class_id"] == confusion["predicted_id"]]
    right = right.set_index("class_id")["count"].reindex(counts.index, fill_value=0)
    p = [lower_tail(right[k], counts[k], right.sum(), counts.sum()) for k in counts.index]
    table = pd.DataFrame({"n": counts, "right": right, "p": holm(np.array(p))})
    table["recall"] = table["right"] / table["n"]
    table = table.sort_values(["recall", "p"], kind="stable")
    worse = table[table["p"] <= 1 - confidence]

    def told(rows: pd.DataFrame) -> str:
        return listed([_recall(row, names, confidence) for _, row in rows.iterrows()])

    if len(worse):
        yield Line(
            CLASSES, BAD, f"Recall is significantly lower than in the other classes for {told(worse)}."
        )
    elif len(table) > 1 and table["recall"].iloc[0] < table["recall"].iloc[-1]:
        level = GOOD if counts.median() >= ENOUGH else UNKNOWN
        few = (
            "" if level == GOOD else f"; {counts.median():.0f} images of a class show only large differences"
        )
        yield Line(
            CLASSES,
            level,
            f"No class has a significantly lower recall than the others; lowest: {told(table[:1])}{few}.",
        )
    missing = [k for k in names if k not in counts.index] if own_classes else []
    if missing:
        some = listed([_name(k, names) for k in missing])
        yield Line(CLASSES, CAUTION, f"There are no test images of {some}, so nothing is known about them.")


def lower_tail(right: int, n: int, all_right: int, total: int) -> float:
    """P(X <= right) where n of `total` images, of which `all_right` are right, are drawn (hypergeometric)."""

    def ways(k: int, of: int) -> float:
        return lgamma(of + 1) - lgamma(k + 1) - lgamma(of - k + 1)

    least = max(0, n - (total - all_right))
    logs = (ways(k, all_right) + ways(n - k, total - all_right) for k in range(least, int(right) + 1))
    return min(sum(exp(one - ways(n, total)) for one in logs), 1.0)


def _recall(row: pd.Series, names: Names, confidence: float) -> str:
    """'"Yield" (35.0 % [18.1, 56.7] of 20)'."""
    low, high = wilson(int(row["right"]), int(row["n"]), confidence)
    share = interval(pd.Series({"accuracy": row["recall"], "low": low, "high": high}))
    return f"{_name(row.name, names)} ({share} of {row['n']:.0f})"


def _counts(confusion: pd.DataFrame, column: str) -> pd.Series:
    return confusion.groupby(column)["count"].sum().loc[lambda counts: counts > 0]


def _always(truth: pd.Series, names: Names) -> str:
    """What a guess is: always naming the largest class, or one of several that are the largest."""
    largest = truth.index[truth == truth.max()]
    if len(largest) == 1:
        return f"always naming the largest class, {_name(largest[0], names)},"
    return "always naming the same class"


def _name(class_id: object, names: Names) -> str:
    return named(names.get(class_id, f"class {class_id}"))
