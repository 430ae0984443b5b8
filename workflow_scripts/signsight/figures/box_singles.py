"""Every map of a box as files of its own: laid over its picture, and as an array; with an index."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from signsight.detection.scene import EDGES
from signsight.detection.scene_set import SceneSet
from signsight.figures.box_sheets import Column
from signsight.figures.colour import overlay
from signsight.figures.pages import digits
from signsight.figures.scene_drawing import GREEN, file_stem

INDEX = ["picture", "box", "class", "probability", "method", "overlay", "map", *EDGES, "min", "max"]
THICKNESS = 160  # pixels of the shorter side of a picture for each pixel of the line


def write_box_singles(folder: Path, scenes: SceneSet, boxes: pd.DataFrame, columns: Sequence[Column]) -> None:
    """Write `<place>-<picture>/<detection>-<method>.png` and `.npy` to `folder`, and `index.csv`.

    boxes: those that are explained, `detect.BOX_COLUMNS`, in the order of the maps. The PNG is the map over
    the picture in grey at its full size, with its box; the array is the map as it is, (H, W) float32. The
    index has a row a file pair, INDEX: files from `folder` on; x0, y0, x1, y1 edges of the box in pixels; min
    and max of the map. One map is in memory at a time.
    """
    width = digits(int(boxes["detection"].max())) if len(boxes) else 0
    with (folder / "index.csv").open("w", encoding="utf-8", newline="") as file:
        index = csv.writer(file, lineterminator="\n")
        index.writerow(INDEX)
        for place, row in enumerate(scenes.pictures.itertuples(), 1):
            own = boxes[boxes["picture"] == row.picture]
            if own.empty:
                continue
            inner = file_stem(place, row.file, len(scenes))
            (folder / inner).mkdir()
            image = scenes.picture(row.picture)
            for number, box in own.iterrows():
                for column in columns:
                    name = f"{inner}/{box['detection']:0{width}d}-{column.method}"
                    values = column.maps.read(int(number))
                    _save_overlay(folder / f"{name}.png", image, values, column.signed, box)
                    np.save(folder / f"{name}.npy", values)
                    told = [box[key] for key in ("picture", "box", "label", "probability")]
                    edges, ends = [box[edge] for edge in EDGES], [float(values.min()), float(values.max())]
                    index.writerow([*told, column.method, f"{name}.png", f"{name}.npy", *edges, *ends])


def _save_overlay(path: Path, image: np.ndarray, values: np.ndarray, signed: bool, box: pd.Series) -> None:
    picture = Image.fromarray(overlay(image, values, signed))
    line = max(round(min(picture.size) / THICKNESS), 1)
    x0, y0, x1, y1 = (round(float(box[edge])) for edge in EDGES)
    ImageDraw.Draw(picture).rectangle((x0, y0, max(x1 - 1, x0), max(y1 - 1, y0)), outline=GREEN, width=line)
    picture.save(path, format="PNG")
