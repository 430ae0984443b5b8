"""The project's small detector: Faster R-CNN on the blocks of `compact`, with a feature pyramid."""

from __future__ import annotations

from collections import OrderedDict
from typing import Annotated

import torch
from torch import nn
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.ops import FeaturePyramidNetwork, MultiScaleRoIAlign
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool
from torchvision.ops.poolers import initLevelMapper

from signsight.core.parameters import Limits
from signsight.core.registry import detectors
from signsight.models.compact import Compact

ANCHORS = ((14.0, 20.0), (28.0, 40.0), (56.0, 76.0))  # sides in pixels, of the levels of stride 4, 8 and 16
POOLED = 7  # cells along a side of what the second stage sees of a proposal
NEAR = 32  # pixels: side from which the second stage takes the level of stride 8


class Pyramid(nn.Module):
    """The blocks of `compact`, whose maps of stride 4 and 8 get a pyramid of one number of channels."""

    target = "body.last"

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        self.body = Compact(1, 3, width, 0.0).features
        self.fpn = FeaturePyramidNetwork([2 * width, 8 * width], channels, LastLevelMaxPool())
        self.out_channels = channels

    def forward(self, images: torch.Tensor) -> OrderedDict[str, torch.Tensor]:
        """Levels "0" (stride 4), "1" (stride 8) and "pool" (stride 16) of normalised images (B, 3, H, W)."""
        near = self.body.second(self.body.first(images))
        # Without the pooling of the third block, whose map stays at stride 8 so.
        far = self.body.last(self.body.third(near))
        return self.fpn(OrderedDict([("0", near), ("1", far)]))


@detectors.register("compact_fpn", label="compact, with a pyramid")
def compact_fpn(
    classes: int,
    width: Annotated[int, Limits(1, 256), "Channels in the first block."] = 16,
    channels: Annotated[int, Limits(1, 512), "Channels of the pyramid."] = 64,
    hidden: Annotated[int, Limits(1, 4096), "Units in the layers of the second stage."] = 256,
    smallest: Annotated[
        int, Limits(32, 2048), "What the shorter side of a picture is resized to, in pixels."
    ] = 160,
    proposals: Annotated[int, Limits(10, 2000), "Proposals of the first stage."] = 200,
) -> FasterRCNN:
    """The detector for `classes` logits, the background first; anchors from 14 to 76 pixels, square."""
    backbone = Pyramid(width, channels)
    pool = MultiScaleRoIAlign(["0", "1"], POOLED, 2, canonical_scale=NEAR, canonical_level=3)
    # It would infer these from its first batch, wrongly where padding is a large part of a picture.
    pool.scales = [1 / 4, 1 / 8]
    pool.map_levels = initLevelMapper(2, 3, canonical_scale=NEAR, canonical_level=3)
    return FasterRCNN(
        backbone,
        min_size=smallest,
        max_size=4 * smallest,
        image_mean=[0.5, 0.5, 0.5],
        image_std=[0.25, 0.25, 0.25],
        rpn_anchor_generator=AnchorGenerator(ANCHORS, ((1.0,),) * len(ANCHORS)),
        rpn_pre_nms_top_n_train=2 * proposals,
        rpn_pre_nms_top_n_test=2 * proposals,
        rpn_post_nms_top_n_train=proposals,
        rpn_post_nms_top_n_test=proposals,
        rpn_batch_size_per_image=128,
        box_roi_pool=pool,
        box_head=TwoMLPHead(channels * POOLED**2, hidden),
        box_predictor=FastRCNNPredictor(hidden, classes),
        box_batch_size_per_image=64,
    )
