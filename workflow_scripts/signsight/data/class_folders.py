"""Folders of pictures that are sorted by class: which they are, and what is in them; without pandas."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from signsight.core.errors import UserError
from signsight.data.listing import LeftOut, contents, is_leftover, is_picture, leads_above, left_out

VALIDATION = ("val", "valid", "validation", "dev")  # names that others give to the folder `test`
TRAIN, TEST = ("train", "training"), ("test", "testing", *VALIDATION)  # in any letters


class ClassFolder(NamedTuple):
    """A folder of one class: its name, its pictures, numbers by value, and what else lies in it."""

    name: str
    pictures: Sequence[Path]
    left_out: Sequence[LeftOut]


def layout(root: Path) -> tuple[Path | None, Path | None]:
    """The folders that hold the training and the test classes; None for the latter when the former are to
    be split, None for the former when there is only test/."""
    if not root.is_dir():
        raise UserError(f"The folder of pictures {root} does not exist; check its path.")
    parts = {path.name: path for path in folders(root) if not any(map(is_picture, contents(path)))}
    if "train" in parts and "test" in parts:
        return parts["train"], parts["test"]
    if "test" in parts and _has_classes_only_there(root, parts["test"]):
        return None, parts["test"]
    _refuse_other_names(root, parts)
    return root, None


def _has_classes_only_there(root: Path, part: Path) -> bool:
    return len(folders(root)) == 1 and bool(folders(part))


def _refuse_other_names(root: Path, parts: Mapping[str, Path]) -> None:
    """UserError for parts under other names, as they would be taken for classes."""
    train = [name for name in parts if name.lower() in TRAIN]
    test = [name for name in parts if name.lower() in TEST]
    other = next((name for name in test if name != "test"), None)
    if "train" in train and other:
        raise UserError(
            f"{root} has train/ and {other}/, but no test/; rename {other}/ to test/ (pictures for the "
            "validation are taken from train/)."
        )
    if train and test:
        raise UserError(f"{root} has {train[0]}/ and {test[0]}/; rename them to train/ and test/.")
    if other and _has_classes_only_there(root, parts[other]):
        raise UserError(f"{root} has {other}/, but no test/; rename {other}/ to test/.")
    if train and _has_classes_only_there(root, parts[train[0]]):
        raise UserError(
            f"{root} has {train[0]}/, but no test/; add test/, or name {parts[train[0]]} as the source, of "
            "which a share becomes the test set."
        )


def folders(parent: Path) -> list[Path]:
    """The folders in a folder, numbers by value, without those that systems leave behind.

    UserError for a link to a folder that it lies in.
    """
    found = [path for path in contents(parent) if path.is_dir() and not is_leftover(path)]
    for path in filter(leads_above, found):
        raise UserError(f"{path} is a link to {path.readlink()}, a folder that it lies in itself; remove it.")
    return sorted(found, key=lambda path: natural_key(path.name))


def class_folder(root: Path, folder: Path) -> ClassFolder:
    """What is in the folder of a class, told from the folder `root` on."""
    found, name = contents(folder), folder.name
    pictures = sorted(filter(is_picture, found), key=lambda path: natural_key(path.name))
    return ClassFolder(name, pictures, [left_out(path, root, name) for path in found if not is_picture(path)])


def natural_key(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Sort key under which numbers count by value: '2' < '10', 'a2' < 'a10'."""
    parts = re.findall(r"\d+|\D+", name)
    return [(0, int(p), "") if p.isdecimal() else (1, 0, p.casefold()) for p in parts], name
