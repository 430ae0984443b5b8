"""Profiles of other executors, where their plug-ins are there: a run by commands as of PBS, and a plan."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from snakemake_calls import ROOT
from tiny_workflow import TINY, Workflow

# A scheduler of two commands: a job runs at once, in the background, and its end is told by its exit status.
QSUB = """#!/bin/sh
for script; do :; done
id=$(basename "$script")
echo "$@" >>"$SPOOL/asked"
(sh "$script" >"$SPOOL/$id.log" 2>&1; echo "    Exit_status = $?" >"$SPOOL/$id.end") >/dev/null 2>&1 &
echo "$id"
"""
QSTAT = """#!/bin/sh
for id; do :; done
cat "$SPOOL/$id.end" 2>/dev/null || echo "    job_state = R"
"""


def test_the_generic_profile_runs_jobs_by_commands_as_pbs_has_them(tmp_path: Path) -> None:
    pytest.importorskip("snakemake_executor_plugin_cluster_generic")
    for name, text in {"qsub": QSUB, "qstat": QSTAT}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    workflow = Workflow(tmp_path)
    # the profile names its script from the working directory
    (tmp_path / "profiles").symlink_to(ROOT / "profiles")
    run = workflow.start(
        TINY, "--workflow-profile", str(ROOT / "profiles/generic"), "--latency-wait", "5",
        "--seconds-between-status-checks", "1", "results/tiny/crop/test/index.csv",
        SPOOL=str(tmp_path), PATH=f"{tmp_path}:{os.environ['PATH']}",
    )  # fmt: skip
    output, _ = run.communicate(timeout=180)
    assert run.returncode == 0, output
    asked = (tmp_path / "asked").read_text().splitlines()
    assert len(asked) == 3  # two archives, the crop
    assert all("ncpus=" in line and ":ngpus=0" in line and "walltime=" in line for line in asked)
    assert (workflow.results / "crop/test/index.csv").exists()


def test_the_kubernetes_profile_is_read(tmp_path: Path) -> None:
    pytest.importorskip("snakemake_executor_plugin_kubernetes")
    pytest.importorskip("snakemake_storage_plugin_fs")
    run = Workflow(tmp_path).start(
        TINY, "--workflow-profile", str(ROOT / "profiles/kubernetes"), "--dry-run", "--quiet", "rules",
        # a folder in place of the bucket, which would be asked for what is there
        "--default-storage-provider", "fs", "--default-storage-prefix", str(tmp_path / "bucket"),
    )  # fmt: skip
    output, _ = run.communicate(timeout=120)
    assert run.returncode == 0, output
