"""What torchvision's detectors make of the maps of their backbone: two stages, or anchors on every position.

A candidate has a *place*: of a two-stage detector the proposal that it was made of, of the others the number
of its anchor. Read at a place, a detector is a classifier of it: logits and a box from one pass, whatever the
picture, with nothing of the thresholds and the suppression that follow.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torchvision.models.detection import FCOS, FasterRCNN, RetinaNet
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.ssd import SSD
from torchvision.ops import clip_boxes_to_image, roi_align

from signsight.core.errors import UserError
from signsight.detection.candidates import Candidates, Selection
from signsight.detection.frame import Frame

Maps = Mapping[str, torch.Tensor]  # level -> (B, K, h, w)


@dataclass(frozen=True)
class Reading:
    """What a detector says at K places.

    logits: (K, C). boxes: (K, C, 4) or (K, 1, 4) in pixels of the input, as they are decoded, or None.
    centre: (K,), the logit of being central, where the detector (FCOS) has one.
    """

    logits: torch.Tensor
    boxes: torch.Tensor | None = None
    centre: torch.Tensor | None = None

    def boxes_of(self, labels: torch.Tensor) -> torch.Tensor:
        """(K, 4): the box for each row's class, labels (K,)."""
        column = labels.clamp(max=self.boxes.shape[1] - 1)
        return self.boxes.gather(1, column[:, None, None].expand(-1, 1, 4))[:, 0]


class Head(Protocol):
    """One kind of detector. activation: of logits to probabilities, "softmax" or "sigmoid"."""

    activation: str

    def selection(self) -> Selection:
        """How it selects its detections."""

    def candidates(self, maps: Maps, frame: Frame) -> list[Candidates]:
        """The candidates of each of the B pictures."""

    def read(self, maps: Maps, places: torch.Tensor, frame: Frame, boxes: bool) -> Reading:
        """What it says at places (K, n) of K pictures, one each, or of one picture; `boxes`: also where."""


def head_of(network: Any) -> Head:
    """The head of a torchvision detector; UserError for another kind of network."""
    if isinstance(network, FasterRCNN):
        return TwoStage(network)
    if isinstance(network, RetinaNet | FCOS):
        return Dense(network, "sigmoid", ("level", network.topk_candidates), 0)
    if isinstance(network, SSD):
        return Dense(network, "softmax", ("class", network.topk_candidates), 1)
    raise UserError(
        f"The detector is a {type(network).__name__}; give a FasterRCNN, RetinaNet, FCOS or SSD of "
        "torchvision."
    )


def probabilities(reading: Reading, activation: str) -> torch.Tensor:
    """(K, C): by softmax or sigmoid; with the centre's, their geometric mean (Tian et al. 2019, FCOS)."""
    if activation == "softmax":
        return reading.logits.softmax(1)
    found = reading.logits.sigmoid()
    return found if reading.centre is None else (found * reading.centre.sigmoid()[:, None]).sqrt()


@dataclass(frozen=True)
class TwoStage:
    """Faster R-CNN: proposals of a first stage, each classified by the maps within it."""

    network: FasterRCNN
    activation: str = "softmax"

    def selection(self) -> Selection:
        """See `Head`."""
        heads = self.network.roi_heads
        return Selection(heads.score_thresh, heads.nms_thresh, heads.detections_per_img, first=1)

    def candidates(self, maps: Maps, frame: Frame) -> list[Candidates]:
        """See `Head`; the places are the proposals, (P, 4)."""
        count = len(next(iter(maps.values())))
        blank = next(iter(maps.values())).new_empty((count, 1, *frame.padded))
        images = ImageList(blank, [frame.resized] * count)
        proposals, _ = self.network.rpn(images, dict(maps))
        found = []
        for number, own in enumerate(proposals):
            alone = {name: level[number : number + 1] for name, level in maps.items()}
            reading = self.read(alone, own, frame, boxes=True)
            boxes = clip_boxes_to_image(reading.boxes, frame.resized)
            shares = probabilities(reading, self.activation)
            found.append(Candidates(reading.logits, shares, boxes, own, torch.zeros_like(own[:, 0]).long()))
        return found

    def read(self, maps: Maps, places: torch.Tensor, frame: Frame, boxes: bool) -> Reading:
        """See `Head`."""
        heads = self.network.roi_heads
        logits, deltas = heads.box_predictor(heads.box_head(self.pooled(maps, places, frame)))
        if not boxes:  # decoding is no operation that relevance passes
            return Reading(logits)
        return Reading(logits, heads.box_coder.decode(deltas, [places]).reshape(len(places), -1, 4))

    def pooled(self, maps: Maps, places: torch.Tensor, frame: Frame) -> torch.Tensor:
        """(K, channels, h, w) of the level that fits the size of each place.

        As torchvision's `MultiScaleRoIAlign`, whose assignment in place no relevance could pass: level k0 +
        log2(side / canonical side), rounded down (Lin et al. 2017, arXiv:1612.03144, equation 1).
        """
        pool = self.network.roi_heads.box_roi_pool
        levels = [level for name, level in maps.items() if name in pool.featmap_names]
        shares = [2.0 ** round(math.log2(level.shape[2] / frame.padded[0])) for level in levels]
        sides = (places[:, 2:] - places[:, :2]).clamp(min=0).prod(1).sqrt()
        wanted = torch.floor(pool.canonical_level + torch.log2(sides / pool.canonical_scale) + 1e-6)
        first, last = (-round(math.log2(share)) for share in (shares[0], shares[-1]))
        number = (wanted - first).clamp(0, last - first).long()
        picture = torch.arange(len(places), device=places.device)
        if len(levels[0]) == 1:
            picture = torch.zeros_like(picture)
        rois = torch.cat([picture[:, None].to(places), places], 1)
        parts, order = [], []
        for level, share in enumerate(shares):
            rows = torch.nonzero(number == level)[:, 0]
            if len(rows) or level == 0:
                size, ratio = pool.output_size, pool.sampling_ratio
                parts.append(roi_align(levels[level], rois[rows], size, share, ratio))
                order.append(rows)
        return torch.cat(parts)[torch.argsort(torch.cat(order))]


