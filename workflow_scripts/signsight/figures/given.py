"""What a figure is given: files read by their kind, tables with texts that stay texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from signsight.core.files import ArrayFile
from signsight.core.registry import figures
from signsight.data.imageset import open_image_set
from signsight.figures.table import signature

Files = str | Sequence[str] | Mapping[str, Any]
# Columns of names that users give, or of texts that may be empty; 001, NA and null are names too.
TEXTS = {
    "name", "class_name", "predicted_name", "explained_name", "sticker", "sign_size", "shape", "file",
    "image_id", "track", "source", "label", "direction", "group", "tied_with",
}  # fmt: skip


def draw(name: str, given: Mapping[str, Files], facts: Mapping[str, Any]) -> Figure:
    """The figure called `name`, drawn from the artefacts and facts that its signature names.

    given: artefact -> its file, the two files of an image set, or a mapping of names to such.
    """
    artefacts, told = signature(name)
    return figures.get(name)(*(load(given[key]) for key in artefacts), **{key: facts[key] for key in told})


def load(files: Files) -> Any:
    """A table (.csv, .tsv), array file (.npy), arrays by name (.npz), image set, or a mapping of these."""
    if isinstance(files, Mapping):
        return {name: load(own) for name, own in files.items()}
    if not isinstance(files, str):
        return open_image_set(Path(files[0]).parent)
    return READERS[Path(files).suffix](files)


def read_table(path: Path | str) -> pd.DataFrame:
    """A CSV with TEXTS as they were written; elsewhere an empty cell is a missing value."""
    names = pd.read_csv(path, nrows=0).columns
    texts = {name: str for name in names if name in TEXTS}
    empty = {name: [""] for name in names if name not in TEXTS}
    return pd.read_csv(path, dtype=texts, keep_default_na=False, na_values=empty)


def _arrays(path: str) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return {key: file[key] for key in file.files}


READERS = {
    ".csv": read_table,
    ".tsv": lambda path: pd.read_csv(path, sep="\t"),
    ".npy": ArrayFile,
    ".npz": _arrays,
}
