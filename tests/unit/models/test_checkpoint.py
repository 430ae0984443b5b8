"""Checkpoints: bit for bit there and back, and every fault in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from signsight.core.errors import UserError
from signsight.models import checkpoint
from signsight.models.classifier import Classifier, new_classifier

CLASSES = ["stop", "go", "wait"]
SETTINGS = {"width": 4}


def make(classes: list[str] = CLASSES, size: int = 16) -> Classifier:
    torch.manual_seed(5)
    return new_classifier("compact", SETTINGS, classes, size, [0.1, 0.2, 0.3], [0.4, 0.5, 0.6])


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
    assert (loaded.architecture, loaded.settings, loaded.size) == ("compact", SETTINGS, 16)
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


def test_loading_does_not_need_the_weights_training_began_with(tmp_path: Path) -> None:
    start = tmp_path / "start.pth"
    model = new_classifier("squeezenet1_1", {}, ["a", "b"], 48, [0.5] * 3, [0.5] * 3)
    torch.save(
        new_classifier(
            "squeezenet1_1", {}, [str(n) for n in range(1000)], 48, [0.5] * 3, [0.5] * 3
        ).network.state_dict(),
        start,
    )
    model.settings = {"weights": str(start)}
    checkpoint.save(model, tmp_path / "model", {})
    start.unlink()
    loaded = checkpoint.load(tmp_path / "model")
    assert torch.equal(loaded.network.classifier[1].weight, model.network.classifier[1].weight)


@pytest.mark.parametrize("name", [checkpoint.WEIGHTS, checkpoint.ABOUT])
def test_missing_file(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(UserError, match=f"{name} does not exist"):
        checkpoint.load(folder)


@pytest.mark.parametrize("keep", [0, 3, 100, 2000])
def test_truncated_weights(folder: Path, keep: int) -> None:
    file = folder / checkpoint.WEIGHTS
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(UserError, match="truncated"):
        checkpoint.load(folder)


def test_truncated_pth(tmp_path: Path) -> None:
    file = tmp_path / "net.pth"
    torch.save({"a": torch.zeros(1000)}, file)
    file.write_bytes(file.read_bytes()[:500])
    with pytest.raises(UserError, match="truncated"):
        checkpoint.read_tensors(file)


def test_pth_that_would_run_code_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "net.pth"
    torch.save(make(), file)  # a whole module, as a pickle
    with pytest.raises(UserError, match="cannot be read as weights"):
        checkpoint.read_tensors(file)


def test_broken_json(folder: Path) -> None:
    file = folder / checkpoint.ABOUT
    file.write_text(file.read_text()[:40])
    with pytest.raises(UserError, match="no JSON"):
        checkpoint.load(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"architecture": "stn3", "settings": {}, "size": 32},
        {"settings": {"width": 5}},
        {"classes": ["one", "two"]},
    ],
)
def test_checkpoint_of_another_model(folder: Path, change: dict) -> None:
    file = folder / checkpoint.ABOUT
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(UserError, match="does not hold the network"):
        checkpoint.load(folder)


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