@dataclass(frozen=True)
class Dense:
    """RetinaNet, FCOS and SSD: anchors on every position of every level, and their numbers as places, (P, 1).

    best: see `Selection`; first: the first class that is no background.
    """

    network: Any
    activation: str
    best: tuple[str, int]
    first: int

    def selection(self) -> Selection:
        """See `Head`."""
        network = self.network
        return Selection(
            network.score_thresh, network.nms_thresh, network.detections_per_img, self.first, self.best
        )

    def candidates(self, maps: Maps, frame: Frame) -> list[Candidates]:
        """See `Head`."""
        outputs, anchors, groups = self._outputs(maps, frame)
        found = []
        for number in range(len(outputs["cls_logits"])):
            rows = torch.arange(len(anchors), device=anchors.device)
            reading = self._reading(outputs, anchors, torch.full_like(rows, number), rows, True)
            boxes = clip_boxes_to_image(reading.boxes, frame.resized)
            shares = probabilities(reading, self.activation)
            found.append(Candidates(reading.logits, shares, boxes, rows[:, None].to(anchors), groups))
        return found

    def read(self, maps: Maps, places: torch.Tensor, frame: Frame, boxes: bool) -> Reading:
        """See `Head`."""
        outputs, anchors, _ = self._outputs(maps, frame)
        rows = places[:, 0].long()
        pictures = torch.arange(len(rows), device=rows.device)
        if len(outputs["cls_logits"]) == 1:
            pictures = torch.zeros_like(pictures)
        return self._reading(outputs, anchors, pictures, rows, boxes)

    def _outputs(
        self, maps: Maps, frame: Frame
    ) -> tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor]:
        """Outputs of the head (B, A, ...), the A anchors (A, 4), and the level of each (A,)."""
        levels = list(maps.values())
        outputs = self.network.head(levels)
        blank = levels[0].new_empty((1, 1, *frame.padded))
        images = ImageList(blank, [frame.resized])
        anchors = self.network.anchor_generator(images, [level[:1] for level in levels])[0]
        positions = [level.shape[2] * level.shape[3] for level in levels]
        each = len(anchors) // sum(positions) if len(anchors) % sum(positions) == 0 else None
        if each is None:  # SSD has other numbers on other levels, and does not ask for the level
            return outputs, anchors, torch.zeros(len(anchors), dtype=torch.int64, device=anchors.device)
        counts = torch.tensor([each * number for number in positions], device=anchors.device)
        groups = torch.arange(len(levels), device=anchors.device).repeat_interleave(counts)
        return outputs, anchors, groups

    def _reading(
        self,
        outputs: Mapping[str, torch.Tensor],
        anchors: torch.Tensor,
        pictures: torch.Tensor,
        rows: torch.Tensor,
        boxes: bool,
    ) -> Reading:
        logits = outputs["cls_logits"][pictures, rows]
        centre = outputs["bbox_ctrness"][pictures, rows, 0] if "bbox_ctrness" in outputs else None
        if not boxes:
            return Reading(logits, None, centre)
        coder = self.network.box_coder
        decode = coder.decode if isinstance(self.network, FCOS) else coder.decode_single
        return Reading(
            logits, decode(outputs["bbox_regression"][pictures, rows], anchors[rows])[:, None], centre
        )
