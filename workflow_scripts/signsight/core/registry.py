"""Registries: things that a config names, found and described without importing the files that hold them.

Importing torch costs seconds, and the Snakefile needs the names before any job. So a registry reads the
`@<registry>.register("name", ...)` decorators of the package, and of the user's plugins, from their source;
a file is imported when its thing is used. One declaration, in one file, says all there is to say of a thing:
its code, its facts (keywords of the decorator, constants) and its parameters (`core.parameters`).
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from signsight.core.errors import UserError
from signsight.core.parameters import declared
from signsight.core.source import PACKAGE, evaluated, header, tree_of
from signsight.core.words import nearest

Entry = TypeVar("Entry")
DECORATOR = re.compile(r'^@(\w+)\.register\(\s*"([^"]+)"', re.MULTILINE)
DEFINITION = re.compile(r"^(?:def|class) ", re.MULTILINE)
NAME = re.compile(r"[a-z][a-z0-9_]*")


class _Declaration(NamedTuple):
    facts: dict[str, Any]
    parameters: dict[str, dict[str, Any]]
    arguments: tuple[list[str], list[str]] | None
    line: int


class Registry:
    """Things of one kind by name.

    variable: what the registry is called in Python, as in `@methods.register(...)`; noun: what one
    thing is called in messages; key: the key under which the params of a rule name one thing.
    """

    def __init__(self, variable: str, noun: str, key: str) -> None:
        self.variable, self.noun, self.key = variable, noun, key
        self._entries: dict[str, Any] = {}

    def register(self, name: str, **about: object) -> Callable[[Entry], Entry]:
        """Decorator: enter a function or class under `name`; `about`, of constants, is for `about()`."""

        def enter(entry: Entry) -> Entry:
            self._entries[name] = entry
            return entry

        return enter

    def names(self) -> list[str]:
        """All names, sorted; no file that holds them is imported."""
        return sorted(_found()[self.variable])

    def __contains__(self, name: object) -> bool:
        return name in _found()[self.variable]

    def file(self, name: str) -> Path:
        """The source file that registers `name`. UserError for an unknown name, with the near misses."""
        files = _found()[self.variable]
        if name not in files:
            raise UserError(f"Unknown {self.noun} {name!r}; {nearest(name, files)}")
        return files[name]

    def default(self) -> list[str]:
        """The names that declare themselves to be taken where a config names none."""
        return [name for name in self.names() if self.about(name).get("default")]

    def own(self) -> list[str]:
        """The names that come from plugins."""
        return [name for name in self.names() if self.file(name) in _plugins]

    def about(self, name: str) -> dict[str, Any]:
        """What `@register` says of the thing (constants), read from its source."""
        return self._declaration(name).facts

    def parameters(self, name: str) -> dict[str, dict[str, Any]]:
        """Parameter -> its JSON schema with `default` and `description`, read from the source."""
        return self._declaration(name).parameters

    def defaults(self, name: str) -> dict[str, Any]:
        """Parameter -> default."""
        return {key: part["default"] for key, part in self.parameters(name).items()}

    def order(self, name: str) -> tuple[str, int]:
        """Sort key: things as they stand in their files."""
        return str(self.file(name)), self._declaration(name).line

    def arguments(self, name: str) -> tuple[list[str], list[str]] | None:
        """Names of the positional and of the keyword-only arguments of a function, from its source."""
        return self._declaration(name).arguments

    def _declaration(self, name: str) -> _Declaration:
        return _declaration(self.variable, self.file(name), name)

    def forget(self, modules: Iterable[str]) -> None:
        """Drop what these modules have registered."""
        gone = set(modules)
        self._entries = {n: e for n, e in self._entries.items() if getattr(e, "__module__", "") not in gone}

    def get(self, name: str) -> Any:
        """The thing called `name`; imports its file. UserError for an unknown name."""
        file = self.file(name)
        if name not in self._entries:
            if file in _plugins:
                _import_plugin(file)
            else:
                parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
                importlib.import_module(".".join(parts))
        return self._entries[name]


methods = Registry("methods", "attribution method", "method")
metrics = Registry("metrics", "metric", "metric")
networks = Registry("networks", "network", "network")
replacements = Registry("replacements", "replacement", "replacement")
data_sets = Registry("data_sets", "data set", "data_set")
figures = Registry("figures", "figure", "figure")
presets = Registry("presets", "preset", "preset")
parametrisations = Registry("parametrisations", "parametrisation", "parametrisation")
transforms = Registry("transforms", "transform of pictures", "transform")
regularisers = Registry("regularisers", "regulariser", "regulariser")
detectors = Registry("detectors", "detector", "detector")
KINDS = (
    methods, metrics, networks, replacements, data_sets, figures,
    presets, parametrisations, transforms, regularisers, detectors,
)  # fmt: skip
REGISTRIES = {one.variable: one for one in KINDS}

_plugins: dict[Path, str] = {}  # file -> name of its module


def use_plugins(files: Iterable[Path | str]) -> None:
    """From now on the things of these Python files are known beside those of the package.

    UserError for a file that is missing or no Python, has nothing registered, or takes a name that is taken.
    """
    for registry in REGISTRIES.values():
        registry.forget(_plugins.values())
    _plugins.clear()
    _found.cache_clear()
    for place, file in enumerate(map(Path, files)):
        _check_plugin(file)
        _plugins[file] = f"signsight_plugin_{place}_{file.stem}"
    _found()


def plugins() -> list[Path]:
    """The plugins in use."""
    return list(_plugins)


def _check_plugin(file: Path) -> None:
    if not file.is_file():
        raise UserError(f"Config key 'plugins' names {file}, which does not exist; correct the path.")
    try:
        tree_of(file)
    except (SyntaxError, ValueError) as fault:
        reason = f"line {fault.lineno}: {fault.msg}" if isinstance(fault, SyntaxError) else str(fault)
        raise UserError(
            f"Config key 'plugins': {file} is not valid Python ({reason}); correct it."
        ) from fault
    if not DECORATOR.search(file.read_text(encoding="utf-8")):
        known = ", ".join(f"@{name}.register" for name in REGISTRIES)
        raise UserError(
            f"Config key 'plugins': {file} registers nothing; decorate your things with one of {known}."
        )


def _import_plugin(file: Path) -> None:
    """Run a plugin; modules beside it can be imported by it."""
    if str(file.parent.resolve()) not in sys.path:
        sys.path.append(str(file.parent.resolve()))
    specification = importlib.util.spec_from_file_location(_plugins[file], file)
    module = importlib.util.module_from_spec(specification)
    sys.modules[_plugins[file]] = module
    try:
        specification.loader.exec_module(module)
    except (UserError, KeyboardInterrupt):
        raise
    except BaseException as fault:  # sys.exit too, which would end the job as if all were well
        raise UserError(
            f"The plugin {file} cannot be imported ({type(fault).__name__}: {fault}); correct it."
        ) from fault


@cache
def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


@cache
def _found() -> dict[str, dict[str, Path]]:
    """Registry -> name -> file, of the package and of the plugins."""
    found: dict[str, dict[str, Path]] = {name: {} for name in REGISTRIES}
    for file in [*sorted(PACKAGE.rglob("*.py")), *_plugins]:
        for variable, name in DECORATOR.findall(_text(file)):
            if variable in found:
                _check_name(variable, name, file, found[variable])
                found[variable][name] = file
    return found


def _check_name(variable: str, name: str, file: Path, taken: dict[str, Path]) -> None:
    noun = REGISTRIES[variable].noun
    if name in taken:
        raise UserError(
            f"{file} registers the {noun} {name!r}, which {taken[name].name} has; choose another name."
        )
    if not NAME.fullmatch(name):
        raise UserError(
            f"{file} registers the {noun} {name!r}; use small letters, digits and '_', a letter first."
        )


@cache
def _declaration(variable: str, file: Path, name: str) -> _Declaration:
    """Facts, parameters and arguments of a thing."""
    noun, node = REGISTRIES[variable].noun, _node(variable, file, name)
    call = next(one for one in node.decorator_list if _registers(one, variable, name))
    signature = _signature(node)
    try:
        facts = {word.arg: evaluated(word.value, file) for word in call.keywords if word.arg}
        parameters = declared(signature, file) if signature else {}
    except ValueError as fault:
        raise UserError(f"The {noun} {name!r}: {fault}; write a constant.") from fault
    words = node.args if isinstance(node, ast.FunctionDef) else None
    arguments = words and ([one.arg for one in words.args], [one.arg for one in words.kwonlyargs])
    return _Declaration(facts, parameters, arguments, call.lineno)


def _node(variable: str, file: Path, name: str) -> ast.FunctionDef | ast.ClassDef:
    """The decorated function or class of a thing, the body of a function left out where it can be."""
    text = _text(file)
    place = next(one.start() for one in DECORATOR.finditer(text) if one.groups() == (variable, name))
    # several decorators of one function: from the first of them
    above = [one.start() for one in DECORATOR.finditer(text, 0, place)]
    while above and not DEFINITION.search(text, above[-1], place):
        place = above.pop()
    try:
        return header(file, text, place)
    except StopIteration:
        noun = REGISTRIES[variable].noun
        raise UserError(
            f"{file} registers the {noun} {name!r}, but no function or class; decorate one."
        ) from None


def _registers(call: ast.expr, variable: str, name: str) -> bool:
    """Whether a decorator is `@<variable>.register("<name>", ...)`."""
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or not call.args:
        return False
    owner, first = call.func.value, call.args[0]
    same = isinstance(owner, ast.Name) and owner.id == variable
    return same and isinstance(first, ast.Constant) and first.value == name


def _signature(node: ast.AST) -> ast.FunctionDef | None:
    """The function, or the `__init__` of the class."""
    if isinstance(node, ast.ClassDef):
        return next((one for one in node.body if getattr(one, "name", "") == "__init__"), None)
    return node if isinstance(node, ast.FunctionDef) else None
