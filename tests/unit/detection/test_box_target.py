"""A box as what is explained: its scores, by hand and by differences, and one pass for several boxes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from signsight.attribution.run import frozen
from signsight.attribution.target import joined, parse
from signsight.attribution.task import Task
from signsight.core.registry import methods
from signsight.detection.build import build
from signsight.detection.candidates import Candidates, Selection, detections, overlap
from signsight.detection.detector import Detector
from signsight.detection.frame import Frame
from signsight.detection.target import EDGES, OVERALL, Boxes, BoxTarget
from toy_detector import boxes_of, drawn, toy

SAME = Frame((40, 40), (40, 40), (64, 64))


@pytest.fixture(scope="module")
def small() -> Detector:
    """The project's detector, tiny, with scores that differ."""
    torch.manual_seed(0)
    parameters = {"width": 4, "channels": 8, "hidden": 16, "smallest": 64, "proposals": 40}
    network = build("compact_fpn", 4, parameters)
    with torch.no_grad():
        network.roi_heads.box_predictor.cls_score.weight.mul_(50)
    return Detector(network, architecture="compact_fpn", parameters=parameters, classes=list("abcd")).eval()


def picture(*size: int) -> torch.Tensor:
    torch.manual_seed(5)
    return torch.rand(1, 3, *size)


@pytest.mark.parametrize("score", ["logit", "softmax", "x1"])
@pytest.mark.parametrize(
    "method", ["saliency", "grad_cam", "layer_cam", "guided_backprop", "guided_grad_cam"]
)
def test_one_picture_with_several_boxes_gives_what_a_copy_for_each_gives(
    small: Detector, method: str, score: str
) -> None:
    images = picture(50, 71)
    boxes = boxes_of(small, images, score)
    boxes = boxes[boxes.places[:, 2:].sub(boxes.places[:, :2]).prod(1).argsort()[[0, -1, 1]]]  # other levels
    task, ids = Task(small, None, 0), ["a", "b", "c"]
    with frozen(small):
        one = methods.get(method)(task, images, boxes, ids)
        many = methods.get(method)(task, images.repeat(3, 1, 1, 1), boxes, ids)
    peak = many.abs().amax().item()
    assert peak > 0 and one.shape == many.shape and len(one) == 3
    torch.testing.assert_close(one, many, rtol=1e-4, atol=1e-5 * peak)


def test_the_gradient_of_an_edge_is_its_difference() -> None:
    """In pixels of the picture, of which the detector sees one twice as large."""
    detector = toy([(8, 12, 30, 40), (32, 4, 60, 28)], (50, 82), offsets=0.5, mean=0.4, std=0.3).double()
    images = picture(25, 41).double()
    places = detector.network.rpn.boxes
    way = torch.randn_like(images)
    step = 1e-5
    for edge in EDGES:
        boxes = Boxes(torch.tensor([1, 3]), places / 2, places, torch.full((2, 4), 0.25), score=edge)
        with torch.no_grad():
            up, down = (boxes.scores(boxes.outputs(detector, images + s * step * way)) for s in (1, -1))
            at = boxes.scores(boxes.outputs(detector, images))
        leaf = images.clone().requires_grad_()
        scores = boxes.scores(boxes.outputs(detector, leaf))
        for k in range(2):
            (gradient,) = torch.autograd.grad(scores[k], leaf, retain_graph=True)
            expected = (up - down)[k] / (2 * step)
            torch.testing.assert_close((gradient * way).sum(), expected, rtol=1e-6, atol=1e-9)
            assert expected.abs() > 1e-3
        # Where the detector's own decoding puts it, before it is cut off at the border.
        with torch.no_grad():
            decoded = detector.read(detector.maps(images), places, (25, 41), boxes=True)
        own = decoded.boxes[torch.arange(2), boxes.labels][:, EDGES.index(edge)] / 2
        torch.testing.assert_close(at, own)


