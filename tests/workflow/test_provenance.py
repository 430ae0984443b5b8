"""What the results of a run say of themselves: a config that plans the same, true digests, no paths."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from snakemake_calls import ROOT
from tiny_workflow import TINY, Workflow


def stored(workflow: Workflow, experiment: str) -> dict[str, Any]:
    """The config that a run has written."""
    return yaml.safe_load((workflow.folder / f"results/{experiment}/config.yaml").read_text())


@pytest.mark.parametrize("experiment", ["tiny", "pictures"])
def test_the_stored_config_plans_nothing_more(
    finished: Workflow, experiment: str, request: pytest.FixtureRequest
) -> None:
    if experiment == "pictures":
        request.getfixturevalue("pictures")
    assert finished.planned(stored(finished, experiment)) == {}


def test_and_the_same_where_nothing_is_made_yet(finished: Workflow, fresh: Callable[[], Workflow]) -> None:
    workflow = fresh()
    planned = workflow.planned(stored(finished, "tiny"))
    assert planned == workflow.planned(TINY) and planned["train"] == 1


def test_digests_are_those_of_the_files(finished: Workflow) -> None:
    told = json.loads((finished.results / "provenance.json").read_text())
    files = told["results"] | told["inputs"]
    for file in ("results/tiny/train/model.safetensors", "results/tiny/attribute/few/maps.npy"):
        assert files[file]["sha256"] == hashlib.sha256((finished.folder / file).read_bytes()).hexdigest()
    tables = {file for file in files if file.startswith("results/tiny/tables/")}
    assert {Path(file).name for file in tables} >= {"masking.csv", "metrics.csv", "verdict.csv"}
    assert sum(file.startswith(".cache/") for file in files) == 3  # the archives
    assert set(told["software"]["packages"]) >= {"torch", "numpy", "snakemake"}
    assert told["hardware"]["cores"] >= 1 and told["hardware"]["memory"] > 1 << 28


def test_no_path_of_the_machine_in_what_is_handed_on(finished: Workflow) -> None:
    """Neither of the folder that was worked in nor of the checkout nor of the environment."""
    done = finished.run(TINY, "--report", "results/tiny/report.zip")
    assert done.returncode == 0, done.stdout
    paths = {str(path).encode() for path in (finished.folder, ROOT, ROOT.resolve(), Path.home())} - {b"/"}
    pattern = re.compile(b"|".join(map(re.escape, sorted(paths))))
    found = [
        f"{file.relative_to(finished.results)}: {hit[0].decode()}"
        for file in sorted(finished.results.rglob("*"))
        if file.is_file() and not {"logs", "benchmarks"} & set(file.parts)
        for hit in [pattern.search(contents(file))]
        if hit
    ]
    assert found == []


def contents(file: Path) -> bytes:
    """The bytes of a file, and those of the members of a zip."""
    if not zipfile.is_zipfile(file):
        return file.read_bytes()
    with zipfile.ZipFile(file) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


def test_what_a_killed_run_left_untold_is_told_by_the_next_that_has_nothing_to_do(
    finished: Workflow, tmp_path: Path
) -> None:
    workflow = finished.copy(tmp_path / "copy")
    origin = workflow.results / "provenance.json"
    before = json.loads(origin.read_text())
    origin.unlink()
    assert workflow.run(TINY, "--dry-run").returncode == 0 and not origin.exists()
    for quiet in ((), ("--quiet", "all")):
        done = workflow.run(TINY, *quiet)
        assert done.returncode == 0, done.stdout
        after = json.loads(origin.read_text())
        assert {name: one["sha256"] for name, one in after["results"].items()} == {
            name: one["sha256"] for name, one in before["results"].items()
        }
        origin.unlink()
