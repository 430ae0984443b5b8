"""What `detection.pictures` and `detection.classes` can be, and how COCO's names match VOC's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from torchvision.models.detection import FasterRCNN_ResNet50_FPN_Weights

from signsight.core.errors import UserError
from signsight.core.source import PACKAGE
from signsight.data.detector_names import COCO_CATEGORIES, UNUSED, VOC_NAMES, VOC_OF_COCO, matching_classes
from signsight.data.download import fetch
from signsight.data.scene_sources import SCENES, VOC2007, class_names, kind_of, renamed_classes, voc_root
from signsight.signs import STREET_ARCHIVES
from synthetic_voc import picture, tree, write_folder, write_tar


def test_the_kind_of_every_source(tmp_path: Path) -> None:
    write_folder(tmp_path / "voc", tree())
    write_tar(tmp_path / "voc.tar", tree())
    (tmp_path / "own").mkdir()
    (tmp_path / "own/a.png").write_bytes(picture("a"))
    (tmp_path / "own/list.csv").write_text("file\na.png\n")
    kinds = {"scenes": "scenes", "voc2007": "voc2007", f"{tmp_path}/voc": "voc_folder"}
    kinds |= {f"{tmp_path}/voc/VOCdevkit/VOC2007": "voc_folder", f"{tmp_path}/voc.tar": "voc_tar"}
    kinds |= {f"{tmp_path}/own{rest}": "pictures" for rest in ("", "/a.png", "/list.csv")}
    kinds |= {f"file://{tmp_path}/voc.tar": "voc_tar"}
    assert {value: kind_of(value) for value in kinds} == kinds


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("scene", "did you mean 'scenes'"),
        ("https://example.org/a.tar", "is an address"),
        ("a.zip", r"a\.zip is no \.tar archive, picture or CSV; unpack it"),
    ],
)
def test_other_sources_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.zip").touch()
    with pytest.raises(UserError, match=f"^Config key 'detection.pictures': .*{words}"):
        kind_of(value)


def test_two_years_of_voc_are_refused(tmp_path: Path) -> None:
    for year in ("VOC2007", "VOC2012"):
        (tmp_path / "VOCdevkit" / year / "JPEGImages").mkdir(parents=True)
    with pytest.raises(UserError, match=r"has VOCdevkit/VOC2007 and VOCdevkit/VOC2012, .* name one"):
        voc_root(tmp_path)


def test_the_plan_loads_no_heavy_library() -> None:
    code = "import json, sys, signsight.data.scene_sources; json.dump(sorted(sys.modules), sys.stdout)"
    run = [sys.executable, "-c", code]
    done = subprocess.run(
        run, env={"PYTHONPATH": str(PACKAGE.parent)}, capture_output=True, text=True, check=True
    )
    assert not {"torch", "pandas", "numpy", "PIL", "requests"} & set(json.loads(done.stdout))


def test_the_official_archive_is_fetched_by_its_checksum(tmp_path: Path) -> None:
    (tmp_path / VOC2007.name).write_bytes(b"another file")
    with pytest.raises(UserError, match="expected is b6e924de25625d8de591ea690078ad9f"):
        fetch(str(tmp_path), VOC2007.name, tmp_path / "cache" / VOC2007.name, checksum=VOC2007.checksum)


def test_the_archives_of_scenes_are_those_that_are_drawn() -> None:
    assert tuple(SCENES.values()) == STREET_ARCHIVES and list(SCENES) == ["train", "test"]


def test_classes_by_word_or_by_name() -> None:
    assert (
        len(class_names("signs")) == 43 and class_names("voc") == VOC_NAMES and len(class_names("coco")) == 80
    )
    assert set(class_names("shapes")) == {"circle", "triangle", "inverted_triangle", "diamond", "octagon"}
    assert class_names(["b", "a"]) == ("b", "a")
    assert renamed_classes("shapes")["Stop"] == "octagon" and renamed_classes("signs") == {}
    assert set(renamed_classes("shapes")) == set(class_names("signs"))
    for value, words in (("sign", "did you mean 'signs'"), ([], "is empty"), (["a", "a"], "names 'a' twice")):
        with pytest.raises(UserError, match=words):
            class_names(value)


def test_coco_names_are_those_of_torchvision() -> None:
    assert list(COCO_CATEGORIES) == FasterRCNN_ResNet50_FPN_Weights.COCO_V1.meta["categories"]


def test_coco_maps_onto_the_20_classes_of_voc_one_to_one() -> None:
    found = matching_classes(COCO_CATEGORIES, VOC_NAMES)
    assert len(found) == 20 and sorted(found.values()) == list(range(20))
    named = {COCO_CATEGORIES[label]: VOC_NAMES[place] for label, place in found.items()}
    assert {coco: voc for coco, voc in named.items() if coco != voc} == VOC_OF_COCO
    assert len(VOC_NAMES) == len(set(VOC_NAMES)) == 20 and list(VOC_NAMES) == sorted(VOC_NAMES)


def test_classes_match_both_ways_and_unused_numbers_never() -> None:
    assert matching_classes(["__background__", "sofa", "Stop"], ["Stop", "couch"]) == {1: 1, 2: 0}
    assert matching_classes([UNUSED, "a"], [UNUSED, "a"]) == {1: 1}
