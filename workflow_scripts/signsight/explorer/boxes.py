"""The set "detection" of the document: scenes, the boxes of a detector that are explained, and their maps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from signsight.core.files import read_csv
from signsight.detection.map_file import MapsFile
from signsight.detection.scene import EDGES
from signsight.detection.scene_set import SceneSet, open_scene_set
from signsight.explorer.blobs import encoded, quantised
from signsight.explorer.maps import coarse_map
from signsight.explorer.measured import Measured
from signsight.explorer.pictures import picture

LONGEST = 800  # pixels of the longer side of a scene, at most
MAPS = 224  # of a map of a box, at most


def detection_set(given: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """The first pictures that have explained boxes.

    given: the folder `scenes`, the table `boxes`, `maps` by method, `metrics` by metric and method. Boxes and
    objects are in pixels of the pictures as they are stored here. A map has at most MAPS pixels along a
    side, each the mean of those of the whole map that it stands for.
    """
    scenes = open_scene_set(given["scenes"])
    boxes = read_csv(given["boxes"])
    named = set(boxes["picture"])
    explained = [picture for picture in scenes.ids if picture in named]
    shown = explained[: facts["images"]]
    place = {picture: row for row, picture in enumerate(shown)}
    kept = np.flatnonzero(boxes["picture"].isin(place).to_numpy())
    pictures, shares = zip(*(_shown(scenes, one) for one in shown), strict=True)
    chosen = boxes.iloc[kept]
    measured = Measured(given["metrics"])
    return {
        "id": "detection",
        "label": "Detections",
        "size": None,
        "count": len(shown),
        "total": len(scenes),
        "chosen": "All with explained boxes." if len(shown) == len(explained) else "The first ones.",
        "priority": np.arange(len(shown)),
        "ids": shown,
        "files": shown,
        **dict.fromkeys(("truth", "predicted", "confidence", "probability", "top", "disagreement")),
        "pictures": list(pictures),
        "pictures_of_boxes": [place[picture] for picture in chosen["picture"]],
        "boxes": [_box(row, place, shares, scenes) for row in chosen.itertuples()],
        "objects": _objects(scenes, shown, shares),
        "maps": {"main": {m: _maps(file, kept, facts["box_layers"][m]) for m, file in given["maps"].items()}},
        "values": {},
        "population": {},
        "curves": {},
        "box_values": measured.values(chosen["box"].tolist()),
        "box_population": measured.population(),
    }


def _shown(scenes: SceneSet, name: str) -> tuple[dict[str, Any], float]:
    """A picture, and by what its coordinates are to be multiplied."""
    image = scenes.picture(name)
    told = picture(image, LONGEST)
    return told, told["width"] / image.shape[1]


def _box(row: Any, place: Mapping[str, int], shares: tuple[float, ...], scenes: SceneSet) -> dict[str, Any]:
    at = place[row.picture]
    found = scenes.objects(row.picture)
    truth = found[found["object"] == row.object] if row.object > 0 else found.iloc[:0]
    return {
        "id": row.box,
        "picture": at,
        "label": row.label,
        "class_id": row.class_id,
        "probability": row.probability,
        **_edges(row, shares[at]),
        "truth": {"label": truth["label"].iat[0], "iou": row.iou} if len(truth) else None,
    }


def _objects(scenes: SceneSet, shown: list[str], shares: tuple[float, ...]) -> list[dict[str, Any]]:
    return [
        {"picture": at, "label": row.label, **_edges(row, shares[at])}
        for at, picture in enumerate(shown)
        for row in scenes.objects(picture).itertuples()
    ]


def _edges(row: Any, share: float) -> dict[str, float]:
    return {edge: float(getattr(row, edge)) * share for edge in EDGES}


def _maps(file: str, kept: np.ndarray, layer: str | None) -> dict[str, Any]:
    """The maps of the boxes `kept` by one method."""
    maps, values, scales = MapsFile(file), [], []
    for row in kept:
        whole = maps.read(int(row))
        q, scale, _ = quantised(coarse_map(whole[None], MAPS))
        values.append(encoded(q[0]))
        scales.append(float(scale[0]))
    return {"values": values, "scale": scales, "layer": layer}
