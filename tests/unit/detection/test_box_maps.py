"""Maps of boxes on a detector whose maps are known by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from signsight.attribution.run import frozen
from signsight.attribution.task import Task
from signsight.core.errors import UserError
from signsight.core.registry import methods
from signsight.detection.detector import Detector
from signsight.detection.metrics import IN_BOX, ON_OTHER, box_localisation
from signsight.detection.target import Boxes
from signsight.evaluation.metrics.block import Block
from signsight.models.classifier import to_pixels
from toy_detector import BACKGROUND, GAIN, boxes_of, drawn, roi_weights, toy

LEFT, RIGHT = (4, 8, 12, 16), (14, 8, 22, 16)


def maps(
    detector: Detector,
    method: str,
    images: torch.Tensor,
    boxes: Boxes,
    layer: str | None = None,
    **given: Any,
) -> torch.Tensor:
    with frozen(detector):
        task = Task(detector, layer, 0, 64)
        return methods.get(method)(task, images, boxes, [str(k) for k in range(len(boxes))], **given).detach()


def noise(*size: int) -> torch.Tensor:
    torch.manual_seed(3)
    return torch.rand(1, 3, *size)


def of_proposals(detector: Detector, images: torch.Tensor, labels: list[int], score: str = "logit") -> Boxes:
    """Every proposal as a box of one of the labels."""
    places = detector.network.rpn.boxes.to(images)
    shares = images.new_full((len(places), 4), 0.25)
    return Boxes(torch.tensor(labels), places, places, shares, score=score)


def test_grad_cam_is_the_class_weights_over_the_whole_map() -> None:
    """The ROI's weights sum to 1, so a channel's mean gradient is its weight over the number of positions."""
    detector, images = toy([LEFT, RIGHT], (32, 40), mean=0.5), noise(32, 40)
    boxes = of_proposals(detector, images, [1, 3])
    found = maps(detector, "grad_cam", images, boxes)
    expected = GAIN * F.relu(images[0, [0, 2]] - 0.5) / (32 * 64)  # 40 columns are padded to 64
    torch.testing.assert_close(found, expected)


def test_grad_cam_of_the_softmax_is_that_of_the_logits_weighed() -> None:
    """d p_c / d logit_j = p_c (1[c = j] - p_j)."""
    detector, images = toy([LEFT], mean=0.5), noise(32, 32)
    found = maps(detector, "grad_cam", images, of_proposals(detector, images, [2], "softmax"))
    with torch.no_grad():
        shares = detector(images)[0].probabilities[0]
    weights = GAIN * shares[2] * (torch.eye(3)[1] - shares[1:])
    expected = F.relu(torch.einsum("c,chw->hw", weights, images[0] - 0.5)) / 32**2
    torch.testing.assert_close(found[0], expected)


def test_odam_is_activation_times_gradient_in_the_roi_and_nothing_outside() -> None:
    detector, images = toy([LEFT, RIGHT], mean=0.5), noise(32, 32)
    found = maps(detector, "odam", images, of_proposals(detector, images, [1, 3]))
    for one, box, channel in zip(found, (LEFT, RIGHT), (0, 2), strict=True):
        weights = roi_weights(box, (32, 32))
        torch.testing.assert_close(one, GAIN * F.relu(images[0, channel] - 0.5) * weights)
        assert (one[weights == 0] == 0).all() and (one[weights > 0] > 0).any()
    torch.testing.assert_close(
        maps(detector, "odam", images, of_proposals(detector, images, [1, 3]), "backbone.last"), found
    )


def test_odam_tells_two_equal_objects_apart_and_grad_cam_does_not() -> None:
    """Both ROIs reach over the gap into the other object, so that telling them apart is not trivial."""
    objects = {LEFT: "red", RIGHT: "red"}
    detector = toy([(2, 6, 16, 18), (10, 6, 24, 18)])
    picture = drawn((32, 32), objects)
    images = to_pixels(picture[None])
    boxes = boxes_of(detector, images)
    assert boxes.labels.tolist() == [1, 1] and boxes.boxes[:, 0].tolist() == [2, 10]
    regions = np.zeros((2, 32, 32), np.uint8)
    for row, (own, other) in enumerate([(LEFT, RIGHT), (RIGHT, LEFT)]):
        for (x0, y0, x1, y1), bit in ((own, IN_BOX), (other, ON_OTHER)):
            regions[row, y0:y1, x0:x1] = bit

    def shares(method: str) -> np.ndarray:
        found = maps(detector, method, images, boxes)
        if method == "grad_cam":
            assert torch.equal(found[0], found[1])
        block = Block(detector, picture[None], found.numpy(), ["a", "b"], np.ones(2), regions, 0, 0, "cpu", 1)
        return box_localisation(block).values["odi_other"]

    np.testing.assert_allclose(shares("grad_cam"), 0.5)
    # Columns 14 and 15 at full weight and 16 at half, of the other object; all 8 of its own.
    np.testing.assert_allclose(shares("odam")[0], 2.5 / 10.5, atol=1e-6)
    assert shares("odam").max() < 0.3


def centroid(one: torch.Tensor) -> tuple[float, float]:
    """(x, y) in pixels, the middle of the first pixel at 0.5."""
    down, across = (torch.arange(side) + 0.5 for side in one.shape)
    return float((one.sum(0) * across).sum() / one.sum()), float((one.sum(1) * down).sum() / one.sum())


@pytest.mark.parametrize("stride", [1, 4])
def test_grad_cam_lies_on_the_object_of_a_padded_picture_and_stretched_it_does_not(stride: int) -> None:
    """A map of the padded 64 x 64, squeezed into 41 columns and 50 rows, moves everything by those shares."""
    box, size = (24, 36, 32, 44), (50, 41)
    last = nn.Identity() if stride == 1 else nn.AvgPool2d(stride)
    detector = toy([box], size, last=last)
    images = to_pixels(drawn(size, {box: "green"})[None])
    assert detector.filled(size) == (50 / 64, 41 / 64)
    boxes = boxes_of(detector, images)
    assert boxes.labels.tolist() == [2]
    x, y = centroid(maps(detector, "grad_cam", images, boxes)[0])
    assert (x, y) == pytest.approx((28, 40), abs=0.1) and box[0] < x < box[2] and box[1] < y < box[3]
    x, y = centroid(maps(detector, "grad_cam_stretched", images, boxes)[0])
    assert (x, y) == pytest.approx((28 * 41 / 64, 40 * 50 / 64), abs=0.3)
    assert not box[0] < x < box[2] and not box[1] < y < box[3]


def test_grad_cam_of_a_picture_that_is_resized_lies_on_the_object() -> None:
    """The picture is half as large as what the detector sees, so proposals count in pixels twice as small."""
    box = (12, 18, 16, 22)
    detector = toy([tuple(2 * edge for edge in box)], (50, 82))
    images = to_pixels(drawn((25, 41), {box: "blue"})[None])
    boxes = boxes_of(detector, images)
    torch.testing.assert_close(boxes.boxes, torch.tensor([box], dtype=torch.float32))
    for method in ("grad_cam", "layer_cam", "odam"):
        x, y = centroid(maps(detector, method, images, boxes)[0])
        assert box[0] < x < box[2] and box[1] < y < box[3], method


def test_d_rise_peaks_in_the_one_cell_that_the_detector_sees() -> None:
    """Whether the cell is seen decides the class; the box is the same for every mask."""
    cell = (16, 8, 24, 16)
    detector = toy([cell])
    images = torch.ones(1, 3, 32, 32) * torch.tensor([1.0, 0.2, 0.2])[:, None, None]
    boxes = boxes_of(detector, images)
    assert len(boxes) == 1
    found = maps(detector, "d_rise", images, boxes, masks=256, cells=4)[0]
    y, x = divmod(int(found.argmax()), 32)
    assert cell[0] <= x <= cell[2] and cell[1] <= y <= cell[3]
    assert found[9:16, 17:24].mean() > 4 * found.abs().mean()
    plain = maps(detector, "d_rise", images, boxes, masks=256, cells=4, centred=False)[0]
    assert plain.min() >= 0 and divmod(int(plain.argmax()), 32) == (y, x)


def test_d_rise_of_all_boxes_is_that_of_each() -> None:
    detector = toy([LEFT, RIGHT])
    images = to_pixels(drawn((32, 32), {LEFT: "red", RIGHT: "blue"})[None])
    boxes = boxes_of(detector, images)
    whole = maps(detector, "d_rise", images, boxes, masks=20, cells=4)
    for k in range(2):
        torch.testing.assert_close(
            maps(detector, "d_rise", images, boxes[k : k + 1], masks=20, cells=4)[0], whole[k]
        )
    assert not torch.equal(whole[0], whole[1])


def test_the_centre_of_a_box_is_a_bell_as_wide_as_the_box() -> None:
    detector, images = toy([(4, 8, 12, 24), (9, 9, 10, 10)]), noise(32, 40)
    found = maps(detector, "centre_of_box", images, of_proposals(detector, images, [1, 1]), sd=0.5)
    assert found.shape == (2, 32, 40)
    peak = np.exp(-0.5 * ((0.5 / 8 / 0.5) ** 2 + (0.5 / 16 / 0.5) ** 2))
    assert found[0, 15:17, 7:9].numpy() == pytest.approx(np.full((2, 2), peak))
    assert found[0, 7, 3] == pytest.approx(np.exp(-0.5 * ((4.5 / 8 / 0.5) ** 2 + (8.5 / 16 / 0.5) ** 2)))
    assert found[1].argmax() == 9 * 40 + 9 and found[1, 9, 9] == 1


def test_the_explained_logit_is_that_of_the_detection_after_threshold_and_suppression() -> None:
    """Of five proposals one falls below the threshold and one is suppressed: the others are explained."""
    near = (5, 8, 13, 16)  # IoU 7/9 with LEFT, of which it sees less
    proposals = [(20, 20, 28, 28), near, RIGHT, LEFT, (2, 22, 10, 30)]
    things = {LEFT: "red", RIGHT: "dark red", (2, 22, 8, 28): "blue"}
    detector, images = toy(proposals), to_pixels(drawn((32, 32), things)[None])
    with torch.no_grad():
        theirs = detector.network([images[0]])[0]
    assert theirs["labels"].tolist() == [1, 1, 3] and theirs["scores"].diff().max() < 0
    boxes = boxes_of(detector, images)
    torch.testing.assert_close(boxes.boxes, theirs["boxes"])
    for k, place in enumerate((3, 2, 4)):
        own = boxes[k : k + 1]
        leaf = images.clone().requires_grad_()
        outputs = own.outputs(detector, leaf)
        logit = own.scores(outputs)
        (gradient,) = torch.autograd.grad(logit.sum(), leaf)
        weights = roi_weights(proposals[place], (32, 32))
        torch.testing.assert_close(gradient[0, own.labels[0] - 1], GAIN * weights)
        rest = torch.cat([outputs[0, : own.labels[0]], outputs[0, own.labels[0] + 1 :]]).logsumexp(0)
        torch.testing.assert_close((logit[0] - rest).sigmoid().detach(), theirs["scores"][k])


def test_methods_take_their_own_seed_for_every_box() -> None:
    """Noise is drawn by the box's name, so two boxes of a picture have other noise."""
    detector = toy([LEFT, RIGHT])
    images = to_pixels(drawn((32, 32), {LEFT: "red", RIGHT: "red"})[None])
    found = maps(detector, "random", images, boxes_of(detector, images))
    assert found.shape == (2, 32, 32) and not torch.equal(found[0], found[1])


def test_a_score_without_a_place_is_refused_by_odam() -> None:
    detector, images = toy([LEFT]), noise(32, 32)
    with pytest.raises(UserError, match=r"'detection.score' is 'found'.*leave odam out"):
        maps(detector, "odam", images, of_proposals(detector, images, [1], "found"))


def test_the_background_is_found_where_nothing_is() -> None:
    detector = toy([LEFT])
    assert len(boxes_of(detector, torch.zeros(1, 3, 32, 32))) == 0
    with torch.no_grad():
        logits = detector(torch.zeros(1, 3, 32, 32))[0].logits
    assert logits.tolist() == [[BACKGROUND, 0, 0, 0]]
