"""Files: whole or not at all, arrays streamed through plain reads and writes."""

from __future__ import annotations

import errno
import io
import os
import stat
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile, mkdtemp
from typing import Any

import numpy as np
import pandas as pd
import pytest

from signsight.core.errors import UserError
from signsight.core.files import (
    HOST,
    ArrayFile,
    ArrayWriter,
    atomic,
    together,
    write_csv,
    write_json,
    write_text,
)

DTYPES = ["uint8", "int16", "int64", "float16", "float32", "float64", "bool", ">f4"]


def full(*args: Any, **options: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("shape", "batch"), [((7,), 3), ((10, 4, 5), 4), ((3, 2, 2, 3), 100), ((0, 4), 2)])
def test_written_rows_come_back(tmp_path: Path, dtype: str, shape: tuple[int, ...], batch: int) -> None:
    rows = np.random.default_rng(0).integers(0, 100, shape).astype(dtype)
    path = tmp_path / "new" / "rows.npy"
    with ArrayWriter(path, shape, dtype) as writer:
        for start in range(0, len(rows), batch):
            writer.append(rows[start : start + batch])
        assert not path.exists()
    loaded, file = np.load(path), ArrayFile(path)
    assert loaded.dtype == file.dtype == rows.dtype and file.shape == shape and len(file) == shape[0]
    np.testing.assert_array_equal(loaded, rows)
    pieces = list(file.batches(batch))
    assert all(len(piece) == batch for piece in pieces[:-1])
    np.testing.assert_array_equal(np.concatenate([rows[:0], *pieces]), rows)
    np.testing.assert_array_equal(file.read(1, 3), rows[1:3])
    assert list(path.parent.iterdir()) == [path]


def test_files_of_numpy_are_read_and_slices_are_cast(tmp_path: Path) -> None:
    rows = np.arange(24.0).reshape(6, 4)
    np.save(tmp_path / "a.npy", rows)
    np.testing.assert_array_equal(ArrayFile(tmp_path / "a.npy").read(2, 99), rows[2:])
    with ArrayWriter(tmp_path / "b.npy", (6, 2), np.float32) as writer:
        writer.append(rows[:, ::2])
    np.testing.assert_array_equal(np.load(tmp_path / "b.npy"), rows[:, ::2].astype(np.float32))


def test_an_exception_leaves_nothing_and_an_older_file_untouched(tmp_path: Path) -> None:
    write_text(tmp_path / "a.npy", "old")
    with pytest.raises(KeyError), ArrayWriter(tmp_path / "a.npy", (2,), int) as writer:
        writer.append(np.zeros(1, int))
        raise KeyError
    with pytest.raises(KeyboardInterrupt), atomic(tmp_path / "folder") as part:
        (part / "deep").mkdir(parents=True)
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == ["a.npy"]
    assert (tmp_path / "a.npy").read_text() == "old"


@pytest.mark.parametrize("rows", [1, 3])
def test_a_wrong_number_of_rows_leaves_nothing(tmp_path: Path, rows: int) -> None:
    with (
        pytest.raises(ValueError, match=f"{rows} rows written of 2"),
        ArrayWriter(tmp_path / "a.npy", (2, 2), int) as writer,
    ):
        writer.append(np.zeros((rows, 2)))
    with (
        pytest.raises(ValueError, match="rows of shape"),
        ArrayWriter(tmp_path / "a.npy", (2, 2), int) as writer,
    ):
        writer.append(np.zeros((2, 3)))
    assert not list(tmp_path.iterdir())


class FullDisk(io.FileIO):
    """A file on a disk that takes the name, and no bytes."""

    write = full


def test_a_full_disk_ends_in_a_sentence_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_full(path: Path, mode: str, buffering: int) -> io.BufferedWriter:
        return io.BufferedWriter(FullDisk(path, mode), buffering)

    monkeypatch.setattr(Path, "open", open_full)
    for size in (10, 4 << 20):  # found at the end, found on the way
        with (
            pytest.raises(UserError, match=r"No space left on the device while writing .*a\.npy"),
            ArrayWriter(tmp_path / "a.npy", (size,), np.uint8) as writer,
        ):
            writer.append(np.zeros(size, np.uint8))
    monkeypatch.setattr(Path, "open", full)  # not even the name
    writer = ArrayWriter(tmp_path / "a.npy", (1,), np.uint8)
    with pytest.raises(UserError, match="No space left on the device"), writer:
        pass
    assert not list(tmp_path.iterdir())


