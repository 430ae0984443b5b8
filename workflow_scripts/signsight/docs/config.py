"""config/README.md, made from config/schema.yaml: `python -m signsight.docs.config`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from signsight.config.check import load_schema, walk_keys
from signsight.core.files import write_text

CONFIG = Path(__file__).parents[3] / "config"
HEAD = """# Config

<!-- Made by `make docs` from schema.yaml; do not edit. -->

`snakemake` runs [config.yaml](config.yaml), the demo; `snakemake --configfile config/gtsrb.yaml` another
study. A config names only what differs from the defaults below. Several files can be given, later ones
win: `--configfile config/gtsrb.yaml my.yaml`; single keys go on the command line:
`--config seed=7 data='{size: 32}'`. A wrong key, type or name ends before any job and names the right one.

Degrees are lists of numbers and of ranges `"low..high"` or `"low..high/step"`; an entry that is added
computes only its own degrees.
"""


def markdown(schema: dict[str, Any]) -> str:
    """The page: one table of keys for every group of the schema."""
    groups: dict[str, list[str]] = {"": []}
    about = {"": "Top level"}
    for name, part in walk_keys(schema):
        if "properties" in part:
            groups[name] = []
            about[name] = f"`{name}`" + (f": {part['description']}" if "description" in part else "")
        else:
            group, _, key = name.rpartition(".")
            groups[group].append(f"| `{key}` | {_allowed(part)} | {_default(part)} | {part['description']} |")
    tables = [
        f"\n## {about[group]}\n\n| key | allowed | default | meaning |\n|---|---|---|---|\n"
        + "\n".join(rows)
        + "\n"
        for group, rows in groups.items()
        if rows
    ]
    return HEAD + "".join(tables)


def _allowed(part: dict[str, Any]) -> str:
    if "registry" in part:
        return f"a name of the registry `{part['registry']}`"
    if "enum" in part:
        return ", ".join(_value(value) for value in part["enum"])
    if "anyOf" in part:
        return " or ".join(_allowed(one) for one in part["anyOf"])
    if "$ref" in part:
        return "list of degrees"
    kinds = part["type"] if isinstance(part["type"], list) else [part["type"]]
    words = {"array": "list", "object": "table", "string": "text", "null": "null"}
    text = " or ".join(words.get(kind, kind) for kind in kinds)
    if part.get("items", {}).get("registry"):
        text += f" of names of the registry `{part['items']['registry']}`"
    return text + _bounds(part)


def _bounds(part: dict[str, Any]) -> str:
    low, high = part.get("minimum"), part.get("maximum")
    above, below = part.get("exclusiveMinimum"), part.get("exclusiveMaximum")
    words = [f">= {low}"] if low is not None else []
    words += [f"<= {high}"] if high is not None else []
    words += [f"> {above}"] if above is not None else []
    words += [f"< {below}"] if below is not None else []
    return f", {' and '.join(words)}" if words else ""


def _default(part: dict[str, Any]) -> str:
    return _value(part["default"]) if "default" in part else ""


def _value(value: object) -> str:
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


if __name__ == "__main__":
    write_text(CONFIG / "README.md", markdown(load_schema(CONFIG / "schema.yaml")))
