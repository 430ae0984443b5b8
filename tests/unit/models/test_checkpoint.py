"""Checkpoints: bit for bit there and back, and every fault in one sentence."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from signsight.core.errors import UserError
from signsight.models import checkpoint, resume
from signsight.models.classifier import Classifier, new_classifier
from signsight.models.states import read_tensors

CLASSES = ["stop", "go", "wait"]
PARAMETERS = {"width": 4}


def make(classes: list[str] = CLASSES, size: int = 16) -> Classifier:
    torch.manual_seed(5)
    return new_classifier("compact", PARAMETERS, classes, size, [0.1, 0.2, 0.3], [0.4, 0.5, 0.6])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    checkpoint.save(make(), tmp_path, {"validation_accuracy": 0.5})
    return tmp_path


def test_round_trip_is_exact(tmp_path: Path) -> None:
    model = make().to(memory_format=torch.channels_last)
    model(torch.rand(4, 3, 16, 16))  # moves the running statistics
    checkpoint.save(model.eval(), tmp_path, {"validation_accuracy": 0.75})
    loaded = checkpoint.load(tmp_path)
    assert not loaded.training
    assert (loaded.architecture, loaded.network_parameters, loaded.size) == ("compact", PARAMETERS, 16)
    assert loaded.classes == tuple(CLASSES)
    state, other = model.state_dict(), loaded.state_dict()
    assert list(state) == list(other)
    assert all(torch.equal(state[name], other[name]) for name in state)
    pixels = torch.rand(2, 3, 16, 16)
    torch.testing.assert_close(loaded(pixels), model(pixels), rtol=1e-5, atol=1e-6)
    about = checkpoint.read_about(tmp_path)
    assert about["validation_accuracy"] == 0.75
    assert about["versions"]["torch"] == str(torch.__version__)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("umask", [0o022, 0o027])
def test_the_group_may_read_what_the_umask_lets_it(tmp_path: Path, umask: int) -> None:
    old = os.umask(umask)
    try:
        checkpoint.save(make(), tmp_path, {})
        resume.store(tmp_path, "mark", {"history": []})
    finally:
        os.umask(old)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert set(modes) == {checkpoint.WEIGHTS, checkpoint.ABOUT, resume.FILE}
    assert set(modes.values()) == {0o666 & ~umask}


@pytest.mark.parametrize("name", [checkpoint.WEIGHTS, checkpoint.ABOUT])
def test_missing_file(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(UserError, match=f"{name} does not exist"):
        checkpoint.load(folder)


@pytest.mark.parametrize("keep", [3, 100, 2000])
def test_truncated_weights(folder: Path, keep: int) -> None:
    file = folder / checkpoint.WEIGHTS
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(UserError, match="truncated"):
        checkpoint.load(folder)


def test_broken_json(folder: Path) -> None:
    file = folder / checkpoint.ABOUT
    file.write_text(file.read_text()[:40])
    with pytest.raises(UserError, match="not JSON"):
        checkpoint.load(folder)


def edit(folder: Path, change: dict[str, Any]) -> None:
    file = folder / checkpoint.ABOUT
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"architecture": "stn3", "parameters": {}, "size": 32}, "another network"),
        ({"parameters": {"width": 5}}, "another network"),
        ({"channels": 1, "mean": [0.5], "std": [0.5]}, "another network"),
        ({"classes": ["one", "two"]}, "3 classes and the network has 2"),
    ],
)
def test_checkpoint_of_another_model(folder: Path, change: dict[str, Any], words: str) -> None:
    edit(folder, change)
    with pytest.raises(UserError, match=rf"{words}.*; train the model that model\.json names again\.$"):
        checkpoint.load(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"architecture": None},
        {"parameters": [4]},
        {"classes": "stop"},
        {"classes": ["stop", "go", 3]},
        {"size": "16"},
        {"size": 0},
        {"size": True},
        {"channels": 2},
        {"channels": 1},
        {"mean": None},
        {"mean": [0.1, 0.2]},
        {"mean": [0.1, 0.2, "0.3"]},
        {"mean": [123.7, 116.3, 103.5]},
        {"std": [0.4, 0.5, 0]},
        {"std": [0.4, 0.5, float("nan")]},
    ],
)
def test_json_edited_to_nonsense(folder: Path, change: dict[str, Any]) -> None:
    edit(folder, change)
    with pytest.raises(UserError, match=r"model\.json (gives|is wrong)") as caught:
        checkpoint.load(folder)
    assert "\n" not in str(caught.value)


def test_json_is_the_one_place_of_the_normalisation(folder: Path) -> None:
    assert not {"mean", "std"} & set(read_tensors(folder / checkpoint.WEIGHTS))
    before = checkpoint.load(folder)
    edit(folder, {"mean": [0.5, 0.25, 0.125], "std": [1, 0.5, 0.25]})
    after = checkpoint.load(folder)
    pixels = torch.rand(2, 3, 16, 16)
    seen = (pixels - torch.tensor([0.5, 0.25, 0.125])[:, None, None]) / torch.tensor([1, 0.5, 0.25])[
        :, None, None
    ]
    torch.testing.assert_close(after.normalise(pixels), seen)
    torch.testing.assert_close(after(pixels), before.network(seen))


def test_weights_that_layers_share_are_saved(tmp_path: Path, registered: Callable[..., None]) -> None:
    def tied(classes: int) -> nn.Module:
        network = nn.Sequential(nn.Flatten(), nn.Linear(12, 12), nn.Linear(12, 12), nn.Linear(12, classes))
        network[2].weight = network[1].weight
        return network

    registered("tied", tied)
    model = new_classifier("tied", {}, ["a", "b"], 2, [0.5] * 3, [0.5] * 3).eval()
    checkpoint.save(model, tmp_path, {})
    again = checkpoint.load(tmp_path)
    pixels = torch.rand(2, 3, 2, 2)
    assert torch.equal(again(pixels), model(pixels))
    assert again.network[1].weight is again.network[2].weight


def test_json_without_a_key(folder: Path) -> None:
    file = folder / checkpoint.ABOUT
    about = json.loads(file.read_text())
    del about["mean"]
    file.write_text(json.dumps(about))
    with pytest.raises(UserError, match="lacks 'mean'"):
        checkpoint.load(folder)


def test_fit_to_a_data_set() -> None:
    model = make()
    checkpoint.check_fits(model, CLASSES, (16, 16))
    with pytest.raises(UserError, match="3 classes and the data set 2"):
        checkpoint.check_fits(model, CLASSES[:2], (16, 16))
    with pytest.raises(UserError, match="Class 1 is 'go' for the model and 'walk'"):
        checkpoint.check_fits(model, ["stop", "walk", "wait"], (16, 16))
    with pytest.raises(UserError, match="16 x 16 px and the data set has 16 x 18"):
        checkpoint.check_fits(model, CLASSES, (16, 18))