def test_a_full_disk_without_room_for_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(UserError, match="No space left on the device"):
        write_text(tmp_path / "new" / "a.txt", "a")


def test_memory_is_that_of_a_batch_whatever_the_length(tmp_path: Path) -> None:
    peaks = []
    for length in (1_000, 100_000):
        path = tmp_path / f"{length}.npy"
        np.lib.format.open_memmap(
            path, "w+", np.uint8, (length, 48, 48)
        ).flush()  # sparse: holes take no room
        tracemalloc.start()
        total = sum(int(batch[:, 0, 0].sum()) for batch in ArrayFile(path).batches(100))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert total == 0
        path.unlink()
    assert peaks[1] < 1.2 * peaks[0] < 10 * 100 * 48 * 48


def test_a_file_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.zeros((10, 10)))
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(UserError, match="shorter than its header"):
        ArrayFile(path)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"PK\x03\x04 something else entirely"])
def test_what_is_no_array_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(UserError, match="not a readable"):
        ArrayFile(tmp_path / "a.npy")
    with pytest.raises(UserError, match="not a readable"):
        ArrayFile(tmp_path / "missing.npy")


@pytest.mark.parametrize("array", [np.array(3), np.array(["a", None], object)])
def test_arrays_without_rows_of_numbers_are_refused(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(UserError, match="no rows of numbers"):
        ArrayFile(tmp_path / "a.npy")


def test_an_array_in_columns_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.asfortranarray(np.zeros((3, 4))))
    with pytest.raises(UserError, match="column by column"):
        ArrayFile(tmp_path / "a.npy")


def test_tables_and_json_come_back(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": [1, 2], "b": ["x, y", "é"]})
    write_csv(tmp_path / "t.csv", table)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "t.csv"), table)
    write_json(tmp_path / "v.json", {"b": 1, "a": [1.5, None]})
    assert pd.read_json(tmp_path / "v.json", typ="series").to_dict()["a"] == [1.5, None]


def test_atomic_removes_what_a_killed_process_left(tmp_path: Path) -> None:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    dead = tmp_path / f".x.csv.{HOST}.{done.pid}.part"
    alive = tmp_path / f".x.csv.{HOST}.{os.getppid()}.part"
    elsewhere = tmp_path / f".x.csv.otherhost.{done.pid}.part"
    for part in (dead, alive, elsewhere):
        part.write_text("half")
    write_text(tmp_path / "x.csv", "whole")
    assert not dead.exists() and alive.exists() and elsewhere.exists()


def test_files_that_appear_together_leave_nothing_of_a_killed_process(tmp_path: Path) -> None:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    (tmp_path / f".files.{HOST}.{done.pid}.part").mkdir()
    (tmp_path / f".files.{HOST}.{done.pid}.part" / "a.npy").write_text("half")
    with together(tmp_path) as part:
        write_text(part / "a.txt", "a")
        write_text(part / "b.txt", "b")
        assert list(tmp_path.iterdir()) == [part]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.txt", "b.txt"]


@pytest.fixture(params=[0o022, 0o027, 0o002])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """A umask that holds for one test."""
    old = os.umask(request.param)
    yield request.param
    os.umask(old)


def test_who_may_read_a_file_is_up_to_the_umask(tmp_path: Path, umask: int) -> None:
    write_text(tmp_path / "a.txt", "text")
    write_csv(tmp_path / "a.csv", pd.DataFrame({"a": [1]}))
    with ArrayWriter(tmp_path / "a.npy", (1,), int) as writer:
        writer.append(np.zeros(1, int))
    modes = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == {0o666 & ~umask}


def test_not_to_what_wrote_it(tmp_path: Path, umask: int) -> None:
    """Libraries that write by a temporary file of their own leave it to its owner alone."""
    with atomic(tmp_path / "a.txt") as part, NamedTemporaryFile(dir=tmp_path, delete=False) as own:
        Path(own.name).replace(part)
    with atomic(tmp_path / "folder") as part:
        Path(mkdtemp(dir=tmp_path)).replace(part)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o666 & ~umask
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o777 & ~umask
