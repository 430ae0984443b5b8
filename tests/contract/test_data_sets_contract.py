"""Every registered data set keeps its promises: whole facts, records, classes and pictures."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import synthetic
import tiny_cifar10
import tiny_imagenette
from signsight.core.registry import data_sets
from signsight.data.class_table import COLUMNS as CLASS_COLUMNS
from signsight.data.dataset import DEFAULTS, ROI, DataSet, Options, Part, data_set, facts
from signsight.data.imageset import COLUMNS
from signsight.data.pictures import open_labels, open_rgb

ROOT = Path(__file__).parents[2]
KINDS = {key: type(value) for key, value in DEFAULTS.items() if value is not None}
LOOKED_AT = 5  # pictures of each part that are decoded


def class_folders(folder: Path) -> None:
    """Four pictures of each of two classes."""
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
        for number in range(4):
            Image.new("RGB", (20, 24), (50 * number, 9, 9)).save(folder / name / f"{number}.png")


def listed_leaves(folder: Path) -> None:
    """Three pictures of each of two classes, and a table that marks their classes."""
    (folder / "images").mkdir(parents=True)
    rows = ["image_id,rust,scab"]
    for number in range(6):
        Image.new("RGB", (24, 20), (9, 40 * number, 9)).save(folder / f"images/leaf_{number}.jpg")
        rows.append(f"leaf_{number},{number % 2},{1 - number % 2}")
    (folder / "train.csv").write_text("\n".join(rows))


# What is written for sets of the package that read files of the user or archives, and small drawn ones.
MAKERS: dict[str, Callable[[Path], Any]] = {
    "cifar10": tiny_cifar10.write_archive,
    "folder": class_folders,
    "gtsrb": partial(synthetic.write_gtsrb, tracks=1, frames=2, test=1),
    "listed": listed_leaves,
    "imagenette": lambda folder: tiny_imagenette.write_archive(folder, tiny_imagenette.members()),
}
SMALL = {"signs": {"tracks_per_class": 2, "frames_per_track": 1, "test_per_class": 1, "max_px": 30}}


class Made:
    """A data set with its defaults, and its parts."""

    def __init__(self, name: str, folder: Path, source: str | None) -> None:
        self.name, self.about, self._folder = name, facts(name), folder
        parameters = data_sets.defaults(name) | SMALL.get(name, {})
        self.set: DataSet = data_set({"data_set": name, "parameters": parameters})
        names = None if self.about["pictures"] else ["a", "b"]  # those of a network
        self.options = Options(self._source(source), class_names=names, seed=3)
        if self.about["drawn"]:
            self.set.draw(folder, workers=2, seed=3)

    def _source(self, given: str | None) -> str | None:
        if self.about["source"] == "none":
            return None
        if self.name in MAKERS and self.name not in data_sets.own():
            MAKERS[self.name](self._folder)
            return str(self._folder)
        if given is None:
            pytest.skip(f"{self.name} reads `data.source`: name it with --source")
        return given

    def part(self, part: str) -> Part:
        """The training or test part, from its archives where it has some."""
        folder = self._folder if self.about["drawn"] else Path(self.options.source or ".")
        files = {key: folder / name for key, name in self.about["inputs"].get(part, {}).items()}
        return self.set.part(part, files, self.options)


@pytest.fixture(scope="module")
def made(data_set: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Made:
    return Made(data_set, tmp_path_factory.mktemp(data_set), request.config.getoption("source"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test for every data set, those of parts for the sets that have pictures."""
    names = data_sets.names()
    if "part" in metafunc.fixturenames:
        names = [name for name in names if facts(name)["pictures"]]
        metafunc.parametrize("part", ["train", "test"])
    metafunc.parametrize("data_set", names, scope="module")


def test_facts_are_whole_and_agree(data_set: str) -> None:
    about = facts(data_set)
    assert set(about) == set(DEFAULTS), "a fact that nothing asks for"
    assert about["label"] and about["about"].endswith(".")
    for key, kind in KINDS.items():
        assert isinstance(about[key], tuple | list if kind is tuple else kind), key
    assert about["source"] in ("archives", "folder", "none")
    assert (about["source"] == "archives") == bool(about["archives"])
    archives = {*about["archives"], *about["drawn"]}
    assert {archive for part in about["inputs"].values() for archive in part.values()} == archives
    assert set(about["inputs"]) in (set(), {"train", "test"})
    assert about["truth"] in ("masks", "roi", None) and set(about["fits"]) <= {"stretch", "centre_crop"}
    for pair in about["ascending"]:
        assert set(pair) <= set(data_sets.parameters(data_set))


def test_classes_are_numbered_and_named(made: Made) -> None:
    table = made.set.class_table(made.options)
    assert set(CLASS_COLUMNS) <= set(table) and table["class_id"].tolist() == list(range(len(table)))
    assert len(table) >= 2 and table["name"].is_unique and all(table["name"])


def test_records_are_whole(made: Made, part: str) -> None:
    records, about = made.part(part).records, made.about
    columns = [*COLUMNS, *(["width", "height", *ROI] if about["roi"] else [])]
    assert set(columns) | ({"mask"} if about["truth"] == "masks" else set()) <= set(records)
    assert len(records) and records["image_id"].is_unique and not records[columns].isna().any(axis=None)
    for column in ("image_id", "track", "source"):
        assert all(isinstance(value, str) and value for value in records[column]), column
    assert np.issubdtype(records["class_id"].dtype, np.integer)
    assert records["class_id"].isin(made.set.class_table(made.options)["class_id"]).all()


def test_parts_are_the_same_again_and_apart(made: Made, part: str) -> None:
    records = made.part(part).records
    assert records.equals(made.part(part).records)
    if not made.about["inputs"]:  # archives may name the pictures of both parts alike
        other = made.part({"train": "test", "test": "train"}[part]).records
        assert not set(records["source"]) & set(other["source"]), "a picture is in both parts"


def test_pictures_can_be_read(made: Made, part: str) -> None:
    found = made.part(part)
    rows = found.records.iloc[np.linspace(0, len(found.records) - 1, LOOKED_AT).astype(int)]
    for row in rows.itertuples():
        image = open_rgb(found.pictures, row.source)
        assert found.pictures.place(row.source)
        if made.about["roi"]:
            assert image.size == (row.width, row.height)
            assert 0 <= row.roi_x1 <= row.roi_x2 < row.width and 0 <= row.roi_y1 <= row.roi_y2 < row.height
        if made.about["truth"] == "masks":
            labels = open_labels(found.masks, row.mask)
            assert labels.shape == image.size[::-1] and labels.max() <= 2


def test_stock_pictures_are_there_if_promised(made: Made) -> None:
    if not made.about["stock"]:
        return
    for class_id in made.set.class_table(made.options)["class_id"][:3]:
        picture = made.set.stock_picture(class_id, 24)
        assert picture.shape == (24, 24, 3) and picture.dtype == np.uint8


def test_flips_are_of_classes(made: Made) -> None:
    classes = set(made.set.class_table(made.options)["class_id"]) if any(made.set.flips) else set()
    assert made.about["mirror"] == any(made.set.flips)
    for flip in made.set.flips:
        assert set(flip) | set(flip.values()) <= classes
