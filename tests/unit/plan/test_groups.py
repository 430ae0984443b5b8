"""Methods that one job runs one after the other: in which groups, and what its rule is told of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from signsight.config.rules import complete
from signsight.config.schema import load_schema
from signsight.plan.groups import Group, groups_of
from signsight.plan.plan import Plan

SCHEMA = load_schema(Path(__file__).parents[3] / "config/schema.yaml")


def plan_of(methods: list[str], size: int, **more: Any) -> Plan:
    return Plan(complete({"attribution": {"methods": methods, "methods_per_job": size}} | more, SCHEMA))


def members(groups: list[Group]) -> list[tuple[str, ...]]:
    return [group.members for group in groups]


def test_by_default_one_rule_is_for_every_method() -> None:
    (group,) = plan_of(["random", "saliency", "grad_cam"], 1).method_groups
    assert group.files("{run}attribute/{method}/maps.npy") == ["{run}attribute/{method}/maps.npy"]
    assert group.rule("attribute") == "attribute" and group.label == "{method}"
    param = group.each(lambda method: f"about {method}")
    assert param({"run": "", "method": "saliency"}) == {"saliency": "about saliency"}


def test_groups_are_consecutive_and_an_added_method_leaves_full_ones_as_they_were() -> None:
    names = ["random", "saliency", "grad_cam", "occlusion"]
    four, five = (plan_of(m, 2).method_groups for m in (names, [*names, "sobel"]))
    assert members(four) == [("random", "saliency"), ("grad_cam", "occlusion")]
    assert members(five) == [*members(four), ("sobel",)]
    assert [group.rule("attribute") for group in five] == ["attribute_1", "attribute_2", "attribute_3"]
    assert [group.label for group in five] == ["random_to_saliency", "grad_cam_to_occlusion", "sobel"]
    assert five[0].files("{method}/maps.npy") == ["random/maps.npy", "saliency/maps.npy"]


def test_a_group_of_all_keeps_the_name_of_its_rule() -> None:
    (group,) = plan_of(["random", "saliency"], 8).metric_groups
    assert group.rule("evaluate") == "evaluate"
    param = group.each(lambda metric, method: (metric, method))
    told = param({"run": "", "metric": "deletion"})
    assert told == {"random": ("deletion", "random"), "saliency": ("deletion", "saliency")}


def test_masking_by_fewer_methods_has_groups_of_its_own() -> None:
    plan = plan_of(["random", "saliency", "grad_cam"], 8, masking={"methods": ["random", "grad_cam"]})
    assert [(group.metrics, group.members) for group in plan.metric_groups] == [
        ("region_perturbation", ("random", "saliency", "grad_cam")),
        ("grid_masking", ("random", "grad_cam")),
    ]
    alone = plan_of(["random", "saliency"], 8, masking={"methods": ["random"]}, stages=["masking"])
    assert [(g.metrics, g.members) for g in alone.metric_groups] == [("grid_masking", ("random",))]


def test_no_methods_make_no_rule() -> None:
    assert groups_of([("deletion", [])], 3) == []


def test_files_of_shards_are_named_by_their_number() -> None:
    plan = plan_of(["random"], 1, shards=2)
    file = "results/a.b/{run}attribute/{method}/maps.npy"
    assert plan.sharded(file) == "results/a.b/{run}attribute/{method}/maps.{shard}.npy"
    assert plan.shards_of("score/test.npz") == ["score/test.1-of-2.npz", "score/test.2-of-2.npz"]
    assert plan.sharded("{metric}/random_to_saliency") == "{metric}/random_to_saliency.{shard}"
    assert plan_of(["random"], 1).sharded(file) == file
