"""What is read from the source of a declaration is what the code has: parameters and their defaults."""

from __future__ import annotations

import inspect
from typing import Annotated, get_origin, get_type_hints

import pytest

from signsight.core.registry import REGISTRIES, replacements

NAMES = [(registry, name) for registry in REGISTRIES.values() for name in registry.names()]
POSITIONAL = {"methods": 4, "metrics": 1}  # task, images, targets, ids; block


@pytest.mark.parametrize(("registry", "name"), NAMES, ids=lambda one: getattr(one, "variable", one))
def test_declared_parameters_are_those_of_the_code(registry: object, name: str) -> None:
    entry = registry.get(name)
    function = entry.__init__ if inspect.isclass(entry) else entry
    known = inspect.signature(function).parameters
    hints = get_type_hints(function, include_extras=True)
    found = {key: known[key].default for key, hint in hints.items() if get_origin(hint) is Annotated}
    found = {key: list(value) if isinstance(value, tuple) else value for key, value in found.items()}
    assert registry.defaults(name) == found
    if registry.variable in POSITIONAL:
        assert list(known)[POSITIONAL[registry.variable] :] == list(found)  # all others are declared


def test_a_default_that_names_a_thing_is_a_thing() -> None:
    for registry, name in NAMES:
        for key, part in registry.parameters(name).items():
            if part.get("registry") == "replacements":
                assert part["default"] in replacements, (name, key)
