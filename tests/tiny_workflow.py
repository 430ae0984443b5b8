"""A tiny experiment for tests, and the ways to call Snakemake on it."""

from __future__ import annotations

import copy
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

import synthetic

ROOT = Path(__file__).parents[1]
TINY: dict[str, Any] = {
    "experiment": "tiny",
    "device": "cpu",
    "data": {"name": "gtsrb", "source": "archives", "checksums": "none", "size": 24},
    "training": {"epochs": 2, "batch_size": 32},
    "attribution": {"methods": ["random", "saliency", "grad_cam"]},
    "masking": {"grid": 6, "max_cells": 2},
    "stickers": {"methods": ["saliency"], "stock_size": 96},
    "geometry": {"rotation": [-30, 30], "perspective_vertical": [20], "perspective_horizontal": []},
    "aopc": {"images": 8, "steps": 3, "repetitions": 2, "region": 6},
}


class Workflow:
    """The project's Snakefile run in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        synthetic.write_gtsrb(folder / "archives", tracks=2, frames=2, test=2)

    def command(
        self, config: dict[str, Any], *arguments: str, snakefile: Path = ROOT / "Snakefile"
    ) -> list[str]:
        """The command line of a run with this config."""
        file = self.folder / "config.yaml"
        file.write_text(yaml.safe_dump(config))
        call = [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile)]
        return [*call, "--directory", str(self.folder), "--configfile", str(file), "--cores", "2", *arguments]

    def run(
        self, config: dict[str, Any], *arguments: str, snakefile: Path = ROOT / "Snakefile"
    ) -> subprocess.CompletedProcess[str]:
        """Run Snakemake to its end; both outputs come in `stdout`."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_XDIST")}
        return subprocess.run(
            self.command(config, *arguments, snakefile=snakefile),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
            env=environment,
        )

    def planned(self, config: dict[str, Any], snakefile: Path = ROOT / "Snakefile") -> dict[str, int]:
        """Rule -> number of jobs that a dry run would start, without target rules."""
        done = self.run(config, "--dry-run", snakefile=snakefile)
        assert done.returncode == 0, done.stdout
        stats = re.search(r"Job stats:\n.*\n[- ]+\n([\s\S]*?)\n\n", done.stdout)
        if stats is None:
            return {}
        rows = (line.split() for line in stats.group(1).splitlines())
        return {rule: int(count) for rule, count in rows if rule not in ("all", "total")}

    @property
    def results(self) -> Path:
        """Folder of the tiny experiment's results."""
        return self.folder / "results/tiny"


def changed(**groups: Any) -> dict[str, Any]:
    """The tiny config with some keys of its groups replaced."""
    config = copy.deepcopy(TINY)
    for group, value in groups.items():
        if isinstance(value, dict):
            config.setdefault(group, {}).update(value)
        else:
            config[group] = value
    return config
