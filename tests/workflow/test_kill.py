"""Killed at any point and started again by the same command: the same results in the end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from tiny_workflow import TINY, Workflow, changed

# all that needs the data, the training, maps and numbers of them, which is when it is killed
TABLES = ("masking.csv", "metrics.csv")
TARGETS = [f"results/tiny/tables/{table}" for table in TABLES]
SHARED = changed(evaluation={"shards": 3})


def test_kills_leave_no_trace(finished: Workflow, fresh: Callable[[], Workflow]) -> None:
    workflow = fresh()
    workflow.kill_at(TINY, *TARGETS, line="rule crop:", jobs_too=True)
    workflow.kill_at(TINY, *TARGETS, line="rule train:", jobs_too=False)
    workflow.kill_at(TINY, *TARGETS, line="rule evaluate:", jobs_too=True)
    done = workflow.run(TINY, *TARGETS)
    assert done.returncode == 0, done.stdout[-4000:]
    weights = "train/model.safetensors"
    assert (workflow.results / weights).read_bytes() == (finished.results / weights).read_bytes()
    tables = {file.name for file in (workflow.results / "tables").glob("*.csv")}
    assert tables > set(TABLES)
    for table in tables:
        again, once = (pd.read_csv(one.results / "tables" / table) for one in (workflow, finished))
        pd.testing.assert_frame_equal(again, once, rtol=1e-5)
    for method in ("random", "few", "grad_cam"):
        maps = f"attribute/{method}/maps.npy"
        assert np.allclose(np.load(workflow.results / maps), np.load(finished.results / maps), atol=1e-5)
    left = [f for f in workflow.results.rglob("*") if f.name.endswith(".part") or "resume" in f.name]
    assert left == []


def test_shares_of_a_killed_run_stay_and_make_the_same_numbers(finished: Workflow, tmp_path: Path) -> None:
    workflow = finished.copy(tmp_path)
    folder = workflow.results / "evaluate/region_perturbation/few"
    target = str((folder / "scores.npz").relative_to(tmp_path))
    with np.load(folder / "scores.npz") as file:
        whole = dict(file)
    assert workflow.planned(SHARED, target) == {"evaluate": 3, "gather": 1}
    workflow.kill_at(SHARED, target, "--cores", "1", line="rule evaluate:", times=3, jobs_too=True)
    made = {file: file.stat().st_mtime_ns for file in folder.glob("*-of-3.npz")}
    assert len(made) == 2
    assert workflow.planned(SHARED, target) == {"evaluate": 1, "gather": 1}
    done = workflow.run(SHARED, target)
    assert done.returncode == 0, done.stdout[-4000:]
    assert {file: file.stat().st_mtime_ns for file in made} == made
    assert len(list(folder.glob("*-of-3.npz"))) == 3
    with np.load(folder / "scores.npz") as file:
        gathered = dict(file)
    assert gathered.keys() == whole.keys() and len(whole["rows"]) == 8
    for name, values in whole.items():
        assert values.dtype == gathered[name].dtype and values.shape == gathered[name].shape
        if name.startswith(("value_", "curve_")):  # a network rounds other batches otherwise
            np.testing.assert_allclose(gathered[name], values, rtol=1e-4, atol=1e-7)
        else:
            assert np.array_equal(gathered[name], values), name
