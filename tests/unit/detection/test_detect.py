"""A detector on a scene set: its detections, the chosen boxes, their targets and maps, from file to file."""

from __future__ import annotations

import logging
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from signsight.attribution.run import frozen
from signsight.attribution.task import Task
from signsight.core.errors import UserError
from signsight.core.files import read_csv, write_csv
from signsight.core.registry import methods
from signsight.detection.detect import (
    BOX_COLUMNS,
    DETECTION_COLUMNS,
    Found,
    box_targets,
    detect,
    save_tensors,
)
from signsight.detection.detector import Detector
from signsight.detection.explain import Settings, explain_boxes, explain_scenes
from signsight.detection.map_file import MapsFile, maps_writer
from signsight.detection.scene import Box, Scene, SceneObject
from signsight.detection.scene_set import SceneSet
from signsight.detection.target import BoxTarget
from signsight.models.classifier import to_pixels
from toy_detector import drawn, scene_set, toy

CPU = torch.device("cpu")
LEFT, RIGHT, LOW = (4, 8, 12, 16), (18, 8, 26, 16), (4, 20, 12, 28)
# The first holds nothing, and the second is the least probable: no detection has its proposal's number.
PROPOSALS = [(20, 20, 28, 28), LOW, RIGHT, LEFT]
HOW = {"which": "all", "threshold": 0.5, "class": None, "at": None, "most": 10, "pictures": None}


def detector_of(proposals: list[Box]) -> Detector:
    """One that sees pictures of 32 x 32 as they are, and those of 40 x 50 as 32 x 40."""
    return toy(proposals, (32, 40))


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> SceneSet:
    """Two objects of a class; nothing; a picture that nobody annotated, of an unknown class, larger."""
    two = drawn((32, 32), {LEFT: "red", RIGHT: "red", LOW: "dark red"})
    truth = [SceneObject("red", RIGHT), SceneObject("green", (18, 20, 26, 28)), SceneObject("red", LEFT)]
    given = [
        Scene("001", two, truth),
        Scene("none", drawn((32, 32), {}), []),
        Scene("NA", drawn((40, 50), {(5, 10, 15, 20): "blue"})),
    ]
    return scene_set(tmp_path_factory.mktemp("scenes"), given, ("green", "red"))


@pytest.fixture(scope="module")
def found(scenes: SceneSet) -> Found:
    return detect(detector_of(PROPOSALS), scenes, HOW, 0.5, CPU)


def test_every_detection_is_listed_with_the_object_that_it_finds(found: Found, scenes: SceneSet) -> None:
    table = found.detections
    assert table.columns.tolist() == DETECTION_COLUMNS
    assert table["picture"].tolist() == ["001", "001", "001", "NA"]
    assert table["detection"].tolist() == [1, 2, 3, 1]
    assert table["label"].tolist() == ["red", "red", "red", "blue"]
    assert table["class_id"].tolist() == [1, 1, 1, -1]
    assert sorted(table["object"][:2]) == [1, 3] and table["object"][2:].tolist() == [0, 0]
    assert table["probability"][:3].is_monotonic_decreasing and table["iou"][:2].tolist() == [1, 1]
    share = np.exp(table["logit"]) / (np.exp(table["logit"]) + np.exp(4) + 2)
    np.testing.assert_allclose(table["probability"], share, rtol=1e-5)
    # The last picture is shrunk by 32/40, so its boxes are larger than the proposals by 40/32.
    np.testing.assert_allclose(table.loc[3, ["x0", "y0", "x1", "y1"]].astype(float), [5, 10, 15, 20])


