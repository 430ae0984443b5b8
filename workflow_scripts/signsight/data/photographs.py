"""The user's own photographs: which files they are, and what a classifier is shown of them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from signsight.core.errors import UserError
from signsight.data.fit import Mode, fit
from signsight.data.listing import photograph_files
from signsight.data.pictures import FolderPictures, open_rgb
from signsight.data.rows import read_rows

# Also '6.0', as programs write whole numbers of a column that has gaps.
CLASS_NUMBER = re.compile(r"(\d{1,9})(\.0+)?", re.ASCII)


def list_photographs(source: Path, classes: int, key: str = "real_examples.source") -> pd.DataFrame:
    """`file` (relative to the folder of `source`) and `class_id` (-1: not given) of each photograph.

    source: a picture, a folder of pictures (one of its files may be a `labels.csv`), or a CSV with
    the column `file` and maybe `class_id`; key: the config key that names it. UserError when there
    is none, the CSV is faulty, or a class is none of 0, ..., `classes` - 1.
    """
    table, files = photograph_files(source, key)
    numbers = [-1] * len(files)
    if table is not None:
        numbers = [_class_number(row, where, classes) for where, row in read_rows(table, ["file"])]
    if not files:
        raise UserError(f"{source} names no photographs; put pictures there or correct {key!r}.")
    return pd.DataFrame({"file": files, "class_id": np.array(numbers, np.int64)})


def _class_number(row: dict[str, str], where: str, classes: int) -> int:
    if not row["file"].strip():
        raise UserError(f"{where} names no file; give it one or delete that line.")
    text = row.get("class_id", "").strip()
    if not text:
        return -1
    number = CLASS_NUMBER.fullmatch(text)
    if number is None or int(number[1]) >= classes:
        raise UserError(
            f"{where} gives {row['file']} the class_id {text!r}; write a number from 0 to {classes - 1}, or "
            "nothing where the class is not known."
        )
    return int(number[1])


def fitted_photographs(listed: pd.DataFrame, source: Path, size: int, mode: Mode) -> np.ndarray:
    """The photographs of `list_photographs` as a classifier sees them, (N, size, size, 3) uint8.

    mode: see `data.fit`. UserError that names the file which is missing or broken.
    """
    root = FolderPictures(source if source.is_dir() else source.parent)
    return np.stack([fit(open_rgb(root, file), size, mode) for file in listed["file"]])
