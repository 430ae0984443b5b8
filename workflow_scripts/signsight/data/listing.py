"""Which files of the user are pictures, and what shows that they have changed; without pandas or torch."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from signsight.core.errors import UserError
from signsight.data.rows import read_rows

log = logging.getLogger("signsight")

# HEIC, HEIF and AVIF count as pictures so that they are refused by name, not left out unseen.
SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".ppm", ".pgm", ".pnm", ".bmp", ".webp", ".gif", ".tif", ".tiff",
    ".heic", ".heif", ".avif",
)  # fmt: skip
LEFTOVERS = {"__macosx", "thumbs.db", "desktop.ini"}  # of other systems, in small letters
DEEPEST = 5  # levels of folders below the one that is listed
Entry = list[str | int]


def is_picture(path: Path) -> bool:
    """Whether this is a regular file with the suffix of a picture, and none that a system left."""
    return path.suffix.lower() in SUFFIXES and not is_leftover(path) and path.is_file()


def is_leftover(path: Path) -> bool:
    """Whether the name is hidden (`._x.png`, `.ipynb_checkpoints`) or one that systems leave behind."""
    return path.name.startswith(".") or path.name.lower() in LEFTOVERS


def contents(folder: Path) -> list[Path]:
    """What is in a folder, sorted by name. UserError when it cannot be read or a name is no text."""
    try:
        found = sorted(folder.iterdir())
    except OSError as fault:
        raise UserError(
            f"The folder {folder} cannot be read ({fault.strerror}); correct its path or permissions."
        ) from fault
    for path in found:
        if any("\ud800" <= letter <= "\udfff" for letter in path.name):
            raise UserError(f"The name of {str(path)!a} is not UTF-8 text; rename it.")
    return found


def log_left_out(paths: Iterable[Path]) -> None:
    """One line of the log on what is not read: how much, and the first three."""
    names = list(map(str, paths))
    if names:
        shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        log.info("left out because they are not pictures: %d files or folders (%s)", len(names), shown)


def photograph_files(source: Path, key: str) -> tuple[Path | None, list[str]]:
    """The CSV that lists the photographs, or None, and the files that they are.

    source: a picture, a CSV with a column `file`, or a folder of pictures, one of whose files may
    be such a `labels.csv`; key: the config key that names it. Names are relative to the folder.
    UserError for anything else.
    """
    if source.is_dir() and not (source / "labels.csv").is_file():
        found = contents(source)
        log_left_out(path for path in found if not is_picture(path))
        return None, [path.name for path in found if is_picture(path)]
    if not source.is_dir() and not source.is_file():
        reason = "is not a regular file or folder" if source.exists() else "does not exist"
        raise UserError(f"Config key {key!r}: {source} {reason}; correct its path.")
    if source.suffix.lower() in SUFFIXES and source.is_file():
        return None, [source.name]
    table = source / "labels.csv" if source.is_dir() else source
    return table, _named_in(table)


def listing(source: Path | str) -> list[Entry]:
    """[name, size, time of change in ns] of the user's files in a source; 0 and 0 for one that is missing.

    source: a CSV with a column `file` (it and the files that it names), any other file, or a folder
    (the pictures and CSV files in it and in its folders, and the files that its `labels.csv` names).
    UserError for a source that is not there, or a faulty CSV.
    """
    source = Path(source)
    if source.is_dir():
        found = [path.relative_to(source).as_posix() for path in _walk(source, DEEPEST)]
        with suppress(UserError):  # a `labels.csv` of another kind, which is not read as one
            found += _named_in(source / "labels.csv")
        return [[name, *_stamp(source / name)] for name in dict.fromkeys(found)]
    if not source.is_file():
        raise UserError(f"The file or folder {source} does not exist; correct its path.")
    named = _named_in(source) if source.suffix.lower() == ".csv" else []
    return [[name, *_stamp(source.parent / name)] for name in dict.fromkeys([source.name, *named])]


def _named_in(table: Path) -> list[str]:
    return [row["file"] for _, row in read_rows(table, ["file"])]


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return 0, 0
    return status.st_size, status.st_mtime_ns


def _walk(folder: Path, levels: int) -> Iterator[Path]:
    for path in contents(folder):
        if path.is_dir():
            if levels and not is_leftover(path):
                yield from _walk(path, levels - 1)
        elif is_picture(path) or (path.suffix.lower() in (".csv", ".xml", ".txt") and path.is_file()):
            yield path
