"""CIFAR-10's batches: pixels of both forms of pickles, archive and folder, and what is refused."""

from __future__ import annotations

import io
import os
import pickle
import runpy
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import tiny_cifar10
from signsight.core.errors import UserError
from signsight.data.crop import Cut, crop
from signsight.data.dataset import Options
from signsight.data.imageset import open_image_set
from signsight.data.pictures import open_rgb
from signsight.data.sets.cifar10 import BATCHES, CLASS_NAMES, Cifar10, read_batch
from signsight.data.sets.folder import Folder
from signsight.data.source import check_source, reads_folder
from tiny_cifar10 import NAMES, PER_BATCH, batch, pickled

ROOT = Path(__file__).parents[3]
PIXELS, LABELS = batch(1)


def picture(row: np.ndarray) -> np.ndarray:
    """(32, 32, 3) of a row of a batch, by the description of the format."""
    red, green, blue = row[:1024], row[1024:2048], row[2048:]
    return np.stack([plane.reshape(32, 32) for plane in (red, green, blue)], axis=2)


@pytest.mark.parametrize("write", [pickled, tiny_cifar10.pickled_by_python_2])
def test_both_forms_of_pickles_are_read(write: Callable[[np.ndarray, list[int]], bytes]) -> None:
    pixels, labels = read_batch(write(PIXELS, LABELS), "a batch")
    np.testing.assert_array_equal(pixels, PIXELS)
    assert labels.tolist() == LABELS
    theirs = pickle.load(io.BytesIO(write(PIXELS, LABELS)), encoding="latin1")
    np.testing.assert_array_equal(theirs["data"], PIXELS)


def test_an_archive_and_its_folder_are_the_same_set(tmp_path: Path) -> None:
    archive, folder = tiny_cifar10.write_archive(tmp_path / "a"), tiny_cifar10.write_folder(tmp_path / "b")
    for part, names in BATCHES.items():
        packed = Cifar10().part(part, {"images": archive}, Options())
        assert len(packed.records) == len(names) * PER_BATCH and packed.records["track"].is_unique
        assert packed.records["image_id"].tolist()[:2] == [f"{names[0]}/00000", f"{names[0]}/00001"]
        expected = [label for name in names for label in batch(NAMES.index(name))[1]]
        assert packed.records["class_id"].tolist() == expected
        for source in (folder, folder.parent):
            unpacked = Cifar10().part(part, {}, Options(source=str(source)))
            assert unpacked.records.equals(packed.records)
        last = packed.records["source"].iloc[-1]
        found = np.asarray(open_rgb(unpacked.pictures, last))
        np.testing.assert_array_equal(found, picture(batch(NAMES.index(names[-1]))[0][-1]))
        assert unpacked.pictures.place(last) == f"picture 00011 of {names[-1]}"


def test_pictures_of_32_pixels_are_taken_as_they_are(tmp_path: Path) -> None:
    archive = tiny_cifar10.write_archive(tmp_path)
    crop(Cifar10().part("test", {"images": archive}, Options()), tmp_path / "set", Cut(32), workers=2)
    pixels, _ = batch(NAMES.index("test_batch"))
    expected = np.stack([picture(row) for row in pixels])
    np.testing.assert_array_equal(open_image_set(tmp_path / "set").take(range(PER_BATCH)), expected)


def test_the_classes_are_in_the_official_order() -> None:
    names = Cifar10().class_table(Options())["name"].tolist()
    assert names == list(CLASS_NAMES) and (names[0], names[3], names[9]) == ("airplane", "cat", "truck")


def test_the_source_may_be_an_unpacked_folder(tmp_path: Path) -> None:
    folder = tiny_cifar10.write_folder(tmp_path)
    for source in (folder, tmp_path):
        assert reads_folder("cifar10", str(source))
        check_source("cifar10", str(source))
    tiny_cifar10.write_archive(tmp_path)
    assert not reads_folder("cifar10", str(tmp_path))
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"lacks cifar-10-python.tar.gz"):
        check_source("cifar10", str(tmp_path / "empty"))


