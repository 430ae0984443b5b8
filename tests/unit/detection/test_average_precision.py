"""Average precision: cases worked out by hand, agreement with COCO's own path, resampled pictures."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from signsight.core.rng import generator
from signsight.detection.accuracy import MEAN, _evaluated, _matches, accuracy_table, average_precision
from signsight.detection.scene import EDGES, Scene, SceneObject
from signsight.detection.scene_set import SceneSet, open_scene_set, write_scene_set
from signsight.evaluation.statistics import bootstrap

CLASSES = ("cat", "dog", "cow")
A, B, C = (0.0, 0.0, 10.0, 10.0), (20.0, 0.0, 30.0, 10.0), (40.0, 0.0, 60.0, 20.0)
Truth = Mapping[str, Sequence[SceneObject] | None]
Found = Sequence[tuple[str, int, float, tuple[float, ...]]]  # picture, class_id, score, box


class Given:
    """Scenes of one grey pixel: it is the boxes that count here."""

    def __init__(self, truth: Truth) -> None:
        self.ids, self._truth = list(truth), truth

    def scene(self, picture: str) -> Scene:
        return Scene(picture, np.full((1, 1, 3), 128, np.uint8), self._truth[picture])


def table(folder: Path, truth: Truth, found: Found, **options: int) -> pd.DataFrame:
    """The accuracy table by label."""
    options = {"confidence": 0.95, "seed": 1, "resamples": 50} | options
    return accuracy_table(detections(found), scene_set(folder, truth), **options).set_index("label")


def scene_set(folder: Path, truth: Truth) -> SceneSet:
    write_scene_set(Given(truth), folder / "set", CLASSES)
    return open_scene_set(folder / "set")


def detections(found: Found) -> pd.DataFrame:
    rows = [(picture, class_id, score, *box) for picture, class_id, score, box in found]
    return pd.DataFrame(rows, columns=["picture", "class_id", "probability", *EDGES])


def shifted(box: tuple[float, ...], by: float) -> tuple[float, ...]:
    return box[0] + by, box[1], box[2] + by, box[3]


def dog(box: tuple[float, ...], difficult: bool = False) -> SceneObject:
    return SceneObject("dog", box, difficult)


def test_perfect_detections(tmp_path: Path) -> None:
    truth = {"a": [dog(A), SceneObject("cat", B)], "b": [dog(C), dog(B, difficult=True)], "c": []}
    found = [("a", 1, 0.9, A), ("a", 0, 0.2, B), ("b", 1, 0.6, C)]
    rows = table(tmp_path, truth, found)
    assert list(rows.index) == ["cat", "dog", "mean"]  # no cow anywhere: left out
    assert (rows[["ap50", "ap", "ap50_low", "ap50_high"]].to_numpy() == 1).all()
    assert rows["objects"].tolist() == [1, 2, 3] and rows["found"].tolist() == [1, 2, 3]
    assert rows["difficult"].tolist() == [0, 1, 1] and rows["detections"].tolist() == [1, 2, 3]
    assert rows["class_id"].tolist() == [0, 1, MEAN] and (rows["pictures"] == 3).all()


@pytest.mark.parametrize(("by", "ap50", "ap"), [(4.0, 0.0, 0.0), (2.5, 1.0, 0.3), (0.2, 1.0, 1.0)])
def test_shifted_boxes(tmp_path: Path, by: float, ap50: float, ap: float) -> None:
    # Overlaps 6/14 = 0.43, 7.5/12.5 = 0.6 (of 0.5, 0.55, 0.6, ...) and 9.8/10.2 = 0.96.
    rows = table(tmp_path, {"a": [dog(A)]}, [("a", 1, 0.9, shifted(A, by))])
    assert rows.loc["dog", "ap50"] == ap50 and rows.loc["dog", "ap"] == pytest.approx(ap)
    assert rows.loc["dog", "found"] == ap50 and np.isnan(rows.loc["dog", "ap50_low"])  # one picture


@pytest.mark.parametrize("second", [shifted(A, 1), C])
def test_by_hand_with_a_double_or_a_false_detection(tmp_path: Path, second: tuple[float, ...]) -> None:
    found = [("a", 1, 0.9, A), ("a", 1, 0.8, second), ("b", 1, 0.7, B)]
    rows = table(tmp_path, {"a": [dog(A)], "b": [dog(B)]}, found)
    # Precision 1, 1/2, 2/3 at recall 1/2, 1/2, 1: 51 levels of recall have 1, and 50 have 2/3.
    assert rows.loc["dog", "ap50"] == pytest.approx((51 + 50 * 2 / 3) / 101)
    assert rows.loc["dog", "found"] == 2


def test_difficult_objects_count_neither_way(tmp_path: Path) -> None:
    truth = {"a": [dog(A), dog(B, difficult=True)], "b": [dog(C, difficult=True)]}
    twice = [("a", 1, 0.9, B), ("a", 1, 0.8, shifted(B, 1)), ("a", 1, 0.5, A)]
    assert table(tmp_path, truth, twice).loc["dog", "ap50"] == 1
    # A quarter of a difficult object is no match of it: overlap is over the union, as for all.
    part = [("b", 1, 0.9, (40.0, 0.0, 50.0, 10.0)), ("a", 1, 0.5, A)]
    assert table(tmp_path / "part", truth, part).loc["dog", "ap50"] == pytest.approx(0.5)


def test_a_class_without_detections_has_none_and_one_without_objects_is_left_out(tmp_path: Path) -> None:
    truth = {"a": [dog(A), SceneObject("cat", B)], "b": None}
    found = [("a", 1, 0.9, A), ("a", 2, 0.9, A), ("b", 1, 0.95, A), ("a", -1, 0.9, A)]
    rows = table(tmp_path, truth, found)
    assert rows["ap50"].to_dict() == {"cat": 0, "dog": 1, "mean": 0.5}  # b is not annotated
    assert rows.loc["mean", "detections"] == 1 and rows.loc["mean", "pictures"] == 1


def test_nothing_detected_or_nothing_to_find(tmp_path: Path) -> None:
    rows = table(tmp_path, {"a": [dog(A)], "b": [dog(B)]}, [])
    assert rows[["ap50", "ap", "ap50_low", "ap50_high"]].to_numpy().tolist() == [[0] * 4] * 2
    none = table(tmp_path / "none", {"a": [], "b": None}, [("a", 1, 0.9, A)])
    assert list(none.index) == ["mean"] and np.isnan(none.loc["mean", "ap50"])
    assert none.loc["mean", "objects"] == 0


def some(
    pictures: int,
) -> tuple[dict[str, list[SceneObject]], list[tuple[str, int, float, tuple[float, ...]]]]:
    """Random truth, and detections some of which are near it, some double, some of equal score."""
    rng = generator(5, "detections")
    truth, found = {}, []
    for number in range(pictures):
        name, objects = f"p{number}", []
        for _ in range(rng.integers(0, 5)):
            x, y, w, h = rng.uniform(0, 60), rng.uniform(0, 60), rng.uniform(20, 40), rng.uniform(20, 40)
            class_id = int(rng.integers(3))
            objects.append(SceneObject(CLASSES[class_id], (x, y, x + w, y + h), bool(rng.random() < 0.2)))
            for _ in range(rng.integers(0, 4)):
                near = np.array([x, y, x + w, y + h]) + rng.normal(0, 2.5, 4)
                guess = class_id if rng.random() < 0.8 else int(rng.integers(3))
                found.append((name, guess, round(float(rng.random()), 1), tuple(near)))
        truth[name] = objects
    return truth, found


def test_agreement_with_cocos_own_path(tmp_path: Path) -> None:
    truth, found = some(25)
    easy = {name: [SceneObject(one.label, one.box) for one in objects] for name, objects in truth.items()}
    rows = table(tmp_path, easy, found)
    ids = {name: number for number, name in enumerate(easy, start=1)}
    annotations = [
        {"image_id": ids[name], "category_id": CLASSES.index(one.label), **size(one.box), "iscrowd": 0}
        for name, objects in easy.items()
        for one in objects
    ]
    given = {
        "images": [{"id": number} for number in ids.values()],
        "categories": [{"id": number} for number in range(3)],
        "annotations": [one | {"id": number} for number, one in enumerate(annotations, start=1)],
    }
    results = [
        {"image_id": ids[name], "category_id": class_id, "score": score, **size(box)}
        for name, class_id, score, box in found
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        truth_of_coco = COCO()
        truth_of_coco.dataset = given | {"info": {}}
        truth_of_coco.createIndex()
        evaluation = COCOeval(truth_of_coco, truth_of_coco.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    assert 0.2 < evaluation.stats[0] < evaluation.stats[1] < 0.9
    assert rows.loc["mean", "ap"] == pytest.approx(evaluation.stats[0], abs=1e-12)
    assert rows.loc["mean", "ap50"] == pytest.approx(evaluation.stats[1], abs=1e-12)


def size(box: tuple[float, ...]) -> dict[str, object]:
    x0, y0, x1, y1 = box
    return {"bbox": [x0, y0, x1 - x0, y1 - y0], "area": (x1 - x0) * (y1 - y0)}


def test_weights_are_repeated_pictures(tmp_path: Path) -> None:
    truth, found = some(12)
    scenes, boxes = scene_set(tmp_path, truth), detections(found)
    evaluation = _evaluated(boxes, scenes.truth, scenes.ids, 3)
    matches = [_matches(evaluation, k, 12) for k in range(3)]
    rng = generator(2, "weights")
    for weights in (np.ones(12, np.int64), rng.integers(0, 4, 12), rng.integers(0, 2, 12)):
        copies = [
            (name, f"{name} {copy}") for name, n in zip(truth, weights, strict=True) for copy in range(n)
        ]
        again = pd.DataFrame(copies, columns=["picture", "copy"])
        one, two = (
            part.merge(again, on="picture").drop(columns="picture").rename(columns={"copy": "picture"})
            for part in (boxes, scenes.truth)
        )
        repeated = _evaluated(one, two, [copy for _, copy in copies], 3).eval["precision"][0, :, :, 0, 0]
        own = [average_precision(match, weights[None])[0] for match in matches]
        assert own == pytest.approx(repeated.mean(axis=0).tolist(), abs=1e-12)


def test_a_resample_without_the_class_has_no_value() -> None:
    truth = pd.DataFrame(
        [("a", 0, *A, 0), ("b", 1, *A, 0)], columns=["picture", "class_id", *EDGES, "difficult"]
    )
    match = _matches(_evaluated(detections([("a", 0, 1.0, A)]), truth, ["a", "b"], 2), 0, 2)
    assert average_precision(match, np.array([[1, 1], [3, 0]])).tolist() == [1, 1]
    assert np.isnan(average_precision(match, np.array([[0, 2]]))).all()


def test_the_interval_is_that_of_a_mean_where_the_precision_is_one(tmp_path: Path) -> None:
    # One object a picture, found or not, and no false detection: the AP is the share that is found.
    hit = generator(4, "hits").random(60) < 0.7
    truth = {f"p{number}": [dog(A)] for number in range(60)}
    found = [(f"p{number}", 1, 0.5, A) for number in np.flatnonzero(hit)]
    rows = table(tmp_path, truth, found, resamples=2000)
    mean, low, high = bootstrap(hit[:, None].astype(float), 0.95, seed=1)
    row = rows.loc["dog"]
    assert [row["ap50"], row["ap50_low"], row["ap50_high"]] == pytest.approx(
        [mean[0], low[0], high[0]], abs=0.025
    )
    assert rows.loc["mean", "ap50_low"] == row["ap50_low"] < row["ap50"] < row["ap50_high"]
