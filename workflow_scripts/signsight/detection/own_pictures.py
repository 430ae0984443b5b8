"""The user's own pictures for a detector, whole and without truth, and the one way to open every source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from signsight.core.errors import UserError
from signsight.data.photographs import folder_of, photograph_files
from signsight.data.pictures import open_rgb
from signsight.data.report import look_at_all, report
from signsight.data.scene_sources import KEY, Kind
from signsight.detection.scene import Scene, SceneSource
from signsight.detection.voc import VocScenes, open_voc


class OwnPictures:
    """A folder of pictures, a CSV with the column `file`, or one picture; a `SceneSource`.

    ids: the files, relative to the folder, as the user knows them. UserError when there are none.
    """

    def __init__(self, source: Path, key: str = KEY) -> None:
        files = photograph_files(source, key)
        if any(not file.strip() for file in files.names):
            raise UserError(f"{files.table} has a line that names no file; give it one or delete that line.")
        if not files.names:
            raise UserError(f"{source} names no pictures; put pictures there or correct {key!r}.")
        self.ids, self.left_out = list(dict.fromkeys(files.names)), files.left_out
        self._root = folder_of(source)

    def examine(self, workers: int = 1) -> pd.DataFrame:
        """What is broken, skipped or odd, as `data.report` has it; from now on broken ones are left out."""
        looks, _ = look_at_all(self._root, self.ids, workers)
        findings = report(self.ids, [""] * len(self.ids), looks, self.left_out)
        self.ids = [file for file, one in zip(self.ids, looks, strict=True) if not one.broken]
        return findings

    def scene(self, picture: str) -> Scene:
        """The picture of that name, without truth. UserError when it is missing or broken."""
        return Scene(picture, np.asarray(open_rgb(self._root, picture)))


def open_source(
    kind: Kind,
    path: Path,
    classes: Sequence[str],
    *,
    renamed: Mapping[str, str] | None = None,
    split: str | None = None,
    needs_split: bool = False,
) -> SceneSource:
    """The pictures at `path`: an archive or folder in VOC's layout, or the user's own ("pictures").

    kind: of `scene_sources.kind_of`; classes, renamed, split, needs_split: see `VocScenes`; own pictures
    have no truth and take none of them.
    """
    if kind == "pictures":
        return OwnPictures(path)
    return VocScenes(open_voc(path), classes, renamed=renamed, split=split, needs_split=needs_split)
