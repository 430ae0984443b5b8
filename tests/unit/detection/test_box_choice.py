"""Which boxes are explained, and which object a detection finds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from signsight.core.errors import UserError
from signsight.detection.candidates import overlap
from signsight.detection.choice import BOX, check_class, chosen, matched

HOW = {"which": "all", "threshold": 0.0, "class": None, "at": None, "most": 100}


def table(*rows: tuple[str, float, int, tuple[float, float, float, float]]) -> pd.DataFrame:
    """Detections: label, probability, object that they find, box."""
    found = pd.DataFrame([row[:3] for row in rows], columns=["label", "probability", "object"])
    return found.assign(**{edge: [row[3][k] for row in rows] for k, edge in enumerate(BOX)})


FOUND = table(
    ("dog", 0.5, 0, (0, 0, 10, 10)),
    ("cat", 0.9, 2, (20, 0, 30, 10)),
    ("dog", 0.7, 1, (40, 0, 50, 10)),
    ("dog", 0.7, 0, (0, 40, 10, 50)),
    ("cat", 0.2, 3, (40, 40, 50, 50)),
)


@pytest.mark.parametrize(
    ("how", "rows"),
    [
        ({"which": "all"}, [1, 2, 3, 0, 4]),  # of equal ones, the first
        ({"which": "all", "threshold": 0.7}, [1, 2, 3]),
        ({"which": "all", "most": 2}, [1, 2]),
        ({"which": "all", "threshold": 0.95}, []),
        ({"which": "best"}, [1]),
        ({"which": "best", "threshold": 0.95}, []),
        ({"which": "class", "class": "dog"}, [2, 3, 0]),
        ({"which": "class", "class": "dog", "most": 1}, [2]),
        ({"which": "class", "class": "cow"}, []),
        ({"which": "objects"}, [1, 2, 4]),
        ({"which": "objects", "threshold": 0.6, "most": 5}, [1, 2]),
        ({"which": "nearest", "at": (46, 41)}, [4]),
        ({"which": "nearest", "at": (46, 41), "threshold": 0.3}, [2]),
        ({"which": "nearest", "at": {"p": (3, 30), "q": (25, 5)}}, [3]),
        ({"which": "nearest", "at": {"q": (25, 5)}}, []),
        ({"which": "nearest", "at": [25, 25]}, [1]),  # as far from all four corners: the most probable
    ],
)
def test_the_boxes_that_are_asked_for(how: dict[str, Any], rows: list[int]) -> None:
    assert chosen(FOUND, HOW | how, "p").tolist() == rows


def test_of_no_detection_none_is_chosen() -> None:
    for which in ("best", "all", "class", "nearest", "objects"):
        how = HOW | {"which": which, "class": "dog", "at": (0, 0)}
        assert len(chosen(FOUND.iloc[:0], how, "p")) == 0


def test_a_class_that_the_detector_does_not_know_is_refused_with_the_nearest() -> None:
    check_class(HOW | {"which": "class", "class": "dog"}, ["cat", "dog"])
    check_class(HOW | {"class": "cow"}, ["cat", "dog"])  # not asked for
    with pytest.raises(UserError, match=r"'detection.boxes.class' is 'dogs'.*did you mean 'dog'"):
        check_class(HOW | {"which": "class", "class": "dogs"}, ["cat", "dog"])


def test_overlaps_of_pairs() -> None:
    one = torch.tensor([[0, 0, 4, 4], [2, 2, 2, 6]]).double()
    two = torch.tensor([[0, 0, 4, 4], [2, 0, 6, 4], [5, 5, 6, 6]]).double()
    np.testing.assert_allclose(overlap(one[:, None], two), [[1, 8 / 24, 0], [0, 0, 0]])


def objects(*rows: tuple[str, tuple[float, float, float, float]]) -> pd.DataFrame:
    found = pd.DataFrame({"object": range(1, len(rows) + 1), "label": [label for label, _ in rows]})
    return found.assign(**{edge: [box[k] for _, box in rows] for k, edge in enumerate(BOX)})


def test_every_object_belongs_to_the_detection_with_the_highest_overlap() -> None:
    """Two detections lie on the first object, the worse of which is left with the second."""
    truth = objects(("dog", (0, 0, 10, 10)), ("dog", (0, 4, 10, 14)), ("cat", (20, 20, 30, 30)))
    found = table(
        ("dog", 0.9, 0, (0, 1, 10, 11)),  # IoU 9/11 with the first, 7/13 with the second
        ("dog", 0.8, 0, (0, 0, 10, 10)),  # IoU 1 with the first, 6/14 with the second
        ("dog", 0.7, 0, (20, 20, 30, 30)),  # another class
        ("cat", 0.6, 0, (24, 20, 34, 30)),  # IoU 6/14
        ("cat", 0.5, 0, (21, 20, 31, 30)),  # IoU 9/11
    ).drop(columns="object")
    assert matched(found, truth, 0.5)["object"].tolist() == [2, 1, 0, 0, 3]
    np.testing.assert_allclose(matched(found, truth, 0.5)["iou"], [7 / 13, 1, 0, 0, 9 / 11])
    assert matched(found, truth, 0.6)["object"].tolist() == [0, 1, 0, 0, 3]
    only = matched(found[:1], truth, 0.5)
    assert only["object"].tolist() == [1] and only["iou"].tolist() == pytest.approx([9 / 11])


def test_without_objects_or_detections_nothing_is_found() -> None:
    found = FOUND.drop(columns="object")
    assert matched(found, objects(), 0.5)["object"].tolist() == [0] * 5
    empty = matched(found[:0], objects(("dog", (0, 0, 1, 1))), 0.5)
    assert empty.empty and {"object", "iou"} <= set(empty.columns)
