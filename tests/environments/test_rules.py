"""Every rule of the project in its own environment of envs/, with nothing else to import: `make envs-test`.

Snakemake runs as `--sdm conda` does; in place of conda, uv makes the environments. It takes minutes and is
no part of `make test`, whose static form of it is tests/unit/core/test_environments.py.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save

import tiny_imagenette
from imports_of_rules import rules
from signsight.models.build import build
from tiny_workflow import PICTURES, Workflow, as_gtsrb, changed, write_pictures

ENVIRONMENTS = ("data", "torch")
CONDA = Path(__file__).parent / "conda"
# every stage, shards and a second network, image sets that stay; few methods, for each job loads torch
WHOLE = changed(
    keep_datasets=True,
    shards=2,
    model={"seeds": [2020, 1]},
    attribution={"methods": ["random", "grad_cam"], "variants": {}},
    stickers={"methods": ["grad_cam"]},
    geometry={"rotation": [30], "perspective_vertical": []},
    evaluation={"metrics": ["region_perturbation", "randomisation"]},
)
RIVAL = changed(
    experiment="rival",
    stages=["geometry", "metrics"],
    attribution={"methods": ["random", "grad_cam"], "variants": {}},
    geometry={"rotation": [30], "perspective_vertical": []},
    evaluation={"metrics": ["region_perturbation"]},
    training={"epochs": 1},
)
DRAWN = {
    "experiment": "drawn",
    "data": {"signs": {"tracks_per_class": 2, "frames_per_track": 1, "test_per_class": 1}},
}
VERSUS = {"experiment": "versus", "compare": ["results/tiny", "results/rival"]}


class Conda(Workflow):
    """Runs in environments that are made from envs/."""

    def results_of(self, config: dict[str, Any], *targets: str) -> Path:
        """The folder of an experiment, run as a user with conda does; the test fails with what it says."""
        done = self.run(
            config, *targets, "--sdm", "conda", "--conda-prefix", str(self.folder / "environments")
        )
        if done.returncode:
            pytest.fail(done.stdout[-6000:], pytrace=False)
        return self.folder / "results" / config["experiment"]

    def scripts(self, environment: str) -> set[Path]:
        """The scripts that have run in an environment, by the names in its file."""
        name = f"name: signsight-{environment}\n"
        files = [f for f in (self.folder / "environments").glob("*.yaml") if name in f.read_text()]
        notes = [file.with_suffix("") / "scripts.txt" for file in files]
        return {Path(line) for file in notes if file.exists() for line in file.read_text().splitlines()}


@pytest.fixture(scope="module")
def conda(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Conda]:
    """A folder for all runs, with `conda` on the path."""
    with pytest.MonkeyPatch.context() as patch:
        places = [CONDA / "bin", Path(sys.executable).parent]
        patch.setenv("PATH", os.pathsep.join([*map(str, places), os.environ["PATH"]]))
        patch.setenv("UV_PYTHON", os.environ.get("UV_PYTHON", sys.executable))
        yield Conda(tmp_path_factory.mktemp("environments"))


def test_the_whole_experiment(conda: Conda) -> None:
    made = conda.results_of(WHOLE)
    conda.results_of(WHOLE, "results/tiny/export/crop/test", "method_pictures")
    assert len(pd.read_csv(made / "tables/ranking.csv")) and (made / "summary.html").is_file()
    exported = list((made / "export/crop/test").rglob("*.png"))
    assert len(exported) == len(np.load(made / "crop/test/images.npy"))
    drawn = conda.results_of(DRAWN, "results/drawn/crop/test/images.npy")
    assert len(np.load(drawn / "crop/test/images.npy")) == 43


def test_own_pictures_a_gallery_optimised_pictures_and_a_detector(conda: Conda) -> None:
    write_pictures(conda.folder)
    made = conda.results_of(PICTURES | {"detection": PICTURES["detection"] | {"singles": True}})
    tables = {file.stem for file in (made / "tables").glob("*.csv")}
    assert {"on_sticker", "box_ranking", "features"} <= tables and (made / "explorer.html").is_file()


def test_networks_that_are_taken_as_they_are(conda: Conda) -> None:
    (conda.folder / "server").mkdir()
    torch.manual_seed(0)
    weights = save(build("compact", 2, 16, {"width": 4}).state_dict())
    name = f"net-{hashlib.sha256(weights).hexdigest()[:8]}.safetensors"
    (conda.folder / "server" / name).write_bytes(weights)
    taken = {"train": False, "weights": "results/pictures/detection/detector"}
    detection = {key: value for key, value in PICTURES["detection"].items() if key != "training"}
    with tiny_imagenette.server(conda.folder / "server") as address:
        config = PICTURES | {
            "experiment": "taken",
            "model": PICTURES["model"] | {"weights": f"{address}/{name}"},
            "detection": detection | {"detector": taken},
        }
        made = conda.results_of(config, "model", "results/taken/detection/detector/model.safetensors")
    of_both = [folder / "detection/detector/model.safetensors" for folder in (made, made.parent / "pictures")]
    for one, other in ((made / "train/model.safetensors", conda.folder / "server" / name), of_both):
        mine, given = (
            {key.removeprefix("network."): value for key, value in load_file(file).items()}
            for file in (one, other)
        )
        assert all(torch.equal(mine[key], value) for key, value in given.items())


def test_a_comparison(conda: Conda) -> None:
    needed = [f"results/rival/tables/{name}.csv" for name in ("clean", "geometry", "metrics")]
    conda.results_of(RIVAL, *needed)
    made = conda.results_of(VERSUS)
    assert pd.read_csv(made / "tables/compared_accuracy.csv")["network"].tolist() == ["tiny", "rival"]
    as_gtsrb(conda.folder / "results/tiny", conda.folder / "of_gtsrb")
    made = conda.results_of({"experiment": "beside", "against_published": ["of_gtsrb"]})
    assert "clean" in set(pd.read_csv(made / "tables/published_gaps.csv")["part"])


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_script_has_run_in_its_environment(conda: Conda, environment: str) -> None:
    expected = {rule.script for rule in rules() if rule.environment == environment}
    assert expected - conda.scripts(environment) == set()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_stands_in_the_environment_of_snakemake_alone_is_not_found(
    conda: Conda, environment: str, tmp_path: Path
) -> None:
    """The test of the test."""
    script = tmp_path / "stage/rule.py"
    script.parent.mkdir()
    lines = [
        f"import sys; sys.path.append({str(Path(torch.__path__[0]).parent)!r})",
        "import yaml, snakemake",
        f"__real_file__ = __file__; __file__ = {str(script)!r}",
        "import importlib.util, json",
        "print('yaml' in sys.modules, importlib.util.find_spec('yaml'), 'snakemake' in sys.modules)",
    ]
    script.write_text("\n".join(lines))
    name = f"name: signsight-{environment}\n"
    made = next(f for f in (conda.folder / "environments").glob("*.yaml") if name in f.read_text())
    python = made.with_suffix("") / "bin/python"
    done = subprocess.run([python, script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "None", "True"]
