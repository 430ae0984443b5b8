"""A detector whose maps are known by hand: fixed proposals, a linear backbone and a head of ROI means.

A proposal's logits are linear in the means of the backbone's map over it, so that gradients are closed
forms. Also scene sets of pictures that a test draws.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import MultiScaleRoIAlign

from signsight.data.detector_names import COCO_CATEGORIES
from signsight.detection.detector import Detector
from signsight.detection.scene import Box, Scene
from signsight.detection.scene_set import SceneSet, open_scene_set, write_scene_set
from signsight.detection.target import Boxes

torch.set_num_threads(1)  # tests run side by side
CLASSES = (COCO_CATEGORIES[0], "red", "green", "blue")
COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "dark red": (160, 0, 0)}
GAIN, BACKGROUND = 8.0, 4.0  # logits: 8 times the mean of a colour; 4 for none


class Backbone(nn.Module):
    """One linear layer, whose map is the only level of the pyramid; `target` is its name."""

    target = "last"

    def __init__(self, last: nn.Module) -> None:
        super().__init__()
        self.last, self.out_channels = last, 3

    def forward(self, images: torch.Tensor) -> OrderedDict[str, torch.Tensor]:
        """Level "0" of normalised images (B, 3, H, W)."""
        return OrderedDict([("0", self.last(images))])


class FixedProposals(nn.Module):
    """A first stage that proposes the same boxes (P, 4) in every picture."""

    def __init__(self, boxes: Sequence[Box]) -> None:
        super().__init__()
        self.register_buffer("boxes", torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4))

    def forward(
        self, images: ImageList, features: object, targets: object = None
    ) -> tuple[list[torch.Tensor], dict[str, torch.Tensor]]:
        """The boxes for each picture, and no losses."""
        return [self.boxes for _ in images.image_sizes], {}


class Mean(nn.Module):
    """The mean over the positions, (K, C, h, w) -> (K, C)."""

    def forward(self, pooled: torch.Tensor) -> torch.Tensor:
        """(K, C)."""
        return pooled.mean((2, 3))


def toy(
    proposals: Sequence[Box],
    size: tuple[int, int] = (32, 32),
    *,
    last: nn.Module | None = None,
    offsets: float = 0.0,
    mean: float = 0.0,
    std: float = 1.0,
    nms: float = 0.5,
) -> Detector:
    """The detector for pictures of `size` (height, width), which it does not resize.

    proposals: in pixels. last: the backbone's layer, the identity if None. offsets: size of the weights that
    move a box by what is in it; 0 leaves the proposals as they are. Weights are those of a seed.
    """
    torch.manual_seed(0)
    predictor = FastRCNNPredictor(3, len(CLASSES))
    with torch.no_grad():
        predictor.cls_score.weight.copy_(torch.cat([torch.zeros(1, 3), GAIN * torch.eye(3)]))
        predictor.cls_score.bias.copy_(torch.tensor([BACKGROUND, 0, 0, 0]))
        predictor.bbox_pred.weight.normal_().mul_(offsets)
        predictor.bbox_pred.bias.normal_().mul_(offsets)
    network = FasterRCNN(
        Backbone(nn.Identity() if last is None else last),
        min_size=min(size),
        max_size=max(size),
        image_mean=[mean] * 3,
        image_std=[std] * 3,
        rpn_anchor_generator=AnchorGenerator(((8,),), ((1.0,),)),
        box_roi_pool=MultiScaleRoIAlign(["0"], 1, 0),  # one cell: the mean of a sample for each position
        box_head=Mean(),
        box_predictor=predictor,
        box_nms_thresh=nms,
    )
    network.rpn = FixedProposals(proposals)
    return Detector(network, architecture="toy", parameters={}, classes=CLASSES).eval()


def roi_weights(box: Box, size: tuple[int, int], stride: int = 1) -> torch.Tensor:
    """(H, W): what each position of a map counts in the ROI mean of a box on whole cells.

    torchvision's `roi_align` takes cell k to lie at k, not at k + 0.5, so a sample in the middle between two
    cells is their mean, and the box reaches half a cell too far right and down.
    """
    x0, y0, x1, y1 = (round(edge / stride) for edge in box)
    sides = []
    for low, high, side in ((y0, y1, size[0]), (x0, x1, size[1])):
        weights = torch.zeros(side)
        weights[low:high] += 0.5 / (high - low)
        weights[low + 1 : high + 1] += 0.5 / (high - low)
        sides.append(weights)
    return sides[0][:, None] * sides[1]


def drawn(size: tuple[int, int], things: Mapping[tuple[int, int, int, int], str]) -> np.ndarray:
    """(H, W, 3) uint8: black, with boxes (x0, y0, x1, y1) of a colour each."""
    picture = np.zeros((*size, 3), np.uint8)
    for (x0, y0, x1, y1), colour in things.items():
        picture[y0:y1, x0:x1] = COLOURS[colour]
    return picture


def boxes_of(detector: Detector, images: torch.Tensor, score: str = "logit") -> Boxes:
    """All detections in one picture (1, 3, H, W), the most probable first."""
    with torch.no_grad():
        candidates, found = detector.detect(images)[0]
    return Boxes(
        found.label,
        detector.frame(images.shape[2:]).to_picture(found.box),
        candidates.places[found.candidate],
        candidates.probabilities[found.candidate],
        detector.head.activation,
        score,
    )


class Given:
    """Scenes that a test gives."""

    def __init__(self, scenes: Sequence[Scene]) -> None:
        self.ids = [one.picture for one in scenes]
        self._scenes = {one.picture: one for one in scenes}

    def scene(self, picture: str) -> Scene:
        """The scene of that name."""
        return self._scenes[picture]


def scene_set(folder: Path, scenes: Sequence[Scene], classes: Sequence[str] = CLASSES[1:]) -> SceneSet:
    """The scenes as a set in `folder`."""
    write_scene_set(Given(scenes), folder, classes)
    return open_scene_set(folder)
