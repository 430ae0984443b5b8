"""The schema of a config: completed by what is registered, filled with defaults, checked value by value."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, validators

from signsight.core.errors import UserError
from signsight.core.registry import REGISTRIES, Registry, metrics
from signsight.core.words import nearest
from signsight.models.names import detector_names
from signsight.models.names import names as network_names

SAMPLE = {
    "$ref": "#/$defs/sample",
    "default": None,
    "description": "Size of this metric's sample of test images, or `all`; null takes `evaluation.images`.",
}
Schema = dict[str, Any]
FIRST = re.compile(r".+?(?=[.;:](?: |$)|$)", re.DOTALL)  # the first clause of a description


def _is_number(checker: Any, value: Any) -> bool:
    """Finite, and no truth value; YAML also knows .inf and .nan."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _is_integer(checker: Any, value: Any) -> bool:
    """JSON Schema takes 48.0 for an integer, but `range` does not."""
    return isinstance(value, int) and not isinstance(value, bool)


LONGEST = 100  # characters of a value in a message


def shown(value: Any) -> str:
    """A value as messages show it, cut where it is long."""
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


_Validator = validators.extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"number": _is_number, "integer": _is_integer}
    ),
)


def load_schema(path: Path | str) -> Schema:
    """The schema of `config/schema.yaml`, with the parameters of everything that is registered.

    A group with `parameters_of: methods` gets a group for each method with parameters, one with
    `parameters_of: metrics/grid_masking` the parameters of that one thing.
    """
    schema = yaml.load(Path(path).read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    for part in [part for _, part in walk_keys(schema) if "parameters_of" in part]:
        variable, _, name = part.pop("parameters_of").partition("/")
        registry = REGISTRIES[variable]
        if name:
            part.setdefault("properties", {}).update(registry.parameters(name))
        else:
            part.setdefault("properties", {}).update(_groups(registry))
    return schema


def _groups(registry: Registry) -> Schema:
    """Name -> group of parameters, of every thing that has some and no place of its own for them."""
    groups = {}
    for name in sorted(registry.names(), key=registry.order):
        about, keys = registry.about(name), registry.parameters(name)
        if "config" in about:
            continue
        keys = {"images": SAMPLE} | keys if registry is metrics else keys
        if keys:
            label = about.get("label", name)
            groups[name] = {
                "type": "object", "additionalProperties": False, "description": f"{label}.",
                "properties": keys,
            }  # fmt: skip
    return groups


def typed(value: Any) -> Any:
    """Values of Snakemake's `--config`, which leaves numbers, booleans and null in groups as text."""
    if isinstance(value, dict):
        return {key: typed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [typed(inner) for inner in value]
    if not isinstance(value, str):
        return value
    try:
        read = yaml.safe_load(value)
    except yaml.YAMLError:
        return value
    return read if read is None or isinstance(read, bool | int | float) else value


def filled(config: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """A copy of `config` with every missing key at its default, checked value by value.

    UserError for an unknown key or name, a wrong type or value: one sentence that names the key, what is
    allowed, and the nearest right one.
    """
    _refuse_unknown_keys(config, schema, schema, "")
    full = _filled(config, schema, schema)
    _refuse_wrong_values(full, schema)
    return full


def walk_keys(schema: Schema, prefix: str = "") -> Iterator[tuple[str, Schema]]:
    """Every key of the schema as ('data.rotate.sd', its schema), parents before children."""
    for key, part in schema.get("properties", {}).items():
        yield prefix + key, part
        yield from walk_keys(part, f"{prefix}{key}.")


def refuse_parameters(values: dict[str, Any], known: Schema, where: str) -> None:
    """UserError unless `values`, at the config key `where`, are parameters of `known` within their range."""
    for key, value in values.items():
        if key not in known:
            hint = nearest(key, known) if known else "it has none."
            raise UserError(f"Unknown config key {shown(key)} in '{where}'; {hint}")
        for error in _Validator(known[key]).iter_errors(value):
            raise UserError(f"Config key '{where}.{key}' is {shown(value)}; {_reason(error)}.")
        if "registry" in known[key]:
            _refuse_unknown_name(f"{where}.{key}", value, REGISTRIES[known[key]["registry"]].names())


def _refuse_unknown_keys(value: Any, part: Schema, schema: Schema, where: str) -> None:
    if "$ref" in part or not isinstance(value, dict):
        return
    known, named_freely = part.get("properties", {}), part.get("additionalProperties")
    for key, inner in value.items():
        if key in known or isinstance(named_freely, dict):
            below = known.get(key, named_freely)
            _refuse_unknown_keys(inner, below, schema, f"{where}.{key}".lstrip("."))
        elif known:
            place = f" in {where!r}" if where else ""
            elsewhere = [name for name, _ in walk_keys(schema) if name.split(".")[-1] == key]
            hint = f"did you mean {elsewhere[0]!r}?" if elsewhere else nearest(str(key), known)
            raise UserError(f"Unknown config key {shown(key)}{place}; {hint}")


def _filled(value: Any, part: Schema, schema: Schema) -> Any:
    """`value` with defaults; a key left empty in YAML (null) of a group counts as not given."""
    if "$ref" in part:
        part = schema["$defs"][part["$ref"].rpartition("/")[2]] | part
    named_freely = part.get("additionalProperties")
    if isinstance(named_freely, dict) and isinstance(value, dict):
        return {key: _filled(inner, named_freely, schema) for key, inner in value.items()}
    if "properties" not in part:
        return _worded(copy.deepcopy(value)) if "true" in _texts(part) else copy.deepcopy(value)
    if value is None:
        value = {}
    if not isinstance(value, dict):
        return value
    full = {}
    for key, inner in part["properties"].items():
        if key in value:
            full[key] = _filled(value[key], inner, schema)
        elif "properties" in inner:
            full[key] = _filled({}, inner, schema)
        elif "default" in inner:
            full[key] = copy.deepcopy(inner["default"])
    return full


def _texts(part: Schema) -> set[str]:
    """The words that a key allows, at any depth."""
    forms = [*part.get("anyOf", ()), *part.get("properties", {}).values()]
    words = {word for word in part.get("enum", ()) if isinstance(word, str)}
    return words.union(*map(_texts, forms))


def _worded(value: Any) -> Any:
    """`value` with the word for a truth value: YAML reads a bare `true` among words as one."""
    if isinstance(value, dict):
        return {key: _worded(inner) for key, inner in value.items()}
    return "true" if value is True else value


def _refuse_wrong_values(config: dict[str, Any], schema: Schema) -> None:
    validator = _Validator(schema)
    for error in sorted(validator.iter_errors(config), key=lambda e: list(map(str, e.absolute_path))):
        where = ".".join(map(str, error.absolute_path))
        value = error.instance
        if error.validator == "enum":
            allowed = ("null" if name is None else name for name in error.validator_value)
            raise UserError(f"Config key {where!r} is {shown(value)}; {nearest(str(value), allowed)}")
        about = error.schema.get("description") or _description(schema, error.absolute_path)
        if error.validator != "anyOf" or "form" in error.schema:  # else it says what the forms are
            about = FIRST.match(about)[0] if about else ""
        about = f" ({about.rstrip('.')})" if about else ""
        raise UserError(f"Config key {where!r} is {shown(value)}; {_reason(error)}{about}.")
    for where, value, part in _named(config, schema, ""):
        names = known_names(part["registry"])
        if part.get("variants"):
            group, key = part["variants"].split(".")
            names += config[group][key]
        _refuse_unknown_name(where, value, names)


def _refuse_unknown_name(where: str, value: str, names: list[str]) -> None:
    if value not in names:
        raise UserError(f"Config key {where!r} names an unknown {shown(value)}; {nearest(value, names)}")


def _reason(error: Any) -> str:
    rule = error.validator_value
    if "form" in error.schema and error.validator in ("pattern", "anyOf", "type"):
        return f"write {error.schema['form']}"
    if error.validator == "type":
        kinds = [rule] if isinstance(rule, str) else rule
        hint = "; write 1.0e-3, which YAML reads as a number" if _is_exponent(error.instance, kinds) else ""
        return f"it must be of type {' or '.join(kinds)}{hint}"
    words = {
        "minimum": f"it must be at least {rule}",
        "maximum": f"it must be at most {rule}",
        "exclusiveMinimum": f"it must be above {rule}",
        "exclusiveMaximum": f"it must be below {rule}",
        "pattern": f"it must match {rule}",
        "minItems": f"it needs at least {rule} entries" if rule != 1 else "it needs at least one entry",
        "maxItems": f"it takes at most {rule} entries",
        "minLength": "it must not be empty",
        "uniqueItems": "an entry occurs twice",
        "minProperties": "it needs at least one entry",
        "required": error.message,
        "additionalProperties": error.message,
        "anyOf": "it is of none of the allowed forms",
    }
    return words.get(error.validator, error.message)


def _is_exponent(value: Any, kinds: list[str]) -> bool:
    """Whether a text is a number like 1e-3, which YAML 1.1 takes for text."""
    if "number" not in kinds or not isinstance(value, str) or "e" not in value.lower():
        return False
    try:
        return math.isfinite(float(value))
    except ValueError:
        return False


def _description(schema: Schema, path: Any) -> str:
    about = ""
    for part in path:
        schema = schema.get("properties", {}).get(part, {})
        about = schema.get("description", about)
    return about


def _named(value: Any, part: Schema, where: str) -> Iterator[tuple[str, str, Schema]]:
    """(where, value, schema) of every value that names an entry of a registry."""
    if "registry" in part and value is not None:
        yield where, value, part
    if isinstance(value, dict):
        for key, inner in part.get("properties", {}).items():
            if key in value:
                yield from _named(value[key], inner, f"{where}.{key}".lstrip("."))
        if isinstance(named_freely := part.get("additionalProperties"), dict):
            for key, inner in value.items():
                yield from _named(inner, named_freely, f"{where}.{key}")
    if isinstance(value, list) and "items" in part:
        for item in value:
            yield from _named(item, part["items"], where)


def known_names(registry: str) -> list[str]:
    """The names that a `registry:` of the schema allows, without importing torch."""
    own = {"networks": network_names, "detectors": detector_names}.get(registry)
    return own() if own else REGISTRIES[registry].names()
