"""What a run rests on: weights, number of images, seeds, and what it did not measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from signsight.figures.numbers import percent
from signsight.verdict.lines import BAD, CAUTION, GOOD, STEADY, UNKNOWN, Line, listed, several

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


def seeds(
    table: pd.DataFrame | None,
    trainings: pd.DataFrame | None,
    measure: Callable[[tuple[str, str]], str],
    trained: bool,
    seed: int,
) -> Iterator[Line]:
    """How far another training changes the accuracy and the ranking, or that it is not known.

    table: of rule seed_table, None where there is one training, whose seed is `seed`; trainings: of
    `trainings_table`, None without metrics; measure: the label of a metric and quantity.
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
    steady = GOOD if high - low <= STEADY else CAUTION
    if trainings is None or trainings.empty:
        yield Line("Seeds", steady, f"{text}.")
        return
    same = (~trainings["first"].str.contains(",")).sum()
    text += f"; by {same} of {several(len(trainings), 'measure')} the same explanation comes first in all"
    if pairs := int(trainings["pairs"].sum()):
        text += f", and {trainings['kept'].sum()} of {pairs} significant differences keep their sign"
    yield Line("Seeds", steady, f"{text}.")
    wide = trainings[trainings["over_trainings"] > trainings["half_interval"]]
    if len(wide):
        names = listed([measure((row.metric, row.quantity)) for row in wide.itertuples()])
        text = f"Trainings move {names} further than the intervals, which are over images alone, say"
        yield Line("Seeds", CAUTION, f"{text} (tables/trainings.csv).")


def not_measured(missing: Sequence[Mapping[str, Any]]) -> Iterator[Line]:
    """What the run did not measure. missing: `what`, and `how` the config asks for it."""
    if missing:
        parts = [f"{one['what']} ({one['how']})" for one in missing]
        yield Line("Not measured", UNKNOWN, f"This run does not say {'; '.join(parts)}.")
