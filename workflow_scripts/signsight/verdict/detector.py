"""How well a detector finds objects, and how much is known of it."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from signsight.verdict.lines import BAD, CAUTION, GOOD, UNKNOWN, Line, interval, several

DETECTOR = "The detector"
FINDS, FAILS = 0.5, 0.1  # mean AP from which it finds objects well, and below which it finds next to nothing
FEW = 30  # boxes


def detector(boxes: pd.DataFrame, accuracy: pd.DataFrame | None, kind: str, trained: bool) -> Iterator[Line]:
    """The mean average precision with its interval, and the number of boxes that are explained.

    boxes: that are explained; accuracy: of `accuracy.accuracy_table`, the mean last, None without truth;
    kind: where its weights come from, "random" for none.
    """
    if kind == "random" and not trained:
        yield Line(
            DETECTOR, BAD, "The weights of the detector are random, so its boxes and their maps say nothing."
        )
    if accuracy is None:
        text = "The pictures come without their objects, so how well the detector finds them is not known"
        yield Line(DETECTOR, UNKNOWN, f"{text}.")
    else:
        yield _precision(accuracy.iloc[-1])
    if len(boxes) < FEW:
        pictures = several(boxes["picture"].nunique(), "picture")
        text = f"Only {len(boxes)} {'box' if len(boxes) == 1 else 'boxes'} in {pictures} are explained"
        yield Line(DETECTOR, CAUTION, f"{text}, so only large differences between methods show.")


def _precision(mean: pd.Series) -> Line:
    found = interval(mean, ("ap50", "ap50_low", "ap50_high"))
    of = f"{several(mean['objects'], 'object')} in {several(mean['pictures'], 'picture')}"
    if pd.isna(mean["ap50"]):
        return Line(
            DETECTOR, UNKNOWN, f"There are no objects in the test pictures ({of}), so nothing is known."
        )
    low, high = (mean["ap50"] if pd.isna(mean[key]) else mean[key] for key in ("ap50_low", "ap50_high"))
    if high < FAILS:
        return Line(DETECTOR, BAD, f"The detector finds next to nothing: mean AP {found} at IoU 0.5 ({of}).")
    level = GOOD if low >= FINDS else CAUTION
    return Line(DETECTOR, level, f"The detector finds objects with a mean AP of {found} at IoU 0.5 ({of}).")
