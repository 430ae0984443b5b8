"""The container recipe, and what is told of the locks: audit, newest versions."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[3]
LOCKS = ROOT / "envs/lock"
sys.path.insert(0, str(LOCKS))

import audit  # noqa: E402
import newest  # noqa: E402

RECIPE = (ROOT / "envs/Dockerfile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_recipe_takes_files_that_there_are_and_all_that_a_run_reads() -> None:
    copied = {name for line in re.findall(r"^COPY (.+)$", RECIPE, re.MULTILINE) for name in line.split()[:-1]}
    assert all((ROOT / name).exists() for name in copied)
    assert copied >= {"Snakefile", "config", "rules", "workflow_scripts", "profiles", "envs"}


def test_the_recipe_installs_the_hashed_lock_before_the_code_and_runs_as_no_root() -> None:
    setup = RECIPE.index("sh envs/setup.sh")
    assert RECIPE.index("COPY envs") < setup < RECIPE.index("COPY workflow_scripts")
    assert "--require-hashes" in (ROOT / "envs/setup.sh").read_text(encoding="utf-8")
    users = re.findall(r"^USER (\d+)", RECIPE, re.MULTILINE)
    assert users and int(users[-1]) > 0


def test_one_floor_of_python_everywhere() -> None:
    floor = PROJECT["project"]["requires-python"].removeprefix(">=")
    minor = int(floor.partition(".")[2])
    base = re.search(r"python:3\.(\d+)", RECIPE)
    assert base and int(base[1]) >= minor
    for name in ("data", "torch"):
        python = re.search(r"- python=3\.(\d+)", (ROOT / f"envs/{name}.yaml").read_text(encoding="utf-8"))
        assert python and python[1] == base[1]
    assert f"(3, {minor})" in (ROOT / "envs/setup.sh").read_text(encoding="utf-8")
    assert floor == newest.PYTHON
    assert PROJECT["tool"]["ruff"]["target-version"] == f"py3{minor}"


def test_locks_hold_the_pins_of_their_groups() -> None:
    for group in ("run", "audit", "bootstrap"):
        locked = newest.PIN.findall((LOCKS / f"{group}.txt").read_text(encoding="utf-8"))
        assert newest.pins(group).items() <= dict(locked).items(), group


FAULTS = [{"id": "PYSEC-1", "fix_versions": ["2.0"]}, {"id": "PYSEC-2", "fix_versions": []}]


@pytest.mark.parametrize(
    ("told", "error", "status", "line"),
    [
        ([{"name": "one", "version": "1.0", "vulns": []}], "", 0,
         "audit: 1 packages, 0 known vulnerabilities"),
        ([{"name": "one", "version": "1.0", "vulns": FAULTS}], "", 1,
         "one 1.0: PYSEC-1, corrected in 2.0\none 1.0: PYSEC-2, corrected in no version yet\n"
         "audit: 1 packages, 2 known vulnerabilities"),
        ([{"name": "one", "version": "1.0", "vulns": []}, {"name": "two", "skip_reason": "not there"}], "", 0,
         "audit: 1 packages, 0 known vulnerabilities; not on PyPI: two"),
        ([{"name": "one", "skip_reason": "not there"}], "", 0, audit.UNREACHABLE),
        (None, "requests.exceptions.ProxyError: no", 0, audit.UNREACHABLE),
    ],
)  # fmt: skip
def test_what_the_audit_says(
    told: list[dict] | None,
    error: str,
    status: int,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = SimpleNamespace(stdout="" if told is None else json.dumps({"dependencies": told}), stderr=error)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: said)
    try:
        audit.main()
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    assert (code, capsys.readouterr().out.strip()) == (status, line)


def test_an_audit_that_fails_for_another_reason_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        subprocess, "run", lambda *_, **__: SimpleNamespace(stdout="", stderr="ValueError: bad")
    )
    with pytest.raises(SystemExit, match="bad"):
        audit.main()
