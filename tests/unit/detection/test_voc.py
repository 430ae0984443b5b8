"""PASCAL VOC's layout: a tar archive is read as its folder is, and every fault is a sentence."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from signsight.core.errors import UserError
from signsight.data.detector_names import VOC_NAMES
from signsight.detection.plain_tar import PlainTar
from signsight.detection.scene import Scene
from signsight.detection.voc import VocScenes, open_voc
from signsight.detection.voc_xml import parse_annotation
from synthetic_voc import TOP, annotation, encoded, mask, picture, tree, write_folder, write_tar

SAMPLE = Path(__file__).parents[4] / "shared/voc2007-sample/VOCtest_06-Nov-2007.tar"
CLASSES = ("cat", "dog")
Members = dict[str, bytes]


def scenes(path: Path, classes: tuple[str, ...] = CLASSES, split: str | None = None) -> list[Scene]:
    """All scenes of a tree."""
    source = VocScenes(open_voc(path), classes, split=split)
    return [source.scene(name) for name in source.ids]


def assert_equal(one: list[Scene], two: list[Scene]) -> None:
    """The same scenes, to the last pixel."""
    assert [scene.picture for scene in one] == [scene.picture for scene in two]
    for first, second in zip(one, two, strict=True):
        assert first.objects == second.objects
        assert np.array_equal(first.image, second.image)
        assert (first.mask is None) == (second.mask is None)
        assert first.mask is None or np.array_equal(first.mask, second.mask)


def test_a_scene_is_what_the_files_say(tmp_path: Path) -> None:
    first, second, third = scenes(write_tar(tmp_path / "t.tar", tree()))
    assert [one.picture for one in (first, second, third)] == ["a", "b", "c"]
    assert [one.box for one in first.objects] == [(0, 0, 40, 30)]  # the whole picture
    assert [(one.label, one.box, one.difficult, one.truncated) for one in second.objects] == [
        ("cat", (2, 3, 12, 20), False, True),
        ("dog", (20, 4, 30, 9), True, False),
    ]
    assert third.objects == () and third.mask is None and third.image.shape == (30, 40, 3)
    assert np.unique(second.mask).tolist() == [0, 1, 2]  # 255, the void, is nobody's
    assert (second.mask[4:19, 3:11] == 1).all() and second.mask[3, 2] == 0


@pytest.mark.parametrize("where", [".", "VOCdevkit", TOP])
def test_tar_is_folder(tmp_path: Path, where: str) -> None:
    archive, folder = write_tar(tmp_path / "t.tar", tree()), write_folder(tmp_path / "f", tree())
    for split in (None, "test"):
        assert_equal(scenes(archive, split=split), scenes(folder / where, split=split))


def test_a_split_is_the_list_of_that_name(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    archive = write_tar(tmp_path / "t.tar", tree())
    assert [scene.picture for scene in scenes(archive, split="test")] == ["c", "b"]
    caplog.set_level(logging.INFO)
    assert [scene.picture for scene in scenes(archive, split="val")] == ["a", "b", "c"]
    assert "no ImageSets/Main/val.txt: all pictures are taken" in caplog.text


def test_pictures_without_annotation_are_kept_and_reported_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bare = {f"{TOP}/JPEGImages/x{number}.png": picture("x") for number in range(5)}
    caplog.set_level(logging.INFO)
    found = scenes(write_folder(tmp_path, tree() | bare))
    assert [scene.picture for scene in found if scene.objects is None] == ["x0", "x1", "x2", "x3", "x4"]
    assert caplog.text.count("5 pictures have no annotation (x0, x1, x2, ...)") == 1


def test_renamed_classes_and_parts_of_objects(tmp_path: Path) -> None:
    head = "<part><name>head</name><bndbox><xmin>900</xmin></bndbox></part>"  # of VOC's person layout
    members = tree() | {f"{TOP}/Annotations/a.xml": annotation([("dog", 1, 1, 9, 9)], extra=head)}
    source = VocScenes(
        open_voc(write_folder(tmp_path, members)), ["pet"], renamed=dict.fromkeys(CLASSES, "pet")
    )
    assert [one.label for name in source.ids for one in source.scene(name).objects] == ["pet"] * 3


@pytest.mark.parametrize(("box", "edges"), [((0, 0, 9, 9), (0, 0, 9, 9)), ((3, 3, 41, 31), (2, 2, 40, 30))])
def test_a_box_is_cut_where_it_leaves_by_a_pixel(
    tmp_path: Path, box: tuple[int, ...], edges: tuple[int, ...]
) -> None:
    members = tree() | {f"{TOP}/Annotations/a.xml": annotation([("dog", *box)])}
    assert scenes(write_folder(tmp_path, members))[0].objects[0].box == edges


def xml(data: bytes) -> Callable[[Members], Members]:
    """The tree with another annotation of picture a."""
    return lambda members: members | {f"{TOP}/Annotations/a.xml": data}


def dog(*box: float, **options: object) -> Callable[[Members], Members]:
    return xml(annotation([("dog", *box)], **options))


def added(name: str, data: bytes) -> Callable[[Members], Members]:
    return lambda members: members | {f"{TOP}/{name}": data}


BOMB = b"<!DOCTYPE a [<!ENTITY b 'bb'>]><annotation>&b;</annotation>"
FAULTS = {
    "outside": (
        dog(1, 1, 42, 9),
        r"\(xmin 1, ymin 1, xmax 42, ymax 9\) of object 1 in .*a\.xml.* leaves its",
    ),
    "empty": (dog(9, 9, 8, 12), r"object 1 in .*a\.xml.* is empty; correct it"),
    "not a number": (xml(annotation([("dog", 1, 1, float("nan"), 9)])), r"<xmax> of object 1 in .* is 'nan'"),
    "class": (
        xml(annotation([("dg", 1, 1, 9, 9)])),
        r"class 'dg' of object 1 in .*a\.xml.* did you mean 'dog'",
    ),
    "size": (dog(1, 1, 9, 9, size=(30, 40)), r"for a picture of 30 x 40 pixels, but it has 40 x 30"),
    "broken": (xml(b"<annotation><object>"), r"a\.xml.* is broken XML"),
    "entities": (xml(BOMB), r"a\.xml.* has entities, a document type or UTF-16"),
    "hidden": (xml(BOMB.decode().encode("utf-16")), r"entities, a document type or UTF-16"),
    "other XML": (xml(b"<html/>"), r"no annotation \(it begins with <html>\)"),
    "no name": (xml(b"<annotation><object/></annotation>"), r"no <name> in object 1 in .*a\.xml"),
    "flag": (
        xml(annotation([("dog", 1, 1, 9, 9)]).replace(b"<difficult>0", b"<difficult>?")),
        "write 0 or 1",
    ),
    "picture": (added("JPEGImages/a.png", b"<html>"), r"a\.png.* is a broken picture"),
    "mask size": (added("SegmentationObject/b.png", encoded(np.zeros((4, 4), np.uint8))), "make both again"),
    "no picture": (added("Annotations/z.xml", annotation([])), r"Annotations of .* names 'z', of which"),
    "two files": (added("JPEGImages/a.jpg", picture("a")), r"a\.jpg and .*a\.png, which have one name"),
    "two trees": (lambda m: m | {"VOC2012/JPEGImages/a.png": picture("a")}, "VOC2012.* one"),
    "none": (lambda m: {f"{TOP}/JPEGImages/readme.txt": b""}, "has no pictures in JPEGImages"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("write", [write_folder, write_tar])
def test_faults_are_one_sentence(tmp_path: Path, write: Callable[..., Path], fault: str) -> None:
    spoil, words = FAULTS[fault]
    path = write(tmp_path / "t.tar", spoil(tree()))
    with pytest.raises(UserError, match=words) as caught:
        scenes(path)
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


def test_a_listed_picture_has_to_be_there(tmp_path: Path) -> None:
    members = tree() | {f"{TOP}/ImageSets/Main/test.txt": b"a\nnone\nmore\n"}
    with pytest.raises(UserError, match=r"Main/test\.txt of .* names 'none', .*\(2 are missing\)"):
        scenes(write_folder(tmp_path, members), split="test")


def test_a_folder_without_the_layout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no folder JPEGImages"):
        open_voc(tmp_path)


@pytest.mark.parametrize("name", ["/etc/a.png", "VOC/../../a.png"])
def test_members_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="leads out of the archive, so it is refused"):
        PlainTar(write_tar(tmp_path / "t.tar", {name: b""}))


def test_archives_that_are_cut_off_missing_or_of_another_kind_are_refused(tmp_path: Path) -> None:
    archive = write_tar(tmp_path / "t.tar", {"a": bytes(5000), "b": bytes(5000)})
    whole = archive.read_bytes()
    for data in (whole[:3000], whole[:8000], b"", b"PK\3\4" + bytes(2000)):
        archive.write_bytes(data)
        with pytest.raises(UserError, match=r"is not a complete \.tar archive"):
            PlainTar(archive)
    with pytest.raises(UserError, match="does not exist"):
        PlainTar(tmp_path / "none.tar")


def test_of_two_members_of_one_name_the_last_one_counts(tmp_path: Path) -> None:
    archive = write_tar(tmp_path / "t.tar", {"./a": b"old", "b": b"b", "a": b"new"})
    tar = PlainTar(archive)
    assert tar.members == ["b", "a"] and tar.read("a") == b"new"
    with pytest.raises(UserError, match="more than the limit"):
        tar.read("a", 2)
    with pytest.raises(UserError, match="has no member 'c'"):
        tar.read("c")


def test_an_annotation_without_a_size_has_none() -> None:
    assert parse_annotation(b"<annotation/>", "x").size is None


@pytest.mark.skipif(not SAMPLE.is_file(), reason="../shared/voc2007-sample is not here")
def test_the_sample_of_the_real_archive(tmp_path: Path) -> None:
    source = VocScenes(open_voc(SAMPLE), VOC_NAMES, split="test")
    assert len(source.ids) == 50 and source.ids[0] == "2007_000027"
    bicycles = source.scene("2007_000129")
    assert bicycles.image.shape == (500, 334, 3) and bicycles.mask is None
    assert bicycles.objects[0].box == (69, 201, 255, 500)
    assert [one.difficult for one in bicycles.objects[:3]] == [False, True, True]
    every = [one for name in source.ids for one in source.scene(name).objects]
    assert len(every) == 135 and sum(one.difficult for one in every) == 25
    assert sum(one.truncated for one in every) == 66


def test_masks_are_those_of_the_objects(tmp_path: Path) -> None:
    members = tree() | {f"{TOP}/SegmentationObject/a.png": mask((0, 0, 40, 30))}
    first, second, _ = scenes(write_folder(tmp_path, members))
    for scene in (first, second):
        for number, one in enumerate(scene.objects, start=1):
            rows, columns = np.nonzero(scene.mask == number)
            assert one.box[0] < columns.min() and columns.max() + 1 < one.box[2]
            assert one.box[1] < rows.min() and rows.max() + 1 < one.box[3]