class Call:
    """Pickled as a call of a function."""

    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call[0], self.call[1:]


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (Call(os.mkdir, "harm"), "posix.mkdir"),
        (Call(eval, "1"), r"__builtin__.eval"),
        (Call(getattr, "a", "upper"), r"__builtin__.getattr"),
        (OrderedDict(a=1), "collections.OrderedDict"),
        (np.float64(1), "scalar"),
    ],
)
def test_a_pickle_that_calls_anything_is_refused_and_nothing_is_run(
    call: object, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = pickle.dumps({"data": PIXELS, "labels": LABELS, "more": call}, 2)
    with pytest.raises(UserError, match=f"a batch asks for .*{named}.*, which no batch of CIFAR-10 needs"):
        read_batch(data, "a batch")
    assert not list(tmp_path.iterdir())


def test_bytes_may_be_written_in_latin1_alone() -> None:
    import codecs

    data = pickle.dumps({"data": Call(codecs.encode, "a", "zip"), "labels": []}, 2)
    with pytest.raises(UserError, match="the encoding 'zip'"):
        read_batch(data, "a batch")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "EOFError"),
        (pickled(PIXELS, LABELS)[:-9], "is not a batch"),
        (b"\x80\x02garbage", "UnpicklingError"),
        (pickle.dumps([1, 2], 2), "TypeError"),
        (pickle.dumps({"data": PIXELS}, 2), "KeyError: 'labels'"),
        (pickled(PIXELS, LABELS[1:]), "3 x 32 x 32 bytes"),
        (pickled(PIXELS[:, :-1], LABELS), "3 x 32 x 32 bytes"),
        (pickled(PIXELS.astype(np.int16), LABELS), "3 x 32 x 32 bytes"),
        (pickled(PIXELS, [*LABELS[1:], 10]), "class ids from 0 to 9"),
        (tiny_cifar10.pickled_by_python_2(PIXELS[:0], []), "3 x 32 x 32 bytes"),
    ],
)
def test_another_content_is_refused_in_a_sentence(data: bytes, words: str) -> None:
    with pytest.raises(UserError, match=r"^a batch is not a batch of CIFAR-10.*download the archive again"):
        read_batch(data, "a batch")
    with pytest.raises(UserError, match=words):
        read_batch(data, "a batch")


def test_a_batch_or_a_class_that_is_missing(tmp_path: Path) -> None:
    files = tiny_cifar10.batches()
    archive = tiny_cifar10.write_archive(tmp_path, {name: files[name] for name in NAMES[1:]})
    with pytest.raises(UserError, match=r"has no cifar-10-batches-py/data_batch_1; download"):
        Cifar10().part("train", {"images": archive}, Options())
    few = {"test_batch": pickled(PIXELS[:9], list(range(9)))}
    archive = tiny_cifar10.write_archive(tmp_path / "few", few)
    with pytest.raises(UserError, match="has no test picture of the class truck"):
        Cifar10().part("test", {"images": archive}, Options())
    part = Cifar10().part("test", {"images": archive}, Options(allow_empty_classes=True))
    assert part.records["class_id"].tolist() == list(range(9))


def test_sheets_and_lists_become_class_folders(tmp_path: Path) -> None:
    """By the script of docs/cifar10.md."""
    script = runpy.run_path(str(ROOT / "docs/examples/cifar10_folders.py"))
    assert script["CLASSES"] == CLASS_NAMES
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "test").mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 256, (6, 1024, 3), dtype=np.uint8)
    for sheet, rows in enumerate((slice(0, 4), slice(4, 6))):
        Image.fromarray(pixels[rows]).save(source / f"train_cifar10_batch_{sheet}.png")
    (source / "train_labels.json").write_text("[3, 0, 3, 9, 9, 0]")
    Image.fromarray(pixels[0].reshape(32, 32, 3)).save(source / "test/00000.png")
    (source / "labels.csv").write_text("file,class_id,class_name\ntest/00000.png,3,cat\n")
    assert script["convert"](source, target) == (6, 1)
    data = Folder().read(target, seed=0)
    assert data.class_names == ("airplane", "cat", "truck")
    assert data.test["image_id"].tolist() == ["cat/00000.png"]
    assert data.training["class_id"].tolist() == [0, 0, 1, 1, 2, 2]
    found = np.asarray(Image.open(target / "train/truck/00004.png"))
    np.testing.assert_array_equal(found, pixels[4].reshape(32, 32, 3))
