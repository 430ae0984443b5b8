"""Candidates of a detector for one picture, and which of them become its detections."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torchvision.ops import batched_nms, remove_small_boxes

SMALLEST = 1e-2  # side of a box, in pixels of the network's input, as in torchvision


@dataclass(frozen=True)
class Candidates:
    """All that a detector considers in one picture, before any threshold.

    logits: (P, C) of all its classes. probabilities: (P, C) in [0, 1], by which it ranks them. boxes:
    (P, C, 4) or (P, 1, 4) float, x0, y0, x1, y1 in pixels of the network's input, cut off at the picture's
    border. places: (P, n) float, what `Detector.read` finds a candidate by. groups: (P,) int64: the level of
    the pyramid, within which the best are kept.
    """

    logits: torch.Tensor
    probabilities: torch.Tensor
    boxes: torch.Tensor
    places: torch.Tensor
    groups: torch.Tensor


@dataclass(frozen=True)
class Selection:
    """How candidates become detections: what torchvision's detectors have in their attributes.

    threshold: lowest probability; nms: largest IoU of two boxes of a class; most: detections in a picture;
    first: the first class that is no background; best: how many a class of a group may keep before the
    suppression, of all classes together ("level") or of each ("class"); None for all of them.
    """

    threshold: float
    nms: float
    most: int
    first: int
    best: tuple[str, int] | None = None


@dataclass(frozen=True)
class Detections:
    """What a detector finds in a picture, the most probable first.

    candidate: (D,) int64, the candidate that each is. label: (D,) int64, its class. box: (D, 4) in pixels of
    the network's input. probability: (D,).
    """

    candidate: torch.Tensor
    label: torch.Tensor
    box: torch.Tensor
    probability: torch.Tensor


def detections(candidates: Candidates, how: Selection) -> Detections:
    """The detections among the candidates, each with the candidate that it is.

    The steps and their order are those of torchvision's detectors: threshold, the best of a level or a
    class, boxes without extent left out, suppression by class, the most probable ones.
    """
    candidate, label = torch.nonzero(candidates.probabilities > how.threshold, as_tuple=True)
    candidate, label = candidate[label >= how.first], label[label >= how.first]
    probability = candidates.probabilities[candidate, label]
    if how.best:
        kind, most = how.best
        group = candidates.groups[candidate] if kind == "level" else label
        kept = _best_of_groups(probability, group, most)
        candidate, label, probability = candidate[kept], label[kept], probability[kept]
    column = label.clamp(max=candidates.boxes.shape[1] - 1)
    box = candidates.boxes[candidate, column]
    if how.best is None:  # the two-stage detectors alone do so
        kept = remove_small_boxes(box, SMALLEST)
        candidate, label, probability, box = candidate[kept], label[kept], probability[kept], box[kept]
    kept = batched_nms(box, probability, label, how.nms)[: how.most]
    return Detections(candidate[kept], label[kept], box[kept], probability[kept])


def _best_of_groups(values: torch.Tensor, groups: torch.Tensor, most: int) -> torch.Tensor:
    """Positions of the `most` highest values of each group, group by group, the highest first."""
    kept = [torch.empty(0, dtype=torch.int64, device=values.device)]
    for group in groups.unique():
        own = torch.nonzero(groups == group)[:, 0]
        kept.append(own[values[own].topk(min(most, len(own))).indices])
    return torch.cat(kept)


def overlap(boxes: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """IoU in [0, 1] of boxes (..., 4) with others of a shape that broadcasts, pair by pair.

    0 for two without an area.
    """
    low, high = torch.maximum(boxes[..., :2], others[..., :2]), torch.minimum(boxes[..., 2:], others[..., 2:])
    common = (high - low).clamp(min=0).prod(-1)
    areas = [(one[..., 2:] - one[..., :2]).clamp(min=0).prod(-1) for one in (boxes, others)]
    either = areas[0] + areas[1] - common
    return torch.where(either > 0, common / either, torch.zeros_like(either))
