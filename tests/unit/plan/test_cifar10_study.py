"""The configs of docs/cifar10.md: all methods, every fill in both metrics, and what they train or take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from signsight.config.rules import complete
from signsight.config.schema import load_schema
from signsight.core.registry import methods, plugins, use_plugins
from signsight.plan.plan import Plan

ROOT = Path(__file__).parents[3]
SCHEMA = load_schema(ROOT / "config/schema.yaml")
FILLS = ["zero", "gray", "mean", "normalised_zero", "normalised_gray"]


@pytest.fixture(autouse=True)
def _plugin() -> Iterator[None]:
    before = plugins()
    use_plugins([ROOT / "docs/examples/resnet20.py"])
    yield
    use_plugins(before)


def plan_of(name: str) -> Plan:
    return Plan(complete(yaml.safe_load((ROOT / f"config/{name}.yaml").read_text(encoding="utf-8")), SCHEMA))


@pytest.mark.parametrize("name", ["cifar10", "cifar10-resnet20"])
def test_every_method_is_measured_with_every_fill(name: str) -> None:
    plan = plan_of(name)
    # those aside that explain the boxes of a detector
    known = {one for one in methods.names() if methods.about(one).get("explains") != "boxes"}
    assert set(plan.methods) == known
    chosen = [plan.metric(metric) for metric in plan.metrics]
    for kind in ("deletion", "insertion"):
        own = [one for one in chosen if one["metric"] == kind]
        assert [one["parameters"]["hidden"] for one in own] == FILLS
        assert {one["parameters"]["subset"] for one in own} == {"correct"}
    labels = [label for _, _, label in plan.drawn_figures.facts["quantities"]]
    assert labels[:4] == ["Deletion AUC", "Insertion AUC", "Deletion AUC, grey", "Insertion AUC, grey"]
    assert len(set(labels)) == 10 and {"fills", "deletion_insertion"} <= set(plan.drawn_figures.names)


def test_the_study_trains_its_network_and_keeps_a_validation_split() -> None:
    plan = plan_of("cifar10")
    assert (plan.network["network"], plan.training["epochs"]) == ("resnet14", 25)
    assert plan.training["augmentation"]["rotation"] == 0 and plan.training["augmentation"]["degrees"] == 15
    assert plan.config["data"]["split"]["validation_fraction"] == 0.1


def test_the_published_network_is_taken_as_it_is_with_the_checksum_in_its_name() -> None:
    plan = plan_of("cifar10-resnet20")
    assert plan.weights.kind == "download" and plan.weights.checksum == "sha256:12fca82f"
    assert not plan.trained and not plan.model_classes
