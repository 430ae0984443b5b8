"""The configs of docs/plants.md and of the studies of leaves: valid, and as the page and the studies say."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from signsight.config.rules import complete
from signsight.config.schema import load_schema
from signsight.plan.plan import Plan

ROOT = Path(__file__).parents[3]
SCHEMA = load_schema(ROOT / "config/schema.yaml")


def plan_of(name: str) -> Plan:
    """The plan of a config of the project."""
    return Plan(complete(yaml.safe_load((ROOT / f"config/{name}.yaml").read_text(encoding="utf-8")), SCHEMA))


def test_the_worked_case_asks_for_backgrounds_and_localisation() -> None:
    plan = plan_of("plantvillage")
    assert plan.config["stages"] == ["background", "metrics"] and plan.metrics == ["localisation"]
    assert plan.masks == {"folder": "plantvillage_segmented", "threshold": 16, "fit": "stretch"}
    assert len(plan.runs) == 5 and "random" in plan.methods
    page = (ROOT / "docs/plants.md").read_text(encoding="utf-8")
    assert (ROOT / "config/plantvillage.yaml").read_text(encoding="utf-8") in page


def test_plant_pathology_is_trained_on_from_weights_of_imagenet() -> None:
    plan = plan_of("plants")
    assert plan.trained and plan.named_weights == "DEFAULT" and plan.data_set["data_set"] == "listed"
    assert plan.config["data"]["fit"] == "centre_crop" and plan.has_masks is False


@pytest.mark.parametrize(
    ("name", "network", "method"),
    [
        ("saliency-resnet18", "resnet18", "saliency"),
        ("occlusion-vgg16", "vgg16", "occlusion"),
        ("grad-cam-vgg16", "vgg16", "grad_cam"),
    ],
)
def test_own_pictures_by_one_method_of_the_published_studies(name: str, network: str, method: str) -> None:
    plan = plan_of(name)
    assert not plan.has_data and not plan.trained and plan.config["model"]["name"] == network
    assert plan.albums.methods == {"gallery": [method]}
    assert plan.explain["target"] == "predicted"  # what is explained is what is shown
    parameters = plan.method(method)["parameters"]
    if method == "occlusion":
        assert (parameters["window"], parameters["stride"]) == (32, 14)
        fill = [0.5 * std + mean for mean, std in ((0.485, 0.229), (0.456, 0.224), (0.406, 0.225))]
        assert parameters["fill"] == pytest.approx(fill)  # 0.5 after the normalisation of ImageNet
