"""What the verdict is made from, and what it says was not measured, by the config alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from signsight.config.rules import complete
from signsight.config.schema import load_schema
from signsight.plan.plan import Plan

SCHEMA = load_schema(Path(__file__).parents[3] / "config/schema.yaml")


def plan_of(**config: Any) -> Plan:
    return Plan(complete(config, SCHEMA))


def missing(**config: Any) -> dict[str, str]:
    """What is not measured -> how to ask for it."""
    return {one["what"]: one["how"] for one in plan_of(**config).verdict.missing}


def test_the_verdict_is_made_where_there_is_something_to_judge() -> None:
    plan = plan_of(attribution={"methods": ["random", "grad_cam"]})
    assert plan.verdict.table in plan.targets and plan.verdict.page == "results/demo/report.rst"
    assert {"clean", "confusion", "classes", "masking", "pairs", "identical_maps"} <= set(plan.verdict.given)
    assert "verdict" not in plan.verdict.given and "boxes" not in plan.verdict.given
    assert plan.verdict.facts["chance"] == "random" and plan.verdict.facts["box_network"] is None
    assert plan.drawn_figures.summarised["verdict"] == plan.verdict.table
    network = {"name": "alexnet", "train": False, "weights": "DEFAULT"}
    own = plan_of(data={"name": "none"}, model=network, gallery={"source": "mine"})
    assert not own.verdict.wanted and own.verdict.table not in own.targets


def test_a_detector_alone_has_a_verdict() -> None:
    given: dict[str, Any] = {"data": {"name": "none"}, "model": {"name": "alexnet", "train": False}}
    plan = plan_of(**given, detection={"pictures": "scenes"})
    assert plan.verdict.table in plan.targets
    assert set(plan.verdict.given) == {
        "boxes", "detection_accuracy", "box_metrics", "box_pairs", "box_nulls", "box_agreement",
    }  # fmt: skip
    assert plan.verdict.facts["network"] is None and plan.verdict.facts["box_network"]["trained"]
    assert plan.verdict.links("report", "summary") == {"report": "report.html", "summary": "summary.md"}
    bare = plan_of(**given, detection={"pictures": "scenes", "metrics": []})
    assert bare.verdict.missing == [{"what": "how good the maps of boxes are", "how": "detection.metrics"}]


def test_stages_that_are_off_are_named_with_their_key() -> None:
    found = missing(stages=["metrics"], evaluation={"metrics": ["deletion"]})
    assert found["what stickers cost"] == 'add "stickers" to stages'
    assert found["what turning and tilting cost"] == 'add "geometry" to stages'
    assert (
        found["whether the maps depend on the trained weights"] == 'add "randomisation" to evaluation.metrics'
    )
    assert "how faithful the maps are to the network" not in found
    # signs that are drawn come with their masks
    assert found["whether the maps lie on the object"] == 'add "localisation" to evaluation.metrics'
    assert missing(stages=["geometry"])["which explanation is the best one"] == 'add "metrics" to stages'


def test_a_stage_that_makes_nothing_names_the_key_that_is_empty() -> None:
    none: dict[str, Any] = {"rotation": [], "perspective_vertical": [], "perspective_horizontal": []}
    assert missing(geometry=none)["what turning and tilting cost"] == "geometry.rotation"


def test_pictures_without_masks_or_signs() -> None:
    """Nobody is sent to stickers on leaves; masks are asked for where they would say more."""
    own = missing(data={"name": "folder", "source": "leaves"}, evaluation={"metrics": ["randomisation"]})
    assert "what stickers cost" not in own
    assert own["what other backgrounds cost"] == "needs masks of the objects, data.masks"
    assert (
        own["how faithful the maps are to the network"]
        == 'add "deletion" and "insertion" to evaluation.metrics'
    )


def test_variants_measure_what_their_metric_does() -> None:
    variants = {"mine": {"metric": "stability", "parameters": {"seeds": 2}}}
    found = missing(evaluation={"metrics": ["mine"], "variants": variants})
    assert "how stable the maps are" not in found
