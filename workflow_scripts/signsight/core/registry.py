"""Registries: things that a config names (data sets, networks, methods), found without importing them.

Importing torch costs seconds, and the Snakefile needs the names before any job. So a registry reads
the names from the `@register("...")` lines of its folder, and imports a file when its entry is used.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeVar

from signsight.core.errors import UserError
from signsight.core.words import nearest

PACKAGE = Path(__file__).parents[1]
Entry = TypeVar("Entry")


class Registry:
    """Entries of one package folder by name; `folder` is relative to the package."""

    def __init__(self, folder: str, noun: str) -> None:
        self.folder, self.noun = folder, noun
        self._entries: dict[str, object] = {}

    def register(self, name: str, **about: object) -> Callable[[Entry], Entry]:
        """Decorator: enter a function or class under `name`; `about`, of constants, is for `about()`."""

        def enter(entry: Entry) -> Entry:
            if name in self._entries:
                raise ValueError(f"two entries named {name!r} in {self.folder}")
            self._entries[name] = entry
            return entry

        return enter

    def names(self) -> list[str]:
        """All registered names, sorted, without importing the files that hold them."""
        return sorted(registered_files(self.folder))

    def file(self, name: str) -> Path:
        """The source file that registers `name`, relative to the package.

        Raises UserError for an unknown name, with the near misses.
        """
        files = registered_files(self.folder)
        if name not in files:
            raise UserError(f"Unknown {self.noun} {name!r}; {nearest(name, files)}")
        return files[name]

    @cache  # noqa: B019 - registries live as long as the program
    def about(self, name: str) -> dict[str, object]:
        """What `@register` says of the entry (constants only), read from its source, not imported."""
        tree = ast.parse((PACKAGE / self.file(name)).read_text(encoding="utf-8"))
        calls = (call for node in tree.body for call in getattr(node, "decorator_list", []))
        for call in calls:
            if isinstance(call, ast.Call) and call.args and getattr(call.args[0], "value", None) == name:
                return {word.arg: ast.literal_eval(word.value) for word in call.keywords if word.arg}
        raise ValueError(f"{name!r} is registered by something else than a decorator")

    def get(self, name: str) -> object:
        """The entry called `name`; imports its file. Raises UserError for an unknown name."""
        module = "signsight." + ".".join(self.file(name).with_suffix("").parts)
        importlib.import_module(module)
        return self._entries[name]


@cache
def registered_files(folder: str) -> dict[str, Path]:
    """Name -> source file (relative to the package) of every `@register("name"` line in `folder`."""
    found: dict[str, Path] = {}
    for file in sorted((PACKAGE / folder).rglob("*.py")):
        for name in re.findall(r'^@(?:\w+\.)?register\(\s*"([^"]+)"', file.read_text(), re.MULTILINE):
            found[name] = file.relative_to(PACKAGE)
    return found
