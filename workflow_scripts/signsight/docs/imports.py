"""The package's own imports: which part of it needs which, read from the source without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from signsight.core.source import PACKAGE, module_file, tree_of

# Parts of the package from the ground up; one may import from its layer and those below, never in a circle.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("core",),
    ("data", "signs", "data/sets", "plugins"),
    ("models",),
    ("config", "attribution", "perturbation"),
    ("features", "detection", "evaluation"),
    ("figures", "explorer", "verdict"),
    ("plan",),
    ("docs", "provenance"),
)
Graph = Mapping[str, set[str]]


def part_of(file: Path) -> str:
    """The part that a file belongs to: its package, `data/sets`, or the module at the top level itself."""
    place = file.relative_to(PACKAGE).with_suffix("")
    if place.parts[:2] == ("data", "sets"):
        return "data/sets"
    return place.parts[0]


@cache
def modules() -> Graph:
    """File of the package, as 'data/crop.py' -> the files that it imports when it runs.

    Imports for annotations alone (under `TYPE_CHECKING`) are left out.
    """
    files = [
        file for file in sorted(PACKAGE.rglob("*.py")) if file.parent != PACKAGE or file.stem != "__init__"
    ]
    return {_name(file): {_name(one) for one in _imported(tree_of(file))} - {_name(file)} for file in files}


@cache
def parts() -> Graph:
    """Part of the package -> the other parts that it imports."""
    found: dict[str, set[str]] = {}
    for file, imported in modules().items():
        own = found.setdefault(part_of(PACKAGE / file), set())
        own |= {part_of(PACKAGE / one) for one in imported} - {part_of(PACKAGE / file)}
    return found


def _name(file: Path) -> str:
    return file.relative_to(PACKAGE).as_posix()


def _imported(node: ast.AST) -> Iterator[Path]:
    """The files of the package that are imported below a node."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and getattr(child.test, "id", "") == "TYPE_CHECKING":
            continue
        names = [one.name for one in child.names] if isinstance(child, ast.Import | ast.ImportFrom) else []
        if isinstance(child, ast.ImportFrom):  # a name of a package is a module, or defined in it
            inner = [f"{child.module}.{name}" for name in names]
            names = [one if module_file(one) else str(child.module) for one in inner]
        yield from (file for file in map(module_file, names) if file and file.parent != PACKAGE.parent)
        yield from _imported(child)


def circles(graph: Graph) -> list[list[str]]:
    """Sets of nodes that import each other, each sorted."""
    reach = {node: _reached(node, graph) for node in graph}
    rings = {frozenset(b for b in reach[a] if a in reach.get(b, ())) for a in graph if a in reach[a]}
    return sorted(sorted(ring) for ring in rings)


def _reached(start: str, graph: Graph) -> set[str]:
    """All that a node imports, at any depth."""
    found: set[str] = set()
    waiting = list(graph.get(start, ()))
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += graph.get(node, ())
    return found


def upward(graph: Graph) -> list[tuple[str, str]]:
    """Imports from a higher layer: (part, what it imports). KeyError for a part that is in no layer."""
    height = {part: layer for layer, names in enumerate(LAYERS) for part in names}
    return sorted((a, b) for a, below in graph.items() for b in below if height[b] > height[a])


def direct(graph: Graph) -> list[tuple[str, str]]:
    """The imports that do not follow from others, in a graph without circles."""
    beyond = {a: set().union(*(_reached(b, graph) for b in below)) for a, below in graph.items()}
    return sorted((a, b) for a, below in graph.items() for b in below if b not in beyond[a])
