"""Finished pictures, kept beside the outputs of their job: what is there already is not made again.

A job that is killed goes on where it was, and one more class, unit or picture makes just that one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from signsight.core.files import atomic

Arrays = dict[str, np.ndarray]


class Store:
    """Arrays by name in a folder, for one state of everything that they depend on.

    what: that state (the recipe, digests of model and code, the seed), as JSON has it.
    """

    def __init__(self, folder: Path | str, what: Mapping[str, Any]) -> None:
        self.folder = Path(folder)
        self._state = json.dumps(what, sort_keys=True)

    def _file(self, name: str) -> Path:
        key = hashlib.sha256(f"{self._state}\x1f{name}".encode()).hexdigest()[:24]
        return self.folder / f"{key}.npz"

    def get(self, name: str) -> Arrays | None:
        """The arrays that were put under `name` in this state; None if there are none, or broken ones."""
        try:
            with np.load(self._file(name)) as file:
                return {key: file[key] for key in file.files}
        except (OSError, ValueError, EOFError, BadZipFile):
            return None

    def has(self, name: str) -> bool:
        """Whether there is a file of that name in this state, be it broken or not."""
        return self._file(name).is_file()

    def put(self, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep arrays, whole or not at all."""
        with atomic(self._file(name)) as part, part.open("wb") as file:
            np.savez(file, **arrays)

    def keep_only(self, names: Iterable[str]) -> None:
        """Delete what belongs to another state or none of these names."""
        wanted = {self._file(name) for name in names}
        for file in self.folder.glob("*.npz"):
            if file not in wanted:
                file.unlink(missing_ok=True)
