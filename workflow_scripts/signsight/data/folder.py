"""Any folder of pictures, sorted in class folders, as records; the whole picture is used."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from signsight.core.errors import UserError
from signsight.data.split import held_out_tracks

log = logging.getLogger("signsight")

SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".ppm", ".pgm", ".pnm", ".bmp", ".webp", ".gif", ".tif", ".tiff",
)  # fmt: skip
COLUMNS = ("image_id", "class_id", "track", "source")


class FolderData(NamedTuple):
    """Records of training and test pictures (`image_id, class_id, track, source`; `source` is
    relative to the root), and the class names by class id."""

    training: pd.DataFrame
    test: pd.DataFrame
    class_names: tuple[str, ...]


def folder_records(
    root: Path | str,
    *,
    test_fraction: float = 0.2,
    track_pattern: str | None = None,
    seed: int,
) -> FolderData:
    """The pictures of `<root>/<class>/`, or of `<root>/train/<class>/` and `<root>/test/<class>/`.

    Class ids follow the sorted folder names, numbers by value ('2' before '10'). In the first
    layout `test_fraction` of every class becomes the test set, in whole tracks, drawn from `seed`.
    track_pattern: a regular expression with one group, searched in the file name without suffix;
    pictures of a class with the same group are one track. None: every picture is its own track.
    UserError when there is no class folder, an empty one, or one in test/ but not in train/.
    """
    root = Path(root)
    if not root.is_dir():
        raise UserError(f"The folder of pictures {root} does not exist; check its path.")
    pattern = _compiled(track_pattern)
    if _is_split(root):
        names = _class_names(root / "train")
        _check_test_classes(root / "test", names)
        training, test = (_records(root, part, names, pattern) for part in ("train", "test"))
    else:
        names = _class_names(root)
        every = _records(root, ".", names, pattern)
        held = held_out_tracks(every, test_fraction, seed, "test split")
        training, test = every[~held], every[held]
    return FolderData(training.reset_index(drop=True), test.reset_index(drop=True), tuple(names))


def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    if pattern is None:
        return None
    try:
        compiled = re.compile(pattern)
    except re.error as fault:
        raise UserError(f"track_pattern: {pattern!r} is no regular expression ({fault}); mend it.") from fault
    if compiled.groups != 1:
        raise UserError(f"track_pattern: {pattern!r} has {compiled.groups} groups; write exactly one (...).")
    return compiled


def _is_split(root: Path) -> bool:
    """Whether `root` has train/ and test/ that are not classes themselves."""
    parts = [root / "train", root / "test"]
    return all(part.is_dir() and not _pictures(part) for part in parts)


def _folders(parent: Path) -> list[str]:
    return sorted(
        (path.name for path in parent.iterdir() if path.is_dir() and path.name[0] != "."),
        key=natural_key,
    )


def natural_key(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Sort key under which numbers count by value: '2' < '10', 'a2' < 'a10'."""
    parts = re.findall(r"\d+|\D+", name)
    return [(0, int(p), "") if p.isdecimal() else (1, 0, p.casefold()) for p in parts], name


def _class_names(parent: Path) -> list[str]:
    names = _folders(parent)
    if not names:
        raise UserError(
            f"{parent} has no class folders; sort the pictures as <class>/<picture>, or "
            "train/<class>/<picture> and test/<class>/<picture>."
        )
    return names


def _check_test_classes(test: Path, names: list[str]) -> None:
    for name in _class_names(test):
        if name not in names:
            raise UserError(f"{test / name} is a class that train/ does not have; add it there or remove it.")


def _pictures(folder: Path) -> list[Path]:
    files = (
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES and path.name[0] != "." and path.is_file()
    )
    return sorted(files, key=lambda path: natural_key(path.name))


def _records(root: Path, part: str, names: list[str], pattern: re.Pattern[str] | None) -> pd.DataFrame:
    """Records of `root/part/<class>/` for the classes that are there."""
    rows = []
    for class_id, name in enumerate(names):
        folder = root / part / name
        if not folder.is_dir():
            log.info("%s is not there: no pictures of that class in %s", folder, part)
            continue
        pictures = _pictures(folder)
        if not pictures:
            raise UserError(
                f"The class folder {folder} has no picture ({', '.join(SUFFIXES)}); fill it or remove it."
            )
        for path in pictures:
            image_id = f"{name}/{path.name}"
            track = image_id if pattern is None else f"{name}/{_group(pattern, path)}"
            rows.append((image_id, class_id, track, path.relative_to(root).as_posix()))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _group(pattern: re.Pattern[str], path: Path) -> str:
    match = pattern.search(path.stem)
    if match is None or match.group(1) is None:
        raise UserError(
            f"track_pattern: {pattern.pattern!r} is not found in the name of {path}; mend the "
            "pattern or the name."
        )
    return match.group(1)
