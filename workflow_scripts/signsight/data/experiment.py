"""A finished experiment by its folder: the files in it that can be compared with those of another one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

NEEDED = (
    "crop/test/images.npy",
    "crop/test/index.csv",
    "crop/classes.csv",
    "score/clean/test.npz",
    "train/model.json",
)


@dataclass(frozen=True)
class Experiment:
    """The results of an experiment in `folder`: names of files, none of which is read but its config."""

    folder: str

    @property
    def missing(self) -> str | None:
        """The first file without which there is nothing to compare; None where all are there."""
        return next((self.file(name) for name in NEEDED if not Path(self.file(name)).is_file()), None)

    @cached_property
    def config(self) -> dict[str, Any]:
        """The config that it was made with; empty for one that stored none."""
        try:
            found = yaml.safe_load(Path(self.file("config.yaml")).read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError):
            return {}
        return found if isinstance(found, dict) else {}

    def file(self, name: str) -> str:
        """A file by its place within the folder."""
        return f"{self.folder}/{name}"

    def image_set(self, target: str) -> dict[str, str]:
        """The files of the test images, or of the stock pictures `target`."""
        place = "crop/test" if target == "test" else f"stock/{target}"
        return {"images": self.file(f"{place}/images.npy"), "index": self.file(f"{place}/index.csv")}

    @cached_property
    def maps(self) -> dict[str, str]:
        """Method -> file of its maps."""
        return {file.parent.name: str(file) for file in self._files("attribute/*/maps.npy")}

    @cached_property
    def values(self) -> dict[str, dict[str, str]]:
        """Metric -> method -> file of its answers."""
        found: dict[str, dict[str, str]] = {}
        for file in self._files("evaluate/*/*/scores.npz"):
            found.setdefault(file.parts[-3], {})[file.parent.name] = str(file)
        return found

    def scores(self, kind: str) -> dict[str, str]:
        """Group -> file of predictions on sets of a kind: a transform, `stickers` or `background`."""
        return {file.stem: str(file) for file in self._files(f"score/{kind}/*.npz")}

    def _files(self, pattern: str) -> list[Path]:
        return sorted(Path(self.folder).glob(pattern))
