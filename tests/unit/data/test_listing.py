"""Listings see what is read and nothing else; sources are checked before any job."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from signsight.config.rules import complete
from signsight.config.schema import load_schema
from signsight.core.errors import UserError
from signsight.data.listing import listing
from signsight.data.photographs import list_photographs, see_photographs
from signsight.data.source import check_source, reads_folder
from signsight.plan.plan import Plan
from synthetic import TEST_ZIP, TRAINING_ZIP, write_gtsrb

KEY = "gallery.source"
SCHEMA = Path(__file__).parents[3] / "config/schema.yaml"
FIVE, SEVEN = "abcde", "abcdefg"  # names of classes


def picture(path: Path, shade: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 4), (shade, shade, shade)).save(path)
    return path


def names(listed: list[list[str | int]]) -> list[str | int]:
    return [name for name, *_ in listed]


def test_a_picture_replaced_by_one_of_the_same_size_is_seen(tmp_path: Path) -> None:
    file = picture(tmp_path / "in/a.bmp", 1)
    before, size = listing(tmp_path / "in"), file.stat().st_size
    picture(file, 2)
    os.utime(file, ns=(0, before[0][2] + 1))
    assert file.stat().st_size == size
    assert listing(tmp_path / "in") == [["a.bmp", size, before[0][2] + 1]]


def test_a_copy_with_its_times_lists_the_same(tmp_path: Path) -> None:
    picture(tmp_path / "in/a/b.png")
    before = listing(tmp_path / "in")
    assert names(before) == ["a/b.png"]
    (tmp_path / "in").rename(tmp_path / "out")
    assert listing(tmp_path / "out") == before


def test_only_what_is_read_is_listed(tmp_path: Path) -> None:
    for name in ("b.png", "a/b/c.JPG", ".hidden/d.png", "__MACOSX/e.png", "a/._f.png"):
        picture(tmp_path / name)
    (tmp_path / "t.csv").write_text("x")
    for name in ("list.txt", "annotation.xml", "notes.md"):  # the first two as in PASCAL VOC
        (tmp_path / name).write_text("x")
    os.mkfifo(tmp_path / "pipe.png")
    assert names(listing(tmp_path)) == ["a/b/c.JPG", "annotation.xml", "b.png", "list.txt", "t.csv"]


SETS: list[tuple[dict[str, object], tuple[str, ...]]] = [
    ({"name": "folder"}, ("cat/1.png", "cat/1.JPG", "train/cat/1.tiff", "labels.csv")),
    (
        {"name": "listed", "listed": {"table": "[a].tab", "pictures": ".p/a/b/c/d/e/f"}},
        ("[a].tab", ".p/a/b/c/d/e/f/1.png"),
    ),
    ({"name": "cifar10"}, ("test_batch", "data_batch_3", "cifar-10-batches-py/data_batch_1")),
    (
        {"name": "gtsrb"},
        (
            "GTSRB/Final_Training/Images/00001/GT-00001.csv",
            "GTSRB/Final_Training/Images/00001/00000_00000.ppm",
            "Train.csv",
            "Train/1/1.png",
        ),
    ),
]


@pytest.mark.parametrize(("data", "files"), SETS, ids=[str(data["name"]) for data, _ in SETS])
def test_whatever_a_data_set_reads_in_a_folder_is_seen_to_change(
    tmp_path: Path, data: dict[str, object], files: tuple[str, ...]
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    config = {"data": data | {"source": str(tmp_path)}, "attribution": {"methods": ["random"]}, "stages": []}
    plan = Plan(complete(config, load_schema(SCHEMA)))
    assert plan.folder
    assert set(files) <= set(names(listing(plan.folder, plan.read)))


def test_the_pictures_that_a_table_names_are_listed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    table = tmp_path / "in/labels.csv"
    table.write_text("file,class_id\n../other/a.png,3\nnowhere.png,\n")
    file = picture(tmp_path / "other/a.png")
    for source in (table, table.parent):
        listed = listing(source)
        assert names(listed) == ["labels.csv", "../other/a.png", "nowhere.png"]
        assert listed[1][1:] == [file.stat().st_size, file.stat().st_mtime_ns] and listed[2][1:] == [0, 0]
    before = listed
    table.write_text("file,class_id\n../other/a.png,7\nnowhere.png,\n")
    os.utime(table, ns=(0, before[0][2] + 1))
    assert listing(table)[0] != before[0]


def test_one_picture_is_a_source(tmp_path: Path) -> None:
    file = picture(tmp_path / "my.PNG", 9)
    assert names(listing(file)) == ["my.PNG"]
    listed = list_photographs(file, FIVE)
    assert listed.table[["file", "class_id"]].to_dict("list") == {"file": ["my.PNG"], "class_id": [-1]}
    assert (see_photographs(listed, file, 8, "stretch").images == 9).all()


def test_pipes_and_devices_are_no_photographs(tmp_path: Path) -> None:
    picture(tmp_path / "in/a.png")
    os.mkfifo(tmp_path / "in/pipe.png")
    (tmp_path / "in/zero.png").symlink_to("/dev/zero")
    assert list_photographs(tmp_path / "in", FIVE).table["file"].tolist() == ["a.png"]
    for name in ("pipe.png", "zero.png"):
        with pytest.raises(UserError, match=rf"'{KEY}': .*{name} is not a regular file or folder"):
            list_photographs(tmp_path / "in" / name, FIVE, KEY)
    with pytest.raises(UserError, match="nowhere does not exist"):
        listing(tmp_path / "nowhere")


@pytest.mark.parametrize("value", ["-5", "-1", "stop", "1.7", "1e30", "inf", "nan", "7", "99999999999", "²"])
def test_a_class_that_is_none_is_refused_with_row_and_value(tmp_path: Path, value: str) -> None:
    (tmp_path / "list.csv").write_text(f"file,class_id\na.png,3\nb.png,{value}\n")
    with pytest.raises(UserError, match=r"Line 3 of .*list\.csv gives b\.png the class_id") as caught:
        list_photographs(tmp_path / "list.csv", SEVEN)
    assert repr(value) in str(caught.value) and "\n" not in str(caught.value)


def test_classes_and_names_are_read_as_they_stand(tmp_path: Path) -> None:
    text = 'file,class_id\nNA,6.0\n001, 2\n"a, b.png",\nnull,0\n'
    (tmp_path / "list.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    found = list_photographs(tmp_path / "list.csv", SEVEN).table
    expected = pd.DataFrame({"file": ["NA", "001", "a, b.png", "null"], "class_id": [6, 2, -1, 0]})
    pd.testing.assert_frame_equal(found[["file", "class_id"]], expected, check_dtype=False)
    assert found["class_id"].dtype == np.int64


@pytest.mark.parametrize("text", ["", "file,class_id\n,3\n", "file\n", "name\na\n", "file,class_id\na\n"])
def test_a_faulty_list_is_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(UserError, match=r"list\.csv") as caught:
        list_photographs(tmp_path / "list.csv", SEVEN)
    assert "\n" not in str(caught.value)


def test_a_changed_local_archive_is_seen(tmp_path: Path) -> None:
    write_gtsrb(tmp_path, n_classes=2)
    archive = tmp_path / TRAINING_ZIP
    before = listing(archive)
    assert before == [[TRAINING_ZIP, archive.stat().st_size, archive.stat().st_mtime_ns]]
    os.utime(archive, ns=(0, 5))
    assert listing(archive) == [[TRAINING_ZIP, before[0][1], 5]]


def test_a_table_of_another_kind_in_a_folder_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("id;name\n1;a\n")
    assert names(listing(tmp_path)) == ["labels.csv"]
    with pytest.raises(UserError, match="lacks the column 'file'"):
        listing(tmp_path / "labels.csv")


def test_sources_are_checked(tmp_path: Path) -> None:
    write_gtsrb(tmp_path / "whole", n_classes=2)
    write_gtsrb(tmp_path / "part", n_classes=2)
    (tmp_path / "part" / TEST_ZIP).unlink()
    (tmp_path / "file").touch()
    for name, source in (
        ("gtsrb", None),
        ("gtsrb", "https://example.org"),
        ("gtsrb", str(tmp_path / "whole")),
        ("folder", str(tmp_path)),
        ("signs", None),
        ("none", None),
    ):
        check_source(name, source)
    for name, source, words in (
        ("signs", str(tmp_path), "'signs' takes no source"),
        ("none", "x", "takes no source"),
        ("folder", None, "is missing"),
        ("folder", str(tmp_path / "nowhere"), "does not exist"),
        ("gtsrb", str(tmp_path / "file"), "is not a folder"),
        ("gtsrb", "ftp://example.org", "is a ftp: address"),
        ("folder", "https://example.org", "is an address, but data.name 'folder' reads a folder"),
        ("gtsrb", "https://me:secret@example.org", r"'data.source' is an address of example.org with"),
        ("gtsrb", str(tmp_path / "part"), f"lacks {TEST_ZIP}, needed"),
        ("imagenette", str(tmp_path), "it has file, part, whole"),
    ):
        with pytest.raises(UserError, match=words) as caught:
            check_source(name, source)
        assert "secret" not in str(caught.value)
        assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


@pytest.mark.parametrize("layout", ["Train.csv", "GTSRB/Training", "gtsrb/GTSRB/Training", "Final_Training"])
def test_unpacked_gtsrb_is_read_where_no_archive_is(tmp_path: Path, layout: str) -> None:
    (tmp_path / layout).mkdir(parents=True)
    check_source("gtsrb", str(tmp_path))
    assert reads_folder("gtsrb", str(tmp_path)) and not reads_folder("imagenette", str(tmp_path))
    (tmp_path / TRAINING_ZIP).touch()
    assert not reads_folder("gtsrb", str(tmp_path))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become someone else")
def test_a_class_folder_without_permission_is_named(tmp_path: Path) -> None:
    picture(tmp_path / "cat/a.png")
    picture(tmp_path / "dog/b.png")
    for folder in (tmp_path, *tmp_path.parents):  # which others are to reach
        folder.chmod(folder.stat().st_mode | 0o055)
    (tmp_path / "dog").chmod(0o700)
    os.seteuid(65534)  # nobody
    try:
        with pytest.raises(UserError, match=r"/dog cannot be read \(Permission denied\); correct its path"):
            listing(tmp_path)
    finally:
        os.seteuid(0)
