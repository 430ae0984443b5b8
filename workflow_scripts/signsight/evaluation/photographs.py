"""The user's own photographs: what the classifier sees in them, and where."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image

from signsight.attribution.run import Settings, explain_batch, frozen
from signsight.data.pictures import FolderPictures, open_rgb
from signsight.errors import UserError
from signsight.files import write_csv
from signsight.models.classifier import Classifier, forward_batches

SUFFIXES = {".png", ".jpg", ".jpeg", ".ppm", ".bmp", ".webp", ".tif", ".tiff", ".gif"}


def list_photographs(source: Path, classes: int) -> pd.DataFrame:
    """`file` (relative to the folder of `source`) and `class_id` (-1: not given) of each photograph.

    source: a folder of pictures (one of them may be a `labels.csv`), or a CSV with the column `file`
    and maybe `class_id`. UserError when there is none, a column is missing, or a class is unknown.
    """
    if source.is_dir() and (source / "labels.csv").is_file():
        source = source / "labels.csv"
    if source.is_dir():
        files = sorted(f.name for f in source.iterdir() if f.suffix.lower() in SUFFIXES)
        table = pd.DataFrame({"file": files})
    elif source.is_file():
        table = pd.read_csv(source)
    else:
        raise UserError(f"Config key 'real_examples.source': {source} does not exist; mend its path.")
    if "file" not in table:
        raise UserError(f"{source} lacks the column 'file' with the names of the photographs; add it.")
    if table.empty:
        raise UserError(f"{source} names no photographs; put pictures there or set it to null.")
    given = table.get("class_id", pd.Series(-1, index=table.index))
    ids = pd.to_numeric(given, errors="coerce").fillna(-1).astype(np.int64)
    if (ids >= classes).any():
        row = table["file"][ids >= classes].iloc[0]
        raise UserError(f"{source} gives {row} class {ids.max()}, but there are {classes} classes; mend it.")
    return pd.DataFrame({"file": table["file"].astype(str), "class_id": ids})


def explain_photographs(
    model: Classifier, source: Path, settings: Settings, device: torch.device, folder: Path
) -> None:
    """Write `images.npy` (N, size, size, 3) uint8, `maps.npy` (N, size, size) float32, `predictions.csv`.

    Photographs are stretched to the classifier's size. Columns of the table: file, class_id,
    class_name, predicted_id, predicted_name, probability; class_id is -1 where it is not known.
    """
    listed = list_photographs(source, len(model.classes))
    root = FolderPictures(source if source.is_dir() else source.parent)
    size = (model.size, model.size)
    pictures = [open_rgb(root, f).resize(size, Image.Resampling.LANCZOS) for f in listed["file"]]
    images = np.stack([np.asarray(p) for p in pictures])
    shares = torch.cat(list(forward_batches(model, [images], device))).softmax(1).numpy()
    with frozen(model):
        maps = explain_batch(
            model, images, listed["class_id"].to_numpy(), listed["file"].tolist(), settings, device
        )
    names = np.array(model.classes)
    predicted = shares.argmax(1)
    known = listed["class_id"] >= 0
    table = listed.assign(
        class_name=np.where(known, names[listed["class_id"].clip(lower=0)], ""),
        predicted_id=predicted,
        predicted_name=names[predicted],
        probability=shares.max(1),
    )
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "images.npy", images)
    np.save(folder / "maps.npy", maps)
    write_csv(folder / "predictions.csv", table)
