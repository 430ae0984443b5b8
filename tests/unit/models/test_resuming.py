"""A training that was interrupted or killed goes on, and arrives at the same weights bit for bit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch

from signsight.data.imageset import ImageSet, image_writer, open_image_set, write_index
from signsight.models import adapted, training
from signsight.models.resume import fingerprint
from small_training import make_examples, make_images, run, same, weights


@pytest.mark.parametrize("epoch", [1, 3])
def test_goes_on_after_an_interruption(
    undisturbed: Path,
    images: ImageSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    epoch: int,
) -> None:
    with monkeypatch.context() as patch:
        original = training._Run.epoch
        begun = []

        def interrupted(self: training._Run, number: int) -> dict[str, float]:
            if number == epoch:
                raise KeyboardInterrupt
            begun.append(number)
            return original(self, number)

        patch.setattr(training._Run, "epoch", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, images)
        assert begun == list(range(epoch))
    assert not (tmp_path / "model").exists()
    history = run(tmp_path, images)
    assert same(weights(tmp_path), weights(undisturbed))
    want = pd.read_csv(undisturbed / "model" / "history.csv")
    pd.testing.assert_frame_equal(
        history.drop(columns="seconds"), want.drop(columns="seconds"), rtol=0, atol=1e-12
    )
    assert not (tmp_path / "resume").exists()


def test_goes_on_after_sigkill(undisturbed: Path, images: ImageSet, tmp_path: Path) -> None:
    code = f"""
import os, signal, sys
from pathlib import Path
sys.path[:0] = {[str(Path(training.__file__).parents[2]), str(Path(__file__).parents[2])]!r}
import torch
torch.set_num_threads({torch.get_num_threads()})
import small_training as tests
from signsight.models import training
original = training._Run.step
def step(self, rows, draws, rate):
    if (Path({str(tmp_path)!r}) / "resume" / "state.pt").exists() and rate > 0.04:
        os.kill(os.getpid(), signal.SIGKILL)
    return original(self, rows, draws, rate)
training._Run.step = step
tests.run(Path({str(tmp_path)!r}), tests.open_image_set({str(images.folder)!r}))
"""
    killed = subprocess.run([sys.executable, "-c", code], env=dict(os.environ), check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / "resume" / "state.pt").exists()
    run(tmp_path, images)
    assert same(weights(tmp_path), weights(undisturbed))


def test_other_settings_or_data_start_anew(
    undisturbed: Path, images: ImageSet, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "resume").mkdir()
    torch.save({"fingerprint": "another"}, tmp_path / "resume" / "state.pt")
    with caplog.at_level("INFO", "signsight"):
        run(tmp_path, images)
    assert "starts over" in caplog.text
    assert same(weights(tmp_path), weights(undisturbed))


def test_broken_state_starts_anew(undisturbed: Path, images: ImageSet, tmp_path: Path) -> None:
    (tmp_path / "resume").mkdir()
    (tmp_path / "resume" / "state.pt").write_bytes(b"PK\x03\x04 half a file")
    run(tmp_path, images)
    assert same(weights(tmp_path), weights(undisturbed))


def test_fingerprint_sees_config_pixels_and_examples(tmp_path: Path, images: ImageSet) -> None:
    examples = make_examples(images)
    base = fingerprint({"a": 1}, images, examples)
    assert base == fingerprint({"a": 1}, make_images(tmp_path / "copy"), examples)
    assert base != fingerprint({"a": 2}, images, examples)
    assert base != fingerprint({"a": 1}, images, examples.assign(flip="lr"))
    pixels = images.images.read(0, len(images))
    pixels[-1, -1, -1, -1] ^= 1
    with image_writer(tmp_path, *pixels.shape[:3]) as writer:
        writer.append(pixels)
    write_index(tmp_path, images.index)
    assert base != fingerprint({"a": 1}, open_image_set(tmp_path), examples)


def test_a_training_with_all_defaults_goes_on_bit_for_bit(
    images: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapted, "FEWEST", 20)
    monkeypatch.setattr(adapted, "EPOCHS", 1)
    open_settings = {"epochs": None, "batch_size": None, "learning_rate": None}
    run(tmp_path / "whole", images, **open_settings)
    original = training._Run.epoch

    def interrupted(self: training._Run, number: int) -> dict[str, float]:
        if number == 2:
            raise KeyboardInterrupt
        return original(self, number)

    with monkeypatch.context() as patch:
        patch.setattr(training._Run, "epoch", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "killed", images, **open_settings)
    history = run(tmp_path / "killed", images, **open_settings)
    assert len(history) == 4  # of six steps with eight examples each
    assert same(weights(tmp_path / "killed"), weights(tmp_path / "whole"))
