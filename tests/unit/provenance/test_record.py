"""What a run writes of its results: the config that makes them again, digests of what was read and made."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from signsight.config.rules import complete
from signsight.config.schema import load_schema
from signsight.core.errors import UserError
from signsight.plan.plan import Plan
from signsight.provenance.record import record
from signsight.provenance.surroundings import checkout, software
from tiny_workflow import TINY, changed

ROOT = Path(__file__).parents[3]
SCHEMA = load_schema(ROOT / "config/schema.yaml")
CONFIGS = [file for file in sorted(ROOT.glob("config/*.yaml")) if file.name != "schema.yaml"]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Writes the files of a tiny experiment of which a table and the maps of a method are there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "archives").mkdir()
    for name in ("tables/clean.csv", "attribute/random/maps.npy"):
        (tmp_path / "results/tiny" / name).parent.mkdir(parents=True)
        (tmp_path / "results/tiny" / name).write_text(name)

    def once(**groups: Any) -> dict[str, Any]:
        record(Plan(complete(changed(**groups), SCHEMA)), ROOT, seconds=12.34, conda=False)
        return json.loads((tmp_path / "results/tiny/provenance.json").read_text())

    return once


def test_results_have_their_digests(run: Callable[..., dict[str, Any]]) -> None:
    told = run()
    assert set(told["results"]) == {"results/tiny/tables/clean.csv", "results/tiny/attribute/random/maps.npy"}
    entry = told["results"]["results/tiny/tables/clean.csv"]
    assert entry["sha256"] == hashlib.sha256(b"tables/clean.csv").hexdigest() and entry["bytes"] == 16
    assert told["seeds"] == {"seed": 2020, "training": [2020]} and told["run"]["seconds"] == 12.3


def test_the_config_is_complete_and_the_same_when_it_is_read(run: Callable[..., dict[str, Any]]) -> None:
    run(training={"epochs": 7})
    again = yaml.safe_load(Path("results/tiny/config.yaml").read_text())
    assert again["training"]["epochs"] == 7 and again["evaluation"]["confidence"] == 0.95
    assert complete(again, SCHEMA) == again


@pytest.mark.parametrize("config", CONFIGS, ids=lambda file: file.stem)
def test_a_complete_config_plans_the_same(config: Path) -> None:
    try:
        full = complete(yaml.safe_load(config.read_text()), SCHEMA)
    except UserError as fault:
        pytest.skip(f"it needs a plugin or pictures: {fault}")
    again = complete(yaml.safe_load(yaml.safe_dump(full)), SCHEMA)
    assert again == full and Plan(again).targets == Plan(full).targets


def test_nothing_is_rewritten_when_nothing_is_made(run: Callable[..., dict[str, Any]]) -> None:
    run()
    files = [Path("results/tiny", name) for name in ("provenance.json", "config.yaml")]
    before = [file.stat().st_mtime_ns for file in files]
    run()
    assert [file.stat().st_mtime_ns for file in files] == before


def test_a_run_that_makes_nothing_elsewhere_does_not_claim_the_results(
    run: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run()
    monkeypatch.setattr("signsight.provenance.record.hardware", lambda: {"cpu": "another"})
    assert run() == first
    Path("results/tiny/tables/clean.csv").write_text("other")
    assert run()["hardware"] == {"cpu": "another"}


def test_what_is_made_again_has_a_new_digest_and_the_rest_keeps_its_own(
    run: Callable[..., dict[str, Any]],
) -> None:
    first = run()
    file, kept = "results/tiny/tables/clean.csv", "results/tiny/attribute/random/maps.npy"
    Path(file).write_text("other")
    stored = json.loads(Path("results/tiny/provenance.json").read_text())
    stored["results"][kept]["commit"] = "of that time"
    Path("results/tiny/provenance.json").write_text(json.dumps(stored))
    second = run()
    assert second["results"][file]["sha256"] == hashlib.sha256(b"other").hexdigest()
    assert second["results"][kept] == first["results"][kept] | {"commit": "of that time"}


@pytest.mark.parametrize("damaged", ["", "{", "[]", '{"results": {"results/tiny/tables/clean.csv": 3}}'])
def test_a_damaged_file_is_written_anew(run: Callable[..., dict[str, Any]], damaged: str) -> None:
    Path("results/tiny/provenance.json").write_text(damaged)
    assert len(run()["results"]["results/tiny/tables/clean.csv"]["sha256"]) == 64


def test_without_results_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "archives").mkdir()
    record(Plan(complete(TINY, SCHEMA)), ROOT, seconds=1, conda=False)
    assert not (tmp_path / "results").exists()


def test_no_name_of_user_or_machine_and_no_secret(
    run: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(Path.cwd()))
    monkeypatch.setenv("SIGNSIGHT_TOKEN", "hunter2-hunter2")
    run(data={"source": str(Path.cwd() / "archives")}, cache="~/cache")
    text = "".join(Path("results/tiny", name).read_text() for name in ("provenance.json", "config.yaml"))
    assert "source: ~/archives" in text and "cache: ~/cache" in text
    assert str(Path.cwd()) not in text and "hunter2" not in text
    for name in (socket.gethostname(), getpass.getuser()):
        assert len(name) < 5 or name not in text


def test_versions_are_those_of_the_environment() -> None:
    told = software()
    assert told["packages"]["PyYAML"] == yaml.__version__ and "snakemake" in told["packages"]


def test_a_checkout_tells_its_commit_and_changes(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "Snakefile").write_text("rule all:\n")
    plain = checkout(tmp_path)
    assert plain["commit"] is None and plain["changes"] is None
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    environment = os.environ | {"GIT_CONFIG_GLOBAL": "/dev/null"}
    for more in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *more], check=True, env=environment)
    clean = checkout(tmp_path)
    assert len(clean["commit"]) == 40 and clean["changes"] is False and clean["digest"] == plain["digest"]
    (tmp_path / "Snakefile").write_text("rule none:\n")
    dirty = checkout(tmp_path)
    assert dirty["changes"] is True and dirty["digest"] != plain["digest"]
    assert checkout(tmp_path / "inner")["commit"] is None  # a copy within somebody's repository


def test_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert checkout(ROOT)["commit"] is None
