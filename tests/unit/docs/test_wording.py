"""Allowed values and defaults in words."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest

from schema_changes import SCHEMA, keys
from signsight.core.parameters import Limits, Registered, schema_of
from signsight.docs.wording import allowed, default, value

AUTO = {"type": "string", "enum": ["auto"]}
NUMBER = {"type": "number"}
METHOD = {"type": "string", "registry": "methods", "variants": "attribution.variants"}


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (Annotated[int, Limits(1, 10_000)], "integer from 1 to 10,000"),
        (Annotated[int | None, Limits(2)], "integer from 2 or null"),
        (Annotated[float, Limits(above=0, below=1)], "number above 0 and below 1"),
        (Annotated[float, Limits(None, 1, above=0)], "number above 0 and up to 1"),
        (Annotated[float, Limits(0, below=1)], "number from 0 to below 1"),
        (Annotated[float, "Any."], "number"),
        (Annotated[bool, "Either."], "`true` or `false`"),
        (Annotated[Literal["sum", "mean", "max"], "How."], "`sum`, `mean` or `max`"),
        (Annotated[str, Registered("replacements")], "name of a replacement"),
        (Annotated[str, Registered("methods")], "name of an attribution method"),
        (Annotated[list[float], Limits(0, 1, length=3)], "list of 3 numbers from 0 to 1"),
        (Annotated[list[str] | None, Limits(unique=True)], "list of texts or null"),
    ],
)
def test_what_a_parameter_may_hold(annotation: Any, words: str) -> None:
    assert allowed(schema_of(annotation)) == words


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"$ref": "#/$defs/sample"}, "integer from 1, `all` or null"),
        ({"anyOf": [AUTO, {"type": "integer", "minimum": 1}]}, "`auto` or integer from 1"),
        ({"enum": ["sgd", "adamw", None]}, "`sgd`, `adamw` or null"),
        ({"type": ["boolean", "null"]}, "`true`, `false` or null"),
        ({"type": "array", "minItems": 1, "maxItems": 3, "items": NUMBER}, "list of 1 to 3 numbers"),
        (
            {"type": "array", "items": METHOD},
            "list of names of attribution methods and variants",
        ),
        (METHOD, "name of an attribution method or of a variant"),
        ({"type": "array", "items": {"type": "string", "enum": ["a", "b"]}}, "list of `a` or `b`"),
    ],
)  # fmt: skip
def test_what_a_key_may_hold(part: dict[str, Any], words: str) -> None:
    assert allowed(part) == words


def test_values_as_a_config_writes_them() -> None:
    assert [value(one) for one in (None, True, "text", [1, 2])] == ["null", "`true`", "`text`", "`[1, 2]`"]
    assert default({"default": None}) == "null" and default({}) == ""


def kinds(part: dict[str, Any]) -> set[str]:
    """The JSON types that a part of the schema takes."""
    if "$ref" in part:
        return kinds(SCHEMA["$defs"][part["$ref"].rpartition("/")[2]])
    if "anyOf" in part:
        return set().union(*map(kinds, part["anyOf"]))
    if "type" not in part:
        return {"null" if one is None else "string" for one in part["enum"]}
    return {part["type"]} if isinstance(part["type"], str) else set(part["type"])


@pytest.mark.parametrize("key", keys())
def test_words_name_the_kinds_of_value_that_a_key_takes(key: str) -> None:
    part = keys()[key]
    words = f" {allowed(part)} "
    assert (" list of " in words) == ("array" in kinds(part))
    assert (" null " in words) == ("null" in kinds(part))
    assert ("degrees" in words) == (key.startswith("geometry.") and key != "geometry.fill")
    if "integer" in kinds(part) and "enum" not in part and "target" not in words:
        assert " integer " in words
    if "boolean" in kinds(part):
        assert "`true`" in words and "`false`" in words


def test_a_sample_of_images_is_a_number_or_all() -> None:
    samples = [key for key in keys() if key.endswith(".images") and key.startswith("evaluation.")]
    assert "evaluation.images" in samples and len(samples) > 5
    assert {allowed(keys()[key]) for key in samples} == {"integer from 1, `all` or null"}
