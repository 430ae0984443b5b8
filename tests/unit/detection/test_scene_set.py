"""Scene sets: what goes in comes out, whole or not at all, from every kind of source."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from signsight.core.errors import UserError
from signsight.core.rng import generator
from signsight.detection.own_pictures import OwnPictures, open_source
from signsight.detection.scene import Scene, SceneObject
from signsight.detection.scene_set import SceneSet, file_names, open_scene_set, write_scene_set
from synthetic_voc import picture, tree, write_folder, write_tar

MESSY = Path(__file__).parents[4] / "shared/messy"
CLASSES = ("cat", "dog")
BOX = (1.5, 2.0, 7.25, 6.0)


class Given:
    """Scenes that a test gives."""

    def __init__(self, *given: Scene) -> None:
        self.ids = [one.picture for one in given]
        self._given = {one.picture: one for one in given}

    def scene(self, picture: str) -> Scene:
        return self._given[picture]


def noise(name: str, height: int = 8, width: int = 10) -> np.ndarray:
    return generator(1, name).integers(0, 256, (height, width, 3), np.uint8)


def made(source: object, folder: Path, **options: int) -> SceneSet:
    write_scene_set(source, folder, CLASSES, **options)
    return open_scene_set(folder)


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    labels = np.zeros((8, 10), np.uint8)
    labels[3:5, 2:6], labels[0, 0] = 2, 1
    objects = [SceneObject("dog", BOX), SceneObject("cat", (0, 0, 10, 8), True, True)]
    first = Scene("001", noise("1"), objects, labels)
    bare, empty = Scene("own/NA.jpg", noise("2", 3, 4)), Scene("null", noise("3"), [])
    found = made(Given(first, bare, empty), tmp_path / "set", workers=2)
    assert found.classes == CLASSES and found.ids == ["001", "own/NA.jpg", "null"] and len(found) == 3
    for scene in (first, bare, empty):
        assert np.array_equal(found.picture(scene.picture), scene.image)
    assert found.annotated == ["001", "null"]
    assert np.array_equal(found.mask("001"), labels) and found.mask("null") is None
    assert found.pictures[["width", "height"]].to_numpy().tolist() == [[10, 8], [4, 3], [10, 8]]
    rows = found.objects("001").to_dict("records")
    assert rows == [
        {"picture": "001", "object": 1, "class_id": 1, "label": "dog", "x0": 1.5, "y0": 2.0, "x1": 7.25}
        | {"y1": 6.0, "difficult": 0, "truncated": 0},
        {"picture": "001", "object": 2, "class_id": 0, "label": "cat", "x0": 0.0, "y0": 0.0, "x1": 10.0}
        | {"y1": 8.0, "difficult": 1, "truncated": 1},
    ]
    assert found.objects("null").empty and found.objects("null")["x0"].dtype == np.float64


def test_a_set_without_any_object_has_a_table_of_the_same_kind(tmp_path: Path) -> None:
    found = made(Given(Scene("a", noise("a"))), tmp_path / "set")
    assert found.truth.empty and found.truth["class_id"].dtype == np.int64 and found.annotated == []


def test_a_mask_that_does_not_fit_is_left_out_and_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    wrong = Scene("a", noise("a"), [SceneObject("dog", BOX)], np.full((8, 10), 2, np.uint8))
    assert made(Given(wrong), tmp_path / "set").mask("a") is None
    assert "masks left out, since they do not fit the annotation: 1 (a)" in caplog.text


def test_a_fault_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.png").write_bytes(picture("a"))
    (tmp_path / "in/b.png").write_bytes(b"<html>")
    with pytest.raises(UserError, match=r"b\.png is a broken picture"):
        write_scene_set(OwnPictures(tmp_path / "in"), tmp_path / "out/set", CLASSES)
    assert list((tmp_path / "out").iterdir()) == []
    with pytest.raises(UserError, match="is its folder a scene set"):
        open_scene_set(tmp_path / "out/set")


def test_a_sample_keeps_the_order_and_holds_the_smaller_one(tmp_path: Path) -> None:
    source = Given(*(Scene(f"{number}", noise(f"{number}")) for number in range(12)))
    five, three = (made(source, tmp_path / f"{n}", images=n, seed=4).ids for n in (5, 3))
    assert set(three) < set(five) and five == sorted(five, key=int) and len(five) == 5


def test_file_names_are_safe_and_each_is_there_once() -> None:
    ids = ["a/b", "a-b", "A-B", "a-b.2", "../up", "/etc/x", "名前.jpg", "", "x" * 300, "plain_1.jpg"]
    names = file_names(ids)
    assert len({name.lower() for name in names}) == len(ids)
    assert all(name.isascii() and "/" not in name and not name.startswith(".") for name in names)
    assert max(map(len, names)) < 120 and names[-1] == "plain_1.jpg.png" and names[0] == "a-b.png"


def test_a_tar_makes_the_same_set_as_its_folder(tmp_path: Path) -> None:
    archive, folder = write_tar(tmp_path / "t.tar", tree()), write_folder(tmp_path / "f", tree())
    one = made(open_source("voc_tar", archive, CLASSES), tmp_path / "one", workers=3)
    made(open_source("voc_folder", folder, CLASSES), tmp_path / "two")
    files = sorted(path.relative_to(one.folder) for path in one.folder.rglob("*") if path.is_file())
    assert len(files) == 3 + 3 + 1
    assert all((one.folder / file).read_bytes() == (tmp_path / "two" / file).read_bytes() for file in files)
    assert one.truth["label"].tolist() == ["dog", "cat", "dog"]


def test_own_pictures_by_folder_csv_or_file(tmp_path: Path) -> None:
    for name in ("a.png", "sub/a.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(picture(name))
    (tmp_path / "list.csv").write_text("file,class_id\nsub/a.png,\na.png,3\na.png,3\n")
    assert OwnPictures(tmp_path / "sub").ids == ["a.png"] and OwnPictures(tmp_path / "a.png").ids == ["a.png"]
    found = made(open_source("pictures", tmp_path / "list.csv", CLASSES), tmp_path / "set")
    assert found.ids == ["sub/a.png", "a.png"]
    assert found.pictures["file"].tolist() == ["sub-a.png.png", "a.png.png"]
    with Image.open(tmp_path / "sub/a.png") as image:
        assert np.array_equal(found.picture("sub/a.png"), np.asarray(image))
    (tmp_path / "list.csv").write_text("file\n ,\n".replace(",", ""))
    with pytest.raises(UserError, match="names no"):
        OwnPictures(tmp_path / "list.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="names no pictures"):
        OwnPictures(tmp_path / "empty")


@pytest.mark.skipif(not MESSY.is_dir(), reason="../shared/messy is not here")
@pytest.mark.parametrize(
    ("file", "shape"),
    [("hopper_orientation_6.jpg", (128, 128, 3)), ("l_trns.png", (64, 64, 3)), ("made_text.jpg", None)],
)
def test_messy_pictures(file: str, shape: tuple[int, ...] | None) -> None:
    source = OwnPictures(MESSY / "pictures" / file)
    if shape is None:
        with pytest.raises(UserError, match="is a broken picture"):
            source.scene(file)
    else:
        assert source.scene(file).image.shape == shape
