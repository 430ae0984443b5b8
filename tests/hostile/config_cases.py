"""Cases of configs that are refused before any job, and how to write them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from case import Case
from made_of import class_folders
from rules_alone import Run, Step

AS_IT_IS = {"train": False, "weights": "net.pth", "mean": [0.5] * 3, "std": [0.2] * 3}


def config(**groups: Any) -> Callable[[Path], Step]:
    """The check of a config beside a folder of pictures, a file, and the files of a network."""

    def make(folder: Path) -> Step:
        class_folders(folder / "own")
        (folder / "afile").write_text("x")
        (folder / "net.pth").write_text("x")
        (folder / "half").mkdir()
        (folder / "half/model.json").write_text("{}")
        return Run(groups)

    return make


def of(name: str, sentence: str, **groups: Any) -> Case:
    """A config, and what is said of it."""
    return Case(name, config(**groups), sentence)


def wrong(key: str, value: Any, sentence: str) -> Case:
    """A value that its key does not take."""
    groups: Any = value
    for part in reversed(key.split(".")):
        groups = {part: groups}
    return of(f"{key} {repr(value)[:30]}", f"Config key '{key}...{sentence}", **groups)
