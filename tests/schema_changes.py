"""A change for every key of the config's schema, made from the schema itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from signsight.config.schema import load_schema, walk_keys

SCHEMA = load_schema(Path(__file__).parents[1] / "config/schema.yaml")


def keys() -> dict[str, dict[str, Any]]:
    """Dotted key -> its schema, of every key that is no group."""
    return {name: part for name, part in walk_keys(SCHEMA) if "properties" not in part}


def parameters() -> Iterator[str]:
    """The keys that belong to registered things and not to `config/schema.yaml` itself."""
    for name in keys():
        if name.startswith(("attribution.parameters.", "evaluation.parameters.")):
            yield name


def nested(key: str, value: Any) -> dict[str, Any]:
    """'a.b', 1 -> {'a': {'b': 1}}."""
    for part in reversed(key.split(".")):
        value = {part: value}
    return value


def other(part: dict[str, Any], value: Any) -> Any:
    """Another value that the schema of a key allows."""
    if "$ref" in part:
        part = SCHEMA["$defs"][part["$ref"].rpartition("/")[2]] | part
    forms = part.get("anyOf", [part])
    for form in forms:
        found = _other(form, value)
        if found is not None and found != value:
            return found
    raise AssertionError(f"no other value of {part}")


def _other(part: dict[str, Any], value: Any) -> Any:
    if "enum" in part:
        return next((one for one in part["enum"] if one not in (value, None)), None)
    kinds = part.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "boolean" in kinds:
        return not value
    if "integer" in kinds:
        return _number(part, value, 1)
    if "number" in kinds:
        return _number(part, value, 0.01)
    if "array" in kinds and part["items"].get("type") in ("number", "integer") and value:
        return [
            _number(part["items"], value[0], 1 if part["items"]["type"] == "integer" else 0.01),
            *value[1:],
        ]
    return None


def _number(part: dict[str, Any], value: Any, step: float) -> Any:
    low = part.get("minimum", part.get("exclusiveMinimum", 0) + step if "exclusiveMinimum" in part else 0)
    if value is None or isinstance(value, str):
        return low + step
    high = part.get("maximum", part.get("exclusiveMaximum", float("inf")))
    return value + step if value + step < high or value + step == part.get("maximum") else value - step
