"""Drawn stickers beside real ones: what each costs, class by class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from signsight.core.stored import stored
from signsight.evaluation.real_examples import ALL, TRAINED, CleanImages, real_table
from signsight.evaluation.statistics import (
    independent_difference,
    linear_interval,
    mean_interval,
    paired_difference,
)

REAL, ANY, UNTOUCHED = "real", "any", "none"
COLUMNS = [
    "class_id", "class_name", "method", "sticker", "sign_size", "n", "difference", "difference_low",
    "difference_high", "probability_difference", "probability_low", "probability_high", "gap", "gap_low",
    "gap_high",
]  # fmt: skip
COST = ("difference", "difference_low", "difference_high")
PROBABILITY = ("probability_difference", "probability_low", "probability_high")

# name of a set -> (N,) bool correct, and (N,) float probability of the true class
Answers = Mapping[str, tuple[np.ndarray, np.ndarray]]


def load_answers(path: str, truth: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The answers for image sets (of `scoring.save_predictions`) by the names of the sets."""
    with stored(path) as arrays:
        parts = arrays["sets"], arrays["predicted"], arrays["probability"]
        return {
            str(name): (own == truth, share.astype(float)) for name, own, share in zip(*parts, strict=True)
        }


def drawn_and_real(
    photographs: pd.DataFrame,
    clean: CleanImages,
    drawn: Mapping[str, Answers],
    sets: Mapping[str, tuple[str, str]],
    confidence: float,
) -> pd.DataFrame:
    """What stickers cost in accuracy and in probability of the true class, COLUMNS, negative for a loss.

    photographs: of `real_examples.known`; those that the network was trained on are left out. drawn: method
    that places the sticker -> answers for the test images, "none" for the untouched ones; sets: name of a
    set -> sticker and size of sign. A row for the real ones (method REAL) and for each drawn one, of every
    class that has photographs and of all (class_id -1), where each class counts as often as among the
    photographs. sticker ANY: the mean over all stickers and sizes of a method; its limits are the means of
    theirs, which is on the safe side. Real ones are compared with clean images of the same class, drawn ones
    with the very same images. gap: what real ones cost minus what the drawn ones do.
    """
    chosen = photographs[photographs["part"] != TRAINED].assign(part=ALL)
    rows = [*_real(chosen, clean, confidence)]
    real = pd.DataFrame(rows, columns=COLUMNS)
    counts = chosen["class_id"].value_counts().sort_index()
    for method, answers in drawn.items():
        rows += _drawn(method, answers, sets, clean, counts, confidence)
    table = pd.DataFrame(rows, columns=COLUMNS)
    names = real.set_index("class_id")["class_name"]
    return _with_gaps(table.assign(class_name=table["class_id"].map(names)), real)


def _real(chosen: pd.DataFrame, clean: CleanImages, confidence: float) -> Iterator[dict[str, float | str]]:
    ids = [-1, *sorted(chosen["class_id"].unique())]
    for class_id in ids:
        own = chosen if class_id < 0 else chosen[chosen["class_id"] == class_id]
        table = real_table(own.assign(part="unknown", groups="{}"), clean, confidence)
        if len(table):
            row = table.iloc[0]
            name = ALL if class_id < 0 else own["class_name"].iloc[0]
            told = {key: row[key] for key in (*COST, *PROBABILITY)}
            yield {"class_id": class_id, "class_name": name, **_key(REAL, "", ""), "n": row["n"], **told}


def _key(method: str, sticker: str, size: str) -> dict[str, str]:
    return {"method": method, "sticker": sticker, "sign_size": size}


def _drawn(
    method: str,
    answers: Answers,
    sets: Mapping[str, tuple[str, str]],
    clean: CleanImages,
    counts: pd.Series,
    confidence: float,
) -> list[dict[str, float | str]]:
    """The rows of one method, class by class and of all."""
    before = answers[UNTOUCHED]
    found = []
    for class_id in counts.index:
        rows = clean.counted & (clean.classes == class_id)
        costs = {name: _cost(answers[name], before, rows, confidence) for name in sets}
        keys = {name: _key(method, *pair) for name, pair in sets.items()} | {ANY: _key(method, ANY, ANY)}
        costs[ANY] = {
            key: float(np.mean([one[key] for one in costs.values()])) for key in (*COST, *PROBABILITY)
        }
        n = int(rows.sum())
        found += [{"class_id": class_id, "n": n, **keys[name], **cost} for name, cost in costs.items()]
    return [*_mixed(pd.DataFrame(found), counts), *found] if found else []


def _cost(
    after: tuple[np.ndarray, np.ndarray],
    before: tuple[np.ndarray, np.ndarray],
    rows: np.ndarray,
    confidence: float,
) -> dict[str, float]:
    """What one sticker costs on the images `rows`, with paired intervals."""
    points = paired_difference(after[0][rows], before[0][rows], confidence)
    shares = map(float, mean_interval(after[1][rows] - before[1][rows], confidence))
    return dict(zip(COST, points, strict=True)) | dict(zip(PROBABILITY, shares, strict=True))


def _mixed(table: pd.DataFrame, counts: pd.Series) -> Iterator[dict[str, float | str]]:
    """The rows of all classes, each as often as among the photographs."""
    for (method, sticker, size), own in table.groupby(["method", "sticker", "sign_size"], sort=False):
        weights = counts.loc[own["class_id"]].to_numpy() / counts.sum()
        row = {"class_id": -1, "n": int(own["n"].sum()), **_key(str(method), str(sticker), str(size))}
        for keys in (COST, PROBABILITY):
            values = (own[key].to_numpy(np.float64) for key in keys)
            row |= dict(zip(keys, linear_interval(weights, *values), strict=True))
        yield row


def _with_gaps(table: pd.DataFrame, real: pd.DataFrame) -> pd.DataFrame:
    """The table with what real stickers cost minus what drawn ones do, with its interval."""
    theirs = table[["class_id"]].merge(real, on="class_id", how="left", validate="many_to_one")
    drawn = table["method"] != REAL
    for row in np.flatnonzero(drawn.to_numpy(bool)):
        gap = independent_difference(*([one[key].iloc[row] for key in COST] for one in (theirs, table)))
        table.loc[row, ["gap", "gap_low", "gap_high"]] = gap
    return table.reset_index(drop=True)
