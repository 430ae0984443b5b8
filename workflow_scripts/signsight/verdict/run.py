"""What a run rests on: weights, number of images, seeds, and what it did not measure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from signsight.figures.numbers import percent
from signsight.verdict.lines import BAD, CAUTION, GOOD, STEADY, UNKNOWN, Line, several

FEW = 100  # test images below which an accuracy has a wide interval


def weights(kind: str, trained: bool, count: int | None) -> Iterator[Line]:
    """Random weights, and a network that is used as it is on few images.

    kind: where its weights come from, "random" for none; count: number of test images, None without any.
    """
    if trained:
        return
    if kind == "random":
        text = (
            "The weights of the network are random: it has learned nothing, and its maps show nothing learned"
        )
        yield Line("Weights", BAD, f"{text} (name weights in model.weights, or set model.train to true).")
    elif count is not None and count < FEW:
        text = f"The network is used as it is, and {several(count, 'image')} are few to judge it by"
        yield Line("Weights", CAUTION, f"{text}: mind the intervals.")


def few_images(count: int, trained: bool) -> Iterator[Line]:
    """A warning where there are few test images."""
    if trained and count < FEW:
        text = f"There are only {several(count, 'test image')}, so every interval is wide"
        yield Line("Test images", CAUTION, f"{text}.")


def seeds(table: pd.DataFrame | None, trained: bool, seed: int) -> Iterator[Line]:
    """How far another training changes the accuracy, or that it is not known.

    table: of rule seed_table, None where there is one training, whose seed is `seed`.
    """
    if not trained:
        return
    if table is None:
        text = f"This is one training (seed {seed}); how far another one changes the numbers is not measured"
        yield Line("Seeds", CAUTION, f"{text} (model.seeds lists several).")
        return
    accuracy = table[table["metric"] == "accuracy"]["value"]
    low, high = accuracy.min(), accuracy.max()
    text = f"Over {len(accuracy)} trainings the accuracy is {percent(low)} to {percent(high)}"
    yield Line("Seeds", GOOD if high - low <= STEADY else CAUTION, f"{text}{_first(table)}.")


def _first(table: pd.DataFrame) -> str:
    """By how many measures the same method comes first in every training."""
    rows = table[(table["metric"] != "accuracy") & (table["direction"] != "") & table["value"].notna()]
    same = [_tops(own) for _, own in rows.groupby(["metric", "quantity"], sort=False)]
    if not same:
        return ""
    return f"; by {sum(same)} of {len(same)} measures the same explanation comes first in all of them"


def _tops(rows: pd.DataFrame) -> bool:
    value = rows["value"].where(rows["direction"] == "higher", -rows["value"])
    return rows.loc[value.groupby(rows["seed"]).idxmax(), "method"].nunique() == 1


def not_measured(missing: Sequence[Mapping[str, Any]]) -> Iterator[Line]:
    """What the run did not measure. missing: `what`, and `how` the config asks for it."""
    if missing:
        parts = [f"{one['what']} ({one['how']})" for one in missing]
        yield Line("Not measured", UNKNOWN, f"This run does not say {'; '.join(parts)}.")
