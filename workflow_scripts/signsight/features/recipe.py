"""A recipe: which parametrisation, transforms, regularisers and optimiser make a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Recipe:
    """How pictures are made, whatever they show.

    parametrisation: its name and parameters; transforms, regularisers: name -> parameters, in their order;
    views: how often a picture is seen in a step. rate: of the optimiser, in units of the variables; score: of
    a class, "logit", "softmax" or "log_softmax".
    """

    parametrisation: str
    steps: int
    rate: float
    optimiser: str = "adam"
    momentum: float = 0.0
    score: str = "logit"
    views: int = 1
    parameters: Parameters = field(default_factory=dict)
    transforms: Mapping[str, Parameters] = field(default_factory=dict)
    regularisers: Mapping[str, Parameters] = field(default_factory=dict)


def recipe_of(choice: Mapping[str, Any]) -> Recipe:
    """The recipe in the params of a rule (of `config.recipes.recipe_choice`)."""
    parts = ("parametrisation", "transforms", "regularisers")
    rest = {key: value for key, value in choice.items() if key not in parts}
    named = choice["parametrisation"]
    return Recipe(
        parametrisation=named["parametrisation"],
        parameters=named["parameters"],
        transforms={one["transform"]: one["parameters"] for one in choice["transforms"]},
        regularisers={one["regulariser"]: one["parameters"] for one in choice["regularisers"]},
        **rest,
    )
