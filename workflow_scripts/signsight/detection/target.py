"""A box as what is explained: the class logit of the candidate that became it, its probability, or an edge.

Two kinds of scores:
- at the box's *place* (see `detection.heads`): "logit" of the box's class there, "softmax" (its
  probability, by the detector's own activation), and "x0", "y0", "x1", "y1", the edges in pixels. They go
  back to the picture by one forward and one backward pass.
- over *all* candidates, as the picture changes: "found", the highest probability of the box's class with
  an IoU of at least 0.5 with the box (as in ODAM's deletion and insertion, Zhao et al. 2024,
  arXiv:2304.06354), and "similarity", the highest product of IoU and cosine of the class probabilities
  (D-RISE, Petsiuk et al. 2021, arXiv:2006.03204, equation 3, without the objectness, which candidates of
  the second stage do not have).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from torch.nn import functional as F

from signsight.detection.candidates import Candidates, overlap
from signsight.detection.frame import Frame
from signsight.detection.heads import Maps, Reading, probabilities
from signsight.detection.scene import EDGES

if TYPE_CHECKING:
    from signsight.attribution.target import Rows
    from signsight.detection.detector import Detector

PLACED = ("logit", "softmax", *EDGES)
OVERALL = ("found", "similarity")
TENSORS = ("labels", "boxes", "places", "shares")
SAME = 0.5  # IoU from which a candidate counts as the box


@dataclass(frozen=True)
class Boxes:
    """A `Bound` of K boxes, of K images or of one.

    labels: (K,) int64, the classes by the number of the logit. boxes: (K, 4) in pixels of the picture.
    places: (K, n). shares: (K, C), the probabilities of all classes. activation: of the detector's logits.
    """

    labels: torch.Tensor
    boxes: torch.Tensor
    places: torch.Tensor
    shares: torch.Tensor
    activation: str = "softmax"
    score: str = "logit"
    against: ClassVar[None] = None

    @property
    def classes(self) -> torch.Tensor:
        """The classes, as of any `Bound`."""
        return self.labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: Rows) -> Boxes:
        return replace(self, **{name: getattr(self, name)[rows] for name in TENSORS})

    def to(self, device: torch.device | str) -> Boxes:
        """See `Bound`."""
        return replace(self, **{name: getattr(self, name).to(device) for name in TENSORS})

    def joined(self, parts: Sequence[Boxes]) -> Boxes:
        """See `Bound`."""
        return replace(self, **{name: torch.cat([getattr(part, name) for part in parts]) for name in TENSORS})

    def outputs(self, model: Detector, images: torch.Tensor, normalised: bool = False) -> torch.Tensor:
        """What the scores are made of: see `outputs_of`, or (K, 1) of a score over all candidates.

        images: (K, 3, H, W), or (1, 3, H, W), whose one pass serves all boxes.
        """
        if self.score in OVERALL:
            pixels = images * model.std[:, None, None] + model.mean[:, None, None] if normalised else images
            frame, found = model.frame(images.shape[2:]), model(pixels)
            if len(found) == 1:
                return self.among(found[0], frame)[:, None]
            return torch.stack([self[k : k + 1].among(one, frame) for k, one in enumerate(found)])
        return self.outputs_of(model, model.maps(images, normalised), images.shape[2:])

    def outputs_of(self, model: Detector, maps: Maps, size: Sequence[int]) -> torch.Tensor:
        """Logits (K, C), with the centre's as a last column where there is one, or the boxes (K, 4).

        maps: of the backbone, of K pictures of this size or of one.
        """
        reading = model.read(maps, self.places, size, boxes=self.score in EDGES)
        if self.score in EDGES:
            return model.frame(size).to_picture(reading.boxes_of(self.labels))
        if reading.centre is None or self.score == "logit":
            return reading.logits
        return torch.cat([reading.logits, reading.centre[:, None]], 1)

    def scores(self, outputs: torch.Tensor) -> torch.Tensor:
        """See `Bound`."""
        if self.score in OVERALL:
            return outputs[:, 0]
        if self.score == "softmax":
            classes = self.shares.shape[1]
            centre = outputs[:, classes] if outputs.shape[1] > classes else None
            shares = probabilities(Reading(outputs[:, :classes], centre=centre), self.activation)
            return shares.gather(1, self.labels[:, None])[:, 0]
        return self.linear(outputs)

    def linear(self, outputs: torch.Tensor) -> torch.Tensor:
        """See `Bound`: the logit, or the edge."""
        if self.score in EDGES:
            return outputs[:, EDGES.index(self.score)]
        return outputs.gather(1, self.labels[:, None])[:, 0]

    def table(self, model: Detector, images: torch.Tensor) -> torch.Tensor:
        """Scores over all candidates of every image for every box: images (M, 3, H, W) -> (M, K)."""
        frame = model.frame(images.shape[2:])
        return torch.stack([self.among(one, frame) for one in model(images)])

    def among(self, candidates: Candidates, frame: Frame) -> torch.Tensor:
        """(K,): the score of each box among all candidates of a picture; 0 where there is none."""
        column = self.labels.clamp(max=candidates.boxes.shape[1] - 1)
        near = overlap(frame.to_picture(candidates.boxes[:, column]), self.boxes)
        if self.score == "found":
            values = candidates.probabilities[:, self.labels] * (near >= SAME)
        else:
            values = near * (F.normalize(candidates.probabilities) @ F.normalize(self.shares).mT)
        return values.amax(0) if len(values) else values.new_zeros(len(self))


@dataclass(frozen=True)
class BoxTarget:
    """A `Target`: the boxes of a picture by their ids.

    follows: the score that is taken whatever score a metric asks for, or None.
    """

    ids: tuple[str, ...]
    boxes: Boxes
    follows: str | None = None

    def bind(
        self,
        model: Detector,
        images: torch.Tensor,
        truth: np.ndarray,
        ids: Sequence[str],
        outputs: torch.Tensor | None = None,
    ) -> Boxes:
        """The boxes with these ids."""
        rows = torch.tensor([self.ids.index(one) for one in ids], device=self.boxes.labels.device)
        return self.boxes[rows].to(images.device)

    def follow(
        self, model: Detector, images: torch.Tensor, truth: np.ndarray, ids: Sequence[str]
    ) -> tuple[Boxes, torch.Tensor]:
        """See `Target`."""
        bound = self.bind(model, images, truth, ids)
        return bound, bound.outputs(model, images)

    def scored(self, score: str) -> BoxTarget:
        """See `Target`."""
        return replace(self, boxes=replace(self.boxes, score=self.follows or score))

    def held(self, classes: np.ndarray, against: np.ndarray, device: torch.device | str) -> Boxes:
        """See `Target`: the boxes as they are."""
        return self.boxes.to(device)
