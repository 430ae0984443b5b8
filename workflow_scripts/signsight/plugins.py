"""Where the plugins of a config lie: beside the config that names them, or in the working directory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from signsight.core.errors import UserError


def find_plugins(config: Mapping[str, Any], configfiles: Iterable[Path | str]) -> list[str]:
    """The files of config key `plugins`, as paths that the jobs find from the working directory.

    A relative one is looked for beside the configs, the last one first, then in the working directory.
    UserError for a file that is in none of these places, or when the key is no list of names.
    """
    named = config.get("plugins") or []
    if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
        raise UserError(
            f"Config key 'plugins' is {named!r}; give a list of Python files, such as [my_things.py]."
        )
    folders = [*reversed([Path(file).parent for file in configfiles]), Path()]
    return [_found(Path(one).expanduser(), folders) for one in named]


def _found(file: Path, folders: list[Path]) -> str:
    for folder in folders:
        if (folder / file).is_file():
            path = folder / file
            return os.path.relpath(path) if path.resolve().is_relative_to(Path.cwd()) else str(path.resolve())
    places = " or ".join(dict.fromkeys(str(folder) for folder in folders))
    raise UserError(f"Config key 'plugins' names {file}, which is not in {places}; correct the path.")
