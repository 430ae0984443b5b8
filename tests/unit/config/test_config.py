"""Config: defaults, each kind of fault in one sentence, contradictions, types and paths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from signsight.config.choices import method_choice, training_settings
from signsight.config.rules import complete
from signsight.config.schema import known_names, load_schema, typed, walk_keys
from signsight.core.errors import UserError

LARGE = {"region_perturbation": {"region": 12, "steps": 17}}  # a picture of 48 pixels has 16 such regions
APPLIED = {"stages", "masking.methods", "stickers.methods", "evaluation.metrics", "gallery.methods"}
MEASURED = {"evaluation": {"metrics": ["localisation"]}}
SCHEMA = load_schema(Path(__file__).parents[3] / "config" / "schema.yaml")


def nested(path: str, value: Any) -> dict[str, Any]:
    """'a.b', 1 -> {'a': {'b': 1}}."""
    for key in reversed(path.split(".")):
        value = {key: value}
    return value


def fault(config: dict[str, Any]) -> str:
    with pytest.raises(UserError) as caught:
        complete(config, SCHEMA)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_the_schema_is_valid_and_describes_every_key() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    for name, part in walk_keys(SCHEMA):
        assert {"type", "enum", "anyOf", "$ref"} & set(part), name
        assert part.get("description"), name
        assert "properties" in part or "default" in part, name


def test_an_empty_config_has_every_default_and_is_left_alone() -> None:
    given: dict[str, Any] = {}
    full = complete(given, SCHEMA)
    assert given == {}
    for name, part in walk_keys(SCHEMA):
        value: Any = full
        for key in name.split("."):
            assert key in value, name
            value = value[key]
        if "properties" not in part and name not in APPLIED:
            assert value == part["default"], name


def test_completing_twice_changes_nothing_and_shares_nothing() -> None:
    full = complete({}, SCHEMA)
    assert complete(full, SCHEMA) == full
    full["attribution"]["methods"].append("x")
    full["stickers"]["designs"]["tall"]["width"] = 1
    assert "x" not in complete({}, SCHEMA)["attribution"]["methods"]
    assert complete({}, SCHEMA)["stickers"]["designs"]["tall"]["width"] == 89


def test_a_group_left_empty_counts_as_not_given() -> None:
    assert complete({"data": None, "training": {"augmentation": None}}, SCHEMA) == complete({}, SCHEMA)


def test_given_values_stay_beside_the_defaults() -> None:
    full = complete({"data": {"rotate": {"sd": 20}}, "seed": 7}, SCHEMA)
    assert (full["seed"], full["data"]["rotate"]) == (7, {"when": "epoch", "sd": 20})


def test_a_design_without_a_picture_gets_the_default_drawing() -> None:
    designs = complete(nested("stickers.designs", {"mine": {"width": 1, "height": 2}}), SCHEMA)["stickers"][
        "designs"
    ]
    assert designs == {"mine": {"width": 1, "height": 2, "picture": "stripes"}}


def test_a_bare_true_of_yaml_names_the_true_class() -> None:
    full = complete({"attribution": {"target": True}, "evaluation": {"target": True}}, SCHEMA)
    assert full["attribution"]["target"] == full["evaluation"]["target"] == "true"


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"sed": 1}, ["'sed'", "did you mean 'seed'?"]),
        (nested("data.sise", 48), ["'sise' in 'data'", "did you mean 'size'?"]),
        (nested("data.rotate.wen", "once"), ["'wen' in 'data.rotate'", "did you mean 'when'?"]),
        (nested("attribution.parameters.smooth_grad_cam_pp.sample", 3), ["did you mean 'samples'?"]),
        (nested("stickers.designs.mine.widht", 3), ["'stickers.designs.mine'", "did you mean 'width'?"]),
        (nested("training.augmentation.shere", 3), ["'training.augmentation'", "did you mean 'shear'?"]),
        ({"epochs": 3}, ["'epochs'", "did you mean 'training.epochs'?"]),
        ({3: 4}, ["Unknown config key 3"]),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest(config: dict, words: list[str]) -> None:
    message = fault(config)
    assert all(word in message for word in words), message


@pytest.mark.parametrize(
    ("path", "value", "rule"),
    [
        ("seed", "many", "of type integer"),
        ("seed", 2020.0, "of type integer"),
        ("seed", True, "of type integer"),
        ("seed", -1, "at least 0"),
        ("data", 5, "of type object"),
        ("data.size", 8, "at least 16"),
        ("data.size", 4096, "at most 1024"),
        ("data.mirror", "yes", "of type boolean"),
        ("data.source", 5, "of type string or null"),
        ("data.rotate.sd", float("nan"), "of type number"),
        ("data.rotate.sd", float("inf"), "of type number"),
        ("data.split.validation_fraction", 0, "above 0"),
        ("evaluation.confidence", 1, "below 1"),
        ("experiment", "../up", "a letter or digit first"),
        ("device", "gpu", "write auto, cpu"),
        ("masking.colour", [1, 1], "at least 3 entries"),
        ("masking.colour", [1, 1, 1, 1], "at most 3 entries"),
        ("attribution.methods", [], "at least one entry"),
        ("attribution.methods", ["saliency", "saliency"], "twice"),
        ("attribution.target", 1.5, "none of the allowed forms"),
        ("data.checksums", {"x.zip": "123"}, "none of the allowed forms"),
        ("training.augmentation.scale", [1], "at least 2 entries"),
        ("training.augmentation.p", 2, "at most 1"),
        ("geometry.rotation", 5, "of type array"),
        ("geometry.rotation", [5, 5], "twice"),
    ],
)
def test_a_wrong_value_is_refused_by_key_and_rule(path: str, value: Any, rule: str) -> None:
    message = fault(nested(path, value))
    assert message.startswith(f"Config key '{path}' is {value!r}; "), message
    assert rule in message, message


@pytest.mark.parametrize("name", ["a/b", "..", "a_b", 5])
def test_a_design_whose_name_is_no_file_name_is_refused(name: Any) -> None:
    message = fault(nested("stickers.designs", {name: {"width": 1, "height": 1}}))
    assert repr(name) in message and "letters, digits" in message


def test_a_design_without_a_size_is_refused() -> None:
    message = fault(nested("stickers.designs.mine", {"width": 3}))
    assert "'stickers.designs.mine'" in message and "'height'" in message


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (
            "data.name",
            "sings",
            ["'data.name'", "did you mean 'signs'?", "cifar10, folder, gtsrb, imagenette, "],
        ),
        ("training.optimizer", "adam", ["'training.optimizer'", "did you mean 'adamw'?", "null"]),
        (
            "attribution.methods",
            ["random", "salience"],
            ["'attribution.methods'", "did you mean 'saliency'?"],
        ),
        ("stickers.methods", ["grad_kam"], ["'stickers.methods'", "did you mean 'grad_cam'?"]),
        ("model.name", "resnet81", ["'model.name'", "did you mean 'resnet18'?"]),
        ("model.name", "stn", ["did you mean 'stn3'?"]),
        ("evaluation.parameters.region_perturbation.replacement", "unifrom", ["did you mean 'uniform'?"]),
        ("evaluation.metrics", ["road", "deletoin"], ["'evaluation.metrics'", "did you mean 'deletion'?"]),
        ("gallery.methods", ["salience"], ["'gallery.methods'", "did you mean 'saliency'?"]),
        ("real_examples.methods", ["grad_cm"], ["'real_examples.methods'", "did you mean 'grad_cam'?"]),
    ],
)
def test_an_unknown_name_is_refused_with_the_near_misses(path: str, value: Any, words: list[str]) -> None:
    message = fault(nested(path, value))
    assert all(word in message for word in words), message


@pytest.mark.parametrize(
    ("config", "keys"),
    [
        ({"data": {"signs": {"min_px": 60, "max_px": 50}}}, ["data.signs.min_px", "data.signs.max_px"]),
        ({"stickers": {"methods": ["rise"]}}, ["stickers.methods", "attribution.methods"]),
        ({"attribution": {"layer": "features.last", "methods": ["saliency"]}}, ["attribution.layer"]),
        ({"model": {"mean": [0.5] * 3, "std": [0.5] * 3}}, ["model.mean", "model.train"]),
        ({"model": {"train": False, "weights": "x", "mean": [0.5] * 3}}, ["model.mean", "model.std"]),
        ({"model": {"parameters": {"widht": 3}}}, ["model.parameters"]),
        (
            {"attribution": {"methods": ["occlusion"], "parameters": {"occlusion": {"window": 50}}}},
            ["attribution.parameters.occlusion.window", "data.size"],
        ),
        ({"masking": {"grid": 49}}, ["masking.grid", "data.size"]),
        ({"masking": {"grid": 3}}, ["masking.max_cells"]),
        ({"masking": {"methods": ["rise"]}}, ["masking.methods", "attribution.methods"]),
        (
            {"evaluation": {"metrics": ["region_perturbation"], "parameters": LARGE}},
            ["evaluation.parameters.region_perturbation.steps"],
        ),
        (
            {"attribution": {"methods": ["saliency"]}, "stickers": {"methods": []}, **MEASURED},
            ["attribution.methods", "evaluation.metrics"],
        ),
        ({"data": {"name": "gtsrb"}, **MEASURED}, ["evaluation.metrics", "data.crop_to_roi"]),
        ({"data": {"name": "folder", "source": "pictures"}, **MEASURED}, ["evaluation.metrics"]),
        ({"data": {"name": "none"}}, ["model.train"]),
        ({"model": {"train": False}}, ["model.weights"]),
        ({"model": {"train": False, "weights": "x", "seeds": [1]}}, ["model.seeds", "model.train"]),
    ],
)
def test_keys_that_contradict_each_other_are_refused(config: dict, keys: list[str]) -> None:
    message = fault(config)
    assert all(f"'{key}" in message for key in keys), message


@pytest.mark.parametrize(
    "entry", ["5..1", "0..91", "-91..0", "0..10/0", "1..2\n", "0-10", "..5", "a..b", 91, 0.5]
)
def test_a_malformed_degree_is_refused(entry: Any) -> None:
    assert "'geometry.rotation" in fault({"geometry": {"rotation": [entry]}})


def test_the_names_of_registries_come_without_torch() -> None:
    assert {"random", "saliency", "grad_cam"} <= set(known_names("methods"))
    assert {"uniform", "mean", "white"} <= set(known_names("replacements"))
    assert {"stn3", "compact", "resnet18"} <= set(known_names("networks"))


def test_a_table_of_checksums_names_every_archive() -> None:
    part = {"GTSRB_Final_Test_GT.zip": "fe31e9c9270bbcd7b84b7f21a9d9d9e5"}
    with pytest.raises(UserError, match=r"'data\.checksums' lacks GTSRB_Final_T"):
        complete({"data": {"name": "gtsrb", "checksums": part}}, SCHEMA)


def test_values_of_the_command_line_get_their_types() -> None:
    given = {
        "size": "32",
        "sd": "8.5",
        "mirror": "false",
        "balance": "null",
        "source": "../a b",
        "d": ["1", "-90..90/5"],
    }
    assert typed(given) == {
        "size": 32, "sd": 8.5, "mirror": False, "balance": None, "source": "../a b", "d": [1, "-90..90/5"],
    }  # fmt: skip
    assert typed("a: b") == "a: b" and typed("[1]") == "[1]" and typed(7) == 7


@pytest.mark.parametrize(
    ("variants", "words"),
    [
        ({"saliency": {"method": "saliency"}}, "the name of a registered method"),
        ({"mine": {"method": "salency"}}, "did you mean 'saliency'"),
        ({"mine": {"method": "smooth_grad_cam_pp", "parameters": {"sample": 3}}}, "did you mean 'samples'"),
        ({"mine": {"method": "smooth_grad_cam_pp", "parameters": {"samples": 0}}}, "at least 1"),
        ({"mine": {"method": "saliency", "parameters": {"samples": 3}}}, "it has none"),
        ({"mine": {"parameters": {"samples": 3}}}, "'method' is a required property"),
        ({"Mine": {"method": "saliency"}}, "small letters, digits and '_'"),
        ({"mine": {"method": "few"}, "few": {"method": "saliency"}}, "names an unknown 'few'"),
    ],
)
def test_a_wrong_variant_is_refused(variants: dict[str, Any], words: str) -> None:
    assert words in fault({"attribution": {"variants": variants}})


@pytest.mark.parametrize(
    ("variants", "words"),
    [
        ({"road": {"metric": "road"}}, "'evaluation.variants.road' has the name of a registered metric"),
        ({"mine": {"metric": "deletoin"}}, "did you mean 'deletion'"),
        ({"mine": {"metric": "deletion", "parameters": {"hiden": "gray"}}}, "did you mean 'hidden'"),
        ({"mine": {"metric": "deletion", "parameters": {"hidden": "grey"}}}, "did you mean 'gray'"),
        ({"mine": {"metric": "deletion", "parameters": {"images": 3}}}, "Unknown config key 'images'"),
        ({"mine": {"metric": "deletion", "parameters": {"steps": 2305}}}, "variants.mine.parameters.steps'"),
        ({"mine": {"metric": "localisation"}}, "names 'mine', which needs to know where the object is"),
    ],
)
def test_a_wrong_variant_of_a_metric_is_refused(variants: dict[str, Any], words: str) -> None:
    data = {"name": "gtsrb"}
    assert words in fault({"data": data, "evaluation": {"metrics": list(variants), "variants": variants}})


def test_flips_at_random_are_refused_where_they_change_the_class() -> None:
    for training in ({"augmentation": {"flip": 0.1}}, {"preset": "cifar_study"}):
        assert "'training.augmentation.flip'" in fault({"training": training})
        settings = training_settings(complete({"training": training, "data": {"name": "cifar10"}}, SCHEMA))
        assert settings["augmentation"]["flip"] in (0.1, 0.5)
    off = {"preset": "cifar_study", "augmentation": {"flip": 0}}
    assert training_settings(complete({"training": off}, SCHEMA))["augmentation"]["flip"] == 0


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"data": {"masks": "cut"}}, "'data.masks' is for your own pictures, not for data.name 'signs'"),
        (
            {"data": {"name": "folder", "source": "own"}, "stages": ["background"]},
            "'stages' names 'background', which needs to know where the object is",
        ),
        ({"background": {"fills": ["zeros"]}}, "did you mean 'zero'"),
        ({"background": {"fills": ["normalised_zero"]}}, "'background.fills' names 'normalised_zero'"),
    ],
)
def test_other_backgrounds_need_an_object(config: dict[str, Any], words: str) -> None:
    assert words in fault(config)


@pytest.mark.parametrize(
    ("target", "allowed"),
    [
        (7, True),
        ({"class": True, "against": "runner_up"}, True),
        ({"class": "predicted", "against": 3}, True),
        ({"layer": "features.last", "channel": 3}, True),
        ({"layer": "features.last", "channel": 3, "at": [1, 2]}, True),
        ({"class": "predicted"}, False),
        ({"layer": "features.last"}, False),
        ({"layer": "features.last", "channel": 3, "at": [1]}, False),
        ("runner_up", False),
        (-1, False),
    ],
)
@pytest.mark.parametrize("group", ["attribution", "evaluation"])
def test_targets(group: str, target: Any, allowed: bool) -> None:
    if not allowed:
        assert f"'{group}.target' is {target!r}; it is of none of the allowed forms" in fault(
            {group: {"target": target}}
        )
        return
    found = complete({group: {"target": target}}, SCHEMA)[group]["target"]
    assert found == (
        {"class": "true", "against": "runner_up"}
        if target == {"class": True, "against": "runner_up"}
        else target
    )


def test_a_layer_is_for_methods_that_look_at_one() -> None:
    variants = {
        "deep": {"method": "lrp_epsilon", "layer": "features.last"},
        "shallow": {"method": "grad_cam", "layer": "features.third"},
    }
    given = {
        "layer": "features.second",
        "methods": ["deep", "shallow", "cam", "lrp_epsilon", "saliency"],
        "variants": variants,
    }
    config = complete({"attribution": given}, SCHEMA)
    layers = {name: method_choice(config, name)["layer"] for name in given["methods"]}
    assert layers == {
        "deep": "features.last", "shallow": "features.third", "cam": "features.second", "lrp_epsilon": None,
        "saliency": None,
    }  # fmt: skip
    variants["bad"] = {"method": "saliency", "layer": "features.last"}
    assert "'attribution.variants.bad.layer'" in fault({"attribution": given})


def test_a_path_is_expanded_and_may_have_no_braces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert complete({"results": "~/sig"}, SCHEMA)["results"] == "/home/me/sig"
    assert "'gallery.source' is 'a{b}'" in fault({"gallery": {"source": "a{b}"}})
