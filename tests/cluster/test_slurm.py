"""The workflow on a SLURM of one node, by the profile as it is shipped.

Results are those of a run without a cluster, and where SLURM ends jobs, the run ends and says why.
`make cluster-test` runs these tests, as root; slurm.sh names the Debian packages that they take.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from snakemake_calls import ROOT
from tiny_workflow import Workflow, changed

HERE = Path(__file__).parent
NODE = {"cpu": 16, "mem": 64_000}  # of slurm.sh
# Whatever the profile says of waiting is for clusters on which jobs take longer than seconds.
HASTE = [
    "--seconds-between-status-checks=1", "--slurm-init-seconds-before-status-checks=1", "--latency-wait=5",
]  # fmt: skip
GPU_RULES = {"train", "attribute", "score", "evaluate"}
CONFIG: dict[str, Any] = changed(
    device="auto",  # jobs ask for a GPU, and take the CPU where there is none
    shards=2,
    stages=["geometry", "metrics"],
    model={"seeds": [2020, 1], "parameters": {"width": 8}},
    training={"epochs": 1},
) | {
    "masking": {},
    "stickers": {},
    "geometry": {"rotation": ["-30..30/30"], "perspective_vertical": [], "perspective_horizontal": []},
    "attribution": {"methods": ["random", "grad_cam"], "methods_per_job": 2},
    "evaluation": {
        "images": 8,
        "metrics": ["region_perturbation"],
        "parameters": {"region_perturbation": {"steps": 3, "repetitions": 2, "region": 6}},
    },
}
TARGETS = ["attributions", "evaluation"]


class Cluster:
    """A running SLURM and how to call Snakemake on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.variables = {"SLURM_CONF": f"{folder}/slurm.conf", "PATH": f"{folder}/bin:{os.environ['PATH']}"}
        self.profile = folder / "profile"
        shutil.copytree(ROOT / "profiles/slurm", self.profile)
        file = self.profile / "config.yaml"
        text, count = re.subn("slurm_partition: main", "slurm_partition: cpu", file.read_text("utf-8"))
        assert count == 1
        file.write_text(text, "utf-8")

    def ask(self, *command: str) -> str:
        """What one of SLURM's commands answers."""
        variables = os.environ | self.variables
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout

    def start(self, workflow: Workflow, config: dict[str, Any], *more: str) -> subprocess.Popen[str]:
        """A run by the profile, not waited for."""
        profile = ["--workflow-profile", str(self.profile)]
        return workflow.start(config, "--cores", "8", *profile, *HASTE, *more, **self.variables)

    def jobs(self, folder: Path) -> list[dict[str, str]]:
        """What SLURM remembers of the jobs that ran in a folder, in their order."""
        lines = self.ask("scontrol", "show", "job", "--oneliner").splitlines()
        found = [dict(re.findall(r"(\w+)=(\S*)", line)) for line in lines if "JobId=" in line]
        return sorted(
            (job for job in found if job["WorkDir"] == str(folder)), key=lambda job: int(job["JobId"])
        )

    def running(self, folder: Path, after: int = 0) -> str:
        """The id of the job that runs in a folder, the first one `after` so many; waits for it."""
        while True:
            jobs = self.jobs(folder)[after:]
            if jobs and jobs[0]["JobState"] == "RUNNING":
                return jobs[0]["JobId"]
            time.sleep(0.2)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A SLURM of one node."""
    folder = tmp_path_factory.mktemp("slurm")
    script = HERE / "slurm.sh"
    try:
        subprocess.run(["bash", script, "up", folder], check=True)
        yield Cluster(folder)
    finally:
        subprocess.run(["bash", script, "down", folder], check=True)


@pytest.fixture(scope="session")
def remote(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Workflow, list[dict[str, str]]]:
    """The tiny experiment made by SLURM, and the jobs that made it."""
    workflow = Workflow(tmp_path_factory.mktemp("remote"))
    run = cluster.start(workflow, CONFIG, *TARGETS)
    output, _ = run.communicate(timeout=1500)
    assert run.returncode == 0, output[-6000:]
    return workflow, cluster.jobs(workflow.folder)


def gpus(job: dict[str, str]) -> str:
    return job.get("TresPerJob", "")


def asked(job: dict[str, str], kind: str) -> int:
    """CPUs, or MB of memory, that a job asked for."""
    value = re.search(rf"\b{kind}=(\d+)([MG]?)", job["TRES"])
    assert value is not None, job["TRES"]
    return int(value[1]) * (1000 if value[2] == "G" else 1)


def test_tables_maps_and_weights_are_those_of_a_local_run(
    remote: tuple[Workflow, list[dict[str, str]]], tmp_path: Path
) -> None:
    local, (there, _) = Workflow(tmp_path), remote
    # with as many threads as a job has on the cluster, since they change the rounding of a training
    cores = min(8, len(os.sched_getaffinity(0)))
    run = local.start(CONFIG, "--cores", str(cores), *TARGETS)
    output, _ = run.communicate(timeout=1500)
    assert run.returncode == 0, output[-6000:]
    made = [path.relative_to(local.results) for path in sorted(local.results.rglob("*"))]
    compared = 0
    for name in made:
        mine, other = local.results / name, there.results / name
        if name.match("tables/*.csv"):
            pd.testing.assert_frame_equal(pd.read_csv(mine), pd.read_csv(other), rtol=1e-4, atol=1e-6)
        elif name.name == "maps.npy":
            np.testing.assert_allclose(np.load(other), np.load(mine), rtol=1e-3, atol=1e-5)
        elif name.suffix == ".safetensors":
            weights = load_file(mine)
            for key, value in load_file(other).items():
                np.testing.assert_allclose(value, weights[key], rtol=1e-3, atol=1e-5)
        else:
            continue
        compared += 1
    assert compared >= 14  # 8 tables, 4 files of maps, 2 networks


def test_jobs_ask_for_what_their_rules_say_and_for_no_more_than_the_node_has(
    remote: tuple[Workflow, list[dict[str, str]]],
) -> None:
    _, jobs = remote
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    rules = {re.sub(r"^(?:rule|group)_|_wildcards_.*|_\d+$", "", job["Comment"]) for job in jobs}
    assert rules >= GPU_RULES and "warp" in " ".join(rules)
    for job in jobs:
        assert asked(job, "cpu") <= NODE["cpu"] and asked(job, "mem") <= NODE["mem"]
        assert 5 <= _minutes(job["TimeLimit"]) <= 2 * 24 * 60
        rule = re.sub(r"^(?:rule|group)_|_wildcards_.*", "", job["Comment"])
        assert gpus(job) == ("gres:gpu:1" if rule in GPU_RULES else ""), rule


def test_a_second_run_has_nothing_to_do(
    cluster: Cluster, remote: tuple[Workflow, list[dict[str, str]]]
) -> None:
    run = cluster.start(remote[0], CONFIG, *TARGETS)
    output, _ = run.communicate(timeout=120)
    assert run.returncode == 0 and "Nothing to be done" in output


def _minutes(limit: str) -> int:
    """Of a time as SLURM writes it, [days-]hours:minutes:seconds."""
    days, _, clock = limit.rpartition("-")
    hours, minutes, _ = map(int, clock.split(":"))
    return (int(days or 0) * 24 + hours) * 60 + minutes


# What SLURM ends a job for -> the trouble that the job makes, and what the user is told.
ENDS = {
    "time": ({"seconds": 300}, "its time ran out"),
    "cancel": ({"seconds": 300}, "it was cancelled in SLURM"),
    "memory": ({"megabytes": 2000, "seconds": 20}, "it took more memory than it had asked for"),
}
MEMORY = "classes:mem_mb=700*attempt"  # of which Snakemake takes about 400


class Ended(NamedTuple):
    """What became of a run whose one job SLURM has ended."""

    code: int
    output: str
    attempts: list[dict[str, str]]


@pytest.fixture(scope="module")
def ended(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, bool], Ended]:
    """Runs whose job SLURM ends, at its first attempt or always; all at once, since they mostly wait."""
    runs = {}
    for end, once in itertools.product(ENDS, (True, False)):
        folder = tmp_path_factory.mktemp(end)
        runs[end, once] = folder, start_trouble(cluster, folder, ENDS[end][0] | {"once": once})
    for attempt in range(2):
        for (end, once), (folder, _) in runs.items():
            if attempt == 0 or not once:
                end_job(cluster, folder, end, attempt)
    told = {key: (run.communicate(timeout=300)[0], folder) for key, (folder, run) in runs.items()}
    return {
        key: Ended(runs[key][1].returncode, output, cluster.jobs(folder))
        for key, (output, folder) in told.items()
    }


@pytest.mark.parametrize("end", ENDS)
def test_a_job_that_slurm_ends_is_tried_again_and_asks_for_more(
    ended: dict[tuple[str, bool], Ended], end: str
) -> None:
    code, output, (first, second) = ended[end, True]
    assert code == 0, output
    assert (first["JobState"] == "COMPLETED", second["JobState"]) == (False, "COMPLETED")
    assert asked(second, "mem") == 2 * asked(first, "mem") == 1400
    if end != "time":  # whose limit the test has changed
        assert _minutes(second["TimeLimit"]) == 2 * _minutes(first["TimeLimit"])


@pytest.mark.parametrize("end", ENDS)
def test_a_job_that_slurm_ends_for_good_is_a_sentence_with_its_logs(
    ended: dict[tuple[str, bool], Ended], end: str
) -> None:
    code, output, attempts = ended[end, False]
    assert code == 1 and len(attempts) == 2, output
    told = [line for line in output.splitlines() if line.startswith("classes failed: ")]
    assert told and all(ENDS[end][1] in line for line in told), output
    logs = re.findall(r"^  log: (\S+)$", output, re.MULTILINE)
    assert any("slurm_logs" in log for log in logs)
    assert "Traceback" not in output


def test_where_the_partition_has_not_been_edited_a_sentence_says_so(cluster: Cluster, tmp_path: Path) -> None:
    run = start_trouble(cluster, tmp_path, {}, "--workflow-profile", str(ROOT / "profiles/slurm"))
    output, _ = run.communicate(timeout=120)
    assert run.returncode == 1
    assert "classes failed: SLURM did not take it (invalid partition specified: main); correct the" in output


def start_trouble(
    cluster: Cluster, folder: Path, trouble: dict[str, Any], *more: str
) -> subprocess.Popen[str]:
    """A run of one job."""
    (folder / "trouble.py").write_text((HERE / "trouble.py").read_text("utf-8"), "utf-8")
    config = {
        "experiment": "tiny", "device": "cpu", "plugins": [str(folder / "trouble.py")],
        "data": {"name": "trouble", "trouble": trouble},
    }  # fmt: skip
    target = "results/tiny/crop/classes.csv"
    return cluster.start(Workflow(folder), config, target, "--set-resources", MEMORY, *more)


def end_job(cluster: Cluster, folder: Path, end: str, attempt: int) -> None:
    """Let SLURM end an attempt when its job has begun; for memory it does so by itself."""
    if end == "memory":
        return
    job = cluster.running(folder, attempt)
    while not (folder / "tried").exists():
        time.sleep(0.2)
    if end == "time":
        cluster.ask("scontrol", "update", f"JobId={job}", "EndTime=now")
    else:
        cluster.ask("scancel", job)