def test_the_chosen_boxes_carry_what_a_target_is_made_of(
    scenes: SceneSet, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    detector = detector_of(PROPOSALS)
    best = detect(detector, scenes, HOW | {"which": "best"}, 0.5, CPU)
    assert best.boxes.columns.tolist() == BOX_COLUMNS
    assert best.boxes["box"].tolist() == ["001-1", "NA-1"]
    assert "4 detections, 2 boxes are explained" in caplog.text
    assert "1 pictures have no such box (none)" in caplog.text
    assert {name: values.shape for name, values in best.tensors.items()} == {
        "labels": (2,), "boxes": (2, 4), "places": (2, 4), "shares": (2, 4)
    }  # fmt: skip
    assert best.tensors["labels"].tolist() == [1, 3]
    np.testing.assert_allclose(best.tensors["boxes"], best.boxes[["x0", "y0", "x1", "y1"]], rtol=1e-6)
    np.testing.assert_allclose(best.tensors["places"][0], best.tensors["boxes"][0])  # boxes do not move
    np.testing.assert_allclose(best.tensors["places"][1], LEFT)
    np.testing.assert_allclose(best.tensors["shares"].max(1), best.boxes["probability"], rtol=1e-5)
    of_class = detect(detector, scenes, HOW | {"which": "class", "class": "blue"}, 0.5, CPU)
    assert of_class.boxes["box"].tolist() == ["NA-1"]
    objects = detect(detector, scenes, HOW | {"which": "objects"}, 0.5, CPU)
    assert objects.boxes["box"].tolist() == ["001-1", "001-2"]
    with pytest.raises(UserError, match="did you mean 'blue'"):
        detect(detector, scenes, HOW | {"which": "class", "class": "bluer"}, 0.5, CPU)


def stored(found: Found, folder: Path, score: str = "logit") -> dict[str, BoxTarget]:
    """The targets by way of the files of the rule `detect`."""
    write_csv(folder / "boxes.csv", found.boxes)
    save_tensors(folder / "boxes.npz", found.tensors, "softmax")
    return box_targets(folder / "boxes.csv", folder / "boxes.npz", score)


def test_targets_come_back_from_files_picture_by_picture(found: Found, tmp_path: Path) -> None:
    targets = stored(found, tmp_path, "softmax")
    assert list(targets) == ["001", "NA"] and targets["001"].ids == ("001-1", "001-2", "001-3")
    assert targets["NA"].boxes.labels.tolist() == [3] and targets["NA"].boxes.score == "softmax"
    assert targets["001"].boxes.activation == "softmax"
    for name, values in found.tensors.items():
        again = np.concatenate([getattr(target.boxes, name) for target in targets.values()])
        np.testing.assert_array_equal(again, values)
    pictures = read_csv(tmp_path / "boxes.csv")["picture"].tolist()
    assert pictures == ["001", "001", "001", "NA"]


def test_boxes_of_the_first_pictures_alone_are_explained(scenes: SceneSet) -> None:
    detector = detector_of(PROPOSALS)
    every, first = (detect(detector, scenes, HOW | {"pictures": count}, 0.5, CPU) for count in (None, 1))
    pd.testing.assert_frame_equal(first.detections, every.detections)
    own = every.boxes["picture"] == scenes.ids[0]
    assert 0 < own.sum() < len(own)
    pd.testing.assert_frame_equal(first.boxes, every.boxes[own])
    assert len(first.tensors["labels"]) == own.sum()


def test_no_box_to_explain_in_any_picture_is_a_sentence(scenes: SceneSet) -> None:
    with pytest.raises(
        UserError, match=r"detections is, in the first \d+ pictures.*'detection.boxes'.*threshold: 1.0.*lower"
    ):
        detect(detector_of([LEFT]), scenes, HOW | {"threshold": 1.0}, 0.5, CPU)


def settings(method: str, layer: str | None = None, **parameters: Any) -> Settings:
    return Settings(method, parameters, layer, 8, 3)


@pytest.mark.parametrize(
    "given",
    [
        settings("grad_cam"),
        settings("saliency"),
        settings("odam"),
        settings("random"),
        settings("smooth_grad", samples=2),
        settings("rise", masks=4, cells=4),
    ],
    ids=lambda given: given.method,
)
def test_the_maps_of_all_boxes_are_those_of_each_box(
    given: Settings, scenes: SceneSet, found: Found, tmp_path: Path
) -> None:
    """Methods that share a pass, and those that take a box at a time; in the order of the boxes."""
    detector, targets = detector_of(PROPOSALS), stored(found, tmp_path)
    seconds = explain_scenes(detector, scenes, targets, given, CPU, tmp_path / "maps.npz")
    maps = MapsFile(tmp_path / "maps.npz")
    assert len(maps) == 4 and seconds >= 0
    assert [maps.read(row).shape for row in range(4)] == [(32, 32)] * 3 + [(40, 50)]
    images = to_pixels(scenes.picture("001")[None])
    with frozen(detector):
        for row in range(3):
            target = targets["001"]
            one = methods.get(given.method)(
                Task(detector, None, 3, 8), images, target.boxes[row : row + 1], [target.ids[row]],
                **given.parameters,
            )  # fmt: skip
            one = one.detach().abs().amax(1) if one.ndim == 4 else one
            np.testing.assert_allclose(maps.read(row), one[0], rtol=1e-5, atol=1e-7)
            assert np.ptp(maps.read(row)) > 0


def test_maps_can_be_made_within_inference_mode(scenes: SceneSet, found: Found, tmp_path: Path) -> None:
    target, detector = stored(found, tmp_path)["NA"], detector_of([LEFT])
    with torch.inference_mode():
        maps = explain_boxes(detector, scenes.picture("NA"), target, settings("saliency"), CPU)
    assert maps.shape == (1, 40, 50) and maps.dtype == np.float32 and maps.max() > 0


def test_a_map_that_is_not_finite_is_refused_and_nothing_is_left(
    scenes: SceneSet, found: Found, tmp_path: Path
) -> None:
    detector, out = detector_of(PROPOSALS), tmp_path / "out"
    torch.nn.init.constant_(detector.network.roi_heads.box_predictor.cls_score.weight, torch.nan)
    out.mkdir()
    with pytest.raises(UserError, match=r"The saliency map of box 001-1 is not finite"):
        explain_scenes(detector, scenes, stored(found, tmp_path), settings("saliency"), CPU, out / "maps.npz")
    assert list(out.iterdir()) == []


def some_maps() -> list[np.ndarray]:
    draw = np.random.default_rng(0)
    return [draw.standard_normal(size).astype(np.float32) for size in ((3, 5), (8, 2), (1, 1))]


def test_maps_of_any_size_come_back_one_by_one(tmp_path: Path) -> None:
    for name in ("a.npz", "b.npz"):
        with maps_writer(tmp_path / name) as writer:
            for one in some_maps():
                writer.add(one.T.copy().T)  # whatever lies in memory
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        assert {member.date_time[0] for member in archive.infolist()} == {1980}  # whenever it is written
    maps = MapsFile(tmp_path / "a.npz")
    assert len(maps) == 3
    for row, one in enumerate(some_maps()):
        np.testing.assert_array_equal(maps.read(row), one)
    with np.load(tmp_path / "a.npz") as plain:
        np.testing.assert_array_equal(plain["1"], some_maps()[1])


def test_maps_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), maps_writer(tmp_path / "maps.npz") as writer:
        writer.add(some_maps()[0])
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    with maps_writer(tmp_path / "maps.npz") as writer:
        writer.add(some_maps()[0])
    (tmp_path / "maps.npz").write_bytes((tmp_path / "maps.npz").read_bytes()[:-30])
    with pytest.raises(UserError, match=r"maps\.npz cannot be read .* run again"):
        MapsFile(tmp_path / "maps.npz").read(0)
