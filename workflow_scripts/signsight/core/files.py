"""Files that are there whole or not at all, and arrays that are streamed and never held."""

from __future__ import annotations

import copy
import csv
import glob
import hashlib
import json
import math
import os
import re
import shutil
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from signsight.core.disk import refusal
from signsight.core.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

# Columns of names that users give, or of texts that may be empty; 001, NA and null are names too.
TEXTS = {
    "name", "class_name", "predicted_name", "explained_name", "sticker", "sign_size", "shape", "file",
    "image_id", "track", "source", "label", "direction", "group", "tied_with", "layer", "picture", "target",
    "preset", "box", "class", "kind", "reason", "most_probable", "network", "set",
    "null", "against_null", "strongest", "outcome", "boxes", "original", "groups", "part",
}  # fmt: skip
HOST = re.sub(r"\W+", "-", socket.gethostname())


@contextmanager
def atomic(path: Path | str) -> Iterator[Path]:
    """A temporary path beside `path` to write to; renamed to `path` on success, deleted on failure.

    Who may read it is up to the umask alone, whatever wrote it. What the disk refuses ends in a UserError
    that names the path, whatever kind of exception the writer makes of it.
    """
    path = Path(path)
    with _temporary(path) as part:
        yield part
        _open_to_others(part)
        part.replace(path)


@contextmanager
def together(folder: Path | str) -> Iterator[Path]:
    """A temporary folder in `folder` for files that appear there at the end, all of them or none."""
    folder = Path(folder)
    with _temporary(folder / "files") as part:
        part.mkdir()
        yield part
        # All is written and on the same disk: renaming cannot run out of space half-way.
        for file in sorted(part.iterdir()):
            file.replace(folder / file.name)
        part.rmdir()


@contextmanager
def _temporary(path: Path) -> Iterator[Path]:
    """The name of a temporary file beside `path`, which no longer exists after a failure."""
    part = path.with_name(f".{path.name}.{HOST}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_orphans(path)
        yield part
    except BaseException as fault:
        told = None if isinstance(fault, UserError) else refusal(fault, path, part)
        _remove(part)
        if told:
            raise UserError(told) from fault
        raise


def _open_to_others(part: Path) -> None:
    """Give a file or folder the permissions that a new one has.

    Libraries that write by a temporary file of their own (safetensors) leave it to its owner alone.
    """
    mask = os.umask(0o077)  # there is no way to read it without setting it
    os.umask(mask)
    mode = part.stat().st_mode
    wanted = mode | (0o777 if part.is_dir() else 0o666) & ~mask
    if wanted != mode:
        with suppress(OSError):  # a file system without such permissions
            part.chmod(wanted)


def _remove_orphans(path: Path) -> None:
    """Remove what processes of this machine that were killed left of `path`."""
    for part in path.parent.glob(f".{glob.escape(path.name)}.{HOST}.*.part"):
        try:
            os.kill(int(part.name.split(".")[-2]), 0)
        except ProcessLookupError:
            _remove(part)
        except PermissionError:
            continue  # another user's process, and alive


def _remove(path: Path) -> None:
    with suppress(OSError):  # it must not hide the fault for which it is removed
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def file_digest(path: Path | str) -> str:
    """Hex sha256 of a file's content."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_text(path: Path | str, text: str) -> None:
    """Write `text` to `path`, whole or not at all."""
    with atomic(path) as part:
        part.write_text(text, encoding="utf-8")


def read_csv(path: Path | str) -> pd.DataFrame:
    """The table in `path`, TEXTS as they were written; elsewhere an empty cell is a missing value.

    UserError for a file that cannot be read as a table.
    """
    import pandas as pd

    try:
        names = pd.read_csv(path, nrows=0).columns
        texts = {name: str for name in names if name in TEXTS}
        empty = {name: [""] for name in names if name not in TEXTS}
        return pd.read_csv(path, dtype=texts, keep_default_na=False, na_values=empty)
    except (OSError, ValueError) as fault:  # pandas' own errors, and text that is no UTF-8, are ValueErrors
        reason = str(fault).strip().splitlines()[0]
        raise UserError(f"{path} cannot be read as a table ({reason}); delete it and run again.") from fault


def write_csv(path: Path | str, table: pd.DataFrame) -> None:
    """Write a table without its row numbers to `path`, whole or not at all."""
    with atomic(path) as part:
        table.to_csv(part, index=False)
        if (
            b"\r" in part.read_bytes()
        ):  # in a name; it ends a line where it is not quoted, which pandas forgets
            table.to_csv(part, index=False, quoting=csv.QUOTE_NONNUMERIC)


def write_json(path: Path | str, value: Any) -> None:
    """Write `value` as indented JSON to `path`, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, sort_keys=False) + "\n")


