"""The soak's comparison sees what a killed run left, lacks or has otherwise, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from soak.same import faults


def made(folder: Path) -> Path:
    """A folder as a run leaves it."""
    for name in (
        "results/a/train",
        "results/a/tables",
        "results/a/logs",
        ".cache",
        ".snakemake/locks",
        "tmp",
    ):
        (folder / name).mkdir(parents=True)
    (folder / "results/a/train/model.safetensors").write_bytes(bytes(8))
    (folder / "results/a/train/history.csv").write_text("epoch,loss,seconds\n1,0.5,1.23\n")
    (folder / "results/a/tables/clean.csv").write_text("name,n,accuracy\nall,3,0.333333\n")
    (folder / "results/a/logs/train.log").write_text("12:00:00 done\n")
    np.save(folder / "results/a/maps.npy", np.ones(3, np.float32))
    return folder


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "weights": (
        lambda folder: (folder / "results/a/train/model.safetensors").write_bytes(bytes(7) + b"\1"),
        "results/a/train/model.safetensors: other bytes",
    ),
    "number": (
        lambda folder: (folder / "results/a/tables/clean.csv").write_text("name,n,accuracy\nall,3,0.334\n"),
        "results/a/tables/clean.csv: accuracy: other values",
    ),
    "name": (
        lambda folder: (folder / "results/a/tables/clean.csv").write_text("name,n,accuracy\nb,3,0.333333\n"),
        "results/a/tables/clean.csv: name: other values",
    ),
    "type": (
        lambda folder: np.save(folder / "results/a/maps.npy", np.ones(3)),
        "results/a/maps.npy: : float64 (3,), not float32 (3,)",
    ),
    "missing": (lambda folder: (folder / "results/a/maps.npy").unlink(), "missing: results/a/maps.npy"),
    "extra": (
        lambda folder: (folder / ".cache/x").write_text(""), "not in the undisturbed run: .cache/x",
    ),
    "part": (
        lambda folder: (folder / "results/a/.maps.npy.host.1.part").write_text(""),
        "left behind: results/a/.maps.npy.host.1.part",
    ),
    "training": (
        lambda folder: (folder / "results/a/train/resume").mkdir(), "left behind: results/a/train/resume",
    ),
    "lock": (
        lambda folder: (folder / ".snakemake/locks/0.input.lock").write_text(""),
        "left behind: .snakemake/locks/0.input.lock",
    ),
    "temporary": (lambda folder: (folder / "tmp/ours").mkdir(), "left behind: tmp/ours"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_not_as_it_should_be_is_named(change: str, tmp_path: Path) -> None:
    killed, undisturbed = made(tmp_path / "killed"), made(tmp_path / "undisturbed")
    assert faults(killed, undisturbed) == []
    act, fault = CHANGES[change]
    act(killed)
    assert fault in faults(killed, undisturbed)


def test_times_and_rounding_are_no_faults(tmp_path: Path) -> None:
    killed, undisturbed = made(tmp_path / "killed"), made(tmp_path / "undisturbed")
    (killed / "results/a/train/history.csv").write_text("epoch,loss,seconds\n1,0.5,9.87\n")
    (killed / "results/a/tables/clean.csv").write_text("name,n,accuracy\nall,3,0.333334\n")
    (killed / "results/a/logs/train.log").write_text("13:00:00 resumed\n")
    (killed / "tmp/snakemakeabc").mkdir()
    np.save(killed / "results/a/maps.npy", np.ones(3, np.float32) + np.float32(1e-6))
    assert faults(killed, undisturbed) == []
