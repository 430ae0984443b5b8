"""Pictures that a CSV lists: one-hot rows, names of classes, what is missing, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from signsight.core.errors import UserError
from signsight.data.dataset import Options
from signsight.data.sets.listed import ListedPictures

HEAD = "image_id,healthy,multiple_diseases,rust,scab"
REAL = Path(__file__).parents[4] / "shared/plants/plant-pathology-2020"


def leaves(root: Path, rows: list[str], files: list[str] | None = None, head: str = HEAD) -> Options:
    """A folder in the layout of Plant Pathology 2020; files: names of pictures, one a row by default."""
    (root / "images").mkdir(parents=True)
    (root / "train.csv").write_text("\n".join([head, *rows]) + "\n")
    for name in files or [f"{row.split(',')[0]}.jpg" for row in rows]:
        Image.new("RGB", (12, 8), (10, 90, 20)).save(root / "images" / name)
    return Options(str(root), seed=3)


def one_hot(count: int) -> list[str]:
    """Rows of `count` pictures, of each of the four classes in turn."""
    return [f"Train_{i}," + ",".join(str(int(i % 4 == c)) for c in range(4)) for i in range(count)]


def parts(options: Options, **parameters: Any) -> dict[str, pd.DataFrame]:
    made = ListedPictures(**parameters)
    return {name: made.part(name, {}, options).records for name in ("train", "test")}


def test_rows_become_records_and_columns_classes(tmp_path: Path) -> None:
    options = leaves(tmp_path, one_hot(40))
    assert ListedPictures().class_table(options)["name"].tolist() == HEAD.split(",")[1:]
    found = parts(options, test_fraction=0.2)
    assert found["test"]["class_id"].value_counts().to_dict() == dict.fromkeys(range(4), 2)
    assert found["train"]["class_id"].value_counts().to_dict() == dict.fromkeys(range(4), 8)
    every = pd.concat(found.values())
    assert sorted(every["image_id"]) == sorted(f"Train_{i}" for i in range(40))
    assert (every["class_id"] == every["image_id"].str[6:].astype(int) % 4).all()
    assert (every["source"] == "images/" + every["image_id"] + ".jpg").all()
    assert found["test"].equals(parts(options, test_fraction=0.2)["test"])


def test_what_lacks_a_picture_or_a_row_is_left_out_and_told(tmp_path: Path) -> None:
    files = [f"Train_{i}.jpg" for i in range(12)] + [f"Test_{i}.jpg" for i in range(5)]
    options = leaves(tmp_path, one_hot(20), files)
    (tmp_path / "images/notes.txt").write_text("x")
    part = ListedPictures().part("train", {}, options)
    assert set(part.records["image_id"]) < {f"Train_{i}" for i in range(12)}
    told = {one.file: one.reason for one in part.left_out}
    assert len(told) == len(part.left_out) == 8 + 5 + 1
    assert all("is not there" in told[f"Train_{i}"] for i in range(12, 20))
    assert all(told[f"images/Test_{i}.jpg"] == "is not listed in train.csv" for i in range(5))
    assert "'.txt'" in told["images/notes.txt"]


def test_a_row_may_name_the_path_of_its_picture(tmp_path: Path) -> None:
    options = leaves(tmp_path, one_hot(40))
    table = tmp_path / "train.csv"
    head, *rows = table.read_text().splitlines()
    table.write_text("\n".join([head, *(f"images/{row.replace(',', '.jpg,', 1)}" for row in rows)]) + "\n")
    every = pd.concat(parts(options).values())
    assert len(every) == 40 and (every["source"] == every["image_id"]).all()


def test_a_column_of_names_with_suffixes_and_tracks(tmp_path: Path) -> None:
    rows = [f"{i}.png,{'rust' if i % 2 else 'apple scab'},plant{i // 4}" for i in range(16)]
    options = leaves(tmp_path, rows, [f"{i}.png" for i in range(16)], "file,class,plant")
    columns = {"id_column": "file", "class_column": "class", "track_column": "plant"}
    assert ListedPictures(**columns).class_table(options)["name"].tolist() == ["apple scab", "rust"]
    found = parts(options, **columns)
    assert not set(found["train"]["track"]) & set(found["test"]["track"])
    assert all(len(records) % 4 == 0 for records in found.values())


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("x,1,0,0,1", r"Line 10 of .*train\.csv marks several classes \(healthy, scab\); write 1 in"),
        ("x,0,0,0,0", r"Line 10 .* marks no class; write 1"),
        ("x,0,0.5,0,1", r"Line 10 .* has '0\.5' in the column 'multiple_diseases'; write 0 or 1"),
        ("x,,0,0,1", r"Line 10 .* has '' in the column 'healthy'"),
        (",0,0,0,1", r"Line 10 .* has nothing in the column 'image_id'"),
        ("Train_1,0,1,0,0", r"Line 10 .* lists 'Train_1', as does line 3; delete one"),
        ("x,0,0,1", r"Line 10 .* has 4 fields"),
    ],
)
def test_a_faulty_row_is_refused_with_its_line(tmp_path: Path, row: str, words: str) -> None:
    options = leaves(tmp_path, [*one_hot(8), row], ["Train_0.jpg"])
    with pytest.raises(UserError, match=words):
        parts(options)


@pytest.mark.parametrize(
    ("rows", "files", "parameters", "words"),
    [
        (one_hot(4), None, {}, r"class 'healthy' of .* has one picture, but needs one for the training"),
        (one_hot(8), ["other.jpg"], {}, r"None of the 8 pictures that .* lists is there \(Train_0, "),
        (one_hot(8), ["Train_0.jpg", "Train_0.png"], {}, r"Line 2 .* may be images/Train_0\.jpg or images/T"),
        (one_hot(8), None, {"pictures": "img"}, r"img is not a folder of pictures; correct 'data\.listed"),
        (one_hot(8), None, {"id_column": "id"}, r"train\.csv lacks the column 'id'; correct its header"),
        (
            [f"Train_{i},{i % 2},0,plant{i % 2},0" for i in range(8)],
            None,
            {"class_column": "healthy", "track_column": "rust"},
            r"Every class of .* is one track, so that none can be held out",
        ),
        ([], ["a.jpg"], {}, r"lists no pictures"),
    ],
)
def test_a_faulty_folder_is_refused(
    tmp_path: Path, rows: list[str], files: list[str] | None, parameters: dict[str, Any], words: str
) -> None:
    with pytest.raises(UserError, match=words):
        parts(leaves(tmp_path, rows, files), **parameters)


def test_a_table_outside_the_folder_is_refused() -> None:
    with pytest.raises(UserError, match=r"'data\.listed\.table' is '\.\./train\.csv'; name what lies within"):
        ListedPictures(table="../train.csv")


def test_classes_take_the_numbers_of_a_network_that_is_used_as_it_is(tmp_path: Path) -> None:
    options = leaves(tmp_path, one_hot(8))
    network = ["scab", "rust", "canker", "multiple_diseases", "healthy"]
    named = Options(options.source, class_names=network, seed=3)
    found = pd.concat(parts(named).values()).set_index("image_id")["class_id"]
    assert found[["Train_0", "Train_1", "Train_2", "Train_3"]].tolist() == [4, 3, 1, 0]
    with pytest.raises(UserError, match=r"has the class 'scab', which is no class of the network"):
        parts(Options(options.source, class_names=["healthy", "multiple_diseases", "rust", "Scab"]))


@pytest.mark.skipif(not REAL.is_dir(), reason="needs the real table")
def test_the_real_table_with_nine_of_its_pictures() -> None:
    options = Options(str(REAL), allow_empty_classes=True)
    found = pd.concat(parts(options).values()).set_index("image_id")
    there = {file.stem for file in (REAL / "images").iterdir()}
    assert set(found.index) == there and np.isin(found["class_id"], range(4)).all()
    assert found.loc[["Train_0", "Train_1", "Train_2"], "class_id"].tolist() == [3, 1, 0]
