"""The paths of a config: what is written in them, and what they must not hold or lie in."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from signsight.config.choices import Config
from signsight.config.schema import Schema, walk_keys
from signsight.core.errors import UserError
from signsight.data.source import is_address, local_folder

ADDRESSES = ("data.source", "model.weights", "detection.detector.weights")  # which also take an address
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/")
LONGEST_NAME, LONGEST_PATH = 255, 4000  # bytes that file systems take


def path_keys(config: Config, schema: Schema) -> Iterator[tuple[Config, str, str]]:
    """(group, key, dotted key) of every key that holds a path and is set."""
    for name, part in walk_keys(schema):
        if not part.get("path"):
            continue
        *groups, key = name.split(".")
        group = config
        for one in groups:
            group = group[one]
        if isinstance(group[key], str):
            yield group, key, name
        if isinstance(group[key], dict):
            yield from ((group[key], own, f"{name}.{own}") for own in group[key])


def expand_paths(config: Config, schema: Schema) -> None:
    """Replace `~` and `file:` addresses in every path. UserError for what is no path, which is not "
    "shown if it is an address."""
    for group, key, name in path_keys(config, schema):
        value = group[key]
        if not is_address(value) or name not in ADDRESSES:
            _refuse_wrong_path(name, value)
        if value.lower().startswith("file:"):
            group[key] = str(local_folder(value))
        if value.startswith("~"):
            try:
                group[key] = str(Path(value).expanduser())
            except RuntimeError:
                raise UserError(
                    f"Config key {name!r} is {value!r}, but that home is not known; write the whole path."
                ) from None


def _refuse_wrong_path(name: str, value: str) -> None:
    scheme = SCHEME.match(value)
    if scheme and scheme[1].lower() != "file":
        allowed = "an https: address or a path" if name in ADDRESSES else "a path"
        raise UserError(
            f"Config key {name!r} is a {scheme[1]}: address, which is not read here; download it and give "
            f"{allowed}."
        )
    if value and not value.strip():
        raise UserError(f"Config key {name!r} is blank; give a path.")
    if not value.isprintable():
        raise UserError(
            f"Config key {name!r} is {value!a}, which has characters that cannot be printed; rename "
            "the file or folder."
        )
    if "{" in value or "}" in value:
        raise UserError(
            f"Config key {name!r} is {value!r}; Snakemake reads braces in paths as wildcards, so rename the "
            "file or folder."
        )
    if len(os.fsencode(value)) > LONGEST_PATH or any(
        len(os.fsencode(part)) > LONGEST_NAME for part in Path(value).parts
    ):
        raise UserError(f"Config key {name!r} has a name of {len(value)} characters; give a shorter path.")


def refuse_unwritable(key: str, folder: Path) -> None:
    """UserError unless `folder`, of key `results` or `cache`, is or can become one that can be written to."""
    there = next(one for one in (folder, *folder.parents) if os.path.lexists(one))
    if not there.is_dir():
        raise UserError(f"Config key {key!r}: {there} is not a folder; name a folder for the {key}.")
    if not os.access(there, os.W_OK | os.X_OK):
        raise UserError(f"Config key {key!r}: {there} cannot be written to; name another folder.")