def candidates(rows: list[tuple[tuple[float, ...], tuple[float, ...]]]) -> Candidates:
    """Of boxes with the probabilities of all classes."""
    shares = torch.tensor([share for _, share in rows])
    boxes = torch.tensor([box for box, _ in rows], dtype=torch.float32)[:, None]
    return Candidates(shares.log(), shares, boxes, boxes[:, 0], torch.zeros(len(rows), dtype=torch.int64))


OTHERS = candidates(
    [
        ((0, 0, 10, 5), (0.6, 0.3, 0.1)),  # IoU 1/2
        ((0, 0, 10, 4), (0.0, 0.9, 0.1)),  # IoU 2/5
        ((0, 0, 10, 10), (0.0, 0.0, 1.0)),  # IoU 1, of another class
        ((20, 20, 30, 30), (0.0, 1.0, 0.0)),
    ]
)
BOX = Boxes(
    torch.tensor([1]),
    torch.tensor([[0.0, 0, 10, 10]]),
    torch.zeros(1, 4),
    torch.tensor([[0.3, 0.4, 0.0]]),
)


def test_found_is_the_highest_probability_of_the_class_at_the_box() -> None:
    found = replace(BOX, score="found")
    assert found.among(OTHERS, SAME).tolist() == pytest.approx([0.3])  # an IoU of one half counts
    other = replace(found, labels=torch.tensor([2]))
    assert other.among(OTHERS, SAME).tolist() == [1.0]
    away = replace(found, boxes=torch.tensor([[50.0, 50, 60, 60]]))
    assert away.among(OTHERS, SAME).tolist() == [0.0]


def test_similarity_is_the_highest_product_of_overlap_and_cosine() -> None:
    """The second: 2/5 * (0.9 * 0.8) / |(0, 0.9, 0.1)|; the first: 1/2 * (0.6 * 0.6 + 0.3 * 0.8) / |...|."""
    first = 0.5 * (0.36 + 0.24) / np.sqrt(0.36 + 0.09 + 0.01)
    second = 0.4 * 0.72 / np.sqrt(0.81 + 0.01)
    found = replace(BOX, score="similarity").among(OTHERS, SAME)
    assert first > second and found.tolist() == pytest.approx([first])


def test_boxes_over_all_candidates_are_compared_in_pixels_of_the_picture() -> None:
    """A detector that sees pictures twice as large gives boxes twice as large."""
    large = replace(OTHERS, boxes=2 * OTHERS.boxes)
    frame = Frame((20, 20), (40, 40), (64, 64))
    for score in OVERALL:
        own = replace(BOX, score=score)
        torch.testing.assert_close(own.among(large, frame), own.among(OTHERS, SAME))


def test_a_picture_without_candidates_scores_nothing() -> None:
    nothing = candidates([((0.0, 0, 1, 1), (0.1, 0.2, 0.7))])
    nothing = Candidates(*(getattr(nothing, name)[:0] for name in vars(nothing)))
    for score in OVERALL:
        assert replace(BOX, score=score).among(nothing, SAME).tolist() == [0.0]


def test_a_table_has_the_scores_of_every_picture_for_every_box() -> None:
    left, right = (4, 8, 12, 16), (18, 8, 26, 16)
    detector = toy([left, right])
    pictures = [drawn((32, 32), {left: one, right: "blue"}) for one in ("red", "dark red", "green")]
    images = torch.stack([torch.from_numpy(one).permute(2, 0, 1) / 255 for one in pictures])
    whole = boxes_of(detector, images[:1], "found")
    with torch.no_grad():
        table = whole.table(detector, images)
        assert table.shape == (3, 2)
        for k in range(2):
            each = replace(whole[k : k + 1], score="found")
            torch.testing.assert_close(each.outputs(detector, images[:1])[:, 0], table[0, k : k + 1])
        same = whole.outputs(detector, images[[1, 2]])  # box k in picture k
        torch.testing.assert_close(same[:, 0], table[[1, 2], [0, 1]])
        normalised = whole.outputs(detector, detector.normalise(images[:2]), normalised=True)
        torch.testing.assert_close(normalised[:, 0], table[[0, 1], [0, 1]])
    assert table[0].min() > 0.9 and table[2, 0] < 0.02


