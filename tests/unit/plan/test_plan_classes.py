"""Whose classes count: those of a data set, or those of a network that is used as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from signsight.config.rules import complete
from signsight.config.schema import load_schema
from signsight.plan.plan import Plan

SCHEMA = load_schema(Path(__file__).parents[3] / "config/schema.yaml")
TRAINED, TAKEN = {"train": True}, {"name": "squeezenet1_0", "train": False}


@pytest.mark.parametrize(
    ("data", "model", "network_classes", "matrix"),
    [
        ("folder", TRAINED, False, True),
        ("folder", TAKEN, True, False),  # a thousand classes, of which the pictures may have a few
        ("folder", TAKEN | {"classes": ["cat", "dog"]}, True, True),
        ("folder", TAKEN | {"classes": [str(number) for number in range(1000)]}, True, False),
        ("imagenette", TAKEN, True, False),
        ("imagenette", TRAINED, False, True),
    ],
)
def test_a_confusion_matrix_is_of_the_classes_of_the_pictures(
    data: str, model: dict[str, Any], network_classes: bool, matrix: bool
) -> None:
    plan = Plan(complete({"data": {"name": data, "source": "pictures"}, "model": model}, SCHEMA))
    assert plan.model_classes == network_classes
    assert ("confusion_matrix" in plan.drawn_figures.names) == matrix
