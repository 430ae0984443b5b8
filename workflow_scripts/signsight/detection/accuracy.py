"""Average precision of a detector's boxes against the truth, by pycocotools, with intervals over pictures."""

from __future__ import annotations

import contextlib
import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pycocotools import mask as coco_boxes
from pycocotools.cocoeval import COCOeval

from signsight.core.rng import generator
from signsight.detection.scene import EDGES
from signsight.detection.scene_set import SceneSet
from signsight.evaluation.statistics import CHUNK, bca

MOST = 100  # detections of a class in a picture that count, the best ones, as in COCO
MEAN = -1  # class_id of the row of the mean
COUNTS = ("objects", "difficult", "detections", "found")


@dataclass(frozen=True)
class Matches:
    """How the detections of one class matched its objects at an overlap of 0.5, in all pictures.

    right, picture: (D,) bool and int64, the detections that count, best first: whether each found an
    object, and the place of its picture. objects: (P,) int64, how many are to be found in each picture.
    """

    right: np.ndarray
    picture: np.ndarray
    objects: np.ndarray


def accuracy_table(
    detections: pd.DataFrame, scenes: SceneSet, *, confidence: float, seed: int, resamples: int = 2000
) -> pd.DataFrame:
    """Average precision by class, and the mean over the classes in the last row (class_id -1, "mean").

    detections: picture, class_id (of the scene set), probability, x0, y0, x1, y1 (edges in pixels); only
    annotated pictures count. `ap50`: at an overlap (IoU) of 0.5, `ap`: mean over 0.5, 0.55, ..., 0.95;
    both the mean precision at 101 levels of recall (Lin et al. 2014). An object that is marked as
    difficult counts neither when found, however often, nor when missed (Everingham et al. 2010). A
    class without other objects is left out. `ap50_low`, `ap50_high`: bootstrap interval (BCa) over
    whole pictures, NaN for fewer than two; a draw that has no object of a class does not count for
    it. `objects`, `difficult`, `detections`, `found` (objects with a detection that overlaps by 0.5),
    `pictures` are counts.
    """
    pictures, truth = scenes.annotated, scenes.truth
    known = detections[
        detections["picture"].isin(set(pictures)) & detections["class_id"].between(0, len(scenes.classes) - 1)
    ]
    evaluation = _evaluated(known, truth, pictures, len(scenes.classes))
    # (overlaps, levels of recall, classes), -1 without objects; it divides by a bit more than the sum.
    precision = evaluation.eval["precision"][:, :, :, 0, 0].round(12)
    present = [k for k in range(len(scenes.classes)) if precision[0, 0, k] >= 0]
    matches = [_matches(evaluation, k, len(pictures)) for k in present]
    ap50, ap = precision[0].mean(axis=0)[present], precision.mean(axis=(0, 1))[present]
    low, high = _intervals(matches, ap50, confidence, seed, resamples)
    rows: list[dict[str, Any]] = []
    for place, (k, match) in enumerate(zip(present, matches, strict=True)):
        scores = (ap50[place], low[place], high[place], ap[place])
        counts = {
            "objects": match.objects.sum(),
            "difficult": (truth["difficult"][truth["class_id"] == k]).sum(),
            "detections": (known["class_id"] == k).sum(),
            "found": match.right.sum(),
        }
        rows.append({"class_id": k, "label": scenes.classes[k], **_named(scores), **counts})
    scores = (_mean(ap50), low[-1], high[-1], _mean(ap))
    counts = {name: sum(row[name] for row in rows) for name in COUNTS}
    rows.append({"class_id": MEAN, "label": "mean", **_named(scores), **counts})
    return pd.DataFrame(rows).astype(dict.fromkeys(COUNTS, np.int64)).assign(pictures=len(pictures))


def _named(scores: Sequence[float]) -> dict[str, float]:
    return dict(zip(("ap50", "ap50_low", "ap50_high", "ap"), scores, strict=True))


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")


class _Evaluation(COCOeval):
    """COCO's matching and precision for boxes of tables, with PASCAL VOC's rule for difficult objects.

    COCO ignores detections on a "crowd", as VOC does on a difficult object, but takes for the overlap
    with a crowd the covered share of the detection; here it is the intersection over the union, as
    for every object.
    """

    def __init__(
        self, truth: dict[Any, list[Any]], found: dict[Any, list[Any]], shape: tuple[int, int]
    ) -> None:
        """truth, found: (place of the picture, class id) -> annotations; shape: numbers of both."""
        super().__init__(iouType="bbox")
        self._given = truth, found
        self.params.imgIds, self.params.catIds = list(range(shape[0])), list(range(shape[1]))
        self.params.areaRng, self.params.areaRngLbl = [[0, float("inf")]], ["all"]
        self.params.maxDets = [MOST]

    def _prepare(self) -> None:
        self._gts, self._dts = self._given

    def computeIoU(self, imgId: int, catId: int) -> np.ndarray | list[Any]:
        """Overlap of each detection, best first, with each object."""
        truth, found = self._gts[imgId, catId], self._dts[imgId, catId]
        if not truth or not found:
            return []
        best = sorted(found, key=lambda one: -one["score"])[:MOST]
        boxes = ([one["bbox"] for one in part] for part in (best, truth))
        return coco_boxes.iou(*boxes, [0] * len(truth))


def _evaluated(
    detections: pd.DataFrame, truth: pd.DataFrame, pictures: Sequence[str], classes: int
) -> _Evaluation:
    """The evaluation of all pictures and classes, matched and accumulated."""
    places = {picture: place for place, picture in enumerate(pictures)}
    objects = _annotations(truth[truth["picture"].isin(places)], places)
    found = _annotations(detections, places)
    evaluation = _Evaluation(objects, found, (len(pictures), classes))
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation


def _annotations(table: pd.DataFrame, places: dict[str, int]) -> dict[tuple[int, int], list[dict[str, Any]]]:
    """The rows of a table as COCO has them: by picture and class, numbered from 1 (0 stands for no match)."""
    found: dict[tuple[int, int], list[dict[str, Any]]] = defaultdict(list)
    boxes = table[list(EDGES)].to_numpy(np.float64)
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    zeros = np.zeros(len(table))
    difficult = table["difficult"].to_numpy() if "difficult" in table else zeros
    scores = table["probability"].to_numpy(np.float64) if "probability" in table else zeros
    keys = zip(table["picture"].map(places), table["class_id"], strict=True)
    for row, (place, class_id) in enumerate(keys):
        hard = int(difficult[row])
        one = {"id": row + 1, "bbox": [*boxes[row, :2], *sides[row]], "area": float(sides[row].prod())}
        found[int(place), int(class_id)].append(one | {"score": scores[row], "iscrowd": hard, "ignore": hard})
    return found


def _matches(evaluation: _Evaluation, k: int, pictures: int) -> Matches:
    """The matches of class k at the first overlap."""
    found = evaluation.evalImgs[k * pictures : (k + 1) * pictures]
    there = [(place, one) for place, one in enumerate(found) if one is not None]
    objects = np.zeros(pictures, np.int64)
    for place, one in there:
        objects[place] = np.count_nonzero(np.asarray(one["gtIgnore"]) == 0)
    scores = np.concatenate([np.asarray(one["dtScores"], np.float64) for _, one in there])
    counted = np.concatenate([~one["dtIgnore"][0].astype(bool) for _, one in there])
    right = np.concatenate([one["dtMatches"][0] > 0 for _, one in there])
    picture = np.repeat([place for place, _ in there], [len(one["dtScores"]) for _, one in there])
    order = np.argsort(-scores, kind="stable")
    order = order[counted[order]]
    return Matches(right[order], picture[order].astype(np.int64), objects)


def average_precision(matches: Matches, weights: np.ndarray) -> np.ndarray:
    """The average precision of a class where each picture counts as often as its weight says, (R,) float64.

    weights: (R, P) whole numbers from 0, a resample of the P pictures a row. The same as pycocotools'
    `accumulate` over the pictures repeated so often, without matching again. NaN where no picture
    with an object is left.
    """
    levels = np.linspace(0, 1, 101)
    total = weights @ matches.objects.astype(np.float64)
    hits = np.flatnonzero(matches.right)
    if not len(hits):
        return np.where(total > 0, 0.0, np.nan)
    # After the last hit nothing changes: recall stays, and precision only falls.
    last = hits[-1] + 1
    counts = weights[:, matches.picture[:last]].astype(np.float64)
    seen = counts.cumsum(axis=1)[:, hits]
    right = counts[:, hits].cumsum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(seen > 0, right / seen, 0.0)
        recall = right / total[:, None]
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    # At each hit: how many levels of recall are reached there for the first time.
    reached = np.searchsorted(levels, np.nan_to_num(recall).ravel(), side="right").reshape(recall.shape)
    new = np.diff(reached, axis=1, prepend=0)
    return np.where(total > 0, (new * best).sum(axis=1) / len(levels), np.nan)


def _intervals(
    matches: Sequence[Matches], ap50: np.ndarray, confidence: float, seed: int, resamples: int
) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper limits of each class's AP, and of their mean at the end."""
    pictures = len(matches[0].objects) if matches else 0
    if pictures < 2:  # or no class at all
        none = np.full(len(matches) + 1, np.nan)
        return none, none
    observed = np.append(ap50, _mean(ap50))
    rng, each = generator(seed, "bootstrap of average precision", pictures), np.full(pictures, 1 / pictures)
    widest = max(pictures, *(len(one.right) for one in matches))
    step = max(CHUNK // widest, 1)
    starts = range(0, resamples, step)
    draws = np.concatenate(
        [_means(matches, rng.multinomial(pictures, each, min(step, resamples - start))) for start in starts]
    )
    # Influence of each picture: what the value loses without it.
    without = np.concatenate(
        [_means(matches, _all_but(range(start, min(start + step, pictures)), pictures))
         for start in range(0, pictures, step)]
    )  # fmt: skip
    limits = [_limits(draws[:, i], without[:, i], observed[i], confidence) for i in range(len(observed))]
    return np.array([low for low, _ in limits]), np.array([high for _, high in limits])


def _means(matches: Sequence[Matches], weights: np.ndarray) -> np.ndarray:
    """(R, classes + 1): the AP of each class in each resample, and the mean of those that there are."""
    found = np.stack([average_precision(one, weights) for one in matches], axis=1)
    there = np.isfinite(found)
    with np.errstate(invalid="ignore"):
        mean = np.where(there, found, 0).sum(axis=1) / there.sum(axis=1)
    return np.column_stack([found, mean])


def _all_but(left_out: range, pictures: int) -> np.ndarray:
    weights = np.ones((len(left_out), pictures), np.int64)
    weights[np.arange(len(left_out)), left_out] = 0
    return weights


def _limits(draws: np.ndarray, without: np.ndarray, value: float, confidence: float) -> tuple[float, float]:
    """BCa limits from bootstrap draws and from the values without one picture each (the jackknife)."""
    draws, without = draws[np.isfinite(draws)], without[np.isfinite(without)]
    if len(draws) < 2 or len(without) < 2:
        return np.nan, np.nan
    influence = value + without.mean() - without
    low, high = bca(influence[:, None], np.array([value]), draws[:, None], confidence)
    return float(low[0]), float(high[0])
