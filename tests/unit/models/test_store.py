"""Trained networks of the cache: taken for the same training, byte for byte, and for no other."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from signsight.data.imageset import ImageSet, image_writer, open_image_set, write_index
from signsight.models import checkpoint, store, training
from signsight.models.build import build
from signsight.models.store import Store

SETTINGS = {"epochs": 1, "batch_size": 6, "learning_rate": 0.05, "augmentation": {"rotation": 5.0}}
MODEL = {"name": "compact", "parameters": {"width": 2}}


def make_images(folder: Path, brighter: int = 0) -> ImageSet:
    """Twelve pictures of noise; the last value of the last one may be another."""
    pixels = np.random.default_rng(0).integers(0, 200, (12, 8, 8, 3), dtype=np.uint8)
    pixels[-1, -1, -1, -1] += brighter
    with image_writer(folder, 12, 8, 8) as writer:
        writer.append(pixels)
    labels = np.arange(12) % 2
    write_index(folder, pd.DataFrame({"image_id": range(12), "class_id": labels, "track": "", "source": ""}))
    return open_image_set(folder)


class Trainings:
    """Trainings that share a store; `trained` counts those that were not taken from it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.trained, self.runs = folder, 0, 0
        original = training._Run.epoch

        def epoch(run: training._Run, number: int) -> dict[str, float]:
            self.trained += 1
            return original(run, number)

        monkeypatch.setattr(training._Run, "epoch", epoch)

    def run(
        self, images: ImageSet | None = None, code: str = "c", device: str = "cpu", **changed: Any
    ) -> Path:
        """The folder of one training; changed: arguments of `train`, and `examples` columns."""
        self.runs += 1
        images = images or make_images(self.folder / "images")
        columns = {"row": range(12), "class_id": images.class_ids, "flip": "", "angle": 0.0}
        examples = pd.DataFrame(columns | {"subset": ["validation"] * 4 + ["train"] * 8})
        folder = self.folder / f"run{self.runs}"
        arguments: dict[str, Any] = {
            "model": MODEL,
            "classes": ["a", "b"],
            "settings": SETTINGS,
            "seed": 1,
            "device": torch.device("cpu"),
            "store": Store(self.folder / "cache", code, device),
        }
        examples = examples.assign(**changed.pop("columns", {}))
        training.train(
            images,
            examples,
            folder=folder / "train",
            resume_folder=folder / "resume",
            **(arguments | changed),
        )
        return folder / "train"


@pytest.fixture
def trainings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trainings:
    return Trainings(tmp_path, monkeypatch)


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_the_same_training_is_taken_byte_for_byte(
    trainings: Trainings, caplog: pytest.LogCaptureFixture
) -> None:
    first = contents(trainings.run())
    assert set(first) == {checkpoint.WEIGHTS, checkpoint.ABOUT, "history.csv"}
    with caplog.at_level(logging.INFO, "signsight"):
        again = trainings.run(make_images(trainings.folder / "elsewhere"))
    assert contents(again) == first and trainings.trained == 1
    assert "the same training is in" in caplog.text and str(trainings.folder / "cache") in caplog.text
    assert checkpoint.load(again).classes == ("a", "b")


def test_a_training_that_is_taken_ends_like_one_that_was_made(trainings: Trainings) -> None:
    made = trainings.run(seed=3)
    (trainings.folder / "run2/resume").mkdir(parents=True)
    (trainings.folder / "run2/resume/state.pt").write_bytes(b"of a training that was killed")
    taken = trainings.run(seed=3)
    assert sorted(contents(taken)) == sorted(contents(made))
    assert not (trainings.folder / "run2/resume").exists()


