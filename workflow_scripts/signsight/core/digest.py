"""Digest of the code that a job can reach, so that an edit reruns just the jobs that it can change.

Snakemake sees a rule's script but not what the script imports. What a job can reach: its script, the files
that those import, at any depth, and those of the registered things that its params name. Prose is not code:
comments, docstrings, annotations, messages of errors and logs, and what a declaration says to people.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from signsight.core.registry import REGISTRIES
from signsight.core.source import PACKAGE, module_file

# Keywords of a declaration, and keys within them, that only people read.
PROSE = {
    "label", "family", "style", "paper", "source", "measures", "misleads", "means", "about", "x", "curves",
    "category", "subcategory", "at_most", "class_count",
}  # fmt: skip


def job_digest(script: Path, params: Mapping[str, Any]) -> str:
    """Hex digest of the code that a job with this script and these params can reach."""
    return _digest((script.resolve(), *sorted(set(_things(params)))))


def reached(files: Iterable[Path]) -> set[Path]:
    """The files and all that they import, of this package or beside a plugin."""
    found: set[Path] = set()
    waiting = list(files)
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += [*_packages(file), *_read(file)[1]]
    return found


def _packages(file: Path) -> Iterator[Path]:
    """The own files of the packages that a module is in; they run before it."""
    folder = file.parent
    while (own := folder / "__init__.py").is_file():
        yield own
        folder = folder.parent


@cache
def _digest(files: tuple[Path, ...]) -> str:
    whole = hashlib.sha256()
    for name, code in sorted((_name(file), _read(file)[0]) for file in reached(files)):
        whole.update(name.encode() + code.encode())
    return whole.hexdigest()[:16]


def _name(file: Path) -> str:
    """The file's path from the folder of the scripts, or its name: where a checkout lies does not count."""
    top = PACKAGE.parent
    return file.relative_to(top).as_posix() if top in file.parents else file.name


def _things(value: Any) -> Iterator[Path]:
    """The files of all registered things that params name, as {"method": "grad_cam", "parameters": {...}}."""
    if isinstance(value, Mapping):
        for registry in REGISTRIES.values():
            name = value.get(registry.key)
            if isinstance(name, str) and name in registry:
                yield registry.file(name)
                yield from _named_by_parameters(registry.parameters(name), value.get("parameters") or {})
        for inner in value.values():
            yield from _things(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _things(inner)


def _named_by_parameters(known: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[Path]:
    for key, part in known.items():
        if "registry" in part and isinstance(values.get(key), str):
            yield REGISTRIES[part["registry"]].file(values[key])


@cache
def _read(file: Path) -> tuple[str, tuple[Path, ...]]:
    """Code of a file without its prose, as text, and the files that it imports."""
    tree = _Code().visit(ast.parse(file.read_text(encoding="utf-8")))
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} | _offered(tree)
    kept: set[Path] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            node.names = [alias for alias in node.names if (alias.asname or alias.name).split(".")[0] in used]
            kept.update(_imported(node, file))
    return ast.dump(tree), tuple(sorted(kept))


def _offered(tree: ast.Module) -> set[str]:
    """The names in `__all__`."""
    lists = [
        n.value
        for n in tree.body
        if isinstance(n, ast.Assign) and getattr(n.targets[0], "id", "") == "__all__"
    ]
    return {name for one in lists for name in ast.literal_eval(one)}


def _imported(node: ast.Import | ast.ImportFrom, file: Path) -> Iterator[Path]:
    modules = [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        modules = [node.module or "", *(f"{node.module}.{name}" for name in modules)] if modules else []
    for module in modules:
        if found := module_file(module, file):
            yield found


class _Code(ast.NodeTransformer):
    """Takes out of a tree what cannot change a result."""

    def visit(self, node: ast.AST) -> ast.AST:
        """Without docstrings and annotations."""
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_text(body[0]):
            node.body = body[1:]
        for name in ("annotation", "returns"):
            if getattr(node, name, None) is not None:
                setattr(node, name, ast.Constant(None))
        return super().visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        """The kind of an error counts, its message does not."""
        kind = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        return ast.Raise(kind, None)

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """Without lines of the log."""
        call = node.value
        logs = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
        if logs and isinstance(call.func.value, ast.Name) and call.func.value.id == "log":
            return ast.Pass()
        return self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        """Without names for annotations."""
        value = node.value
        if isinstance(value, ast.Subscript) and getattr(value.value, "id", "") == "Annotated":
            return ast.Pass()
        return self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | None:
        """Without imports for annotations."""
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return ast.Pass()
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Without what a declaration says to people."""
        if isinstance(node.func, ast.Attribute) and node.func.attr == "register":
            node.keywords = [word for word in node.keywords if word.arg not in PROSE]
            for word in node.keywords:
                word.value = _Plain().visit(word.value)
        return self.generic_visit(node)


class _Plain(ast.NodeTransformer):
    """Takes prose out of the dicts of a declaration."""

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        """Without keys of PROSE."""
        pairs = zip(node.keys, node.values, strict=True)
        kept = [(key, value) for key, value in pairs if getattr(key, "value", None) not in PROSE]
        node.keys, node.values = [key for key, _ in kept], [value for _, value in kept]
        return self.generic_visit(node)


def _is_text(node: ast.AST) -> bool:
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Constant):
        return False
    return isinstance(node.value.value, str)
