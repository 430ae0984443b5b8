"""The schema and the code name the same parameters of every method and metric."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from signsight.config.check import complete as completed
from signsight.config.check import load_schema, metric_choice
from signsight.core.registry import methods, metrics, replacements

SCHEMA = load_schema(Path(__file__).parents[2] / "config" / "schema.yaml")
GIVEN = 4  # task, images, targets, ids


def of_schema(group: str, name: str) -> dict[str, Any]:
    parameters = SCHEMA["properties"][group]["properties"]["parameters"]["properties"]
    return {
        key: part["default"] for key, part in parameters.get(name, {"properties": {}})["properties"].items()
    }


def of_code(entry: Any, given: int) -> dict[str, Any]:
    found = list(inspect.signature(entry).parameters.values())[given:]
    return {p.name: list(p.default) if isinstance(p.default, tuple) else p.default for p in found}


@pytest.mark.parametrize("name", methods.names())
def test_parameters_of_methods_and_their_defaults(name: str) -> None:
    assert of_code(methods.get(name), GIVEN) == of_schema("attribution", name)


@pytest.mark.parametrize("name", metrics.names())
def test_parameters_of_metrics(name: str) -> None:
    """Defaults may differ: the code has the paper's, the schema what suits pictures of 48 pixels."""
    chosen = metric_choice(completed({}, SCHEMA), name)["parameters"]
    assert chosen.keys() == of_code(metrics.get(name), 1).keys()


def test_the_schema_knows_no_others() -> None:
    for group, registry in (("attribution", methods), ("evaluation", metrics)):
        assert SCHEMA["properties"][group]["properties"]["parameters"]["properties"].keys() <= set(
            registry.names()
        )
    assert replacements.names()
