"""What is said of the user's own photographs, from tables whose numbers are known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from signsight.evaluation.drawn_and_real import ANY, REAL
from signsight.evaluation.drawn_and_real import COLUMNS as COSTS
from signsight.evaluation.on_sticker import COLUMNS as SHARES
from signsight.evaluation.real_examples import COLUMNS, NEW, TRAINED
from signsight.verdict.lines import BAD, CAUTION, GOOD, UNKNOWN, Line
from signsight.verdict.photographs import drawn_and_real, on_sticker, photographs

LABELS = {"random": "Random", "saliency": "Saliency"}


def real(part: str, low: float, high: float, tracks: int = 5) -> Line:
    row = {
        "part": part, "group": "all", "name": "all", "n": 10, "tracks": tracks, "accuracy": 0.7, "low": 0.4,
        "high": 0.9, "clean_accuracy": 0.9, "clean_low": 0.8, "clean_high": 0.95, "difference": -0.2,
        "difference_low": low, "difference_high": high,
    }  # fmt: skip
    (line,) = photographs(pd.DataFrame([row], columns=COLUMNS))
    return line


def test_photographs_beside_clean_images() -> None:
    line = real(NEW, -0.3, -0.1)
    assert line.level == BAD and "10 photographs of 5 objects, 70.0 % [40.0, 90.0]" in line.text
    assert "90.0 % [80.0, 95.0] of clean test images" in line.text and "20.0 points [10.0, 30.0]" in line.text
    assert real(NEW, -0.3, 0.1).level == UNKNOWN and "objects" not in real(NEW, -0.3, -0.1, 10).text
    trained = real(TRAINED, -0.3, -0.1)
    assert trained.level == CAUTION and "was trained on" in trained.text
    assert real(NEW, np.nan, np.nan).level == UNKNOWN


def costs(gap_low: float, gap_high: float, classes: int = 3) -> Line:
    told = {"difference": -0.2, "difference_low": -0.3, "difference_high": -0.1}
    rows = []
    for class_id in range(-1, classes):
        lost = {"difference": -0.1 * class_id, **dict(list(told.items())[1:])} if class_id >= 0 else told
        rows.append({"class_id": class_id, "method": REAL, **lost})
        gap = {"gap_low": gap_low, "gap_high": gap_high}
        rows.append({"class_id": class_id, "method": "random", "sticker": ANY, **lost, **gap})
    (line,) = drawn_and_real(pd.DataFrame(rows, columns=COSTS), LABELS)
    return line


def test_drawn_stickers_beside_real_ones() -> None:
    assert costs(-0.3, -0.1).level == BAD and "understate" in costs(-0.3, -0.1).text
    assert costs(-0.03, 0.02).level == GOOD and costs(-0.3, 0.1).level == UNKNOWN
    assert "3 classes are too few" in costs(0, 0).text and "one class is" in costs(0, 0, 1).text
    assert "over 9 classes the two agree with Kendall's tau 1.00" in costs(0, 0, 9).text


def shares(gap: float, p: float) -> list[Line]:
    row = {
        "n": 8, "tracks": 8, "share": 0.2, "ratio": 2.0, "gap_other": gap, "gap_other_low": gap - 0.1,
        "gap_other_high": gap + 0.1, "p_other": p,
    }  # fmt: skip
    rows = [{"method": "saliency", **row}, {"method": "random", **row, "share": 0.9}]
    return list(on_sticker(pd.DataFrame(rows, columns=SHARES), LABELS, ["random"], 0.95))


def test_relevance_on_stickers() -> None:
    (line,) = shares(0.2, 0.01)
    assert line.level == CAUTION and "20.0 % of the relevance (by Saliency), 2.0 times" in line.text
    assert shares(0.2, 0.2)[0].level == UNKNOWN and shares(-0.2, 0.01)[0].level == UNKNOWN
    assert "no other photograph" in shares(np.nan, np.nan)[0].text
    none = pd.DataFrame([{"method": "saliency", "n": 0}], columns=SHARES)
    assert not list(on_sticker(none, LABELS, [], 0.95))
