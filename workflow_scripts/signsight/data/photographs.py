"""The user's own photographs: which files they are, of which classes, and what a classifier sees of them."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
import pandas as pd
from PIL import Image

from signsight.core.errors import UserError
from signsight.data.centre import Mode
from signsight.data.class_folders import class_folder, folders, layout
from signsight.data.fit import fit, seen_box
from signsight.data.listing import SUFFIXES, LeftOut, contents, is_picture, left_out, named_in
from signsight.data.photograph_columns import (
    WHOLE,
    Box,
    Columns,
    Told,
    boxes_text,
    read_told,
    table_of,
    within,
)
from signsight.data.pictures import FolderPictures
from signsight.data.report import look_at_all, report
from signsight.data.rows import read_rows

log = logging.getLogger("signsight")

# Also '6.0', as programs write whole numbers of a column that has gaps.
CLASS_NUMBER = re.compile(r"(\d{1,9})(\.0+)?", re.ASCII)

NONE = Columns()


class Files(NamedTuple):
    """What a source of photographs holds.

    table: the CSV that lists them, or None; names: the files, relative to the folder; left_out: what else
    lies there.
    """

    table: Path | None
    names: Sequence[str]
    left_out: Sequence[LeftOut] = ()


class Listed(NamedTuple):
    """The photographs of a source.

    table: `file`, relative to the folder, `class_id`, -1 where it is not given, `original`, the image of the
    data set that it is, or '', `track`, the physical object that it shows, or '', and `groups`, JSON of
    column -> text; folders: of each, its class folder or
    ''; left_out: what is not read; told: of each, where the object and stickers on it are.
    """

    table: pd.DataFrame
    folders: Sequence[str]
    left_out: Sequence[LeftOut]
    told: Sequence[Told]


class View(NamedTuple):
    """One photograph as a classifier sees it: see `Seen`."""

    image: np.ndarray
    side: int
    boxes: Sequence[Box]


class Seen(NamedTuple):
    """Photographs as a classifier sees them.

    table: that of `Listed`, of those that can be used, with `side`, the pixels along the shorter side of the
    part that is used, and `boxes`, those of stickers as shares of what the classifier sees; images:
    (N, size, size, 3) uint8; findings: of all, as `data.report` has them.
    """

    table: pd.DataFrame
    images: np.ndarray
    findings: pd.DataFrame


def folder_of(source: Path) -> FolderPictures:
    """The folder that the files of a source are relative to."""
    return FolderPictures(source if source.is_dir() else source.parent)


def photograph_files(source: Path, key: str) -> Files:
    """The photographs of a source.

    source: a picture, a CSV with a column `file`, or a folder: with such a `labels.csv`, or else with
    pictures, class folders of pictures, or `train` and `test` with class folders, as the data set `folder`
    takes them; key: the config key that names it. UserError for anything else.
    """
    if source.is_dir() and table_of(source) is None:
        return _in_folder(source)
    if not source.is_dir() and not source.is_file():
        reason = "is not a regular file or folder" if source.exists() else "does not exist"
        raise UserError(f"Config key {key!r}: {source} {reason}; correct its path.")
    if source.suffix.lower() in SUFFIXES and source.is_file():
        return Files(None, [source.name])
    if source.is_file() and source.suffix.lower() != ".csv":  # whose pictures would not be seen to change
        raise UserError(
            f"Config key {key!r}: {source} has the ending of neither a picture nor a table; name a "
            "picture, a "
            "folder or a CSV (.csv)."
        )
    table = table_of(source) or source
    return Files(table, named_in(table))


def _in_folder(root: Path) -> Files:
    parents = [parent for parent in layout(root) if parent]
    classes = [class_folder(root, folder) for parent in parents for folder in folders(parent)]
    found = [path for path in contents(root) if is_picture(path)]
    taken = {*found, *parents, *(root / one.name for one in classes if one.pictures)}
    others = [left_out(path, root) for path in contents(root) if path not in taken]
    found += [path for one in classes for path in one.pictures]
    others += [what for one in classes if one.pictures for what in one.left_out]
    return Files(None, [path.relative_to(root).as_posix() for path in found], others)


def list_photographs(
    source: Path, classes: Sequence[str], key: str = "real_examples.source", columns: Columns = NONE
) -> Listed:
    """The photographs of a source, with their classes where they are known.

    source: see `photograph_files`; classes: the network's, which class folders are matched with by name and
    `class_id` of a CSV by number; key: the config key that names the source; columns: what else is read in a
    CSV. UserError when there is none, the CSV is faulty, or a class is none of the network's.
    """
    files = photograph_files(source, key)
    if not files.names:
        raise UserError(f"{source} names no photographs; put pictures there or correct {key!r}.")
    if files.table is not None:
        named = [""] * len(files.names)
        numbers = [_class_number(row, where, len(classes)) for where, row in read_rows(files.table, ["file"])]
    else:
        named = [PurePosixPath(file).parent.name for file in files.names]
        numbers = _numbers(named, classes)
    told = read_told(files.table, columns) if files.table else [Told()] * len(named)
    table = pd.DataFrame({"file": files.names, "class_id": np.array(numbers, np.int64)})
    table["original"] = [one.original for one in told]
    table["track"] = [one.track for one in told]
    table["groups"] = [json.dumps(one.groups) for one in told]
    return Listed(table, named, files.left_out, told)


def _numbers(named: Sequence[str], classes: Sequence[str]) -> list[int]:
    """The class that each folder is named after, -1 for none; names that are none are logged once."""
    numbers = {name: number for number, name in enumerate(classes)}
    unknown = sorted({name for name in named if name and name not in numbers})
    if unknown:
        shown = ", ".join(unknown[:3]) + (", ..." if len(unknown) > 3 else "")
        log.info("folders that are named after no class of the network, so their truth is unknown: %s", shown)
    return [numbers.get(name, -1) for name in named]


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


def see_photographs(listed: Listed, source: Path, size: int, mode: Mode, workers: int = 1) -> Seen:
    """Photographs as a classifier sees them, each decoded once.

    mode: see `data.fit`. The object's place is cut out first, where it is told. Those that cannot be used are
    left out and among the findings.
    """
    files = listed.table["file"].tolist()

    def cut(picture: Image.Image, place: int) -> View:
        return _view(picture, listed.told[place], size, mode)

    looks, views = look_at_all(folder_of(source), files, workers, cut)
    kept = [view for view in views if view is not None]
    table = listed.table[[view is not None for view in views]].reset_index(drop=True)
    table = table.assign(side=[view.side for view in kept], boxes=[boxes_text(view.boxes) for view in kept])
    stacked = np.stack([view.image for view in kept]) if kept else np.empty((0, size, size, 3), np.uint8)
    return Seen(table, stacked, report(files, listed.folders, looks, listed.left_out))


def _view(picture: Image.Image, told: Told, size: int, mode: Mode) -> View:
    """One photograph, cut to its object in whole pixels."""
    (wide, high), roi = picture.size, told.roi
    left, right = _whole(roi[0] * wide, roi[2] * wide, wide)
    upper, lower = _whole(roi[1] * high, roi[3] * high, high)
    image = fit(picture, size, mode, None if roi == WHOLE else (left, upper, right, lower))
    seen = seen_box((right - left, lower - upper), size, mode)
    across, down = ((start + seen[i]) / side for start, i, side in ((left, 0, wide), (upper, 1, high)))
    part = across, down, (left + seen[2]) / wide, (upper + seen[3]) / high
    return View(image, min(right - left, lower - upper), within(told.boxes, part))


def _whole(start: float, stop: float, side: int) -> tuple[int, int]:
    """The whole pixels of 0..side that are nearest to a stretch, one at least."""
    first = min(round(start), side - 1)
    return first, max(round(stop), first + 1)
