"""Arrays that earlier jobs have stored: read without running code, and told from damaged ones."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from signsight.core.errors import UserError
from signsight.core.files import ArrayFile

# Expanded, a file may have so many bytes, or so many times its own: maps of little relevance compress well.
LARGEST, MOST = 1 << 30, 1100
# What numpy and zipfile raise for a damaged file: NotImplementedError, for one, is an unknown compression.
DAMAGE = (
    OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, EOFError, MemoryError,
    NotImplementedError, RecursionError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


@contextmanager
def stored(path: Path | str) -> Iterator[Mapping[str, np.ndarray]]:
    """The arrays in `path`, each read when it is asked for.

    UserError for a file that is missing or damaged, for an array that it lacks or that pickles objects, and
    for arrays that do not fit together, whatever the body of the `with` finds of it.
    """
    try:
        size = Path(path).stat().st_size
        with np.load(path, allow_pickle=False) as file:
            if sum(one.file_size for one in file.zip.infolist()) > max(LARGEST, MOST * size):
                raise ValueError("its arrays are too large")
            yield file
    except UserError:
        raise
    except DAMAGE as fault:
        raise damaged(path, fault) from fault


def stored_arrays(path: Path | str) -> dict[str, np.ndarray]:
    """All arrays in `path`. UserError as of `stored`."""
    with stored(path) as file:
        arrays = {name: file[name] for name in file}
        if other := [name for name, value in arrays.items() if not isinstance(value, np.ndarray)]:
            raise ValueError(f"{other[0]!r} is no array")
        return arrays


def stored_array(path: Path | str) -> np.ndarray:
    """The whole array in an `.npy` file. UserError for a damaged one."""
    file = ArrayFile(path)
    return file.read(0, len(file))


def damaged(path: Path | str, fault: BaseException) -> UserError:
    """The error for a file of an earlier job that cannot be used."""
    reason = f"it lacks {fault}" if isinstance(fault, KeyError) else str(fault) or type(fault).__name__
    reason = " ".join(reason.split())[:200]
    return UserError(f"{path} is damaged, or of another run ({reason}); delete it and run again.")
