"""Killed at any point and started again by the same command: the same results in the end."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable

import numpy as np
import pandas as pd
import psutil

from tiny_workflow import ROOT, TINY, Workflow


def kill_at(workflow: Workflow, line: str, *, jobs_too: bool) -> None:
    """Start a run, and SIGKILL it when its output has `line`; orphaned jobs are let run to their end."""
    run = subprocess.Popen(
        workflow.command(TINY), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT
    )
    assert run.stdout is not None
    assert any(line in text for text in run.stdout), f"the run never came to {line!r}"
    children = psutil.Process(run.pid).children(recursive=True)
    for process in [run, *(children if jobs_too else [])]:
        os.kill(process.pid, signal.SIGKILL)
    run.wait()
    run.stdout.close()
    psutil.wait_procs(children)
    assert workflow.run(TINY, "--unlock").returncode == 0


def test_kills_leave_no_trace(finished: Workflow, fresh: Callable[[], Workflow]) -> None:
    workflow = fresh()
    kill_at(workflow, "rule crop:", jobs_too=True)
    kill_at(workflow, "rule train:", jobs_too=False)
    kill_at(workflow, "rule score:", jobs_too=True)
    done = workflow.run(TINY)
    assert done.returncode == 0, done.stdout[-4000:]
    weights = "train/model.safetensors"
    assert (workflow.results / weights).read_bytes() == (finished.results / weights).read_bytes()
    for table in sorted((finished.results / "tables").glob("*.csv")):
        again = pd.read_csv(workflow.results / "tables" / table.name)
        pd.testing.assert_frame_equal(again, pd.read_csv(table), rtol=1e-5)
    maps = "attribute/grad_cam/maps.npy"
    assert np.allclose(np.load(workflow.results / maps), np.load(finished.results / maps), atol=1e-5)
    left = [f for f in workflow.results.rglob("*") if f.name.endswith(".part") or "resume" in f.name]
    assert left == []
