"""The config group `detection`: what does not go together is refused in a sentence that says what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from signsight.config.detection import box_metrics, explains_boxes
from signsight.config.rules import check_files, complete
from signsight.config.schema import load_schema
from signsight.core.errors import UserError
from signsight.core.registry import methods

SCHEMA = load_schema(Path(__file__).parents[3] / "config/schema.yaml")
TAKEN = {"name": "fasterrcnn_resnet50_fpn", "train": False, "weights": "DEFAULT"}


def config(detection: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A complete config with this group `detection`."""
    return complete({"detection": detection} | more, SCHEMA)


@pytest.mark.parametrize(
    ("detection", "words"),
    [
        ({"pictures": "scene"}, "detection.pictures.*scenes"),
        ({"pictures": "no/such"}, "detection.pictures.*does not exist"),
        ({"pictures": "https://example.org/VOC.tar"}, "detection.pictures.*address.*download it"),
        ({"pictures": "scenes", "classes": "shape"}, "detection.classes.*shapes"),
        ({"pictures": "scenes", "detector": {"name": "fasterrcnn"}}, "detection.detector.name.*fasterrcnn_"),
        ({"pictures": "scenes", "detector": {"name": "resnet18"}}, "detection.detector.name"),
        ({"pictures": "scenes", "detector": {"parameters": {"widht": 3}}}, "widht.*width"),
        ({"pictures": "scenes", "detector": {"parameters": {"width": 0}}}, "parameters.width.*0"),
        ({"pictures": "scenes", "detector": {"train": False}}, "detection.detector.weights.*null"),
        ({"pictures": "scenes", "detector": {"classes": ["a"]}}, "detection.detector.classes.*leave it out"),
        ({"pictures": "voc2007"}, "detection.detector.train.*nothing to train on"),
        ({"pictures": "scenes", "boxes": {"which": "class"}}, "boxes.which: class.*boxes.class.*both"),
        ({"pictures": "scenes", "boxes": {"at": [1, 2]}}, "boxes.which: nearest.*boxes.at.*both"),
        ({"pictures": "scenes", "methods": ["random", "cam"]}, "detection.methods.*'cam'.*classes alone"),
        ({"pictures": "scenes", "methods": ["odam"]}, "detection.methods.*'random'"),
        ({"pictures": "scenes", "metrics": ["road"]}, "detection.metrics.*'road'.*deletion"),
        ({"pictures": "scenes", "scenes": {"fewest": 5, "most": 2}}, "scenes.fewest.*scenes.most"),
        ({"pictures": "scenes", "scenes": {"max_px": 200}}, "scenes.max_px.*above the sides"),
        ({"pictures": "scenes", "score": "found"}, "detection.score.*'found'"),
    ],
)
def test_what_does_not_go_together_is_refused(detection: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        config(detection)


def test_own_pictures_have_no_true_objects(tmp_path: Path) -> None:
    (tmp_path / "one.png").touch()
    own = {"pictures": str(tmp_path), "detector": TAKEN}
    with pytest.raises(UserError, match=r"boxes.which.*'objects'.*'best'"):
        config(own | {"boxes": {"which": "objects"}})
    with pytest.raises(UserError, match=r"'box_localisation'.*needs true objects"):
        config(own | {"metrics": ["box_localisation"]})
    assert config(own)["detection"]["boxes"]["which"] == "all"


def test_methods_and_metrics_of_boxes_are_not_for_classes() -> None:
    with pytest.raises(UserError, match=r"attribution.methods.*'odam'.*detection.methods"):
        complete({"attribution": {"methods": ["random", "odam"]}}, SCHEMA)
    with pytest.raises(UserError, match=r"evaluation.metrics.*'box_localisation'.*detection.metrics"):
        complete({"evaluation": {"metrics": ["box_localisation"]}}, SCHEMA)


def test_what_explains_and_measures_boxes_is_declared_with_the_things() -> None:
    assert box_metrics() == ["box_localisation", "deletion", "insertion"]
    of_classes = {name for name in methods.names() if not explains_boxes(methods.about(name))}
    assert of_classes == {"cam"}


def test_files_are_checked_before_any_job(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"detection\.detector\.weights.*does not exist"):
        check_files(config({"pictures": "scenes", "detector": {"weights": str(tmp_path / "no.pth")}}))
    folder = tmp_path / "trained"
    folder.mkdir()
    (folder / "model.safetensors").touch()
    (folder / "model.json").touch()
    told = {"train": False, "weights": str(folder), "parameters": {"width": 4}}
    with pytest.raises(UserError, match=r"detection\.detector\.parameters.*leave them out"):
        check_files(config({"pictures": "scenes", "detector": told}))
    inside = {"results": str(tmp_path), "experiment": "trained"}
    with pytest.raises(UserError, match=r"detection\.detector\.weights.*lies in"):
        check_files(config({"pictures": "scenes", "detector": told | {"parameters": {}}}, **inside))
