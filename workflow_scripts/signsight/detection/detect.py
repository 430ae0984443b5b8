"""A detector on a scene set: all detections, and the boxes that are explained, from one pass a picture."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from signsight.core.errors import UserError
from signsight.core.files import atomic, read_csv
from signsight.core.stored import stored
from signsight.data.detector_names import matching_classes
from signsight.data.progress import progress
from signsight.detection.candidates import Candidates, Detections
from signsight.detection.choice import BOX, check_class, chosen, matched
from signsight.detection.detector import Detector
from signsight.detection.scene_set import SceneSet
from signsight.detection.target import TENSORS, Boxes, BoxTarget
from signsight.models.classifier import to_pixels

log = logging.getLogger("signsight")

DETECTION_COLUMNS = [
    "picture",
    "detection",
    "class_id",
    "label",
    "probability",
    "logit",
    *BOX,
    "object",
    "iou",
]
BOX_COLUMNS = ["box", *DETECTION_COLUMNS]


@dataclass(frozen=True)
class Found:
    """What a detector finds in a scene set.

    detections: DETECTION_COLUMNS, a row a detection, by picture, the most probable first: `detection` (1, 2,
    ... in its picture), `class_id` and `label` of the scene set where it has the class (else -1 and the
    detector's name), boxes in pixels of the picture, `object` of the truth that it finds (0 for none), `iou`.
    boxes: BOX_COLUMNS, those that are explained; `box`, "<picture>-<detection>", names it. tensors: of the
    boxes, (K, ...): labels, boxes, places, shares (see `target.Boxes`).
    """

    detections: pd.DataFrame
    boxes: pd.DataFrame
    tensors: dict[str, np.ndarray]


@torch.inference_mode()
def detect(
    detector: Detector, scenes: SceneSet, how: Mapping[str, Any], overlap: float, device: torch.device
) -> Found:
    """Run the detector once on every picture.

    how: which boxes are explained, see `choice.chosen`, and of how many pictures, the first `pictures` or
    (None) all; overlap: lowest IoU of a detection with an object that it finds. UserError for a class that
    the detector does not know, and when no box is explained.
    """
    known = matching_classes(detector.classes, scenes.classes) if scenes.classes else {}
    names = [scenes.classes[known[k]] if k in known else name for k, name in enumerate(detector.classes)]
    check_class(how, names)
    asked = scenes.ids[: how["pictures"]]
    tables, wanted, kept = [], [], []
    with progress("detections", len(scenes), "pictures") as step:
        for place, picture in enumerate(scenes.ids):
            images = to_pixels(scenes.picture(picture)[None], device)
            candidates, found = detector.detect(images)[0]
            edges = detector.frame(images.shape[2:]).to_picture(found.box)
            table = _table(picture, candidates, found, edges, names).assign(
                class_id=[known.get(int(label), -1) for label in found.label]
            )
            tables.append(matched(table, scenes.objects(picture), overlap)[DETECTION_COLUMNS])
            if place < len(asked):
                rows = chosen(tables[-1], how, picture)
                wanted.append(tables[-1].iloc[rows])
                kept.append(_tensors(candidates, found, edges, rows))
            step(1)
    detections, boxes = (_joined(parts, DETECTION_COLUMNS) for parts in (tables, wanted))
    _tell(detections, boxes, asked, how)
    names_of_boxes = [f"{p}-{d}" for p, d in zip(boxes["picture"], boxes["detection"], strict=True)]
    boxes.insert(0, "box", pd.Series(names_of_boxes, dtype=object))
    tensors = {key: torch.cat([one[key] for one in kept]).cpu().numpy() for key in TENSORS}
    return Found(detections, boxes, tensors)


def _table(
    picture: str, candidates: Candidates, found: Detections, edges: torch.Tensor, names: Sequence[str]
) -> pd.DataFrame:
    """The detections of a picture, with boxes in its own pixels."""
    logits = candidates.logits[found.candidate, found.label]
    table = pd.DataFrame(edges.cpu().numpy().astype(float), columns=BOX)
    return table.assign(
        picture=picture,
        detection=np.arange(1, len(table) + 1),
        label=[names[int(label)] for label in found.label],
        probability=found.probability.cpu().numpy().astype(float),
        logit=logits.cpu().numpy().astype(float),
    )


def _tensors(
    candidates: Candidates, found: Detections, edges: torch.Tensor, rows: np.ndarray
) -> dict[str, torch.Tensor]:
    """What `Boxes` is made of, of some detections."""
    own = torch.as_tensor(rows, device=edges.device)
    candidate = found.candidate[own]
    return {
        "labels": found.label[own],
        "boxes": edges[own],
        "places": candidates.places[candidate],
        "shares": candidates.probabilities[candidate],
    }


def _tell(
    detections: pd.DataFrame, boxes: pd.DataFrame, asked: Sequence[str], how: Mapping[str, Any]
) -> None:
    """Log what is explained; UserError for nothing."""
    if boxes.empty:
        raise UserError(
            f"None of the {len(detections)} detections is, in the first {len(asked)} pictures, what config "
            f"group 'detection.boxes' asks for (which: {how['which']}, threshold: {how['threshold']}); lower "
            "the threshold, train the detector longer, or take other pictures."
        )
    log.info("%d detections, %d boxes are explained", len(detections), len(boxes))
    if bare := sorted(set(asked) - set(boxes["picture"])):
        more = ", ..." if len(bare) > 3 else ""
        log.info("%d pictures have no such box (%s%s)", len(bare), ", ".join(bare[:3]), more)


def _joined(parts: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    full = [part for part in parts if len(part)]
    return pd.concat(full, ignore_index=True) if full else pd.DataFrame(columns=columns)


def save_tensors(path: Path | str, tensors: Mapping[str, np.ndarray], activation: str) -> None:
    """Write what a `BoxTarget` is made of as `.npz`."""
    with atomic(path) as part, part.open("wb") as file:
        np.savez(file, activation=np.array(activation), **tensors)


def box_targets(boxes: Path | str, tensors: Path | str, score: str) -> dict[str, BoxTarget]:
    """Picture -> the target of its boxes, from the files of a rule `detect`, in order."""
    table = read_csv(boxes)
    with stored(tensors) as read:
        arrays = {name: torch.from_numpy(read[name]) for name in TENSORS}
        activation = str(read["activation"])
    whole = Boxes(**arrays, activation=activation, score=score)
    targets = {}
    for picture, own in table.groupby("picture", sort=False):
        rows = torch.tensor(own.index.to_numpy())
        targets[picture] = BoxTarget(tuple(own["box"]), whole[rows])
    return targets
