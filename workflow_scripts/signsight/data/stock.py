"""Stock pictures: one clean picture of each class, drawn by the data set or the user's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from signsight.core.errors import UserError
from signsight.data.dataset import DataSet
from signsight.data.imageset import COLUMNS, image_writer, write_index
from signsight.data.listing import contents, is_picture, left_out, log_left_out
from signsight.data.pictures import FolderPictures, open_rgb


def write_stock(folder: Path, classes: int, *, size: int, source: Path | None, data_set: DataSet) -> None:
    """Write an image set of size x size stock pictures, one a class, to `folder`.

    source: a folder of the user's pictures named by class number (`14.png`, `00014.jpg`; classes
    may be missing), stretched to the square; None: those that the data set draws, of all classes.
    """
    found = _own_pictures(source, classes) if source else {number: None for number in range(classes)}
    with image_writer(folder, len(found), size, size) as writer:
        for class_id, file in found.items():
            writer.append((_own(file, size) if file else data_set.stock_picture(class_id, size))[None])
    rows = [(f"{c:05d}", c, f"{c:05d}", file.name if file else "rendered") for c, file in found.items()]
    write_index(folder, pd.DataFrame(rows, columns=list(COLUMNS)))


def _own_pictures(source: Path, classes: int) -> dict[int, Path]:
    """Class -> picture of the folder, by class. UserError when there is none or one too many."""
    if not source.is_dir():
        raise UserError(f"The folder of stock pictures {source} does not exist; correct 'stickers.stock'.")
    found: dict[int, Path] = {}
    files = [file for file in contents(source) if is_picture(file) and file.stem.isdecimal()]
    log_left_out(left_out(path, source) for path in contents(source) if path not in files)
    for file in files:
        class_id = int(file.stem)
        if class_id >= classes or class_id in found:
            reason = "is there twice" if class_id in found else f"is none of the {classes} classes"
            raise UserError(f"{file} names class {class_id}, which {reason}; rename or remove it.")
        found[class_id] = file
    if not found:
        raise UserError(f"{source} has no picture named by a class number such as 14.png; rename them.")
    return dict(sorted(found.items()))


def _own(file: Path, size: int) -> np.ndarray:
    """A picture of the user's, stretched: (size, size, 3) uint8."""
    picture = open_rgb(FolderPictures(file.parent), file.name)
    return np.asarray(picture.resize((size, size), Image.Resampling.LANCZOS))