CHANGES: dict[str, dict[str, Any]] = {
    "seed": {"seed": 2},
    "code": {"code": "d"},
    "device": {"device": "cuda"},
    "epochs": {"settings": SETTINGS | {"epochs": 2}},
    "augmentation": {"settings": SETTINGS | {"augmentation": {"rotation": 6.0}}},
    "parameters of the network": {"model": MODEL | {"parameters": {"width": 3}}},
    "channels": {"model": MODEL | {"channels": 1}},
    "names of classes": {"classes": ["a", "c"]},
    "flips": {"columns": {"flip": ["", *["lr"] * 11]}},
    "angles": {"columns": {"angle": 1.0}},
    "subsets": {"columns": {"subset": ["train"] * 8 + ["validation"] * 4}},
}


@pytest.mark.parametrize("name", CHANGES)
def test_another_training_is_not_taken(trainings: Trainings, name: str) -> None:
    first = contents(trainings.run())
    other = contents(trainings.run(**CHANGES[name]))
    assert trainings.trained > 1 and other["history.csv"] != first["history.csv"]
    assert contents(trainings.run()) == first  # both are there
    assert contents(trainings.run(**CHANGES[name])) == other


def test_a_pixel_or_a_version_makes_another_training(
    trainings: Trainings, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainings.run()
    trainings.run(make_images(trainings.folder / "brighter", 1))
    assert trainings.trained == 2
    monkeypatch.setattr(store, "version", lambda name: "0.1")
    trainings.run()
    assert trainings.trained == 3


def test_weights_of_a_file_count_by_their_content(trainings: Trainings) -> None:
    file = trainings.folder / "start.pth"
    given = {"model": MODEL | {"weights": str(file)}}
    for number, trained in ((0, 1), (0, 1), (1, 2)):
        torch.manual_seed(number)
        torch.save(build("compact", 2, 8, {"width": 2}).state_dict(), file)
        trainings.run(**given)
        assert trainings.trained == trained


@pytest.mark.parametrize("name", [checkpoint.WEIGHTS, checkpoint.ABOUT, "history.csv", store.SUMS])
@pytest.mark.parametrize("harm", ["gone", "cut", "changed"])
def test_what_is_damaged_is_made_again(trainings: Trainings, name: str, harm: str) -> None:
    first = contents(trainings.run())
    (file,) = (trainings.folder / "cache").glob(f"*/{name}")
    whole = file.read_bytes()
    if harm == "gone":
        file.unlink()
    else:
        file.write_bytes(whole[: len(whole) // 2] if harm == "cut" else whole[:-9] + b"123456789")
    again = contents(trainings.run())
    assert trainings.trained == 2 and again[checkpoint.WEIGHTS] == first[checkpoint.WEIGHTS]
    assert contents(trainings.run()) == again and trainings.trained == 2  # and whole again


def test_a_cache_that_cannot_be_written_to_is_no_fault(trainings: Trainings) -> None:
    (trainings.folder / "cache").write_text("a file")
    assert len(contents(trainings.run())) == 3


def test_without_a_store_nothing_is_kept(trainings: Trainings) -> None:
    trainings.run(store=None)
    assert not (trainings.folder / "cache").exists()


def test_only_whole_folders_are_in_the_store(trainings: Trainings, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> None:
        raise OSError("the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr(store.shutil, "copyfile", broken)
        trainings.run()
    assert list((trainings.folder / "cache").iterdir()) == []
    trainings.run()
    assert [len(contents(place)) for place in (trainings.folder / "cache").iterdir()] == [4]


def test_a_network_that_another_run_has_kept_meanwhile_stays(tmp_path: Path) -> None:
    """A third run may be taking it."""
    cache = Store(tmp_path / "cache", "c", "cpu")
    inodes = []
    for run in ("first", "second"):
        (tmp_path / run).mkdir()
        (tmp_path / run / "a").write_text("the same")
        cache.keep("mark", tmp_path / run, ["a"])
        (place,) = (tmp_path / "cache").iterdir()
        inodes.append((place / "a").stat().st_ino)
    assert inodes[0] == inodes[1]
