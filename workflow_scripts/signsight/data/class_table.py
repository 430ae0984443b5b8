"""The table of the classes of a data set, `classes.csv`: names are text, whatever they look like."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from signsight.core.errors import UserError
from signsight.core.words import nearest

COLUMNS = ("class_id", "name", "shape")


def read_classes(path: Path | str) -> pd.DataFrame:
    """class_id (int64), name, shape (both str) of every class, by class id. UserError for another file."""
    text = {"name": str, "shape": str}
    try:
        table = pd.read_csv(path, dtype=text, keep_default_na=False)
        numbers = table["class_id"].tolist()
    except (OSError, ValueError, KeyError) as fault:
        raise UserError(f"{path} is not a table of classes ({fault}); delete it and run again.") from fault
    missing = [column for column in COLUMNS if column not in table]
    if missing or numbers != list(range(len(table))):
        raise UserError(f"{path} is not a table of classes 0, 1, 2, ...; delete it and run again.")
    return table


def named_classes(names: Sequence[str]) -> pd.DataFrame:
    """class_id, name, shape of classes that are no signs: their shapes count as circles."""
    return pd.DataFrame({"class_id": range(len(names)), "name": list(names), "shape": "circle"})


def network_numbers(place: str, noun: str, names: Sequence[str], network: Sequence[str]) -> list[int]:
    """The place of each class of a data set among the classes of a network that is used as it is.

    place, noun: where the class stands and what it is called there, for the UserError on one that the network
    does not have.
    """
    places = {name: number for number, name in enumerate(network)}
    for name in names:
        if name not in places:
            raise UserError(
                f"{place} has the {noun} {name!r}, which is no class of the network; {nearest(name, places)} "
                "Rename it, or name the classes in 'model.classes'."
            )
    return [places[name] for name in names]
