"""GTSRB without its archives: unpacked, as torchvision or Kaggle has it, it gives the same image sets."""

from __future__ import annotations

import csv
import io
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from signsight.core.errors import UserError
from signsight.data.crop import Cut, crop
from signsight.data.dataset import Options, facts
from signsight.data.imageset import open_image_set
from signsight.data.sets.gtsrb import Gtsrb
from synthetic import TEST_ZIP, TRAINING_ZIP, TRUTH_ZIP, gtsrb, write_gtsrb

SIZE = {"tracks": 2, "frames": 2, "test": 1}
ARCHIVES = gtsrb(**SIZE)


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def official(root: Path) -> Path:
    """All three archives unpacked into one folder."""
    for members in ARCHIVES.values():
        for name, data in members.items():
            put(root / name, data)
    return root


def torchvision(root: Path) -> Path:
    """What torchvision.datasets.GTSRB makes of its downloads in `root`."""
    for name, data in ARCHIVES[TRAINING_ZIP].items():
        put(root / "gtsrb" / name.replace("Final_Training/Images", "Training"), data)
    for name, data in (ARCHIVES[TEST_ZIP] | ARCHIVES[TRUTH_ZIP]).items():
        put(root / "gtsrb" / name, data)
    return root


def kaggle(root: Path) -> Path:
    """Kaggle's Train/, Test/, Train.csv and Test.csv, with the pictures as PNG."""
    tables: dict[str, list[dict[str, str]]] = {"Train": [], "Test": []}
    for name, data in ARCHIVES[TRAINING_ZIP].items():
        if name.endswith(".csv"):
            for row in csv.DictReader(io.StringIO(data.decode()), delimiter=";"):
                folder, stem = PurePosixPath(name).parent, row.pop("Filename")[:-4]
                path = f"Train/{int(folder.name)}/{folder.name}_{stem}.png"
                tables["Train"].append(row | {"Path": path})
                save(root / path, ARCHIVES[TRAINING_ZIP][f"{folder}/{stem}.ppm"])
    for row in csv.DictReader(io.StringIO(ARCHIVES[TRUTH_ZIP]["GT-final_test.csv"].decode()), delimiter=";"):
        stem = row.pop("Filename")[:-4]
        tables["Test"].append(row | {"Path": f"Test/{stem}.png"})
        save(root / f"Test/{stem}.png", ARCHIVES[TEST_ZIP][f"GTSRB/Final_Test/Images/{stem}.ppm"])
    for name, rows in tables.items():
        pd.DataFrame(rows).to_csv(root / f"{name}.csv", index=False)
    return root


def save(path: Path, ppm: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.open(io.BytesIO(ppm)).save(path)


@pytest.mark.parametrize("part", ["train", "test"])
@pytest.mark.parametrize("make", [official, torchvision, kaggle])
def test_the_image_sets_are_those_of_the_archives(tmp_path: Path, make: object, part: str) -> None:
    write_gtsrb(tmp_path / "archives", **SIZE)
    root, cut = make(tmp_path / "in"), Cut(12)
    files = {key: tmp_path / "archives" / name for key, name in facts("gtsrb")["inputs"][part].items()}
    crop(Gtsrb().part(part, files, Options()), tmp_path / "a", cut)
    crop(Gtsrb().part(part, {}, Options(source=str(root))), tmp_path / "b", cut)
    first, second = open_image_set(tmp_path / "a"), open_image_set(tmp_path / "b")
    assert np.array_equal(first.take(range(len(first))), second.take(range(len(second))))
    pd.testing.assert_frame_equal(first.index.drop(columns="source"), second.index.drop(columns="source"))


def test_faults_of_a_folder_are_one_sentence(tmp_path: Path) -> None:
    (torchvision(tmp_path / "a") / "gtsrb/GT-final_test.csv").unlink()
    (kaggle(tmp_path / "b") / "Train/1/00001_00000_00000.png").unlink()
    (kaggle(tmp_path / "c") / "Test.csv").unlink()
    for name, part, words in (
        ("a", "test", r"has no GT-final_test\.csv"),
        ("b", "train", "lists 'Train/1/00001_00000_00000.png', which"),
        ("c", "test", r"Test\.csv cannot be read"),
    ):
        with pytest.raises(UserError, match=words) as caught:
            Gtsrb().part(part, {}, Options(source=str(tmp_path / name)))
        assert "\n" not in str(caught.value)
