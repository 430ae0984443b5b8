"""Every number that a config can have: it has a smallest and a largest value, and these end quickly."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from snakemake.utils import update_config

from schema_changes import SCHEMA, nested
from signsight.config.rules import complete
from signsight.config.schema import walk_keys
from signsight.core.errors import UserError
from signsight.core.registry import REGISTRIES
from signsight.plan.plan import Plan

LOW, HIGH = ("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")


def kinds(part: dict[str, Any]) -> set[str]:
    named = part.get("type", ())
    return {named} if isinstance(named, str) else set(named)


def numbers(part: Any, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every part of a schema that is a number, at any depth."""
    if isinstance(part, list):
        for one in part:
            yield from numbers(one, where)
    if isinstance(part, dict):
        if kinds(part) & {"integer", "number"} and "enum" not in part:
            yield where, part
        for key, inner in part.items():
            if key not in ("default", "description"):
                yield from numbers(inner, f"{where}.{key}")


def test_every_number_has_both_ends() -> None:
    found = [*numbers(SCHEMA, "config")]
    for registry in REGISTRIES.values():
        for name in registry.names():
            found += numbers(registry.parameters(name), f"{registry.variable}.{name}")
    assert len(found) > 200
    open_ended = [
        where for where, part in found for ends in (LOW, HIGH) if not any(end in part for end in ends)
    ]
    assert open_ended == []


def test_every_list_of_numbers_is_counted_or_of_different_ones() -> None:
    """So that no list can be long without being as long in the file, which has a largest size."""
    for name, part in walk_keys(SCHEMA):
        items = part.get("items", {})
        if kinds(items) & {"integer", "number"}:
            assert "maxItems" in part or part.get("uniqueItems"), name


EXTREMES = {
    name: [part[end] for end in ("minimum", "maximum") if end in part]
    for name, part in walk_keys(SCHEMA)
    if kinds(part) & {"integer", "number"} and "enum" not in part
}


def test_extremes_are_taken_or_refused_in_a_sentence() -> None:
    """A value at its end alone; what does not go together with the defaults is told."""
    taken = 0
    for name, values in EXTREMES.items():
        for value in values:
            try:
                complete(nested(name, value), SCHEMA)
                taken += 1
            except UserError as fault:
                assert "\n" not in str(fault) and name.split(".")[0] in str(fault), name
    assert taken > len(EXTREMES)


LARGE: dict[str, dict[str, Any]] = {
    "shards": {"shards": 1000},
    "cells": {"masking": {"grid": 32, "max_cells": 1000}, "evaluation": {"sets_per_job": 1}},
    "sets": {"evaluation": {"sets_per_job": 1}},
    "seeds": {"model": {"seeds": list(range(100))}},
    "degrees": {"geometry": {key: ["-90..90"] for key in ("rotation", "perspective_vertical")}},
    "classes": {"features": {"classes": {"which": "all", "restarts": 100}}},
    "gallery": {"gallery": {"source": "own", "smoothing": list(range(1, 1000))}},
}


@pytest.mark.parametrize("name", LARGE)
def test_a_large_plan_is_bounded(name: str) -> None:
    """It names its files without a list of all combinations."""
    config = copy.deepcopy(LARGE[name])
    if name == "shards" and "shards" not in SCHEMA["properties"]:
        config = {"evaluation": config}
    full: dict[str, Any] = {}
    update_config(full, config)
    plan = Plan(complete(full, SCHEMA))
    assert 0 < len(plan.targets) < 5000
