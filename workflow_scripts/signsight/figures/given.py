"""What a figure is given: its files, read by their kind, and its facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from signsight.core.errors import UserError
from signsight.core.files import ArrayFile, read_csv
from signsight.core.registry import figures
from signsight.core.stored import stored_arrays
from signsight.data.imageset import open_image_set
from signsight.figures.table import signature

Files = str | Sequence[str] | Mapping[str, Any]


def draw(name: str, given: Mapping[str, Files], facts: Mapping[str, Any]) -> Figure | list[Figure]:
    """The figure called `name`, or its pages, drawn from the artefacts and facts that its signature names.

    given: artefact -> its file, the two files of an image set, or a mapping of names to such. UserError for
    a figure that declares to be in pages and is not, or the other way round.
    """
    artefacts, told = signature(name)
    drawn = figures.get(name)(*(load(given[key]) for key in artefacts), **{key: facts[key] for key in told})
    if isinstance(drawn, list) != bool(figures.about(name).get("pages")):
        found = "a list" if isinstance(drawn, list) else "no list"
        raise UserError(
            f"The figure {name!r} in {figures.file(name)} returns {found} of figures; declare `pages=True` "
            "with a list of pages, and only then."
        )
    return drawn


def load(files: Files) -> Any:
    """A table (.csv, .tsv), array file (.npy), arrays by name (.npz), image set, or a mapping of these."""
    if isinstance(files, Mapping):
        return {name: load(own) for name, own in files.items()}
    if not isinstance(files, str):
        return open_image_set(Path(files[0]).parent)
    return READERS[Path(files).suffix](files)


READERS = {
    ".csv": read_csv,
    ".tsv": lambda path: pd.read_csv(path, sep="\t"),
    ".npy": ArrayFile,
    ".npz": stored_arrays,
}
