"""One metric over the maps of one method for all chosen boxes, picture by picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from signsight.core.registry import metrics
from signsight.data.progress import progress
from signsight.detection.detector import Detector
from signsight.detection.map_file import MapsFile
from signsight.detection.metrics import IN_BOX, IN_MASK, ON_OTHER
from signsight.detection.nulls import box_nulls
from signsight.detection.scene import EDGES
from signsight.detection.scene_set import SceneSet
from signsight.detection.target import BoxTarget
from signsight.evaluation.metrics.block import Block, Result
from signsight.evaluation.run import joined, judged, null_sample, save


@dataclass(frozen=True)
class Settings:
    """What a job of one metric is told.

    follows: the score of the box that is followed. null_boxes: number of boxes on which null maps are
    measured, too.
    """

    metric: str
    parameters: dict[str, Any]
    follows: str
    seed: int
    batch_size: int
    null_boxes: int = 0


def evaluate_boxes(
    settings: Settings,
    detector: Detector | None,
    scenes: SceneSet,
    table: pd.DataFrame,
    targets: Mapping[str, BoxTarget],
    maps: MapsFile,
    device: torch.device,
    out: Path | str,
) -> None:
    """Write the metric's answers for all boxes to `out` (.npz), as `evaluation.run.evaluate_set` does.

    table: the boxes, `detect.BOX_COLUMNS`, in the order of targets and maps. A block is a picture's boxes.
    """
    about, metric = metrics.about(settings.metric), metrics.get(settings.metric)

    def measured(rows: np.ndarray, own_map: Callable[[int, tuple[int, int]], np.ndarray]) -> list[Result]:
        """The answers for these rows of the table, picture by picture."""
        results, wanted = [], table.iloc[rows]
        with progress(settings.metric, wanted["picture"].nunique(), "pictures") as step:
            for picture, target in targets.items():
                own = wanted[wanted["picture"] == picture]
                if own.empty:
                    continue
                pixels = scenes.picture(picture)
                block = Block(
                    model=detector,
                    images=np.repeat(pixels[None], len(own), axis=0),
                    maps=np.stack([own_map(int(row), pixels.shape[:2]) for row in own.index]),
                    ids=own["box"].tolist(),
                    truth=own["class_id"].to_numpy(),
                    regions=regions(scenes, picture, own),
                    target=BoxTarget(target.ids, target.boxes, settings.follows),
                    seed=settings.seed,
                    device=device,
                    batch_size=settings.batch_size,
                )
                results.append(metric(block, **settings.parameters))
                step(1)
        return results

    every = np.arange(len(table))
    results = measured(every, lambda row, _: maps.read(row))
    answers = joined(results) if results else {}
    sample = null_sample(every, settings.null_boxes, settings.seed)
    if results and sample is not None:
        for kind, (known, make) in box_nulls(maps, table, settings.seed).items():
            rows = np.intersect1d(known, sample)
            found = measured(rows, make)
            for quantity in filter(results[0].values.__contains__, judged(about)):
                values = answers[f"null_{kind}_{quantity}"] = np.full(len(table), np.nan)
                values[rows] = np.concatenate([np.empty(0), *(one.values[quantity] for one in found)])
    save(out, answers | {"rows": every, "ids": table["box"].to_numpy(np.str_)})


def regions(scenes: SceneSet, picture: str, boxes: pd.DataFrame) -> np.ndarray:
    """(K, H, W) uint8 of a picture's boxes, as `detection.metrics` has them; 0 for a box without object."""
    row = scenes.pictures[scenes.pictures["picture"] == picture].iloc[0]
    size = int(row["height"]), int(row["width"])
    objects, mask = scenes.objects(picture), scenes.mask(picture)
    areas = {one["object"]: _in_box(one, size) for one in objects.to_dict("records")}
    masks = {} if mask is None else {number: mask == number for number in areas}
    masks = {number: own for number, own in masks.items() if own.any()}
    seen = areas | masks  # where each object is seen: its mask, or its box where it has none
    found = np.zeros((len(boxes), *size), np.uint8)
    for place, number in enumerate(boxes["object"]):
        if number not in areas:
            continue
        found[place] += areas[number] * np.uint8(IN_BOX)
        if number in masks:
            found[place] += masks[number] * np.uint8(IN_MASK)
        for other in seen.keys() - {number}:
            found[place] |= (seen[other] & ~seen[number]) * np.uint8(ON_OTHER)
    return found


def _in_box(row: Mapping[str, Any], size: tuple[int, int]) -> np.ndarray:
    """(H, W) bool: pixels whose middle is in the box of a row."""
    x0, y0, x1, y1 = (row[edge] for edge in EDGES)
    down, across = (np.arange(side) + 0.5 for side in size)
    return ((down > y0) & (down < y1))[:, None] & ((across > x0) & (across < x1))
