"""Folders of pictures that are sorted by class: which they are, and what is in them; without pandas."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from signsight.core.errors import UserError
from signsight.data.listing import LeftOut, contents, is_leftover, is_picture, left_out

VALIDATION = ("val", "valid", "validation")  # names that others give to the folder `test`


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
    alone = {name for name, path in parts.items() if len(folders(root)) == 1 and folders(path)}
    if "test" in alone:
        return None, parts["test"]
    other = next((name for name in VALIDATION if name in parts), None)
    if "train" in parts and other:
        raise UserError(
            f"{root} has train/ and {other}/, but no test/; rename {other}/ to test/ (pictures for the "
            "validation are taken from train/)."
        )
    if alone & set(VALIDATION):
        raise UserError(f"{root} has {other}/, but no test/; rename {other}/ to test/.")
    return root, None


def folders(parent: Path) -> list[Path]:
    """The folders in a folder, numbers by value, without those that systems leave behind."""
    found = (path for path in contents(parent) if path.is_dir() and not is_leftover(path))
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