class ArrayFile:
    """An `.npy` file read in pieces with plain reads, so that memory stays that of one piece.

    (A memory map counts every page that was touched as the job's memory.)
    Attributes: `path`, `shape` tuple of int, `dtype`, `row_bytes` of one row.
    """

    def __init__(self, path: Path | str, offset: int = 0) -> None:
        """offset: where in the file the array begins, of one that is stored within another file."""
        self.path = Path(path)
        try:
            with self.path.open("rb") as file:
                file.seek(offset)
                version = np.lib.format.read_magic(file)
                reader = {
                    1: np.lib.format.read_array_header_1_0,
                    2: np.lib.format.read_array_header_2_0,
                }
                self.shape, fortran, self.dtype = reader[version[0]](file)
                self._start = file.tell()
                room = os.fstat(file.fileno()).st_size - self._start
        except (OSError, ValueError, KeyError) as fault:
            raise UserError(
                f"{self.path} is not a readable .npy file ({fault}); delete it and run again."
            ) from fault
        if not self.shape or self.dtype.hasobject:
            raise UserError(f"{self.path} holds no rows of numbers; save an array of numbers there.")
        if fortran:
            raise UserError(f"{self.path} is stored column by column; save it in C order.")
        self.row_bytes = math.prod(self.shape[1:]) * self.dtype.itemsize
        if min(self.shape) < 0 or self.shape[0] * self.row_bytes > room:
            raise UserError(f"{self.path} is shorter than its header says; delete it and run again.")

    def __len__(self) -> int:
        return self.shape[0]

    def read(self, start: int, stop: int) -> np.ndarray:
        """Rows start..stop-1 as a new array of shape (stop - start, ...)."""
        stop = min(stop, len(self))
        out = np.empty((max(stop - start, 0), *self.shape[1:]), self.dtype)
        with self.path.open("rb") as file:
            file.seek(self._start + start * self.row_bytes)
            if file.readinto(out.data if out.size else bytearray()) != out.nbytes:
                raise UserError(f"{self.path} is shorter than its header says; delete it and run again.")
        return out

    def take(self, rows: Iterable[int]) -> np.ndarray:
        """The given rows in that order, (len(rows), ...). UserError for a row that the file does not have."""
        wanted = list(rows)
        if beyond := [row for row in wanted if not 0 <= row < len(self)]:
            raise UserError(
                f"{self.path} has {len(self)} rows and row {beyond[0]} is wanted, so it is of another run; "
                "delete it and run again."
            )
        pieces = [self.read(row, row + 1) for row in wanted]
        return np.concatenate(pieces) if pieces else self.read(0, 0)

    def part(self, start: int, stop: int) -> ArrayFile:
        """Rows start..stop-1 as a file of their own, of which nothing is read yet."""
        own = copy.copy(self)
        own.shape = (stop - start, *self.shape[1:])
        own._start = self._start + start * self.row_bytes
        return own

    def batches(self, size: int) -> Iterator[np.ndarray]:
        """All rows in order, `size` at a time (the last piece may be shorter)."""
        for start in range(0, len(self), size):
            yield self.read(start, start + size)


class ArrayWriter:
    """Writes an `.npy` file of known shape in pieces; the file appears at its name when complete.

    Use as a context manager; leaving it with rows missing raises ValueError and leaves no file.
    """

    def __init__(self, path: Path | str, shape: tuple[int, ...], dtype: np.typing.DTypeLike) -> None:
        self.shape, self.dtype, self._rows = tuple(shape), np.dtype(dtype), 0
        self._path, self._context = Path(path), atomic(path)

    def __enter__(self) -> ArrayWriter:
        part = self._context.__enter__()
        try:
            self._file = part.open("wb", buffering=1 << 20)
        except OSError as fault:
            self._context.__exit__(type(fault), fault, fault.__traceback__)
            raise
        header = {
            "descr": np.lib.format.dtype_to_descr(self.dtype),
            "fortran_order": False,
            "shape": self.shape,
        }
        np.lib.format.write_array_header_1_0(self._file, header)
        return self

    def append(self, rows: np.ndarray) -> None:
        """Add rows of shape (n, *shape[1:]); values are cast to the file's dtype."""
        if rows.shape[1:] != self.shape[1:]:
            raise ValueError(f"rows of shape {rows.shape[1:]} for a file of {self.shape[1:]}")
        self._file.write(np.ascontiguousarray(rows, dtype=self.dtype).data)
        self._rows += len(rows)

    def __exit__(self, kind: type | None, value: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self._file.close()
            if kind is None and self._rows != self.shape[0]:
                raise ValueError(f"{self._path}: {self._rows} rows written of {self.shape[0]}")
        except BaseException as fault:
            self._context.__exit__(type(fault), fault, fault.__traceback__)
            raise
        self._context.__exit__(kind, value, trace)
