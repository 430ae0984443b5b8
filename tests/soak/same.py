"""Whether a killed and continued run made the same as an undisturbed one, and left nothing behind."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

ORIGIN = "provenance.json"
TOLERANCE = {"rtol": 1e-5, "atol": 1e-6}
TOLD = ("logs", "benchmarks")  # what a run says of itself, other each time
EMPTY = ("incomplete", "locks")  # folders of Snakemake with marks of jobs at work
TIMES = ("time.csv", ".tsv", ".log", "sums.json", ORIGIN)  # times, and digests of files with times
# Temporary files of a killed Snakemake and its scheduler, and a folder that torch keeps.
NOT_OURS = re.compile(r"snakemake|torchinductor_|\w+-pulp\.")


def faults(killed: Path, undisturbed: Path) -> list[str]:
    """What differs between the folders of two runs, and what the first one left: nothing, if all is well."""
    return [*left_behind(killed), *differences(killed, undisturbed), *untold(killed)]


def left_behind(folder: Path) -> Iterator[str]:
    """Files of work that is not done: temporary ones, states of a training, marks and locks of Snakemake."""
    for place in ("results", ".cache"):
        for path in (folder / place).rglob("*"):
            if path.name.endswith(".part") or path.name.startswith(".part") or path.name == "resume":
                yield f"left behind: {path.relative_to(folder)}"
    for name in EMPTY:
        for path in (folder / ".snakemake" / name).rglob("*"):
            if path.is_file():
                yield f"left behind: {path.relative_to(folder)}"
    for path in (folder / "tmp").iterdir():
        if not NOT_OURS.match(path.name):
            yield f"left behind: {path.relative_to(folder)}"


def differences(killed: Path, undisturbed: Path) -> Iterator[str]:
    """Files and folders of results and cache that one run has and the other has not, or that differ."""
    for place in ("results", ".cache"):
        own, other = _listing(killed / place), _listing(undisturbed / place)
        yield from (f"missing: {place}/{name}" for name in sorted(other - own))
        yield from (f"not in the undisturbed run: {place}/{name}" for name in sorted(own - other))
        for name in sorted(own & other):
            one, two = killed / place / name, undisturbed / place / name
            if one.is_file() and not name.endswith(TIMES) and (fault := _differ(one, two)):
                yield f"{place}/{name}: {fault}"


def untold(folder: Path) -> Iterator[str]:
    """Files that are not, or no longer, what the provenance says of them."""
    for origin in (folder / "results").glob(f"*/{ORIGIN}"):
        told = json.loads(origin.read_text(encoding="utf-8"))
        for name, about in (told["inputs"] | told["results"]).items():
            there = (folder / name).is_file()
            if not there or sha256((folder / name).read_bytes()).hexdigest() != about["sha256"]:
                yield f"{origin.relative_to(folder)} tells of another {name}"


def _listing(folder: Path) -> set[str]:
    """Names of all that lies in a folder, but for what a run says of itself."""
    names = {path.relative_to(folder) for path in folder.rglob("*")}
    return {name.as_posix() for name in names if not set(name.parts) & set(TOLD)}


def _differ(one: Path, two: Path) -> str | None:
    """How two files of the same name differ: bytes, or numbers beyond the tolerance."""
    if one.read_bytes() == two.read_bytes():
        return None
    readers = {".csv": _table, ".npy": _arrays, ".npz": _arrays, ".png": _picture}
    if one.suffix not in readers:
        return "other bytes"
    return _apart(readers[one.suffix](one), readers[one.suffix](two))


def _table(path: Path) -> Mapping[str, np.ndarray]:
    table = pd.read_csv(path, keep_default_na=False).drop(columns="seconds", errors="ignore")
    return {name: table[name].to_numpy() for name in table}


def _arrays(path: Path) -> Mapping[str, np.ndarray]:
    found = np.load(path)
    return {"": found} if isinstance(found, np.ndarray) else dict(found)


def _picture(path: Path) -> Mapping[str, np.ndarray]:
    with Image.open(path) as picture:
        return {"pixels": np.asarray(picture)}


def _apart(one: Mapping[str, np.ndarray], two: Mapping[str, np.ndarray]) -> str | None:
    if list(one) != list(two):
        return f"{list(one)}, not {list(two)}"
    for name, values in one.items():
        other = two[name]
        if values.dtype != other.dtype or values.shape != other.shape:
            return f"{name}: {values.dtype} {values.shape}, not {other.dtype} {other.shape}"
        number = values.dtype.kind == "f"
        if not (
            np.allclose(values, other, equal_nan=True, **TOLERANCE)
            if number
            else np.array_equal(values, other)
        ):
            return f"{name}: other values"
    return None
