"""Reading GTSRB archives: every row, the right columns, and each fault in one sentence."""

from __future__ import annotations

import csv
import io
import logging
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from signsight.core.errors import UserError
from signsight.data import archives
from signsight.data.pictures import Archive, open_rgb
from synthetic import (
    FAULTS,
    TEST_ZIP,
    TRAINING,
    TRAINING_ZIP,
    TRUTH_ZIP,
    gtsrb,
    write_gtsrb,
    write_zip,
)

SHARED = Path(__file__).parents[4] / "shared"
SIZE = {"n_classes": 3, "tracks": 2, "frames": 2, "test": 2}


def records(folder: Path, **options: bool):  # noqa: ANN201
    return archives.training_records(Archive(folder / TRAINING_ZIP), n_classes=3, **options)


def test_every_training_row_is_kept_with_its_columns(tmp_path: Path) -> None:
    write_gtsrb(tmp_path, **SIZE)
    found = records(tmp_path)
    assert list(found.columns) == list(archives.COLUMNS)
    assert list(found["image_id"])[:4] == [
        "00000/00000_00000",
        "00000/00000_00001",
        "00000/00001_00000",
        "00000/00001_00001",
    ]
    assert found["class_id"].value_counts().to_dict() == {0: 4, 1: 4, 2: 4}
    assert found["track"].value_counts().to_dict() == {
        f"{c:05d}/{t:05d}": 2 for c in range(3) for t in range(2)
    }
    text = gtsrb(**SIZE)[TRAINING_ZIP][f"{TRAINING}/Images/00002/GT-00002.csv"].decode()
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    for record, row in zip(found[found["class_id"] == 2].to_dict("records"), rows, strict=True):
        assert record["source"].endswith(f"/00002/{row['Filename']}")
        for key, column in (
            ("width", "Width"),
            ("height", "Height"),
            ("roi_x1", "Roi.X1"),
            ("roi_y1", "Roi.Y1"),
            ("roi_x2", "Roi.X2"),
            ("roi_y2", "Roi.Y2"),
        ):
            assert record[key] == int(row[column])


def test_test_records_take_their_classes_from_the_truth(tmp_path: Path) -> None:
    write_gtsrb(tmp_path, **SIZE)
    found = archives.test_records(Archive(tmp_path / TEST_ZIP), Archive(tmp_path / TRUTH_ZIP), n_classes=3)
    assert list(found["image_id"]) == [f"{n:05d}" for n in range(6)]
    assert list(found["track"]) == list(found["image_id"])
    pictures = Archive(tmp_path / TEST_ZIP)
    for record in found.to_dict("records"):
        image = open_rgb(pictures, record["source"])
        assert image.size == (record["width"], record["height"])
        # Inside the disc and above its bar is the colour of the class: hue = class / 3.
        middle = (record["roi_x1"] + record["roi_x2"]) // 2
        hue = image.convert("HSV").getpixel((middle, record["roi_y1"] + 2))[0]
        assert hue == pytest.approx(record["class_id"] * 255 / 3, abs=3)


def test_columns_are_found_by_name_not_by_place(tmp_path: Path) -> None:
    members = gtsrb(**SIZE)[TRAINING_ZIP]
    name = f"{TRAINING}/Images/00001/GT-00001.csv"
    lines = [line.split(";")[::-1] for line in members[name].decode().split("\r\n")]
    shuffled = {**members, name: "\n".join(";".join(line) for line in lines).encode("utf-8-sig")}
    write_zip(tmp_path / "plain.zip", members)
    write_zip(tmp_path / "shuffled.zip", shuffled)
    plain, other = (
        archives.training_records(Archive(tmp_path / f"{file}.zip"), n_classes=3)
        for file in ("plain", "shuffled")
    )
    assert plain.equals(other)


SENTENCES = {
    "truncated": "not a complete zip archive",
    "parent member": "leads out of the archive",
    "absolute member": "leads out of the archive",
    "backslash member": "leads out of the archive",
    "renamed column": "lacks the column 'Roi.X1' (perhaps it is the one named 'ROI.X1')",
    "missing column": "lacks the column 'ClassId';",
    "no CSV": "has no GTSRB/Final_Training/Images/00001/GT-00001.csv",
    "row without image": "lists '00000_00000.ppm', which",
    "no number": "has '5.5' under Roi.X1",
    "class beyond range": "class id 43, which is not in 0..2",
    "class of another folder": "its folder is that of class 1",
    "empty class": "no image of class 1",
    "class without rows": "no image of class 1",
    "empty archive": "is an empty archive",
}


