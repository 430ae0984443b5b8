"""Which files of the user are pictures, and what shows that they have changed; without pandas or torch."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import NamedTuple

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
    """Whether this is a regular file with the suffix of a picture, and none that a system left.

    A link that leads nowhere counts: a picture is missing, which must not be overlooked.
    """
    if path.suffix.lower() not in SUFFIXES or is_leftover(path):
        return False
    return path.is_file() or leads_nowhere(path)


def leads_nowhere(path: Path) -> bool:
    """Whether this is a link to nothing or to itself."""
    try:
        return path.is_symlink() and not path.exists()
    except OSError:  # a name that is too long for a file
        return False


def leads_above(path: Path) -> bool:
    """Whether this is a link to a folder that it lies in, so that following it would never end."""
    return path.is_symlink() and path.resolve() in path.parent.resolve().joinpath("x").parents


def is_leftover(path: Path) -> bool:
    """Whether the name is hidden (`._x.png`, `.ipynb_checkpoints`) or one that systems leave behind."""
    return path.name.startswith(".") or path.name.lower() in LEFTOVERS


def leads_outside(member: str) -> bool:
    """Whether a path within an archive or a folder is absolute or leads out of it (`..`)."""
    name = member.replace("\\", "/")
    drive = len(name) > 1 and name[1] == ":"
    return name.startswith("/") or drive or ".." in PurePosixPath(name).parts


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


class LeftOut(NamedTuple):
    """What is not read: its path below the source, its class folder or '', and why, as a predicate."""

    file: str
    class_name: str
    reason: str


def left_out(path: Path, root: Path, class_name: str = "") -> LeftOut:
    """Why something in a folder of pictures is not read."""
    return LeftOut(path.relative_to(root).as_posix(), class_name, _why(path))


def _why(path: Path) -> str:
    if is_leftover(path):
        return "is hidden, or another system left it"
    if path.is_dir() and path.is_symlink():
        return "is a link to a folder, which is not read"
    if path.is_dir():
        count = sum(1 for one in _walk(path, DEEPEST) if is_picture(one))
        return (
            f"is a folder, whose pictures ({count}) are not read" if count else "is a folder of no pictures"
        )
    if is_picture(path):
        return "lies beside the class folders"
    if path.suffix.lower() in SUFFIXES:
        return "is not a regular file"
    return f"has the ending {path.suffix!r}, which is none of a picture's" if path.suffix else "has no ending"


def log_left_out(what: Iterable[LeftOut]) -> None:
    """One line of the log on what is not read: how much, and the first three."""
    names = [one.file for one in what]
    if names:
        shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        log.info("left out because they are not pictures: %d files or folders (%s)", len(names), shown)


def listing(source: Path | str, also: Iterable[str] = ()) -> list[Entry]:
    """[name, size, time of change in ns] of the user's files in a source; 0 and 0 for one that is missing.

    source: a CSV with a column `file` (it and the files that it names), any other file, or a folder
    (the pictures and CSV files in it and in its folders, the files that its `labels.csv` names, and those of
    the patterns `also`). UserError for a source that is not there, or a faulty CSV.
    """
    source = Path(source)
    if source.is_dir():
        found = [path.relative_to(source).as_posix() for path in _walk(source, DEEPEST)]
        others = (path for pattern in also for path in sorted(source.glob(pattern)) if path.is_file())
        found += [path.relative_to(source).as_posix() for path in others]
        with suppress(UserError):  # a `labels.csv` of another kind, which is not read as one
            found += named_in(source / "labels.csv")
        return [[name, *_stamp(source / name)] for name in dict.fromkeys(found)]
    if not source.is_file():
        raise UserError(f"The file or folder {source} does not exist; correct its path.")
    named = named_in(source) if source.suffix.lower() == ".csv" else []
    return [[name, *_stamp(source.parent / name)] for name in dict.fromkeys([source.name, *named])]


def named_in(table: Path) -> list[str]:
    """The files that a CSV with the column `file` names. UserError for another one."""
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
            if levels and not is_leftover(path) and not leads_above(path):
                yield from _walk(path, levels - 1)
        elif is_picture(path) or (path.suffix.lower() in (".csv", ".xml", ".txt") and path.is_file()):
            yield path
