"""A tiny experiment for tests, and the ways to call Snakemake on it."""

from __future__ import annotations

import copy
import hashlib
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import yaml
from snakemake.utils import update_config

import synthetic

ROOT = Path(__file__).parents[1]
TINY: dict[str, Any] = {
    "experiment": "tiny",
    "device": "cpu",
    "data": {"name": "gtsrb", "source": "archives", "checksums": "none", "size": 24},
    "training": {"epochs": 2, "batch_size": 32},
    "attribution": {
        "methods": ["random", "few", "grad_cam"],
        "variants": {"few": {"method": "smooth_grad", "parameters": {"samples": 2}}},
    },
    "masking": {"grid": 6, "max_cells": 2},
    "stickers": {"methods": ["few"], "stock_size": 96},
    "geometry": {"rotation": [-30, 30], "perspective_vertical": [20], "perspective_horizontal": []},
    "evaluation": {
        "images": 8,
        "metrics": ["region_perturbation", "stability"],
        "parameters": {
            "region_perturbation": {"steps": 3, "repetitions": 2, "region": 6},
            "stability": {"images": 3, "seeds": 2, "copies": 1},
        },
    },
}


PICTURES: dict[str, Any] = {
    "experiment": "pictures",
    "device": "cpu",
    "stages": [],
    "data": {"name": "folder", "source": "own", "size": 16, "folder": {"test_fraction": 0.5}},
    "model": {
        "train": False, "weights": "net.safetensors", "parameters": {"width": 4},
        "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25],
    },
    "attribution": {"methods": ["random", "grad_cam"]},
    "gallery": {
        "source": "photographs", "smoothing": [1, 2], "spreads": [0.1], "methods": ["random", "layer_cam"],
    },
    "real_examples": {"source": "photographs", "method": "grad_cam"},
    "features": {
        "source": "photographs",
        "images": 2,
        "recipes": {
            "quick": {"preset": "fourier", "steps": 2},
            "phases": {"preset": "maco", "steps": 2, "views": 1},
            "near": {"preset": "pixels", "steps": 2, "regularisers": {"class_mean": {}}},
            "like": {"preset": "inversion", "steps": 2},
            "dreamy": {"preset": "dream", "steps": 1},
        },
        "classes": {"which": [0, 1], "presets": ["quick", "phases", "near"]},
        "filters": {"layers": {"features.last": 2}, "preset": "quick", "examples": 2},
        "activations": {"layers": {"features.last": 1}},
        "inversion": {"layers": ["features.first", "features.last"], "preset": "like"},
        "dream": {"targets": [{"layer": "features.last"}], "preset": "dreamy", "octaves": 2},
    },
}  # fmt: skip


@cache
def dry_runs() -> ProcessPoolExecutor:
    """Runs calls of Snakemake, each in a process of its own that has imported it already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["snakemake.cli"])
    return ProcessPoolExecutor(2, context, max_tasks_per_child=1)


def dry_run(arguments: list[str]) -> tuple[int, str]:
    """Exit code and output of `snakemake` with these arguments, in this process."""
    from snakemake.cli import main

    os.chdir(ROOT)
    with tempfile.TemporaryFile("w+") as output:
        for stream in (1, 2):
            os.dup2(output.fileno(), stream)
        try:
            main(arguments)
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        sys.stdout.flush()
        sys.stderr.flush()
        output.seek(0)
        return code, output.read()


class Workflow:
    """The project's Snakefile run in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not (folder / "archives").exists():
            synthetic.write_gtsrb(folder / "archives", tracks=2, frames=2, test=2)

    def copy(self, folder: Path) -> Workflow:
        """The same with all that was made, and Snakemake's records of it, for tests that change something."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Workflow(folder)

    def command(
        self, config: dict[str, Any], *arguments: str, snakefile: Path = ROOT / "Snakefile"
    ) -> list[str]:
        """The command line of a run with this config."""
        text = yaml.safe_dump(config)
        # a file of its own, since dry runs of several configs go on at the same time
        file = self.folder / f"configs/{hashlib.sha256(text.encode()).hexdigest()[:8]}.yaml"
        file.parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False) as part:
            part.write(text)
        Path(part.name).replace(file)  # at once, for another dry run with the same config may be reading it
        call = [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile)]
        return [*call, "--directory", str(self.folder), "--configfile", str(file), "--cores", "2", *arguments]

    def run(
        self,
        config: dict[str, Any],
        *arguments: str,
        snakefile: Path = ROOT / "Snakefile",
        **variables: str,
    ) -> subprocess.CompletedProcess[str]:
        """Run Snakemake to its end, with variables of the environment; both outputs come in `stdout`."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_XDIST")} | variables
        return subprocess.run(
            self.command(config, *arguments, snakefile=snakefile),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
            env=environment,
        )

    def kill_at(
        self, config: dict[str, Any], *arguments: str, line: str, times: int = 1, jobs_too: bool
    ) -> None:
        """Start a run and SIGKILL it when its output had `line` so many `times`; orphans run to their end."""
        call = self.command(config, *arguments)
        run = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)
        assert run.stdout is not None
        seen = 0
        while seen < times:
            text = run.stdout.readline()
            assert text, f"the run never came to {line!r}"
            seen += line in text
        children = psutil.Process(run.pid).children(recursive=True)
        for process in [run, *(children if jobs_too else [])]:
            os.kill(process.pid, signal.SIGKILL)
        run.wait()
        run.stdout.close()
        psutil.wait_procs(children)
        assert self.run(config, "--unlock").returncode == 0

    def planned(
        self, config: dict[str, Any], *targets: str, snakefile: Path = ROOT / "Snakefile"
    ) -> dict[str, int]:
        """Rule -> number of jobs that a dry run would start, without target rules."""
        call = self.command(config, "--dry-run", *targets, snakefile=snakefile)
        code, text = dry_runs().submit(dry_run, call[3:]).result()
        assert code == 0, text
        stats = re.search(r"Job stats:\n.*\n[- ]+\n([\s\S]*?)\n\n", text)
        if stats is None:
            return {}
        rows = (line.split() for line in stats.group(1).splitlines())
        return {rule: int(count) for rule, count in rows if rule not in ("all", "total")}

    @property
    def results(self) -> Path:
        """Folder of the tiny experiment's results."""
        return self.folder / "results/tiny"


def drawn_from(artefact: str) -> set[str]:
    """The figures that are drawn from an artefact, those that have been added too."""
    # not at the top: a dry run of an edited copy, in a process that has this file, must import the copy
    from signsight.core.registry import figures
    from signsight.figures.table import signature

    return {name for name in figures.names() if artefact in signature(name)[0]}


def changed(**groups: Any) -> dict[str, Any]:
    """The tiny config with some keys replaced, at any depth."""
    config = copy.deepcopy(TINY)
    update_config(config, groups)
    return config


def explaining(network: str = "results/tiny/train", **groups: Any) -> dict[str, Any]:
    """A config that takes the tiny experiment's network as it is, and makes just what it is told."""
    config = {key: copy.deepcopy(TINY[key]) for key in ("device", "data", "attribution")}
    config |= {"stages": [], "model": {"weights": network, "train": False}}
    update_config(config, groups)
    return config
