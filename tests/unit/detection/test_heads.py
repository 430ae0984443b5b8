"""Detectors read candidate by candidate: what torchvision's forward pass finds, and what it comes from."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import nn
from torchvision.models import resnet18
from torchvision.models.detection.anchor_utils import DefaultBoxGenerator
from torchvision.models.detection.ssd import SSD
from torchvision.ops import MultiScaleRoIAlign

from signsight.attribution.cam import activation_and_gradient
from signsight.attribution.run import frozen
from signsight.attribution.task import Task
from signsight.core.errors import UserError
from signsight.detection.build import build
from signsight.detection.detector import Detector
from signsight.detection.frame import frame_of
from signsight.detection.heads import TwoStage, head_of
from signsight.detection.target import Boxes
from toy_detector import boxes_of, toy

SMALL = {"min_size": 96, "max_size": 150}
TINY = {"width": 4, "channels": 8, "hidden": 16, "smallest": 64, "proposals": 60}
SIZE, CLASSES = (77, 101), 5


class Levels(nn.Module):
    """Three levels of strides 8, 16 and 32, one made of the other, as in SSD."""

    target = "first"
    out_channels = (4, 6, 8)

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 8, 8)
        self.more = nn.ModuleList([nn.Conv2d(4, 6, 2, 2), nn.Conv2d(6, 8, 2, 2)])

    def forward(self, images: torch.Tensor) -> OrderedDict[str, torch.Tensor]:
        found = [self.first(images)]
        for layer in self.more:
            found.append(layer(found[-1].relu()))
        return OrderedDict((f"{number}", level) for number, level in enumerate(found))


def ssd() -> SSD:
    """An SSD with other numbers of anchors on other levels; `ssd300_vgg16` is the same, but slow."""
    anchors = DefaultBoxGenerator([[2], [2, 3], [2]], scales=[0.1, 0.3, 0.6, 0.9], steps=[8, 16, 32])
    return SSD(Levels(), anchors, (64, 96), CLASSES).eval()


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "compact_fpn": lambda: build("compact_fpn", CLASSES, TINY),
    "fasterrcnn_mobilenet_v3_large_320_fpn": lambda: build(
        "fasterrcnn_mobilenet_v3_large_320_fpn", CLASSES, SMALL
    ),
    "fasterrcnn_resnet50_fpn": lambda: build(
        "fasterrcnn_resnet50_fpn", CLASSES, {**SMALL, "rpn_post_nms_top_n_test": 60}
    ),
    "retinanet_resnet50_fpn": lambda: build("retinanet_resnet50_fpn", CLASSES, SMALL),
    "fcos_resnet50_fpn": lambda: build("fcos_resnet50_fpn", CLASSES, SMALL),
    "ssd": ssd,
    "ssdlite320_mobilenet_v3_large": lambda: build("ssdlite320_mobilenet_v3_large", CLASSES),
}


def last_layers(network: nn.Module) -> list[nn.Module]:
    """The layers that the logits come out of."""
    if isinstance(network, SSD):
        blocks = network.head.classification_head.module_list
        return [block[-1] if isinstance(block, nn.Sequential) else block for block in blocks]
    heads = dict(getattr(network, "roi_heads", network).named_modules())
    return [heads[name] for name in heads if name.rpartition(".")[2] in ("cls_score", "cls_logits")]


@pytest.fixture(scope="module", params=NETWORKS)
def detector(request: pytest.FixtureRequest) -> Detector:
    """Random weights, so spread that there are many detections of several classes."""
    torch.manual_seed(0)
    network = NETWORKS[request.param]()
    found = Detector(network, architecture=request.param, parameters={}, classes=list("abcde")).eval()
    getattr(network, "roi_heads", network).score_thresh = 0.05
    with torch.no_grad():
        for layer in last_layers(network):
            layer.bias.zero_()
        logits = found(picture())[0].logits
        scale = 2 / logits.std(0).mean()
        for layer in last_layers(network):
            layer.weight.mul_(scale)
            layer.bias.copy_((-scale * logits.mean(0)).repeat(len(layer.bias) // CLASSES))
    return found


def picture() -> torch.Tensor:
    torch.manual_seed(1)
    return torch.rand(1, 3, *SIZE)


def test_detections_are_those_of_torchvision_and_every_one_is_read_at_its_place(detector: Detector) -> None:
    images = picture()
    with torch.no_grad():
        candidates, found = detector.detect(images)[0]
        theirs = detector.network([images[0]])[0]
        maps = detector.maps(images)
        reading = detector.read(maps, candidates.places[found.candidate], SIZE, boxes=True)
    assert len(found.label) > 20 and len(found.label.unique()) > 2
    assert torch.equal(found.label, theirs["labels"])
    torch.testing.assert_close(found.probability, theirs["scores"])
    boxes = detector.frame(SIZE).to_picture(found.box)
    torch.testing.assert_close(boxes, theirs["boxes"], rtol=1e-5, atol=1e-3)
    # Explained at its place, a detection has the logits, the box and the probability that made it one.
    logits = candidates.logits[found.candidate]
    torch.testing.assert_close(reading.logits, logits, rtol=1e-4, atol=1e-4)
    edges = reading.boxes_of(found.label)
    width = detector.frame(SIZE).resized[1]
    torch.testing.assert_close(edges[:, 0].clamp(0, width), found.box[:, 0], rtol=1e-4, atol=1e-2)
    own = Boxes(
        found.label, boxes, candidates.places[found.candidate], candidates.probabilities[found.candidate],
        detector.head.activation, "softmax",
    )  # fmt: skip
    with torch.no_grad():
        shares = own.scores(own.outputs_of(detector, maps, SIZE))
    torch.testing.assert_close(shares, theirs["scores"], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        replace(own, score="logit").linear(logits), logits.gather(1, found.label[:, None])[:, 0]
    )


def test_maps_of_one_picture_serve_all_places(detector: Detector) -> None:
    """Read at K places of one picture, or at one place each of K copies."""
    with torch.no_grad():
        maps = detector.maps(picture())
        candidates = detector.head.candidates(maps, detector.frame(SIZE))[0]
        places = candidates.places[:: len(candidates.places) // 3][:3]
        copies = OrderedDict((name, level.expand(3, -1, -1, -1)) for name, level in maps.items())
        one, many = (detector.read(found, places, SIZE) for found in (maps, copies))
    torch.testing.assert_close(one.logits, many.logits, rtol=1e-4, atol=1e-4)


def test_the_default_layer_has_influence_on_every_box(detector: Detector) -> None:
    """Of SSD the levels of the pyramid follow one another, so the layer has to come before the first."""
    images = picture()
    boxes = boxes_of(detector, images)
    groups = boxes.places[:, 0].argsort()[[0, -1]]  # the finest level and the coarsest one
    with frozen(detector):
        _, gradient = activation_and_gradient(Task(detector, None, 0), images, boxes[groups])
    assert gradient.isfinite().all() and (gradient.abs().amax((1, 2, 3)) > 0).all()


def test_other_networks_are_no_detectors() -> None:
    with pytest.raises(UserError, match="The detector is a ResNet; give a FasterRCNN"):
        head_of(resnet18())


@pytest.mark.parametrize("sizes", [(64, 128), (50, 97)])
def test_places_are_pooled_as_torchvision_does(sizes: tuple[int, int]) -> None:
    """From boxes of a pixel to some larger than the picture, in a batch and of one picture."""
    torch.manual_seed(0)
    frame = frame_of(sizes, smallest=min(sizes), largest=max(sizes))
    down, across = frame.padded
    maps = OrderedDict((f"{k}", torch.rand(1, 4, down >> k + 2, across >> k + 2)) for k in range(4))
    corners = torch.rand(40, 2) * 60
    places = torch.cat([corners, corners + torch.logspace(0, 2.3, 40)[:, None] * torch.tensor([1.0, 0.5])], 1)
    detector = toy([(0, 0, 4, 4)])
    pool = MultiScaleRoIAlign(["0", "1", "2"], 3, 2, canonical_scale=32, canonical_level=3)
    detector.network.roi_heads.box_roi_pool = pool
    head = TwoStage(detector.network)
    found = head.pooled(maps, places, frame)
    torch.testing.assert_close(found, pool(maps, [places], [frame.resized]))
    assert found.shape == (40, 4, 3, 3)
    batch = OrderedDict((name, torch.rand(40, *level.shape[1:])) for name, level in maps.items())
    expected = pool(batch, list(places[:, None]), [frame.resized] * 40)
    torch.testing.assert_close(head.pooled(batch, places, frame), expected)
