"""Profiles: each looks at the text of configs before Snakemake does, whatever command a user gives."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml
import yte

ROOT = Path(__file__).parents[3]
PROFILES = sorted(ROOT.glob("profiles/*/config.yaml"))


def test_there_are_profiles() -> None:
    assert {"default", "slurm", "generic", "kubernetes"} <= {path.parent.name for path in PROFILES}


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.parent.name)
def test_a_config_that_runs_code_is_refused_before_it_is_read(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("experiment: !!python/object/apply:os.system ['true']\n")
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["snakemake", "--configfile", str(bad)])
    with pytest.raises(SystemExit):
        yte.process_yaml(path.read_text())
    monkeypatch.setattr(sys, "argv", ["snakemake", "--cores", "1"])
    settings = yte.process_yaml(path.read_text())
    plain = yaml.safe_load(path.read_text())
    assert settings == {key: value for key, value in plain.items() if not key.startswith("__")}
