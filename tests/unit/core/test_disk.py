"""What a disk refuses: one sentence for every kind of writer, and nothing half-written."""

from __future__ import annotations

import errno
import os
import re
import resource
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import safetensors.torch
import torch
from matplotlib.figure import Figure
from PIL import Image

from signsight.core import files
from signsight.core.disk import refuse_unwritable, refused
from signsight.core.errors import UserError
from signsight.core.files import (
    ArrayWriter,
    atomic,
    together,
    write_csv,
    write_json,
    write_text,
)
from signsight.detection.map_file import maps_writer
from signsight.figures.strips import save_animation
from signsight.figures.style import save

NOISE = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)  # nothing packs it
LIMIT = 64 << 10  # bytes; all that is written here is larger
TENSORS = {"weights": torch.rand(256, 256)}


def _zip(path: Path) -> None:
    with atomic(path) as part, zipfile.ZipFile(part, "w") as archive:
        archive.writestr("a", NOISE.tobytes())


def _npz(path: Path) -> None:
    with atomic(path) as part, part.open("wb") as file:
        np.savez(file, a=NOISE)


def _npy(path: Path) -> None:
    with ArrayWriter(path, NOISE.shape, np.uint8) as writer:
        writer.append(NOISE)


def _maps(path: Path) -> None:
    with maps_writer(path) as maps:
        maps.add(np.random.default_rng(0).random((256, 256), np.float32))


def _torch(path: Path) -> None:
    with atomic(path) as part:
        torch.save(TENSORS, part)


def _safetensors(path: Path) -> None:
    with atomic(path) as part:
        safetensors.torch.save_file(TENSORS, part)


def _picture(path: Path, kind: str = "PNG", **options: Any) -> None:
    with atomic(path) as part:
        Image.fromarray(NOISE).save(part, format=kind, **options)


def _figure(path: Path) -> None:
    figure = Figure()
    figure.add_subplot().imshow(NOISE)
    figure.add_subplot().scatter(*np.random.default_rng(0).random((2, 3000)))
    save(figure, [path])


def _folder(path: Path) -> None:
    with atomic(path) as part:
        part.mkdir()
        Image.fromarray(NOISE).save(part / "a.png")


def _together(path: Path) -> None:
    with together(path) as part:
        np.save(part / "a.npy", NOISE)


# No JPEG: written to a path, Pillow 13 cuts it off without a word; all of ours are made in memory.
WRITERS: dict[str, Callable[[Path], None]] = {
    "a.txt": lambda path: write_text(path, "a" * 2 * LIMIT),
    "a.json": lambda path: write_json(path, ["a" * 2 * LIMIT]),
    "a.csv": lambda path: write_csv(path, pd.DataFrame({"a": range(30_000)})),
    "a.npy": _npy,
    "a.npz": _npz,
    "a.zip": _zip,
    "maps.npz": _maps,
    "a.pt": _torch,
    "a.safetensors": _safetensors,
    "picture.png": _picture,
    "a.webp": lambda path: _picture(path, "WEBP", lossless=True),
    "a.png": _figure,
    "a.svg": _figure,
    "animation.png": lambda path: save_animation(path, [NOISE, NOISE[::-1]]),
    "folder": _folder,
    "together": _together,
}


