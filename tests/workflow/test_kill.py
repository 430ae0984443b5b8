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
SHARDS = changed(shards=3)


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


def test_shards_of_a_killed_run_stay_and_make_the_same_numbers(finished: Workflow, tmp_path: Path) -> None:
    workflow = finished.copy(tmp_path)
    maps, scores = workflow.results / "attribute/few", workflow.results / "evaluate/region_perturbation/few"
    made = [
        maps / "maps.npy",
        maps / "time.csv",
        workflow.results / "score/clean/test.npz",
        scores / "scores.npz",
    ]
    targets = [str(file.relative_to(tmp_path)) for file in made]
    jobs = {
        "attribute": 3,
        "gather_maps": 1,
        "score": 3,
        "gather_scores": 1,
        "evaluate": 3,
        "gather_values": 1,
    }
    assert workflow.planned(SHARDS, *targets) == jobs
    workflow.kill_at(SHARDS, targets[0], "--cores", "1", line="rule attribute:", times=3, jobs_too=True)
    there = {file: file.stat().st_mtime_ns for file in maps.glob("*-of-3.*")}
    assert len(there) == 4  # maps and times of two
    assert workflow.planned(SHARDS, *targets) == jobs | {"attribute": 1}
    done = workflow.run(SHARDS, targets[0], "--notemp")
    assert done.returncode == 0, done.stdout[-4000:]
    assert {file: file.stat().st_mtime_ns for file in there} == there
    done = workflow.run(SHARDS, *targets)
    assert done.returncode == 0, done.stdout[-4000:]
    assert list(scores.glob("*-of-3.*")) == []
    assert workflow.planned(SHARDS, *targets) == {}
    for file in made:
        whole = finished.results / file.relative_to(workflow.results)
        for name, values in stored(whole).items():
            joined = stored(file)[name]
            assert values.dtype == joined.dtype and values.shape == joined.shape
            if values.dtype.kind == "f":  # a network rounds other batches otherwise
                np.testing.assert_allclose(joined, values, rtol=1e-4, atol=1e-5)
            else:
                assert np.array_equal(joined, values), name


def stored(file: Path) -> dict[str, np.ndarray]:
    """Name -> array of a file of arrays; of a table, what does not depend on the time."""
    if file.suffix == ".csv":
        return {"device": pd.read_csv(file)["device"].to_numpy()}
    found = np.load(file)
    return {"maps": found} if file.suffix == ".npy" else dict(found)
