"""A tiny experiment for tests, and the ways to call Snakemake on it."""

from __future__ import annotations

import copy
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import yaml
from snakemake.utils import update_config

import synthetic
from snakemake_calls import ROOT, snakemake

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
    "stages": ["background"],
    "data": {
        "name": "folder", "source": "own", "masks": "masks", "size": 16, "folder": {"test_fraction": 0.5},
    },
    "background": {"fills": ["zero"]},
    "model": {
        "train": False, "weights": "net.safetensors", "parameters": {"width": 4},
        "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25],
    },
    "attribution": {"methods": ["random", "grad_cam"]},
    "gallery": {
        "source": "photographs", "smoothing": [1, 2], "spreads": [0.1], "methods": ["random", "layer_cam"],
    },
    "real_examples": {
        "source": "photographs/list.csv", "methods": ["grad_cam"], "boxes": "stickers", "original": "twin",
        "track": "sign", "groups": ["kind"],
    },
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
    "detection": {
        "pictures": "scenes",
        "scenes": {
            "training": 4, "test": 3, "width": 100, "height": 80, "most": 2, "min_px": 16, "max_px": 40,
        },
        "detector": {
            "parameters": {"width": 4, "channels": 8, "hidden": 16, "smallest": 80, "proposals": 20},
        },
        "training": {"epochs": 1},
        "boxes": {"which": "best", "threshold": 0.01},
        "methods": ["random", "odam"],
        "metrics": ["box_localisation", "deletion"],
        "sheets": 2,
    },
    "evaluation": {"parameters": {"deletion": {"steps": 3}}},
}  # fmt: skip


def write_pictures(folder: Path) -> None:
    """What PICTURES names: pictures of two classes with masks, photographs, stock pictures, a network."""
    import torch  # not at the top: the tests that only run Snakemake do without
    from PIL import Image
    from safetensors.torch import save_file

    from signsight.models.build import build

    rng = np.random.default_rng(0)
    for name, count in {"own/cat": 6, "own/dog": 6, "photographs": 1, "stock": 2}.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            noise = rng.integers(0, 256, (40, 30, 3), dtype=np.uint8)
            Image.fromarray(noise).save(folder / name / f"{number}.png")
    for name in ("list", "other"):
        rows = f'file,class_id,stickers,twin,sign,kind\n0.png,1,"0,0,.5,.5",cat/0.png,{name},dirt\n'
        (folder / f"photographs/{name}.csv").write_text(rows)
    for picture in sorted((folder / "own").rglob("*.png")):
        mask = folder / "masks" / picture.relative_to(folder / "own")
        mask.parent.mkdir(parents=True, exist_ok=True)
        inside = np.zeros((40, 30), np.uint8)
        inside[10:30, 5:25] = 255
        Image.fromarray(inside).save(mask)
    torch.manual_seed(0)
    save_file(build("compact", 2, 16, {"width": 4}).state_dict(), folder / "net.safetensors")


def environment() -> dict[str, str]:
    """Variables of this process without those that tell pytest's workers apart."""
    return {k: os.environ[k] for k in os.environ if not k.startswith("PYTEST_")}


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

    def arguments(
        self, config: dict[str, Any], *more: str, snakefile: Path = ROOT / "Snakefile"
    ) -> list[str]:
        """What follows `snakemake` on the command line of a run with this config."""
        text = yaml.safe_dump(config)
        # a file of its own, since dry runs of several configs go on at the same time
        file = self.folder / f"configs/{hashlib.sha256(text.encode()).hexdigest()[:8]}.yaml"
        file.parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False) as part:
            part.write(text)
        Path(part.name).replace(file)  # at once, for another dry run with the same config may be reading it
        places = ["--snakefile", str(snakefile), "--directory", str(self.folder), "--configfile", str(file)]
        return [*places, "--cores", "2", *more]

    def run(
        self, config: dict[str, Any], *more: str, snakefile: Path = ROOT / "Snakefile"
    ) -> subprocess.CompletedProcess[str]:
        """Run Snakemake to its end; both outputs come in `stdout`."""
        return snakemake(self.arguments(config, *more, snakefile=snakefile), ROOT, environment()).result()

    def start(
        self, config: dict[str, Any], *more: str, group: bool = False, **variables: str
    ) -> subprocess.Popen[str]:
        """The same by the command that users type, with variables of the environment, not waited for.

        group: as the leader of a process group of its own.
        """
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", *self.arguments(config, *more)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
            env=environment() | variables,
            start_new_session=group,
        )

    def kill_at(
        self, config: dict[str, Any], *arguments: str, line: str, times: int = 1, jobs_too: bool
    ) -> None:
        """Start a run and SIGKILL it when its output had `line` so many `times`; orphans run to their end."""
        run = self.start(config, *arguments)
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
        done = self.run(config, "--dry-run", *targets, snakefile=snakefile)
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


def as_gtsrb(results: Path, folder: Path) -> None:
    """A folder of links to an experiment's results, whose config says that they are of GTSRB.

    There are published numbers of GTSRB, and the experiments of tests are on drawn signs.
    """
    folder.mkdir()
    for file in results.resolve().iterdir():
        if file.name != "config.yaml":
            (folder / file.name).symlink_to(file)
    stored = yaml.safe_load((results / "config.yaml").read_text())
    (folder / "config.yaml").write_text(yaml.safe_dump(stored | {"data": stored["data"] | {"name": "gtsrb"}}))


def explaining(network: str = "results/tiny/train", **groups: Any) -> dict[str, Any]:
    """A config that takes the tiny experiment's network as it is, and makes just what it is told."""
    config = {key: copy.deepcopy(TINY[key]) for key in ("device", "data", "attribution")}
    config |= {"stages": [], "model": {"weights": network, "train": False}}
    update_config(config, groups)
    return config
