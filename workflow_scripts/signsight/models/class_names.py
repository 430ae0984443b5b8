"""Names of the classes of a network, from the config's list or a file; needs no torch."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from signsight.core.errors import UserError

KEY = "Config key 'model.classes'"


def read_classes(value: list[Any] | str) -> list[str]:
    """Names in the order of the logits, as `model.classes` gives them: a list, or the path of a file.

    The file is a CSV with the column `name` (and, where it has one, `class_id`, which must count from
    0), a JSON list, or a text with one name per line, by its ending (.csv, .json, any other). Names are
    text as it stands: NA, null and 001 too. UserError for a file that cannot be read, and for names
    that are not text, empty, given twice or fewer than two.
    """
    if isinstance(value, list):
        return _checked(value, KEY)
    path, where = Path(value), f"{KEY} names {value}, which"
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".csv":
            names: Any = _from_csv(text.splitlines(), where)
        else:
            names = json.loads(text) if path.suffix.lower() == ".json" else text.rstrip().splitlines()
    except OSError as fault:
        raise UserError(f"{where} cannot be read ({fault.strerror}); correct the path.") from fault
    except (ValueError, csv.Error, RecursionError) as fault:
        reason = str(fault).splitlines()[0]
        raise UserError(
            f"{where} cannot be read as names ({reason}); give a text with one name per line, a JSON list "
            "or a CSV with the column 'name'."
        ) from fault
    if not isinstance(names, list):
        raise UserError(f"{where} holds no list; write a JSON list of names.")
    return _checked([n.strip() if isinstance(n, str) else n for n in names], where)


def _from_csv(lines: Iterable[str], where: str) -> list[str]:
    rows = list(csv.DictReader(lines, strict=True))
    if not rows or "name" not in rows[0]:
        raise UserError(f"{where} has no rows with the column 'name'; add it.")
    for number, row in enumerate(rows):
        if row.get("class_id", str(number)) != str(number):
            raise UserError(
                f"{where} has class_id {row['class_id']!r} in row {number + 1} instead of {number}; sort the "
                "rows by the network's outputs."
            )
    return [row["name"] or "" for row in rows]


def _checked(names: list[Any], where: str) -> list[str]:
    first: dict[str, int] = {}
    for row, name in enumerate(names):
        if not isinstance(name, str):
            raise UserError(f"{where} has {name!r} for class {row}; write the name in quotes.")
        if not name.strip() or not name.isprintable():
            raise UserError(f"{where} has {name!r} for class {row}; give it a name that can be read.")
        if name in first:
            raise UserError(f"{where} gives classes {first[name]} and {row} the name {name!r}; rename one.")
        first[name] = row
    if len(names) < 2:
        raise UserError(f"{where} has fewer than two names; give one for each output of the network.")
    return list(first)
