"""Grad-CAM of a detector's box agrees with grad-cam, whose score is the box's IoU and its probability.

The box that overlaps most with the wanted one counts, after threshold and suppression. Where boxes do not
move with the picture, as those of the toy detector, the IoU is a constant, so that the gradient is that of
the probability, our score "softmax". grad-cam stretches the map of the padded input over the picture, as
`grad_cam_stretched` does, and scales it to [0, 1] by its minimum and maximum.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from signsight.attribution.run import frozen
from signsight.attribution.task import Task
from signsight.core.registry import methods
from toy_detector import boxes_of, drawn, toy

pytestmark = pytest.mark.oracles
WHY = "grad-cam brings its own OpenCV: not installed here"
THINGS = {(4, 8, 12, 16): "red", (20, 8, 28, 16): "dark red", (8, 28, 16, 36): "blue"}


def scaled(maps: np.ndarray) -> np.ndarray:
    low, high = maps.min((1, 2), keepdims=True), maps.max((1, 2), keepdims=True)
    return (maps - low) / (high - low)


@pytest.mark.parametrize(
    ("size", "stride", "method"),
    [
        ((64, 64), 1, "grad_cam"),  # neither padded nor enlarged
        ((64, 32), 4, "grad_cam"),
        ((50, 41), 1, "grad_cam_stretched"),
        ((50, 41), 4, "grad_cam_stretched"),
    ],
)
def test_grad_cam_of_a_box_is_that_of_grad_cam(size: tuple[int, int], stride: int, method: str) -> None:
    library = pytest.importorskip("pytorch_grad_cam", reason=WHY)
    wanted = pytest.importorskip("pytorch_grad_cam.utils.model_targets").FasterRCNNBoxScoreTarget
    torch.manual_seed(0)
    last = nn.Conv2d(3, 3, 2 * stride + 1, stride, stride, bias=False)
    with torch.no_grad():  # about the identity, so that the objects are found
        last.weight.mul_(0.5)
        last.weight[:, :, stride, stride] += torch.eye(3)
    detector = toy(list(THINGS), size, last=last, mean=0.1, std=0.8)
    images = torch.from_numpy(drawn(size, THINGS)[None]).permute(0, 3, 1, 2) / 255
    boxes = boxes_of(detector, images, "softmax")
    assert len(boxes) >= 2
    with frozen(detector):
        ids = [str(k) for k in range(len(boxes))]
        found = methods.get(method)(Task(detector, None, 0), images, boxes, ids).numpy()
    with library.GradCAM(detector.network, [detector.network.backbone.last]) as oracle:
        for k in range(len(boxes)):
            target = wanted(boxes.labels[k : k + 1], boxes.boxes[k : k + 1])
            expected = oracle(images.clone(), [target])
            np.testing.assert_allclose(scaled(found[k : k + 1]), expected, atol=1e-4)
            assert found[k].max() > 0
