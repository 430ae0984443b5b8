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

import pytest
import torch
from safetensors.torch import save

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

    def runs(self, config: dict[str, Any], *targets: str) -> None:
        """Run an experiment as a user with conda does; the test fails with what it said if it fails."""
        done = self.run(
            config, *targets, "--sdm", "conda", "--conda-prefix", str(self.folder / "environments")
        )
        if done.returncode:
            pytest.fail(done.stdout[-6000:], pytrace=False)

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
    conda.runs(WHOLE)
    conda.runs(WHOLE, "results/tiny/export/crop/test", "method_pictures")
    conda.runs(DRAWN, "results/drawn/crop/test/images.npy")


def test_own_pictures_a_gallery_optimised_pictures_and_a_detector(conda: Conda) -> None:
    write_pictures(conda.folder)
    conda.runs(PICTURES | {"detection": PICTURES["detection"] | {"singles": True}})


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
        conda.runs(config, "model", "results/taken/detection/detector/model.safetensors")


def test_a_comparison(conda: Conda) -> None:
    needed = [f"results/rival/tables/{name}.csv" for name in ("clean", "geometry", "metrics")]
    conda.runs(RIVAL, *needed)
    conda.runs(VERSUS)
    as_gtsrb(conda.folder / "results/tiny", conda.folder / "of_gtsrb")
    conda.runs({"experiment": "beside", "against_published": ["of_gtsrb"]})


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
