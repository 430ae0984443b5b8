"""The user's own photographs: which files they are, and what a classifier is shown of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from signsight.core.errors import UserError
from signsight.data.fit import Mode, fit
from signsight.data.pictures import FolderPictures, open_rgb

SUFFIXES = {".png", ".jpg", ".jpeg", ".ppm", ".bmp", ".webp", ".tif", ".tiff", ".gif"}


def list_photographs(source: Path, classes: int, key: str = "real_examples.source") -> pd.DataFrame:
    """`file` (relative to the folder of `source`) and `class_id` (-1: not given) of each photograph.

    source: a folder of pictures (one of its files may be a `labels.csv`), or a CSV with the column
    `file` and maybe `class_id`; key: the config key that names it. UserError when there is none, a
    column is missing, or a class is unknown.
    """
    if source.is_dir() and (source / "labels.csv").is_file():
        source = source / "labels.csv"
    if source.is_dir():
        files = sorted(f.name for f in source.iterdir() if f.suffix.lower() in SUFFIXES)
        table = pd.DataFrame({"file": files})
    elif source.is_file():
        table = pd.read_csv(source)
    else:
        raise UserError(f"Config key {key!r}: {source} does not exist; mend its path.")
    if "file" not in table:
        raise UserError(f"{source} lacks the column 'file' with the names of the photographs; add it.")
    if table.empty:
        raise UserError(f"{source} names no photographs; put pictures there or set {key!r} to null.")
    given = table.get("class_id", pd.Series(-1, index=table.index))
    ids = pd.to_numeric(given, errors="coerce").fillna(-1).astype(np.int64)
    if (ids >= classes).any():
        row = table["file"][ids >= classes].iloc[0]
        raise UserError(f"{source} gives {row} class {ids.max()}, but there are {classes} classes; mend it.")
    return pd.DataFrame({"file": table["file"].astype(str), "class_id": ids})


def fitted_photographs(listed: pd.DataFrame, source: Path, size: int, mode: Mode) -> np.ndarray:
    """The photographs of `list_photographs` as a classifier sees them, (N, size, size, 3) uint8.

    mode: see `data.fit`. UserError that names the file which is missing or broken.
    """
    root = FolderPictures(source if source.is_dir() else source.parent)
    return np.stack([fit(open_rgb(root, file), size, mode) for file in listed["file"]])