@pytest.fixture
def short_files() -> Iterator[None]:
    """No file of this process grows beyond LIMIT."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of LIMIT bytes, where one can be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={LIMIT}", "tmpfs", str(folder)]
    with suppress(FileNotFoundError):
        if subprocess.run(mount, capture_output=True).returncode == 0:
            yield folder
            subprocess.run(["umount", str(folder)], check=True)
            return
    pytest.skip("no file system can be mounted here")


def left(folder: Path) -> list[str]:
    """All files below a folder."""
    return [str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()]


@pytest.mark.parametrize("name", WRITERS)
def test_a_limit_on_the_size_of_files_is_one_sentence(name: str, tmp_path: Path, short_files: None) -> None:
    with pytest.raises(UserError, match="limit on the size of a file is reached while writing") as told:
        WRITERS[name](tmp_path / name)
    assert name in str(told.value) and str(told.value).count(". ") == 0
    assert left(tmp_path) == []


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_is_one_sentence(name: str, small_disk: Path) -> None:
    with pytest.raises(UserError, match=r"No space left on the device while writing .*; free some space"):
        WRITERS[name](small_disk / name)
    assert left(small_disk) == []


@pytest.mark.parametrize("name", WRITERS)
def test_with_room_all_is_written(name: str, tmp_path: Path) -> None:
    WRITERS[name](tmp_path / name)
    assert len(left(tmp_path)) == 1


def test_what_can_be_written_keeps_the_fault_of_the_writer(tmp_path: Path) -> None:
    for fault in (RuntimeError("CUDA out of memory"), KeyError("x"), OSError("odd"), KeyboardInterrupt()):
        with pytest.raises(type(fault)) as told, atomic(tmp_path / "a") as part:
            part.write_text("half")
            raise fault
        assert told.value is fault and left(tmp_path) == []


def test_a_fault_of_reading_is_not_taken_for_one_of_writing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic(tmp_path / "a") as part:
        part.write_text((tmp_path / "nowhere" / "b").read_text())
    with pytest.raises(PermissionError) as told, atomic(tmp_path / "a"):
        raise PermissionError(errno.EACCES, "Permission denied", "/somewhere/else.png")
    assert refused(told.value) == (
        "No permission for /somewhere/else.png; change the permissions and run the same command again."
    )


def test_a_file_where_a_folder_is_needed(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("mine")
    for path in (tmp_path / "results/a.txt", tmp_path / "results/mine/a.txt"):
        with pytest.raises(UserError, match=r"results/.*a\.txt cannot be written, since \S*/results is in"):
            write_text(path, "a")
    assert (tmp_path / "results").read_text() == "mine"


def test_a_folder_deleted_on_the_way(tmp_path: Path) -> None:
    folder = tmp_path / "results/mine"
    sentence = r"results/mine was deleted while \S*/a\.txt was written; leave it"
    with pytest.raises(UserError, match=sentence), atomic(folder / "a.txt") as part:
        part.write_text("a")
        part.unlink()
        folder.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become someone else")
def test_a_folder_without_permission(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents):  # which others are to reach
        folder.chmod(folder.stat().st_mode | 0o055)
    code = (
        "import os, sys\n"
        "from signsight.core.files import write_text\n"
        "os.seteuid(65534)\n"
        "try: write_text(sys.argv[1], 'a')\n"
        "except Exception as fault: print(type(fault).__name__, fault)"
    )
    path = [entry for entry in sys.path if entry.endswith("workflow_scripts")]
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.txt")],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": path[0], "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.stdout.startswith(f"UserError No permission to write {tmp_path}/a.txt ({tmp_path})"), done
    assert left(tmp_path) == []


def test_results_that_cannot_be_written_are_refused_before_any_job(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    refuse_unwritable(tmp_path / "new/deep", "results")
    for place in ("file", "file/deep", "file/deep/deeper"):
        with pytest.raises(UserError, match=r"'results': \S*/file is not a folder"):
            refuse_unwritable(tmp_path / place, "results")


def test_a_full_disk_is_told_before_any_job(small_disk: Path) -> None:
    with pytest.raises(UserError, match=r"No space left on the device while writing .*results"):
        refuse_unwritable(small_disk / "results", "results")


def test_a_read_only_disk_is_told_before_any_job(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(UserError, match="nothing can be written to"):
        refuse_unwritable(small_disk / "results", "results")
    with pytest.raises(UserError, match=r"The file system of .*/results/a.txt is read-only"):
        write_text(small_disk / "results/a.txt", "a")


def test_nothing_is_written_through_a_memory_map() -> None:
    """On a full disk, that kills the process (SIGBUS), and no sentence can be said."""
    sources = Path(files.__file__).parents[2].rglob("*.py")
    mapped = re.compile(r"open_memmap|memmap\(|mmap_mode=\"(r\+|w)")
    assert [str(file) for file in sources if mapped.search(file.read_text(encoding="utf-8"))] == []
