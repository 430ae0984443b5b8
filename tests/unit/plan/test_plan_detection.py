"""What a config makes of an object detector, and what its jobs depend on."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from schema_changes import nested
from signsight.config.rules import complete
from signsight.config.schema import load_schema
from signsight.plan.plan import Plan

SCHEMA = load_schema(Path(__file__).parents[3] / "config/schema.yaml")
NOTHING = {"data": {"name": "none"}, "model": {"train": False, "name": "squeezenet1_0"}}
TAKEN = {"name": "fasterrcnn_resnet50_fpn", "train": False, "weights": "DEFAULT"}


def plan_of(detection: dict[str, Any], **config: Any) -> Plan:
    """The plan of a config with this group `detection` and no classifier."""
    return Plan(complete({"detection": detection} | NOTHING | config, SCHEMA))


@pytest.fixture
def photographs(tmp_path: Path) -> str:
    """A folder of own pictures; the plan does not open them."""
    (tmp_path / "one.png").touch()
    return str(tmp_path)


def test_nothing_is_made_without_pictures() -> None:
    plan = Plan(complete({}, SCHEMA))
    assert plan.detection.made == [] and not plan.detection.trained
    assert not any("detection" in file for file in plan.targets)


def test_drawn_scenes_are_drawn_trained_on_and_measured() -> None:
    plan = plan_of({"pictures": "scenes"})
    made = plan.detection
    assert made.kind == "scenes" and made.trained and made.has_truth and made.weights.kind == "random"
    assert [Path(file).name for file in made.drawn] == ["VOCtrainval_scenes.tar", "VOCtest_scenes.tar"]
    assert made.archive("train") == made.drawn[:1] and made.archive("test") == made.drawn[1:]
    assert (made.pictures("train")["split"], made.pictures("test")["split"]) == ("trainval", "test")
    assert made.pictures("test")["classes"] == "shapes" and made.drawing["even"] == "shapes"
    assert made.choice["which"] == "objects"
    assert made.metrics == ["box_localisation", "deletion", "insertion"]
    assert {"detection_accuracy", "box_metrics", "box_ranking"} <= set(made.tables)
    assert set(made.made) <= set(plan.targets)
    signs = plan_of({"pictures": "scenes", "classes": "signs"}).detection
    assert signs.drawing["even"] == "signs" and signs.scenes_cache != made.scenes_cache


def test_pictures_whose_boxes_are_not_explained_are_not_drawn() -> None:
    assert plan_of({"pictures": "scenes"}).detection.shown(12) == 12
    few = plan_of({"pictures": "scenes", "boxes": {"pictures": 3}}).detection
    assert (few.shown(12), few.shown(2)) == (3, 2)


def test_own_pictures_have_no_truth_and_need_weights(photographs: str) -> None:
    made = plan_of({"pictures": photographs, "detector": TAKEN}).detection
    assert made.kind == "pictures" and not made.trained and not made.has_truth and made.drawn == []
    assert made.choice["which"] == "all" and made.metrics == ["deletion", "insertion"]
    assert "detection_accuracy" not in made.tables and made.history == []
    assert made.source == photographs and made.pictures("test")["split"] is None


def test_named_weights_are_downloaded_with_their_checksum(photographs: str) -> None:
    weights = plan_of({"pictures": photographs, "detector": TAKEN}).detection.weights
    assert weights.kind == "download" and weights.name == "fasterrcnn_resnet50_fpn_coco-258fb6c6.pth"
    assert weights.checksum == "sha256:258fb6c6"


def test_official_voc_is_downloaded_with_its_checksum() -> None:
    made = plan_of({"pictures": "voc2007", "detector": TAKEN}).detection
    assert made.archive("test") == made.voc_archive and made.source is None and made.has_truth
    assert made.voc.checksum == "md5:b6e924de25625d8de591ea690078ad9f"
    assert made.pictures("test")["classes"] == "voc"


def test_the_target_layer_is_the_detectors_and_a_variant_has_its_own() -> None:
    variants = {"second": {"method": "grad_cam", "layer": "backbone.body.second"}}
    methods = ["random", "odam", "grad_cam", "second", "saliency"]
    plan = plan_of({"pictures": "scenes", "methods": methods}, attribution={"variants": variants})
    layers = {name: plan.detection.method(name)["layer"] for name in methods}
    assert layers == dict.fromkeys(methods) | {"second": "backbone.body.second"}
    named = plan_of(
        {"pictures": "scenes", "methods": methods, "layer": "backbone.body.third"},
        attribution={"variants": variants},
    ).detection
    layers = {name: named.method(name)["layer"] for name in methods}
    assert layers["odam"] == layers["grad_cam"] == "backbone.body.third"
    assert layers["second"] == "backbone.body.second" and layers["saliency"] is None


# key of `detection` -> another value, and what of the plan changes with it
CHANGES: dict[str, tuple[Any, set[str]]] = {
    "images": (2, {"pictures"}),
    "split": ("val", {"pictures"}),
    "classes": ("signs", {"pictures", "drawing"}),
    "scenes.training": (5, {"drawing"}),
    "scenes.test": (5, {"drawing"}),
    "scenes.width": (230, {"drawing"}),
    "scenes.height": (180, {"drawing"}),
    "scenes.fewest": (2, {"drawing"}),
    "scenes.most": (3, {"drawing"}),
    "scenes.min_px": (20, {"drawing"}),
    "scenes.max_px": (60, {"drawing"}),
    "detector.name": ("ssdlite320_mobilenet_v3_large", {"network"}),
    "detector.parameters": ({"width": 8}, {"network"}),
    "training.epochs": (1, {"training"}),
    "training.batch_size": (4, {"training"}),
    "training.learning_rate": (0.01, {"training"}),
    "training.weight_decay": (0.01, {"training"}),
    "training.brightness": (0.1, {"training"}),
    "training.split": ("train", {"pictures"}),
    "boxes.which": ("best", {"choice"}),
    "boxes.threshold": (0.4, {"choice"}),
    "boxes.most": (2, {"choice"}),
    "boxes.pictures": (2, {"choice"}),
    "methods": (["random", "odam"], {"maps", "controls"}),
    "metrics": (["deletion"], {"metrics"}),
    "layer": ("backbone.body.third", {"layers"}),
}


def facets(plan: Plan) -> dict[str, Any]:
    """What the params of the rules are made of."""
    made = plan.detection
    return {
        "pictures": [made.pictures(part) for part in ("train", "test")],
        "drawing": made.drawing,
        "network": made.network,
        "training": made.training,
        "choice": made.choice,
        "maps": list(made.maps),
        "controls": made.controls,
        "metrics": made.metrics,
        "layers": [made.method(name)["layer"] for name in made.maps] if "random" in made.maps else [],
    }


@pytest.mark.parametrize("key", CHANGES)
def test_a_key_changes_exactly_what_depends_on_it(key: str) -> None:
    value, changed = CHANGES[key]
    base = {"pictures": "scenes"}
    before = facets(plan_of(base))
    after = copy.deepcopy(base)
    for group, inner in nested(key, value).items():
        after[group] = inner
    now = facets(plan_of(after))
    assert {name for name in now if now[name] != before[name]} - {"layers"} == changed - {"layers"}
    assert ("layers" in changed) <= (now["layers"] != before["layers"])
