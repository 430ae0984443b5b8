"""Linters are content, and environments are those of the lock."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tiny_workflow import ROOT, TINY, Workflow

CHECKS = (
    ["ruff", "check", "."],
    ["ruff", "format", "--check", "."],
    ["snakefmt", "--check", "Snakefile", "rules"],
)


@pytest.mark.parametrize("check", CHECKS, ids=[" ".join(check) for check in CHECKS])
def test_linter_is_content(check: list[str]) -> None:
    tool = Path(sys.executable).parent / check[0]
    done = subprocess.run([tool, *check[1:]], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_snakemake_lint_is_content(finished: Workflow) -> None:
    done = finished.run(TINY, "--lint")
    assert done.returncode == 0, done.stdout


def test_environments_are_those_of_the_lock() -> None:
    locked = (ROOT / "envs/lock/run.txt").read_text()
    for name in ("data", "torch"):
        pins = [
            line.strip(' -"')
            for line in (ROOT / f"envs/{name}.yaml").read_text().splitlines()
            if "==" in line
        ]
        assert len(pins) > 10
        for pin in pins:
            assert pin.split(" ;")[0] in locked, f"{pin} of envs/{name}.yaml is not in envs/lock/run.txt"


def test_the_lock_of_the_workflow_has_what_its_report_needs() -> None:
    """A report wants Pygments, which Snakemake does not ask for; the tests have it from pytest."""
    assert "\npygments==" in (ROOT / "envs/lock/run.txt").read_text()
