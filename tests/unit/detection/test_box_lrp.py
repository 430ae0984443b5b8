"""Relevance of a box's logit through a two-stage detector: conserved, and the gradient where it is linear."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from signsight.attribution.run import frozen
from signsight.attribution.task import Task
from signsight.core.errors import UserError
from signsight.core.registry import methods
from signsight.detection.build import FrozenNorm, build
from signsight.detection.detector import Detector
from signsight.detection.target import Boxes
from toy_detector import boxes_of, toy

BOX = (6, 4, 20, 18)


def maps(detector: Detector, method: str, images: torch.Tensor, box: Boxes, **given: float) -> torch.Tensor:
    with frozen(detector):
        return methods.get(method)(Task(detector, None, 0), images, box, ["a"], **given).detach()


def picture(*size: int) -> torch.Tensor:
    torch.manual_seed(2)
    return torch.rand(1, 3, *size)


def logit(box: Boxes, detector: Detector, images: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return box.scores(box.outputs(detector, images))


def test_lrp_0_of_a_linear_detector_is_gradient_times_input() -> None:
    """Through resizing, padding, a convolution, the pooling of the place and the linear head."""
    torch.manual_seed(0)
    detector = toy([BOX], (50, 82), last=nn.Conv2d(3, 3, 3, padding=1, bias=False), mean=0.4, std=0.3)
    images = picture(25, 41)
    places = detector.network.rpn.boxes
    box = Boxes(torch.tensor([3]), places / 2, places, torch.full((1, 4), 0.25))
    found = maps(detector, "lrp_epsilon", images, box, epsilon=0)
    expected = maps(detector, "gradient_x_input", images, box)
    peak = expected.abs().max().item()
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5 * peak)
    torch.testing.assert_close(found.sum()[None], logit(box, detector, images), rtol=1e-4, atol=1e-5)


@pytest.fixture(scope="module")
def biasless() -> Detector:
    """The project's detector, tiny, without any bias: its logits are homogeneous in the normalised pixels."""
    torch.manual_seed(0)
    parameters = {"width": 4, "channels": 8, "hidden": 16, "smallest": 64, "proposals": 40}
    network = build("compact_fpn", 4, parameters)
    for name, values in network.named_parameters():
        if name.endswith("bias"):
            nn.init.zeros_(values)
    with torch.no_grad():
        network.roi_heads.box_predictor.cls_score.weight.mul_(50)
    return Detector(network, architecture="compact_fpn", parameters=parameters, classes=list("abcd")).eval()


@pytest.mark.parametrize("which", [0, -1])
def test_lrp_conserves_the_logit_of_a_detector_with_a_pyramid(biasless: Detector, which: int) -> None:
    """The smallest place and the largest one, which are pooled from other levels."""
    images = picture(45, 71)
    boxes = boxes_of(biasless, images)
    sides = boxes.places[:, 2:] - boxes.places[:, :2]
    row = int(sides.prod(1).argsort()[which])
    own = boxes[row : row + 1]
    found = maps(biasless, "lrp_epsilon", images, own, epsilon=0)
    expected = logit(own, biasless, images)
    assert expected.abs().item() > 1e-3
    torch.testing.assert_close(found.sum()[None], expected, rtol=1e-3, atol=1e-5)
    for method in ("lrp_alpha_beta", "lrp_composite"):
        found = maps(biasless, method, images, own)
        assert found.shape == (1, 3, 45, 71) and found.isfinite().all() and found.abs().max() > 0


def test_relevance_stays_where_the_place_sees() -> None:
    """A detector of one level and one convolution: nothing beyond the place and a pixel."""
    detector = toy([BOX], (32, 32), last=nn.Conv2d(3, 3, 3, padding=1), mean=0.4)
    images = picture(32, 32)
    places = detector.network.rpn.boxes
    found = maps(
        detector, "lrp_epsilon", images, Boxes(torch.tensor([1]), places, places, torch.full((1, 4), 0.25))
    )
    x0, y0, x1, y1 = BOX
    inside = torch.zeros(32, 32, dtype=torch.bool)
    inside[y0 - 1 : y1 + 2, x0 - 1 : x1 + 2] = True
    assert (found[..., ~inside] == 0).all() and found.abs().max() > 0


@pytest.mark.parametrize("method", ["lrp_alpha_beta", "lrp_gamma"])
def test_frozen_normalisation_is_merged_into_its_convolution(method: str) -> None:
    """As in a detector with COCO's weights; a factor and an offset of their own would change these rules."""
    torch.manual_seed(0)
    norm, merged = FrozenNorm(3), nn.Conv2d(3, 3, 3, padding=1)
    for values in (norm.weight, norm.bias, norm.running_mean):
        nn.init.normal_(values)
    nn.init.uniform_(norm.running_var, 0.5, 2)
    plain = nn.Conv2d(3, 3, 3, padding=1)
    scale = norm.weight / norm.running_var.sqrt()
    with torch.no_grad():
        merged.weight.copy_(plain.weight * scale[:, None, None, None])
        merged.bias.copy_((plain.bias - norm.running_mean) * scale + norm.bias)
    found = []
    for last in (nn.Sequential(plain, norm, nn.ReLU()), nn.Sequential(merged, nn.ReLU())):
        detector = toy([BOX], last=last, mean=0.4)
        places = detector.network.rpn.boxes
        box = Boxes(torch.tensor([2]), places, places, torch.full((1, 4), 0.25))
        found.append(maps(detector, method, picture(32, 32), box))
    peak = found[1].abs().max().item()
    assert peak > 0
    torch.testing.assert_close(*found, rtol=1e-3, atol=1e-5 * peak)


def test_an_operation_without_a_rule_is_refused_in_a_sentence() -> None:
    """Group normalisation, as FCOS and the second version of RetinaNet have it."""
    detector = toy([BOX], last=nn.Sequential(nn.Conv2d(3, 3, 1), nn.GroupNorm(1, 3)))
    places = detector.network.rpn.boxes
    box = Boxes(torch.tensor([1]), places, places, torch.full((1, 4), 0.25))
    with pytest.raises(UserError, match=r"\(group_norm\); leave the lrp methods out"):
        maps(detector, "lrp_epsilon", picture(32, 32), box)


def test_an_edge_has_no_relevance() -> None:
    """A box is decoded by an exponential, which passes none."""
    detector = toy([BOX], offsets=0.1)
    places = detector.network.rpn.boxes
    box = Boxes(torch.tensor([1]), places, places, torch.full((1, 4), 0.25), score="x1")
    with pytest.raises(UserError, match="no rule for an operation"):
        maps(detector, "lrp_epsilon", picture(32, 32), box)