@pytest.mark.parametrize("fault", SENTENCES)
def test_a_fault_is_one_sentence(tmp_path: Path, fault: str) -> None:
    write_gtsrb(tmp_path, fault, **SIZE)
    with pytest.raises(UserError) as caught:
        records(tmp_path)
    message = str(caught.value)
    assert SENTENCES[fault] in message
    assert TRAINING_ZIP in message
    assert "\n" not in message and message.endswith(".")


def test_every_fault_is_tested() -> None:
    elsewhere = {"broken picture", "truncated picture", "ROI outside", "missing truth"}
    assert set(SENTENCES) == set(FAULTS) - elsewhere | {"truncated"}


def test_missing_truth_and_missing_archive(tmp_path: Path) -> None:
    write_gtsrb(tmp_path, "missing truth", **SIZE)
    with pytest.raises(UserError, match=r"has no GT-final_test\.csv"):
        archives.test_records(Archive(tmp_path / TEST_ZIP), Archive(tmp_path / TRUTH_ZIP), n_classes=3)
    with pytest.raises(UserError, match="does not exist"):
        archives.training_records(Archive(tmp_path / "nothing.zip"), n_classes=3)


def test_empty_classes_can_be_allowed(tmp_path: Path) -> None:
    write_gtsrb(tmp_path, "empty class", **SIZE)
    assert set(records(tmp_path, allow_empty_classes=True)["class_id"]) == {0, 2}


def test_pictures_without_a_row_are_left_out_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    members = gtsrb(**SIZE)[TRAINING_ZIP]
    members[f"{TRAINING}/Images/00001/00009_00000.ppm"] = b"P6"
    write_zip(tmp_path / TRAINING_ZIP, members)
    with caplog.at_level(logging.INFO, "signsight"):
        assert len(records(tmp_path)) == 12
    assert "1 pictures that" in caplog.text


def test_a_row_listed_twice_is_refused(tmp_path: Path) -> None:
    members = gtsrb(**SIZE)[TRAINING_ZIP]
    name = f"{TRAINING}/Images/00001/GT-00001.csv"
    members[name] += members[name].split(b"\r\n")[1] + b"\r\n"
    write_zip(tmp_path / TRAINING_ZIP, members)
    with pytest.raises(UserError, match="lists '00001/00000_00000' twice"):
        records(tmp_path)


def test_damaged_bytes_inside_an_archive_are_noticed(tmp_path: Path) -> None:
    write_gtsrb(tmp_path, **SIZE)
    path = tmp_path / TRAINING_ZIP
    with zipfile.ZipFile(path) as archive:
        info = archive.infolist()[1]
    data = bytearray(path.read_bytes())
    middle = info.header_offset + 60 + len(info.filename)
    data[middle : middle + 40] = bytes(40)
    path.write_bytes(data)
    with pytest.raises(UserError, match=r"is damaged .*download it again"):
        Archive(path).read(info.filename)


@pytest.mark.skipif(not (SHARED / "gtsrb-sample").is_dir(), reason="../shared/gtsrb-sample is not here")
def test_the_real_sample() -> None:
    folder = SHARED / "gtsrb-sample"
    train = archives.training_records(Archive(folder / TRAINING_ZIP))
    test = archives.test_records(Archive(folder / TEST_ZIP), Archive(folder / TRUTH_ZIP))
    assert (len(train), len(test)) == (4272, 1055)
    for found in (train, test):
        assert set(found["class_id"]) == set(range(43))
        assert found["image_id"].is_unique
        assert (found["roi_x1"] < found["roi_x2"]).all() and (found["roi_x1"] >= 0).all()
        assert (found["roi_y1"] < found["roi_y2"]).all() and (found["roi_y1"] >= 0).all()
        assert (found["roi_x2"] < found["width"]).all()
        assert (found["roi_y2"] < found["height"]).all()
        # The sign fills most of its picture: GTSRB leaves a border of about a tenth.
        wide = (found["roi_x2"] - found["roi_x1"]) / found["width"]
        assert wide.between(0.4, 0.95).all()
    assert (train["track"].str[:5].astype(int) == train["class_id"]).all()
    images = Archive(folder / TRAINING_ZIP)
    for record in train.iloc[::400].to_dict("records"):
        with Image.open(io.BytesIO(images.read(record["source"]))) as image:
            assert image.size == (record["width"], record["height"])
