"""Python files read without running them: their trees, and what the names at their top level stand for."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

PACKAGE = Path(__file__).parents[1]
# What a declaration may use without further ado; `core.parameters` adds its own words.
KNOWN: dict[str, Any] = {
    "int": int, "float": float, "str": str, "bool": bool, "list": list,
    "Annotated": Annotated, "Literal": Literal, "Sequence": Sequence,
}  # fmt: skip
HEADER = re.compile(r"^(?:\)|def |class ).*:[ \t]*(?:#.*)?$", re.MULTILINE)  # the last line of a signature


@cache
def tree_of(file: Path) -> ast.Module:
    """The syntax tree of a file; treat it as constant."""
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def header(file: Path, text: str, start: int) -> ast.FunctionDef | ast.ClassDef:
    """A decorated function or class of a file, from its first decorator at `start` of the text.

    Where it can be told from the text, without the body of a function: reading bodies takes most of the time.
    """
    line = text.count("\n", 0, start)
    definition = re.compile(r"^(?:async )?(def|class) ", re.MULTILINE).search(text, start)
    if definition and definition[1] == "def" and (end := HEADER.search(text, definition.start())):
        try:
            tree = ast.parse(text[start : end.end()] + "\n    pass\n")
            return ast.increment_lineno(tree, line).body[0]
        except SyntaxError:
            pass
    below = [node for node in tree_of(file).body if getattr(node, "lineno", 0) > line]
    return next(node for node in below if getattr(node, "decorator_list", None))


def module_file(module: str, beside: Path | None = None) -> Path | None:
    """The file of a module of this package, or of one in the folder of the file `beside`; else None."""
    top, *rest = module.split(".")
    if top == "signsight":
        path = PACKAGE.joinpath(*rest)
    elif beside is not None and PACKAGE not in beside.parents:
        folder = beside.parent
        while (folder / "__init__.py").is_file():
            folder = folder.parent
        path = folder.joinpath(top, *rest)
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
        if name in KNOWN:
            return KNOWN[name]
        for node in tree_of(self._file).body:
            if isinstance(node, ast.Assign) and any(_is(target, name) for target in node.targets):
                return evaluated(node.value, self._file)
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    if (alias.asname or alias.name) == name:
                        return _imported(node.module, alias.name, self._file)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(KNOWN)

    def __len__(self) -> int:
        return len(KNOWN)


def _is(target: ast.expr, name: str) -> bool:
    return isinstance(target, ast.Name) and target.id == name


def _imported(module: str, name: str, file: Path) -> Any:
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


def found_first(folder: str) -> None:
    """Let the Python of jobs look for packages in `folder` before all else that `PYTHONPATH` names."""
    others = [one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one not in ("", folder)]
    os.environ["PYTHONPATH"] = os.pathsep.join([folder, *others])
