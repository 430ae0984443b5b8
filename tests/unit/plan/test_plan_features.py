"""What a config makes of pictures by optimisation, and what its jobs depend on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from signsight.config.rules import complete
from signsight.config.schema import load_schema
from signsight.plan.plan import Plan

SCHEMA = load_schema(Path(__file__).parents[3] / "config/schema.yaml")


def plan_of(features: dict[str, Any], **config: Any) -> Plan:
    """The plan of a config with this group `features`."""
    return Plan(complete({"features": features} | config, SCHEMA))


def test_nothing_is_made_unless_it_is_asked_for() -> None:
    plan = plan_of({})
    assert plan.features.made == [] and plan.features.tables == {}
    assert not any("features" in file for file in plan.targets)


def test_pictures_of_classes_for_every_preset_and_the_control() -> None:
    plan = plan_of({"classes": {"which": [1], "presets": ["fourier", "maco"]}})
    sets = {(network, name) for network in ("trained", "random") for name in ("fourier", "maco")}
    assert set(plan.features.class_sets) == sets
    assert set(plan.features.tables) == {"features", "feature_summary", "path_similarity"}
    assert {"results/demo/features/index.csv", "results/demo/figures/classes"} <= set(plan.targets)
    drawn = set(plan.drawn_figures.names)
    assert {"feature_reached", "feature_numbers", "path_similarity"} <= drawn
    assert "inversion_errors" not in drawn
    alone = plan_of({"classes": {"which": [1], "control": False, "animation": False}})
    assert set(alone.features.class_sets) == {("trained", "fourier")}
    assert "results/demo/figures/class_animation.png" not in alone.targets


def test_a_spectrum_and_means_where_a_recipe_needs_them() -> None:
    recipes = {"near": {"preset": "fourier", "regularisers": {"class_mean": {}}}}
    plan = plan_of({"recipes": recipes, "classes": {"which": [1], "presets": ["near"]}})
    assert plan.features.spectrum("maco") == ["results/demo/features/spectrum/magnitude.npy"]
    assert plan.features.spectrum("near") == [] and plan.features.class_means("maco") == []
    assert plan.features.class_means("near") == ["results/demo/features/class_means/means.npy"]


def test_natural_pictures_are_of_the_training_or_else_what_there_is() -> None:
    trained = plan_of({})
    assert trained.features.natural_set[0] == "results/demo/crop/train/images.npy"
    assert trained.features.test_set[0] == "results/demo/crop/test/images.npy"
    taken = {"train": False, "name": "alexnet", "weights": "DEFAULT"}
    own = plan_of({"source": "own"}, model=taken, data={"name": "none"})
    assert own.features.natural_set[0] == "results/demo/features_pictures/images.npy"
    assert own.features.pictures == own.albums.pictures("features")
    assert "path_similarity" not in own.features.tables


def test_every_product_has_its_index_and_its_sheet() -> None:
    layer = "features.last"
    products = {
        "filters": {"layers": {layer: 1}},
        "activations": {"layers": {layer: [0]}},
        "inversion": {"layers": [layer]},
        "dream": {"targets": [{"layer": layer}]},
    }
    plan = plan_of(products)
    assert list(plan.features.indices) == list(products)
    made = {Path(file).name for file in plan.features.made}
    sheets = {"filters", "layer_activations", "inversion", "dreams"}
    assert sheets | {"index.csv", "inversion_errors.csv"} == made
    for name, settings in products.items():
        alone = plan_of({name: settings})
        assert list(alone.features.indices) == [name] and len(alone.features.sheets) == 1


def test_a_picture_depends_on_its_recipe_and_not_on_the_others() -> None:
    def recipes(**own: Any) -> dict[str, Any]:
        return {
            "recipes": {"mine": {"preset": "fourier", **own}},
            "classes": {"which": [1], "presets": ["mine"]},
        }

    before, after = plan_of(recipes()).features, plan_of(recipes(steps=3)).features
    assert before.recipe("maco") == after.recipe("maco") and before.recipe("mine") != after.recipe("mine")
    labelled = plan_of(recipes(label="Mine")).features
    assert labelled.recipe("mine") == before.recipe("mine") and labelled.labels == {"mine": "Mine"}


def test_restarts_depend_on_each_other_only_where_they_are_to_differ() -> None:
    which = {"which": [1], "restarts": 3}
    assert plan_of({"classes": which}).features.unlike == {}
    unlike = plan_of({"classes": which | {"diversity": 2.0}}).features.unlike
    assert unlike == {"restarts": 3, "diversity": 2.0}
