"""Stock pictures: one clean picture of each sign, rendered or the user's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from signsight.core.errors import UserError
from signsight.data.imageset import COLUMNS, image_writer, write_index
from signsight.data.pictures import FolderPictures, open_rgb
from signsight.signs.stock import stock_sign


def write_stock(folder: Path, classes: int, *, size: int, source: str | None) -> None:
    """Write an image set of size x size stock pictures, one a class, to `folder`.

    source: a folder of the user's pictures named by class number (`14.png`, `00014.jpg`; classes
    may be missing), stretched to the square; None: the rendered signs of all classes.
    """
    found = _own_pictures(Path(source), classes) if source else {c: None for c in range(classes)}
    with image_writer(folder, len(found), size, size) as writer:
        for class_id, file in found.items():
            writer.append(_picture(class_id, file, size)[None])
    rows = [(f"{c:05d}", c, f"{c:05d}", file.name if file else "rendered") for c, file in found.items()]
    write_index(folder, pd.DataFrame(rows, columns=list(COLUMNS)))


def _own_pictures(source: Path, classes: int) -> dict[int, Path]:
    """Class -> picture of the folder, by class. UserError when there is none or one too many."""
    if not source.is_dir():
        raise UserError(f"The folder of stock pictures {source} does not exist; mend 'stickers.stock'.")
    found: dict[int, Path] = {}
    for file in sorted(source.iterdir()):
        if not file.stem.isdigit():
            continue
        class_id = int(file.stem)
        if class_id >= classes or class_id in found:
            reason = "is there twice" if class_id in found else f"is none of the {classes} classes"
            raise UserError(f"{file} names class {class_id}, which {reason}; rename or remove it.")
        found[class_id] = file
    if not found:
        raise UserError(f"{source} has no picture named by a class number such as 14.png; rename them.")
    return dict(sorted(found.items()))


def _picture(class_id: int, file: Path | None, size: int) -> np.ndarray:
    if file is None:
        return stock_sign(class_id, size)[0]
    picture = open_rgb(FolderPictures(file.parent), file.name)
    return np.asarray(picture.resize((size, size), Image.Resampling.LANCZOS))
