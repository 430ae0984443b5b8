"""Values, ranges and defaults of declared parameters as the pages print them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from signsight.core.registry import REGISTRIES

Schema = Mapping[str, Any]
NAMES = {"integer": "integer", "number": "number", "string": "text", "object": "table"}
PLURALS = {"integer": "integers", "number": "numbers", "string": "texts"}
# What the user can declare in the config itself: where -> one of them, several of them.
OWN = {
    "attribution.variants": ("of a variant", " and variants"),
    "evaluation.variants": ("of a variant", " and variants"),
    "features.recipes": ("of a recipe", " and recipes"),
}
# What the named parts of the schema are called.
PARTS = {
    "sample": "integer from 1, `all` or null",
    "degrees": "list of degrees",
    "target": "a [target](#targets)",
    "shown": "numbers, names or [targets](#targets)",
    "dreamt": "numbers, names, [targets](#targets) or layers",
    "units": "table of layers and units",
}


def allowed(part: Schema) -> str:
    """What a key may hold: 'integer from 1 to 512', 'name of a replacement', '`sum`, `mean` or `max`'."""
    if "$ref" in part:
        return PARTS[part["$ref"].rpartition("/")[2]]
    if "anyOf" in part:
        return either([word for one in part["anyOf"] for word in _forms(one)])
    return either(_forms(part))


def _forms(part: Schema) -> list[str]:
    """The forms that a value may have, each in words."""
    if "enum" in part:
        return [value(one) for one in part["enum"]]
    if "registry" in part:
        forms = [f"name of {_article(REGISTRIES[part['registry']].noun)}"]
        forms += [OWN[part["variants"]][0]] if "variants" in part else []
    else:
        kinds = part["type"] if isinstance(part["type"], list) else [part["type"]]
        forms = [form for kind in kinds if kind != "null" for form in _kinds(kind, part)]
    return [*forms, *(["null"] if "null" in part["type"] else [])]


def _kinds(kind: str, part: Schema) -> list[str]:
    if kind == "boolean":
        return [value(True), value(False)]
    if kind == "array":
        return [_list(part)]
    return [NAMES[kind] + (_range(part) if kind in ("integer", "number") else "")]


def _list(part: Schema) -> str:
    items = part.get("items", {})
    if "registry" in items:
        told = f"list of names of {REGISTRIES[items['registry']].noun}s"
        return told + (OWN[items["variants"]][1] if "variants" in items else "")
    if "$ref" in items:
        return f"list of {allowed(items)}"
    if "enum" in items:
        return f"list of {either([value(one) for one in items['enum']])}"
    return f"list of {_length(part)}{PLURALS[items['type']]}{_range(items)}"


def _length(part: Schema) -> str:
    """'3 ', '1 to 3 ', or nothing for a list of any length."""
    low, high = part.get("minItems", 0), part.get("maxItems")
    return "" if high is None or not low else f"{low} " if low == high else f"{low} to {high} "


def _range(part: Schema) -> str:
    """' from 0 to 1', ' above 0', ' from 0 to below 1', or nothing."""
    low, high = part.get("minimum"), part.get("maximum")
    above, below = part.get("exclusiveMinimum"), part.get("exclusiveMaximum")
    words = [f"from {low:,}"] if low is not None else [f"above {above:,}"] if above is not None else []
    words += [f"{'and up ' if above is not None else ''}to {high:,}"] if high is not None else []
    words += [f"{'to ' if low is not None else 'and '}below {below:,}"] if below is not None else []
    return f" {' '.join(words)}" if words else ""


def either(words: list[str]) -> str:
    """'a', 'a or b', 'a, b or c'; a word that comes twice stands once."""
    words = list(dict.fromkeys(words))
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]


def value(one: object) -> str:
    """A value as it stands in a config; null is a word of its own."""
    return "null" if one is None else f"`{one if isinstance(one, str) else json.dumps(one)}`"


def default(part: Schema) -> str:
    """The default, or nothing where there is none."""
    return value(part["default"]) if "default" in part else ""


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
