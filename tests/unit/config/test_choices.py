"""What a completed config chooses: stages, samples of metrics, groups of degrees, parameters and variants."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from signsight.config.choices import (
    about_metric,
    degree_groups,
    method_choice,
    metric_choice,
    training_settings,
)
from signsight.config.rules import complete, truth_regions
from signsight.config.schema import load_schema

LARGE = {"region_perturbation": {"region": 12, "steps": 17}}  # a picture of 48 pixels has 16 such regions
SCHEMA = load_schema(Path(__file__).parents[3] / "config" / "schema.yaml")


def test_a_metric_that_is_off_asks_for_nothing() -> None:
    evaluation = {"metrics": [], "parameters": LARGE}
    assert complete({"evaluation": evaluation}, SCHEMA)["evaluation"]["metrics"] == []


@pytest.mark.parametrize(
    ("asked", "own", "images"),
    [(50, None, 50), ("all", None, None), (50, "all", None), ("all", 7, 7), (50, 7, 7)],
)
def test_a_metric_has_its_own_sample_or_that_of_all(asked: object, own: object, images: object) -> None:
    evaluation = {"images": asked, "parameters": {"region_perturbation": {"images": own}}}
    choice = metric_choice(complete({"evaluation": evaluation}, SCHEMA), "region_perturbation")
    assert choice["images"] == images
    assert "images" not in choice["parameters"]


def test_where_the_truth_of_the_localisation_is_from() -> None:
    def truth(**data: object) -> str | None:
        return truth_regions(complete({"data": data}, SCHEMA))

    assert truth() == "masks"
    assert truth(name="gtsrb") is None
    assert truth(name="gtsrb", crop_to_roi=False) == "roi"
    assert truth(name="folder", source="pictures") is None
    field = {"field": {"scale": [1, 2]}}
    assert truth(**field) == "masks"
    assert truth(name="gtsrb", **field) == truth(name="folder", source="pictures", **field) == "roi"
    assert truth(name="folder", source="pictures", masks="cut") == "given"


def groups(entries: list[int | str], per_job: int = 20) -> dict[str, list[int]]:
    config = complete({"geometry": {"rotation": entries}, "evaluation": {"sets_per_job": per_job}}, SCHEMA)
    return degree_groups(config, "rotation")


def test_degrees_are_written_as_numbers_ranges_and_steps() -> None:
    assert groups([3, "-2..2", "-90..90/45"]) == {
        "3": [3],
        "-2_to_2": [-2, -1, 0, 1, 2],
        "-90_to_90": [-90, -45, 45, 90],
    }
    assert groups([]) == {}


@pytest.mark.parametrize("per_job", [1, 7, 20, 500])
def test_every_degree_is_in_just_one_group(per_job: int) -> None:
    found = groups(["-90..90", "-10..10", 4, "-90..90/5"], per_job)
    degrees = [degree for group in found.values() for degree in group]
    assert sorted(degrees) == list(range(-90, 91))
    assert max(map(len, found.values())) <= per_job


@pytest.mark.parametrize("added", [5, -90, "-90..90", "-3..88/7"])
def test_an_added_entry_leaves_the_other_groups_as_they_were(added: int | str) -> None:
    before = groups(["-60..60/4", 7, "30..40"])
    after = groups(["-60..60/4", 7, "30..40", added])
    assert {name: after[name] for name in before} == before


def test_training_settings_are_the_preset_with_what_is_given() -> None:
    published = complete({"training": {"preset": "published"}, "data": {"rotate": {"when": "once"}}}, SCHEMA)
    settings = training_settings(published)
    assert (settings["learning_rate"], settings["batch_size"], settings["patience"]) == (0.001, 50, 5)
    assert settings["augmentation"]["rotation"] == 0
    published["training"] |= {"batch_size": 64}
    published["training"]["augmentation"] |= {"shear": 10}
    changed = copy.deepcopy(settings)
    changed["batch_size"], changed["augmentation"]["shear"] = 64, 10
    assert training_settings(published) == changed
    published["data"]["rotate"] = {"when": "epoch", "sd": 20}
    assert training_settings(published)["augmentation"]["rotation"] == 20


def test_parameters_of_a_method() -> None:
    config = complete({}, SCHEMA)
    assert method_choice(config, "smooth_grad_cam_pp")["parameters"] == {"samples": 25, "spread": 0.15}
    assert method_choice(config, "saliency") == {"method": "saliency", "parameters": {}, "layer": None}


def test_a_variant_is_its_method_with_other_parameters() -> None:
    method, few = "smooth_grad_cam_pp", {"parameters": {"samples": 3}, "layer": "block3"}
    given = {
        "variants": {"few": {"method": method, **few}},
        "methods": ["few", "random"],
        "parameters": {method: {"spread": 0.3}},
    }
    config = complete({"attribution": given, "stickers": {"methods": ["few"]}}, SCHEMA)
    expected = {"method": method, "parameters": {"samples": 3, "spread": 0.3}, "layer": "block3"}
    assert method_choice(config, "few") == expected


VARIED = {
    "metrics": ["deletion", "deletion_gray", "mine"],
    "parameters": {"deletion": {"steps": 9, "images": 7}},
    "variants": {
        "deletion_gray": {"metric": "deletion", "parameters": {"hidden": "gray"}},
        "mine": {"metric": "deletion", "parameters": {"steps": 3}, "label": "Deletion, coarse"},
        "other": {"metric": "insertion", "label": "Shown"},
    },
}


def test_a_variant_of_a_metric_is_it_with_other_parameters_on_the_same_images() -> None:
    config = complete({"evaluation": VARIED}, SCHEMA)
    base, gray, mine = (metric_choice(config, name) for name in VARIED["metrics"])
    assert base["parameters"] == {"steps": 9, "hidden": "zero", "subset": "all", "score": "softmax"}
    assert gray == base | {"parameters": base["parameters"] | {"hidden": "gray"}}
    assert mine == base | {"parameters": base["parameters"] | {"steps": 3}}
    assert (mine["metric"], mine["images"]) == ("deletion", 7)


@pytest.mark.parametrize(
    ("name", "label", "quantity"),
    [
        ("deletion", "Deletion", "Deletion AUC"),
        ("deletion_gray", "Deletion gray", "Deletion AUC gray"),
        ("mine", "Deletion, coarse", "Deletion AUC, coarse"),
        ("other", "Shown", "Shown: Insertion AUC"),
    ],
)
def test_what_a_variant_of_a_metric_is_called(name: str, label: str, quantity: str) -> None:
    about = about_metric(complete({"evaluation": VARIED}, SCHEMA), name)
    assert about["label"] == label
    assert [told["label"] for told in about["quantities"].values()] == [quantity]


def test_the_methods_alone_are_a_config() -> None:
    full = complete({"attribution": {"methods": ["random", "grad_cam"]}}, SCHEMA)
    assert full["stages"] == ["masking", "stickers", "geometry", "metrics"]
    assert full["masking"]["methods"] == ["random", "grad_cam"]
    assert full["stickers"]["methods"] == ["grad_cam", "random"]
    assert full["evaluation"]["metrics"] == ["region_perturbation"]


def test_what_does_not_apply_is_left_out() -> None:
    alone = complete({"attribution": {"methods": ["grad_cam"]}}, SCHEMA)
    assert alone["stickers"]["methods"] == ["grad_cam"] and alone["evaluation"]["metrics"] == []
    no_data = {"data": {"name": "none"}, "model": {"train": False, "weights": "DEFAULT", "name": "alexnet"}}
    full = complete(no_data, SCHEMA)
    assert full["stages"] == full["masking"]["methods"] == full["evaluation"]["metrics"] == []
    assert full["geometry"]["rotation"] == []


OWN = {"name": "folder", "source": "pictures"}


@pytest.mark.parametrize(
    ("config", "stuck"),
    [
        ({"data": {"name": "gtsrb"}}, True),
        ({"data": {"name": "signs"}}, True),
        ({"data": {"name": "cifar10"}}, False),
        ({"data": {"name": "imagenette"}}, False),
        ({"data": {"name": "listed", "source": "pictures"}}, False),
        ({"data": OWN}, False),
        ({"data": OWN, "stages": ["masking", "stickers"]}, True),
        ({"data": OWN, "stickers": {"methods": ["grad_cam"]}}, True),
        ({"data": OWN, "stickers": {"stock": "stock"}}, True),
        ({"data": OWN, "stickers": {"methods": []}}, False),
        ({"data": {"name": "gtsrb"}, "stages": ["masking"], "stickers": {"methods": ["grad_cam"]}}, False),
    ],
)
def test_stickers_are_for_signs_or_where_they_are_asked_for(config: dict[str, Any], stuck: bool) -> None:
    full = complete(config, SCHEMA)
    assert ("stickers" in full["stages"]) == bool(full["stickers"]["methods"]) == stuck
    assert "masking" in full["stages"]


def test_a_stage_that_is_not_named_is_left_out() -> None:
    full = complete({"stages": ["metrics"]}, SCHEMA)
    assert full["masking"]["methods"] == full["stickers"]["methods"] == full["geometry"]["rotation"] == []
    assert full["evaluation"]["metrics"] == ["region_perturbation"]


@pytest.mark.parametrize("size", [16, 24, 48, 224])
def test_the_defaults_suit_pictures_of_any_size(size: int) -> None:
    assert complete({"data": {"size": size}}, SCHEMA)["evaluation"]["metrics"] == ["region_perturbation"]
