"""Recipes: a preset with what a config changes; and what does not go together is refused in a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from signsight.config.recipes import needs, recipe_choice, recipe_label
from signsight.config.rules import complete
from signsight.config.schema import load_schema
from signsight.core.errors import UserError
from signsight.core.registry import parametrisations, presets, regularisers, transforms
from signsight.features.recipe import recipe_of

SCHEMA = load_schema(Path(__file__).parents[3] / "config/schema.yaml")


def config(recipe: dict[str, Any] | None = None, **features: Any) -> dict[str, Any]:
    """A complete config with a recipe `mine`, and other changes of the group `features`."""
    own = {"recipes": {"mine": recipe}} if recipe else {}
    return complete({"features": own | features}, SCHEMA)


def names(parts: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    """Part -> its parameters."""
    return {one[kind]: one["parameters"] for one in parts}


@pytest.mark.parametrize("preset", presets.names())
def test_every_preset_names_parts_that_there_are(preset: str) -> None:
    recipe = recipe_choice(config(), preset)
    made = recipe_of(recipe)
    assert made.parametrisation in parametrisations
    assert set(made.parameters) <= set(parametrisations.parameters(made.parametrisation))
    for registry, parts in ((transforms, made.transforms), (regularisers, made.regularisers)):
        for name, parameters in parts.items():
            assert set(parameters) <= set(registry.parameters(name))
    assert made.steps >= 1 and made.rate > 0 and made.optimiser in ("adam", "nadam", "sgd")
    direct = parametrisations.about(made.parametrisation).get("direct")
    kinds = {regularisers.about(name)["kind"] for name in made.regularisers}
    assert direct or "picture" not in kinds
    assert not any(transforms.about(name).get("mirrors") for name in made.transforms)


def test_a_recipe_changes_what_it_names_and_nothing_else() -> None:
    own = {
        "preset": "fourier",
        "steps": 9,
        "transforms": {"rotation": {"degrees": 15}, "scale": None, "noise": {}},
        "regularisers": {"total_variation": {"weight": 3}},
    }
    whole = config(own)
    recipe, base = recipe_choice(whole, "mine"), recipe_choice(whole, "fourier")
    assert names(recipe["transforms"], "transform") == {"shift": {}, "rotation": {"degrees": 15}, "noise": {}}
    assert names(recipe["regularisers"], "regulariser") == {"total_variation": {"weight": 3}}
    changed = {key for key in recipe if recipe[key] != base[key]}
    assert changed == {"steps", "transforms", "regularisers"} and recipe["steps"] == 9


def test_another_parametrisation_has_parameters_of_its_own() -> None:
    recipe = recipe_choice(config({"preset": "published_filter", "parametrisation": "fourier"}), "mine")
    assert recipe["parametrisation"] == {"parametrisation": "fourier", "parameters": {}}
    recipe = recipe_choice(config({"preset": "published_filter", "parameters": {"low": 0.1}}), "mine")
    assert recipe["parametrisation"]["parameters"] == {"low": 0.1, "high": 0.706}


def test_labels_of_presets_and_recipes() -> None:
    whole = config({"preset": "fourier"})
    assert recipe_label(whole, "maco") == "MACO" and recipe_label(whole, "mine") == "mine"
    assert recipe_label(config({"preset": "maco", "label": "Mine!"}), "mine") == "Mine!"


def test_what_a_recipe_needs() -> None:
    whole = config({"preset": "pixels", "regularisers": {"class_mean": {}}})
    assert needs(whole, "maco", "spectrum") and not needs(whole, "fourier", "spectrum")
    assert needs(whole, "mine", "class_mean") and needs(whole, "published_am", "class_mean")
    assert not needs(whole, "pixels", "class_mean")


RECIPES: dict[str, tuple[dict[str, Any], str]] = {
    "preset": ({"preset": "furier"}, "did you mean 'fourier'"),
    "parametrisation": (
        {"preset": "fourier", "parametrisation": "pixel"},
        "'features.recipes.mine.parametrisation' names an unknown 'pixel'; did you mean 'pixels'",
    ),
    "transform": ({"preset": "fourier", "transforms": {"shit": {}}}, "did you mean 'shift'"),
    "transform's parameter": (
        {"preset": "fourier", "transforms": {"shift": {"shares": 0.1}}},
        "Unknown config key 'shares' in 'features.recipes.mine.transforms.shift'; did you mean 'share'?",
    ),
    "value": (
        {"preset": "fourier", "regularisers": {"blur": {"every": 0}}},
        "'features.recipes.mine.regularisers.blur.every' is 0; it must be at least 1",
    ),
    "a change of pixels without pixels": (
        {"preset": "fourier", "regularisers": {"decay": {}}},
        "'decay', which changes pixels, but the parametrisation 'fourier' has none of its own",
    ),
    "a mirror of signs": (
        {"preset": "fourier", "transforms": {"mirror": {}}},
        "whose mirror image is another class",
    ),
    "unknown key": ({"preset": "fourier", "stps": 3}, "did you mean 'steps'"),
}


@pytest.mark.parametrize("fault", RECIPES)
def test_a_wrong_recipe_is_refused(fault: str) -> None:
    own, sentence = RECIPES[fault]
    with pytest.raises(UserError) as error:
        config(own)
    assert sentence in str(error.value)


def test_a_recipe_cannot_have_the_name_of_a_preset() -> None:
    with pytest.raises(UserError, match="has the name of a preset"):
        complete({"features": {"recipes": {"maco": {"preset": "fourier"}}}}, SCHEMA)


NONE = {"data": {"name": "none"}, "model": {"train": False, "name": "alexnet", "weights": "DEFAULT"}}
GROUPS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "pictures": (NONE, {"filters": {"layers": {"a": 1}}}, "'features.filters.layers' needs pictures"),
    "dreams of nothing": (NONE, {"dream": {"targets": [1]}}, "'features.dream.targets' needs pictures"),
    "spectrum": (
        NONE,
        {"classes": {"which": [1], "presets": ["maco"]}},
        "which needs a spectrum of natural pictures",
    ),
    "mean of no class": (
        {},
        {"classes": {"which": [{"layer": "a", "channel": 1}], "presets": ["published_am"]}},
        "take another for what is no class",
    ),
    "mean of a unit": (
        {},
        {"filters": {"layers": {"a": 1}, "preset": "published_am"}},
        "'features.filters.preset' names 'published_am'",
    ),
    "class": ({}, {"classes": {"which": [-1]}}, "features.classes.which"),
    "source": ({}, {"source": "a{b}"}, "'features.source' is 'a{b}'"),
}


@pytest.mark.parametrize("fault", GROUPS)
def test_what_does_not_go_together_is_refused(fault: str) -> None:
    base, features, sentence = GROUPS[fault]
    with pytest.raises(UserError) as error:
        complete(base | {"features": features}, SCHEMA)
    assert sentence in str(error.value)


def test_without_a_data_set_pictures_of_classes_are_made_all_the_same() -> None:
    whole = complete(NONE | {"features": {"classes": {"which": "all"}}}, SCHEMA)
    assert whole["features"]["classes"]["presets"] == ["fourier"]
    classes = {"which": [1], "presets": ["maco"]}
    whole = complete(NONE | {"features": {"source": "x", "classes": classes}}, SCHEMA)
    assert whole["features"]["classes"] == whole["features"]["classes"] | classes
