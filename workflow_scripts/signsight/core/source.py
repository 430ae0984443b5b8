"""Python files read without running them: their trees, and what the names at their top level stand for."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parents[1]
# Modules whose names a declaration may use; they cost nothing to import.
LIGHT = ("collections.abc", "typing", "signsight.core.parameters")
BUILTINS = {"int": int, "float": float, "str": str, "bool": bool, "list": list}


@cache
def tree_of(file: Path) -> ast.Module:
    """The syntax tree of a file; treat it as constant."""
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def module_file(module: str, beside: Path | None = None) -> Path | None:
    """The file of a module of this package, or of one in the folder of the file `beside`; else None."""
    top, *rest = module.split(".")
    if top == "signsight":
        path = PACKAGE.joinpath(*rest)
    elif beside is not None and PACKAGE not in beside.parents:
        path = beside.parent.joinpath(top, *rest)
    else:
        return None
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if file.is_file():
            return file
    return None


class Names(Mapping[str, Any]):
    """What the names at the top level of a file stand for, found when they are asked for.

    Constants, annotations and limits only: KeyError for a name that is defined by running code.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def __getitem__(self, name: str) -> Any:
        if name in BUILTINS:
            return BUILTINS[name]
        for node in tree_of(self._file).body:
            if isinstance(node, ast.Assign) and any(_is(target, name) for target in node.targets):
                return evaluated(node.value, self._file)
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    if (alias.asname or alias.name) == name:
                        return _imported(node.module, alias.name, self._file)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(BUILTINS)

    def __len__(self) -> int:
        return len(BUILTINS)


def _is(target: ast.expr, name: str) -> bool:
    return isinstance(target, ast.Name) and target.id == name


def _imported(module: str, name: str, file: Path) -> Any:
    if module in LIGHT:
        return getattr(importlib.import_module(module), name)
    found = module_file(module, file)
    if found is None:
        raise KeyError(name)
    return Names(found)[name]


def evaluated(node: ast.expr, file: Path) -> Any:
    """The value of an expression of constants, annotations and limits in `file`.

    ValueError, with file and line, for anything that would need to be run.
    """
    try:
        return ast.literal_eval(node)
    except ValueError:
        pass
    try:
        return eval(compile(ast.Expression(node), str(file), "eval"), {"__builtins__": {}}, Names(file))
    except Exception as fault:
        raise ValueError(
            f"{file}, line {node.lineno}: {ast.unparse(node)!r} is not a constant ({fault})"
        ) from fault
