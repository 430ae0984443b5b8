"""A case of hostile or odd input, and what every one must do: one sentence, nothing half-made or changed."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from rules_alone import DATA, Step, ended

LONGEST = 700  # letters of a message
SNAPSHOT = 1 << 20  # bytes up to which the content of a file is compared


@dataclass(frozen=True)
class Case:
    """An input and what comes of it.

    make: writes the input to a folder and says what is run there; sentence: what the user is told, "..." for
    any words; or None, where the input is right, and then `truth` asserts what was made of it.
    """

    name: str
    make: Callable[[Path], Step]
    sentence: str | None = None
    truth: Callable[[Path], None] | None = None
    preload: Sequence[str] = DATA


def table(cases: Sequence[Case]) -> pytest.MarkDecorator:
    """Parametrises a test by the cases, which are named by theirs."""
    assert len({case.name for case in cases}) == len(cases), "two cases have one name"
    return pytest.mark.parametrize("case", cases, ids=[case.name for case in cases])


def fault_of(case: Case, folder: Path) -> str:
    """What is wrong with how a case ends, run in an empty folder; "" if it ends as it must."""
    step = case.make(folder)
    before = snapshot(folder)
    done = ended(step, folder, case.preload)
    told = f"status {done.status}, {done.peak / 1e6:.0f} MB\n{done.log}\n{done.printed}"
    if snapshot(folder) != before:
        return f"the user's files have changed\n{told}"
    if done.status != (0 if case.sentence is None else 1):
        return told
    if case.sentence is None:
        if case.truth:
            case.truth(folder)
        return ""
    sentence = fault_in(done.log)
    wrong = {
        "a traceback": "Traceback" in done.log + done.printed,
        f"wanted: {case.sentence}": not fits(case.sentence, sentence),
        "no sentence": not sentence.endswith("."),
        "too long": len(sentence) > LONGEST,
        f"left: {half_made(folder)}": bool(half_made(folder)),
    }
    return "".join(f"{what}\n{told}" for what, there in wrong.items() if there)


def fault_in(log: str) -> str:
    """The sentence in the log of a job that failed."""
    found = re.search(r"^\S+ Error in rule \w+: (.*)\Z", log.rstrip("\n"), re.M | re.S)
    assert found, f"no fault in the log:\n{log}"
    assert "\n" not in found[1], f"more than one line: {found[1]}"
    return found[1]


def fits(wanted: str, sentence: str) -> bool:
    """Whether a sentence has the wanted words, with anything for "..."."""
    return re.search(".*".join(map(re.escape, wanted.split("..."))), sentence) is not None


def snapshot(folder: Path) -> dict[bytes, tuple[object, ...]]:
    """What the user has: path -> kind, size, time and, of small files, content; not what is made."""
    found: dict[bytes, tuple[object, ...]] = {}
    root = os.fsencode(folder)
    for place, folders, files in os.walk(root):
        if place == root:
            folders[:] = [name for name in folders if name != b"made"]
            files = [name for name in files if name != b"printed.txt"]
        for name in (*folders, *files):
            path = os.path.join(place, name)  # noqa: PTH118 (names that are no text)
            status = os.lstat(path)
            small = stat.S_ISREG(status.st_mode) and status.st_size <= SNAPSHOT
            found[path] = (
                status.st_mode,
                status.st_size,
                0 if stat.S_ISDIR(status.st_mode) and place == root else status.st_mtime_ns,
                _digest(path) if small else b"",
            )
    return found


def _digest(path: bytes) -> bytes:
    try:
        return hashlib.sha256(Path(os.fsdecode(path)).read_bytes()).digest()
    except PermissionError:
        return b"not to be read"


def half_made(folder: Path) -> list[str]:
    """What a job that failed has left where its outputs belong, without what earlier ones have made."""
    logs = sorted((folder / "made/logs").glob("*.log"), key=lambda file: file.stat().st_mtime_ns)
    declared = logs[-1].with_suffix(".outputs") if logs else folder / "none"
    outputs = declared.read_text(encoding="utf-8").splitlines() if declared.is_file() else []
    parts = [str(file.relative_to(folder)) for file in (folder / "made").rglob(".*part*")]
    return [name for name in outputs if _is_there(folder / name)] + parts


def _is_there(path: Path) -> bool:
    return any(path.iterdir()) if path.is_dir() else path.exists()
