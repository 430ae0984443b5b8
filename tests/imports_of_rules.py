"""What the scripts of the rules can import, read from the source: the static form of tests/environments."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import NamedTuple

from signsight.core.registry import REGISTRIES, Registry
from signsight.core.source import PACKAGE, module_file, tree_of
from signsight.docs.stages import RULE

ROOT = PACKAGE.parents[1]
RULES = ROOT / "rules"
SPECIAL = re.compile(r"__\w+__")
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Rule(NamedTuple):
    """A rule with a script: its name (that of the file for one without), and the name of its environment."""

    name: str
    script: Path
    environment: str


class Unit(NamedTuple):
    """Code that runs together: a file without its functions, or one function with what it holds."""

    name: str | None  # None: runs when the file is imported
    names: frozenset[str]
    modules: frozenset[str]
    registries: frozenset[Registry]


@cache
def rules() -> tuple[Rule, ...]:
    """All rules that have a script."""
    found = []
    for file in sorted(RULES.glob("*.smk")):
        text = file.read_text(encoding="utf-8")
        starts = list(RULE.finditer(text))
        ends = [one.start() for one in starts[1:]] + [len(text)]
        for start, end in zip(starts, ends, strict=False):
            part = text[start.start() : end]
            script = re.search(r'script:\s+"(.+)"', part)
            environment = re.search(r'conda:\s+"\.\./envs/(\w+)\.yaml"', part)
            if script and environment:
                name = start["name"] or start["of_groups"] or file.stem
                found.append(Rule(name, (RULES / script[1]).resolve(), environment[1]))
    return tuple(found)


def distributions(scripts: Iterable[Path]) -> dict[str, set[str]]:
    """Distribution that these scripts can import from -> the own files that do, lazy imports included.

    A function counts where reached code mentions its name, so a helper for torch in a module that all rules
    import counts for those that call it. Registered things count where reached code takes one by its name.
    """
    known = packages_distributions()
    found: dict[str, set[str]] = {}
    for file, module in _imports(scripts):
        top = module.partition(".")[0]
        if top not in sys.stdlib_module_names:
            for name in known.get(top, [top]):
                found.setdefault(name.lower().replace("_", "-"), set()).add(file.relative_to(ROOT).as_posix())
    return found


def _imports(scripts: Iterable[Path]) -> set[tuple[Path, str]]:
    """(own file, module of another project that it imports) of all code that scripts can reach."""
    seen, mentioned, outside = set(scripts), {"main"}, set()
    files, asleep = (
        sorted(seen),
        dict[str, list[tuple[Path, Unit]]](),
    )  # functions that nothing has mentioned yet
    awake: list[tuple[Path, Unit]] = []
    while files or awake:
        for file in files:
            for unit in _units(file):
                runs = unit.name is None or unit.name in mentioned
                (awake if runs else asleep.setdefault(str(unit.name), [])).append((file, unit))
        reached: set[Path] = set()
        woken: list[tuple[Path, Unit]] = []
        for file, unit in awake:
            outside |= {(file, module) for module in unit.modules if not module.startswith("signsight")}
            reached |= {own for module in unit.modules for own in _files(module)}
            reached |= {registry.file(name) for registry in unit.registries for name in registry.names()}
            woken += [one for name in unit.names - mentioned for one in asleep.pop(name, [])]
            mentioned |= unit.names
        files, awake = sorted(reached - seen), woken
        seen |= reached
    return outside


@cache
def _files(module: str) -> tuple[Path, ...]:
    """The own files that run when a module is imported: its own and those of the packages that it is in."""
    parts = module.split(".")
    names = [".".join(parts[:length]) for length in range(1, len(parts) + 1)]
    return tuple(file for name in names if (file := module_file(name)))


@cache
def _units(file: Path) -> tuple[Unit, ...]:
    """The code of a file: what runs at its import, and each of its functions and methods."""
    top: list[ast.AST] = []
    functions: list[Function] = []
    _split(tree_of(file), top, functions)
    called = [one for one in functions if not one.decorator_list and not SPECIAL.fullmatch(one.name)]
    at_once = [one for one in functions if one not in called]  # by a decorator, or by the language
    return (
        _unit(None, [*top, *(node for one in at_once for node in ast.walk(one))]),
        *(_unit(one.name, list(ast.walk(one))) for one in called),
    )


def _split(node: ast.AST, top: list[ast.AST], functions: list[Function]) -> None:
    """Sort what is below a node into what runs at import, and functions; leaves out imports for types."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and getattr(child.test, "id", "") == "TYPE_CHECKING":
            continue
        if isinstance(child, Function):
            functions.append(child)
        else:
            top.append(child)
            _split(child, top, functions)


def _unit(name: str | None, nodes: list[ast.AST]) -> Unit:
    names, modules, registries = set(), set(), set()
    for node in nodes:
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
            if node.attr == "get" and getattr(node.value, "id", "") in REGISTRIES:
                registries.add(REGISTRIES[node.value.id])
        elif isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module)
            if node.module.startswith("signsight"):  # a name of a package is a module, or defined in it
                modules |= {f"{node.module}.{alias.name}" for alias in node.names}
    return Unit(name, frozenset(names), frozenset(modules), frozenset(registries))
