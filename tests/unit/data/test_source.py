"""The parts of a data set: the same shape from archives and from a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

import synthetic
from signsight.data.crop import Cut, crop
from signsight.data.imageset import open_image_set
from signsight.data.source import archive_part, class_table, folder_part


def test_archives_and_a_folder_of_the_same_pictures_agree(tmp_path: Path) -> None:
    synthetic.write_gtsrb(tmp_path, tracks=1, frames=2, test=1)
    train = archive_part("train", {"images": tmp_path / synthetic.TRAINING_ZIP}, allow_empty=False)
    crop(train.records, train.pictures, tmp_path / "a", Cut(size=20, to_roi=False))
    for source, class_id in zip(train.records["source"], train.records["class_id"], strict=True):
        file = tmp_path / f"pictures/train/{class_id:05d}/{Path(source).stem}.ppm"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(train.pictures.read(source))
        (tmp_path / f"pictures/test/{class_id:05d}").mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (9, 9)).save(tmp_path / f"pictures/test/{class_id:05d}/x.png")
    settings = {"source": str(tmp_path / "pictures"), "test_fraction": 0.5, "track_pattern": None, "seed": 0}
    part = folder_part("train", settings)
    crop(part.records, part.pictures, tmp_path / "b", Cut(size=20))
    first, second = open_image_set(tmp_path / "a"), open_image_set(tmp_path / "b")
    assert np.array_equal(first.class_ids, second.class_ids)
    assert np.array_equal(first.take(range(86)), second.take(range(86)))
    names = class_table(settings)
    assert names["name"].tolist() == [f"{c:05d}" for c in range(43)] and set(names["shape"]) == {"circle"}


def test_classes_of_gtsrb_have_their_shapes() -> None:
    table = class_table(None).set_index("class_id")
    assert len(table) == 43
    assert table.loc[[12, 13, 14, 18, 1], "shape"].tolist() == [
        "diamond", "inverted_triangle", "octagon", "triangle", "circle",
    ]  # fmt: skip