def target() -> BoxTarget:
    boxes = Boxes(
        torch.arange(3), torch.arange(12.0).view(3, 4), torch.arange(3.0)[:, None], torch.eye(3), "sigmoid"
    )
    return BoxTarget(("p-1", "p-4", "p-2"), boxes)


def test_boxes_are_bound_by_their_names_and_taken_by_any_kind_of_rows() -> None:
    images = torch.zeros(1, 3, 8, 8)
    bound = target().bind(None, images, np.empty(0), ["p-2", "p-1"])
    assert bound.labels.tolist() == [2, 0] and bound.activation == "sigmoid" and len(bound) == 2
    assert torch.equal(bound.boxes, target().boxes.boxes[[2, 0]])
    whole = target().boxes
    for rows in (slice(1, 3), torch.tensor([1, 2]), torch.tensor([False, True, True]), np.array([1, 2])):
        part = whole[rows]
        assert part.labels.tolist() == [1, 2] and part.places.tolist() == [[1], [2]] and len(part) == 2
        assert torch.equal(part.shares, torch.eye(3)[1:])
    assert whole.classes is whole.labels and whole.against is None
    moved = whole.to("cpu")
    assert all(torch.equal(getattr(moved, n), getattr(whole, n)) for n in ("labels", "boxes", "places"))
    whole = joined([whole[:1], whole[1:]])
    assert whole.labels.tolist() == [0, 1, 2] and torch.equal(whole.shares, torch.eye(3))


def test_a_target_keeps_the_score_that_it_follows() -> None:
    assert parse(target(), "softmax").boxes.score == "softmax"
    followed = replace(target(), follows="found").scored("softmax")
    assert followed.boxes.score == "found" and followed.ids == target().ids
    assert target().held(np.empty(0), np.empty(0), "cpu").labels.tolist() == [0, 1, 2]


def test_the_overlap_of_boxes_is_theirs_by_hand() -> None:
    one = torch.tensor([[0.0, 0, 4, 4], [0, 0, 0, 4]])
    others = torch.tensor([[0.0, 0, 4, 4], [2, 2, 6, 6], [4, 0, 8, 4], [1, 1, 1, 3]])
    expected = torch.tensor([[1.0, 4 / 28, 0, 0], [0, 0, 0, 0]])
    torch.testing.assert_close(overlap(one[:, None], others), expected)


def test_of_equal_boxes_the_more_probable_one_is_kept_in_its_class_alone() -> None:
    shares = torch.tensor([[0.1, 0.6, 0.3], [0.1, 0.5, 0.4], [0.94, 0.02, 0.04], [0.1, 0.1, 0.8]])
    boxes = torch.tensor([[0.0, 0, 9, 9], [0, 0, 9, 9], [0, 0, 9, 9], [0, 0, 0.001, 9]])[:, None]
    given = Candidates(shares.log(), shares, boxes, boxes[:, 0], torch.tensor([0, 0, 1, 1]))
    found = detections(given, Selection(0.05, 0.5, 100, 1))
    assert found.candidate.tolist() == [0, 1] and found.label.tolist() == [1, 2]  # the last has no extent
    found = detections(given, Selection(0.05, 1.0, 2, 1))
    assert found.probability.tolist() == pytest.approx([0.6, 0.5])
    best = detections(given, Selection(0.0, 1.0, 100, 0, ("level", 1)))
    assert sorted(best.candidate.tolist()) == [0, 2] and best.label.tolist() == [0, 1]
    best = detections(given, Selection(0.0, 1.0, 100, 1, ("class", 1)))
    assert best.candidate.tolist() == [3, 0] and best.label.tolist() == [2, 1]
