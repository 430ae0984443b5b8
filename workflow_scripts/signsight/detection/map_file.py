"""Maps of boxes on disk: one array a box, of its picture's size, in a `.npz` that is written as they come."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from signsight.core.errors import UserError
from signsight.core.files import atomic

EPOCH = (1980, 1, 1, 0, 0, 0)  # the time of every member, so that equal maps are equal files
LEVEL = 1  # of zlib: enlarged maps shrink well even so


class MapsWriter:
    """Takes maps (H, W) float32 in the order of the boxes; one at a time is held."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive, self._count = archive, 0

    def add(self, one: np.ndarray) -> None:
        """Append the map of the next box."""
        member = zipfile.ZipInfo(f"{self._count}.npy", EPOCH)
        member.compress_type, member.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
        with self._archive.open(member, "w", force_zip64=True) as stream:
            npy.write_array(stream, np.ascontiguousarray(one, np.float32))
        self._count += 1


@contextmanager
def maps_writer(path: Path | str) -> Iterator[MapsWriter]:
    """A writer of the file `path`, which appears whole or not at all."""
    with (
        atomic(path) as part,
        zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive,
    ):
        yield MapsWriter(archive)


class MapsFile:
    """The maps of boxes, read one by one; also readable by `numpy.load` (names "0", "1", ...)."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    @cached_property
    def _members(self) -> Any:
        try:
            return np.load(self.path, allow_pickle=False)
        except (OSError, ValueError, zipfile.BadZipFile) as fault:
            raise UserError(f"{self.path} cannot be read ({fault}); delete it and run again.") from fault

    def __len__(self) -> int:
        return len(self._members.files)

    def read(self, row: int) -> np.ndarray:
        """(H, W) float32, signed and unnormalised: the map of box `row`."""
        return self._members[str(row)]
