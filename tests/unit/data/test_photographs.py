"""Photographs of the user: class folders as the set `folder` takes them, one picture, a CSV, faults."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from signsight.core.errors import UserError
from signsight.data.photographs import list_photographs, photograph_files, see_photographs
from signsight.data.report import BROKEN, SKIPPED

KEY = "gallery.source"
NETWORK = ["bird", "cat", "dog"]
PLAIN = ["file", "class_id"]


def write(root: Path, *names: str) -> Path:
    rng = np.random.default_rng(0)
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (9, 12, 3), dtype=np.uint8)).save(root / name)
    return root


def test_class_folders_are_taken_with_their_classes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "signsight")
    root = write(tmp_path, "z.png", "dog/10.png", "dog/2.png", "cat/1.png", "emu/1.png", "dog/old/3.png")
    (root / "dog/._2.png").write_bytes(b"x")
    (root / "Thumbs.db").write_bytes(b"x")
    (root / "empty").mkdir()
    write(root, "__MACOSX/dog/._2.png")
    listed = list_photographs(root, NETWORK, KEY)
    assert dict(zip(listed.table["file"], listed.table["class_id"], strict=True)) == {
        "z.png": -1, "cat/1.png": 1, "dog/2.png": 2, "dog/10.png": 2, "emu/1.png": -1,
    }  # fmt: skip
    assert list(listed.folders) == ["", "cat", "dog", "dog", "emu"]
    assert {one.file for one in listed.left_out} == {
        "Thumbs.db", "__MACOSX", "empty", "dog/old", "dog/._2.png"
    }  # fmt: skip
    assert len(caplog.messages) == 1 and caplog.messages[0].endswith("unknown: emu")


@pytest.mark.parametrize("parts", [("train", "test"), ("test",)])
def test_parts_with_class_folders_are_taken_whole(tmp_path: Path, parts: tuple[str, ...]) -> None:
    root = write(tmp_path, *(f"{part}/{name}/1.png" for part in parts for name in ("dog", "cat")))
    listed = list_photographs(root, NETWORK, KEY)
    assert sorted(listed.table["file"]) == sorted(f"{p}/{n}/1.png" for p in parts for n in ("dog", "cat"))
    assert sorted(listed.table["class_id"]) == sorted([1, 2] * len(parts)) and not listed.left_out


def test_a_labels_csv_or_one_picture_counts_alone(tmp_path: Path) -> None:
    root = write(tmp_path, "dog/1.png", "a.png")
    assert photograph_files(root / "dog/1.png", KEY).names == ["1.png"]
    (root / "labels.csv").write_text("file,class_id\ndog/1.png,0\n")
    listed = list_photographs(root, NETWORK, KEY)
    assert listed.table[PLAIN].to_dict("list") == {"file": ["dog/1.png"], "class_id": [0]}


def test_what_the_classifier_sees_and_what_is_broken(tmp_path: Path) -> None:
    root = write(tmp_path, "cat/1.png", "cat/2.png", "dog/1.png")
    (root / "cat/2.png").write_bytes(b"")
    (root / "dog/notes.txt").write_text("x")
    seen = see_photographs(list_photographs(root, NETWORK, KEY), root, 8, "stretch", workers=2)
    assert seen.table[PLAIN].to_dict("list") == {"file": ["cat/1.png", "dog/1.png"], "class_id": [1, 2]}
    for file, image in zip(seen.table["file"], seen.images, strict=True):
        with Image.open(root / file) as picture:
            expected = np.asarray(picture.resize((8, 8), Image.Resampling.LANCZOS))
        np.testing.assert_array_equal(image, expected)
    rows = list(seen.findings.itertuples(index=False, name=None))
    assert rows[0] == ("cat/2.png", "cat", BROKEN, "is empty (0 bytes)")
    assert rows[1][:3] == ("dog/notes.txt", "dog", SKIPPED) and len(rows) == 2


def test_nothing_but_broken_pictures(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG nothing")
    seen = see_photographs(list_photographs(tmp_path, NETWORK, KEY), tmp_path, 8, "stretch")
    assert seen.images.shape == (0, 8, 8, 3) and seen.table.empty and len(seen.findings) == 1


def test_a_file_that_a_csv_names_and_that_is_not_there_is_broken(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("file\nnowhere.png\n")
    source = tmp_path / "list.csv"
    seen = see_photographs(list_photographs(source, NETWORK, KEY), source, 8, "stretch")
    assert "No such file" in seen.findings["reason"].iloc[0]


def test_proportions_are_stretched_or_cut(tmp_path: Path) -> None:
    wide = np.zeros((20, 60, 3), np.uint8)
    wide[:, 20:40] = 200
    Image.fromarray(wide).save(tmp_path / "b.png")
    Image.fromarray(wide.transpose(1, 0, 2)).save(tmp_path / "a.png")
    listed = list_photographs(tmp_path, NETWORK, KEY)
    assert listed.table["file"].tolist() == ["a.png", "b.png"] and (listed.table["class_id"] == -1).all()
    stretched = see_photographs(listed, tmp_path, 12, "stretch").images
    assert stretched.shape == (2, 12, 12, 3) and stretched[1, 6, 0, 0] < 20 and stretched[1, 6, 6, 0] > 180
    assert see_photographs(listed, tmp_path, 12, "centre_crop").images[1].min() > 180


def test_faults_name_the_key(tmp_path: Path) -> None:
    for source in (tmp_path / "none", tmp_path):
        with pytest.raises(UserError, match=r"gallery\.source"):
            list_photographs(source, NETWORK, KEY)
