"""Parameters of registered things, declared once, in the signature that takes them.

    def smooth_grad(..., samples: Annotated[int, Limits(1, 10_000), "Noisy copies of each image."] = 25)

says the type, the range, the meaning and the default. Config schema, checks and docs are made of that, read
from the source without importing it.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from signsight.core.source import KNOWN, evaluated

KINDS = {int: "integer", float: "number", str: "string", bool: "boolean", type(None): "null"}


@dataclass(frozen=True)
class Limits:
    """Range of a number, or of every number of a list: from `low` to `high`, or above and below open ends.

    length: how many entries a list must have; unique: no entry of a list may be there twice.
    """

    low: float | None = None
    high: float | None = None
    above: float | None = None
    below: float | None = None
    length: int | None = None
    unique: bool = False


@dataclass(frozen=True)
class Registered:
    """The parameter names a thing of this registry ("replacements", ...)."""

    registry: str


RGB = Annotated[Sequence[float], Limits(0, 1, length=3)]  # a colour in [0, 1]
KNOWN |= {"Limits": Limits, "Registered": Registered, "RGB": RGB}


def declared(function: ast.FunctionDef, file: Path) -> dict[str, dict[str, Any]]:
    """Name -> JSON schema of every parameter of `function` whose annotation is `Annotated[...]`.

    A schema has type, range, `default` and `description`, and `registry` where the value is a
    registered name. ValueError, with file and line, for a declaration that cannot be read or has no
    meaning or default.
    """
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    pairs = [*zip(positional, [*defaults, *arguments.defaults], strict=True)]
    pairs += zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    found = {}
    for argument, default in pairs:
        if argument.annotation is None or not _may_declare(argument.annotation, default):
            continue
        try:
            annotation = evaluated(argument.annotation, file)
        except ValueError:
            if isinstance(argument.annotation, ast.Name):
                continue  # a class
            raise
        part = schema_of(annotation) if get_origin(annotation) is Annotated else {}
        if default is None or "description" not in part:
            place = f"{file}, line {argument.lineno}"
            raise ValueError(f"{place}: parameter {argument.arg!r} needs a meaning and a default")
        value = evaluated(default, file)
        found[argument.arg] = part | {"default": list(value) if isinstance(value, tuple) else value}
    return found


def _may_declare(annotation: ast.expr, default: ast.expr | None) -> bool:
    """Whether the annotation is `Annotated[...]`, or a name, which with a default stands for one."""
    if isinstance(annotation, ast.Subscript):
        return isinstance(annotation.value, ast.Name) and annotation.value.id == "Annotated"
    return isinstance(annotation, ast.Name) and annotation.id not in KNOWN and default is not None


def schema_of(annotation: Any) -> dict[str, Any]:
    """JSON schema of a type such as `Annotated[int | None, Limits(1), "Meaning."]`, without a default."""
    told: tuple[Any, ...] = ()
    if get_origin(annotation) is Annotated:
        annotation, *told = get_args(annotation)
    limits = next((one for one in told if isinstance(one, Limits)), Limits())
    part = _type(annotation, limits)
    for one in told:
        if isinstance(one, str):
            part["description"] = one
        elif isinstance(one, Registered):
            part["registry"] = one.registry
    return part


def _type(annotation: Any, limits: Limits) -> dict[str, Any]:
    if annotation in KINDS:
        return {"type": KINDS[annotation]} | _range(annotation, limits)
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return schema_of(annotation)
    if origin in (Union, types.UnionType):
        parts = [_type(one, limits) for one in inner]
        names = [part.pop("type") for part in parts]
        if any("enum" in part for part in parts):
            values = [value for part in parts for value in part.get("enum", [None])]
            return {"enum": values}
        return {"type": names} | {k: v for part in parts for k, v in part.items()}
    if origin is Literal:
        return {"type": "string", "enum": list(inner)}
    if origin in (list, Sequence):
        lengths = {"minItems": limits.length or 1}
        lengths |= {"maxItems": limits.length} if limits.length else {}
        lengths |= {"uniqueItems": True} if limits.unique else {}
        return {"type": "array", "items": _type(inner[0], limits), **lengths}
    raise ValueError(f"{annotation} is no type that a config can have")


def _range(kind: type, limits: Limits) -> dict[str, float]:
    if kind not in (int, float):
        return {}
    words = {"minimum": limits.low, "maximum": limits.high}
    words |= {"exclusiveMinimum": limits.above, "exclusiveMaximum": limits.below}
    return {word: value for word, value in words.items() if value is not None}
