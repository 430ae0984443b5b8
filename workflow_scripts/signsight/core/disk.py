"""What a disk refuses, in one sentence: no space, a limit, no permission, a folder that is gone."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from signsight.core.errors import UserError

AGAIN = "and run the same command again"
FULL = f"No space left on the device while writing {{path}}; free some space there {AGAIN}."
# Faults of writing alone, whatever was being written.
WRITING = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: f"The disk quota is exceeded while writing {{path}}; free some space there {AGAIN}.",
    errno.EFBIG: "The limit on the size of a file is reached while writing {path}; raise it "
    f"(ulimit -f unlimited) {AGAIN}.",
    errno.EROFS: "The file system of {path} is read-only; mount it for writing, or choose another folder, "
    f"{AGAIN}.",
}
# Those of reading, too, where the name tells which.
DENIED = f"No permission to write {{path}} ({{named}}); change the permissions {AGAIN}."
IN_THE_WAY = f"{{path}} cannot be written, since {{named}} is in the way; move it away {AGAIN}."
NAMED = {
    errno.EACCES: DENIED,
    errno.EPERM: DENIED,
    errno.ENOENT: f"{{named}} was deleted while {{path}} was written; leave it {AGAIN}.",
    errno.ENOTDIR: IN_THE_WAY,
    errno.EEXIST: IN_THE_WAY,
    errno.EISDIR: IN_THE_WAY,
    errno.ENOTEMPTY: IN_THE_WAY,
    errno.ENAMETOOLONG: f"The name {{path}} is too long for its file system; choose a shorter one {AGAIN}.",
}
ROOM = 1 << 20  # bytes that a file is made longer by to see whether it can grow


def refusal(fault: BaseException, path: Path, part: Path) -> str | None:
    """Why `path` could not be written, by what a writer raised; None if that was not for the disk.

    part: the file or folder that was written to. Libraries hide the cause (RuntimeError of torch.save,
    SafetensorError, an OSError without a number), so if none is found, `part` is made longer, which shows it.
    """
    for cause in _causes(fault):
        if sentence := _sentence(cause, path, part):
            return sentence
    if any(cause.errno for cause in _causes(fault)) or not isinstance(fault, Exception):
        return None
    try:
        _grow(part)
    except OSError as cause:
        return _sentence(cause, path, part)
    return None


def refused(fault: BaseException) -> str | None:
    """The sentence for a fault of the disk outside of `files.atomic`; None for any other."""
    for cause in _causes(fault):
        name = cause.filename or "a file"
        if cause.errno in WRITING:
            return WRITING[cause.errno].format(path=name)
        if isinstance(cause, PermissionError) and cause.filename:
            return f"No permission for {name}; change the permissions {AGAIN}."
    return None


def refuse_unwritable(folder: Path, key: str) -> None:
    """UserError where nothing can be written to a folder that may not be there yet; key: what names it."""
    place = next(one for one in (folder, *folder.parents, Path()) if os.path.exists(one))  # noqa: PTH110, raises nothing
    if not place.is_dir():
        raise UserError(f"Config key {key!r}: {place} is not a folder; name another place.")
    if not os.access(place, os.W_OK | os.X_OK):
        raise UserError(
            f"Config key {key!r}: nothing can be written to {place.absolute()}; change its permissions, or "
            "name another place."
        )
    if shutil.disk_usage(place).free < ROOM:
        raise UserError(FULL.format(path=folder))


def _causes(fault: BaseException) -> Iterator[OSError]:
    """The faults of the operating system that led to a fault, the last one first."""
    seen: set[int] = set()
    link: BaseException | None = fault
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        if isinstance(link, OSError):
            yield link
        link = link.__cause__ or link.__context__


def _sentence(cause: OSError, path: Path, part: Path) -> str | None:
    if cause.errno in WRITING:
        return WRITING[cause.errno].format(path=path)
    if cause.errno not in NAMED or cause.filename is None:
        return None
    named = Path(os.fsdecode(cause.filename))
    ours = named == part or part in named.parents
    if not ours and named not in (path, *path.parents):
        return None
    shown = next((one for one in (named, *named.parents) if one.is_file()), path.parent if ours else named)
    return NAMED[cause.errno].format(path=path, named=shown)


def _grow(part: Path) -> None:
    """Write ROOM bytes to the end of a file, or into a folder, for an OSError if that is not possible."""
    file = part / ".room" if part.is_dir() else part
    try:
        with file.open("ab") as stream:
            stream.write(bytes(ROOM))
    finally:
        with suppress(OSError):
            if file != part:
                file.unlink()
