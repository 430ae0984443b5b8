"""Which detections of a picture are explained: what config group `detection.boxes` asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

from signsight.core.errors import UserError
from signsight.core.words import nearest
from signsight.detection.candidates import overlap
from signsight.detection.scene import EDGES

BOX = list(EDGES)


def matched(found: pd.DataFrame, objects: pd.DataFrame, least: float) -> pd.DataFrame:
    """The detections of a picture with the columns `object` and `iou` of the object that each one finds.

    found, objects: with `label` and x0, y0, x1, y1. An object belongs to the detection of its class that has
    the highest IoU with it, of at least `least`; the others find nothing (object 0, iou 0).
    """
    found = found.assign(object=0, iou=0.0)
    if found.empty or objects.empty:
        return found
    mine, theirs = (torch.tensor(one[BOX].to_numpy(float)) for one in (found, objects))
    overlaps = overlap(mine[:, None], theirs).numpy()
    same = found["label"].to_numpy(object)[:, None] == objects["label"].to_numpy(object)[None]
    overlaps = np.where(same & (overlaps >= least), overlaps, 0.0)
    numbers, ious = np.zeros(len(found), int), np.zeros(len(found))
    # The best pair first, so that no detection finds two objects and no object is found twice.
    while overlaps.max() > 0:
        row, column = np.unravel_index(overlaps.argmax(), overlaps.shape)
        numbers[row], ious[row] = objects["object"].iloc[column], overlaps[row, column]
        overlaps[row], overlaps[:, column] = 0, 0
    return found.assign(object=numbers, iou=ious)


def chosen(found: pd.DataFrame, how: Mapping[str, Any], picture: str) -> np.ndarray:
    """Rows of the detections of a picture that are explained, the most probable first.

    found: with `label`, `probability`, `object` and x0, y0, x1, y1. how: `which`, "best", "all", "class",
    "nearest" or "objects"; `threshold`, the lowest probability; `class`; `at`, (x, y) in pixels, or such a
    pair for each picture; `most`, the largest number.
    """
    probable = found["probability"].to_numpy() >= how["threshold"]
    which = how["which"]
    if which == "objects":
        probable &= found["object"].to_numpy() > 0
    if which == "class":
        probable &= (found["label"] == how["class"]).to_numpy()
    rows = np.flatnonzero(probable)
    order = rows[np.argsort(-found["probability"].to_numpy()[rows], kind="stable")]
    if which == "best":
        return order[:1]
    if which == "nearest":
        at = how["at"].get(picture) if isinstance(how["at"], Mapping) else how["at"]
        if at is None or not len(order):
            return order[:0]
        boxes = found[BOX].to_numpy(float)[order]
        gaps = np.hypot(boxes[:, [0, 2]].mean(1) - at[0], boxes[:, [1, 3]].mean(1) - at[1])
        return order[np.argsort(gaps, kind="stable")[:1]]
    return order[: how["most"]]


def check_class(how: Mapping[str, Any], names: Sequence[str]) -> None:
    """UserError unless the class that is asked for is one of the detector's."""
    if how["which"] == "class" and how["class"] not in names:
        raise UserError(
            f"Config key 'detection.boxes.class' is {how['class']!r}, which the detector does not know; "
            f"{nearest(how['class'], names)}"
        )
