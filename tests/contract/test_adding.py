"""docs/adding.md holds: its examples, one file each in a copy of the project or all in one plugin, are run,
drawn, documented and checked as the built-in things are."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from snakemake_calls import ROOT, snakemake

PAGE = (ROOT / "docs/adding.md").read_text(encoding="utf-8")
THINGS = {  # registry -> name of the example on the page
    "data_sets": "table", "networks": "pocket", "methods": "var_grad", "metrics": "spared",
    "replacements": "checkers", "figures": "class_accuracy", "regularisers": "pale",
}  # fmt: skip
NAMES = " or ".join(THINGS.values())
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv*", "__pycache__", ".*_cache", ".snakemake", "results", ".cache"
)
FIGURES = {"class_accuracy.png": "class_accuracy.png", "metric_curves": "metric_curves/page-01.png"}
EXTRA: dict[str, Any] = {  # what makes the page's config a run of seconds
    "device": "cpu",
    "stages": ["metrics"],
    "training": {"epochs": 2, "batch_size": 8},
    "data": {"size": 24},
    "attribution": {"parameters": {"var_grad": {"samples": 2}}},
}


def blocks(language: str) -> list[str]:
    """The page's code blocks in a language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def examples() -> dict[str, str]:
    """Path within the project -> code of each example."""
    pairs = (block.removeprefix("# ").split("\n", 1) for block in blocks("python"))
    return {path: code for path, code in pairs}


def config(**changes: Any) -> dict[str, Any]:
    """The page's config, for a tiny run."""
    (text,) = blocks("yaml")
    page = yaml.safe_load(text)
    for group, keys in EXTRA.items():
        page[group] = page.get(group, {}) | keys if isinstance(keys, dict) else keys
    return page | changes


def write_pictures(folder: Path) -> None:
    """Squares of two colours on noise, and the two tables that name them."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    for part, count in (("train", 16), ("test", 6)):
        rows = []
        for number in range(count):
            pixels = rng.integers(90, 140, (30, 30, 3), dtype=np.uint8)
            pixels[8:20, 8:20] = (220, 30, 30) if number % 2 else (30, 30, 220)
            Image.fromarray(pixels).save(folder / f"{part}{number}.png")
            rows.append((f"{part}{number}.png", "red" if number % 2 else "blue"))
        pd.DataFrame(rows, columns=["file", "class"]).to_csv(folder / f"{part}.csv", index=False)


def call(command: list[str], folder: Path) -> str:
    """The output of a command that must succeed."""
    done = subprocess.run(
        command, cwd=folder, env=environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout


def environment() -> dict[str, str]:
    """The environment without what pytest and this project put into it."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "PYTHONPATH"))}


class Mine:
    """A folder with the page's config and pictures, and the Snakefile that is run on them."""

    def __init__(self, folder: Path, project: Path) -> None:
        self.folder, self.project = folder, project
        self.results = folder / "results/mine"
        folder.mkdir(exist_ok=True)
        if not (folder / "pictures").exists():
            write_pictures(folder / "pictures")

    def attempt(self, settings: dict[str, Any], *arguments: str) -> subprocess.CompletedProcess[str]:
        """Call Snakemake with the config `my.yaml`."""
        (self.folder / "my.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        places = ["--snakefile", str(self.project / "Snakefile"), "--configfile", "my.yaml"]
        return snakemake([*places, "--cores", "2", *arguments], self.folder, environment()).result()

    def run(self, settings: dict[str, Any], *arguments: str) -> str:
        """The output of a run that succeeds."""
        done = self.attempt(settings, *arguments)
        assert done.returncode == 0, done.stdout[-6000:]
        return done.stdout

    def refused(self, settings: dict[str, Any], *arguments: str) -> str:
        """The output of a run that ends with status 1 and no traceback."""
        done = self.attempt(settings, *arguments)
        assert done.returncode == 1 and "Traceback" not in done.stdout, done.stdout
        return done.stdout

    def planned(self, settings: dict[str, Any]) -> set[str]:
        """Rule and wildcards of each job that a dry run would start."""
        output = self.run(settings, *self.targets(), "--dry-run")
        jobs = re.findall(r"^(?:local)?rule (\w+):\n((?:    .*\n)+)", output, re.MULTILINE)
        wildcards = [" ".join(re.findall(r"wildcards: (.*)", told)) for _, told in jobs]
        return {
            " ".join([rule, *re.findall(r"=(\w+)", own)])
            for (rule, _), own in zip(jobs, wildcards, strict=True)
        }

    def targets(self) -> list[str]:
        """The tables, two figures, pictures of classes and the summary."""
        figures = [f"results/mine/figures/{name}" for name in FIGURES]
        figures += ["results/mine/features/classes/trained/calm/images.npy"]
        return ["results/mine/tables/metrics.csv", *figures, "results/mine/summary.md"]

    def assert_complete(self) -> None:
        """Everything in the results is of the page's things."""
        table = pd.read_csv(self.results / "tables/metrics.csv")
        assert set(table["metric"]) == {"spared"} and set(table["quantity"]) == {"spared_auc"}
        assert set(table["method"]) == {"random", "var_grad"} and (table["n"] == 6).all()
        curves = pd.read_csv(self.results / "tables/metric_curves.csv")
        assert set(curves["curve"]) == {"spared"} and curves["x"].nunique() == 6
        for name in FIGURES.values():
            assert Image.open(self.results / f"figures/{name}").size[0] > 300
        labels = (self.results / "figures/metric_curves/page-01.svg").read_text(encoding="utf-8")
        assert "VarGrad" in labels and "Share of pixels hidden" in labels
        maps = np.load(self.results / "attribute/var_grad/maps.npy")
        assert maps.shape == (6, 24, 24) and maps.any()
        colours = np.load(self.results / "features/classes/trained/calm/images.npy").astype(float)
        assert (
            colours.shape == (2, 24, 24, 3) and np.abs(colours - colours.mean(3, keepdims=True)).mean() < 20
        )
        about = (self.results / "train/model.json").read_text()
        assert '"pocket"' in about and '"width": 8' in about


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with one more file for each example, and the caption of the figure."""
    copy = tmp_path_factory.mktemp("copy") / "signsight"
    shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
    for path, code in examples().items():
        assert not (copy / path).exists()
        (copy / path).write_text(code, encoding="utf-8")
    (caption,) = blocks("rst")
    (copy / "rules/captions/class_accuracy.rst").write_text(caption, encoding="utf-8")
    call(["make", "docs", f"BIN={Path(sys.executable).parent}"], copy)
    return copy


@pytest.fixture(scope="module")
def with_plugin(tmp_path_factory: pytest.TempPathFactory) -> Mine:
    """The run of all examples in one plugin, beside the config."""
    mine = Mine(tmp_path_factory.mktemp("plugin"), ROOT)
    (mine.folder / "my_things.py").write_text("\n\n".join(examples().values()), encoding="utf-8")
    (caption,) = blocks("rst")
    (mine.folder / "class_accuracy.rst").write_text(caption, encoding="utf-8")
    mine.run(config(), *mine.targets())
    return mine


def assert_tests_pass(copy: Path, *arguments: str) -> None:
    """Run tests in a copy, in a process of its own; it must find some, and none may fail."""
    pytest_ = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    call([*pytest_, *arguments], copy)


def test_the_page_has_a_short_example_of_every_kind() -> None:
    assert len(examples()) == len(THINGS)
    for (registry, name), (path, code) in zip(THINGS.items(), examples().items(), strict=True):
        assert f'@{registry}.register(\n    "{name}"' in code or f'@{registry}.register("{name}"' in code
        assert path.endswith(f"/{name}.py") and code.startswith('"""') and len(code.splitlines()) < 60


def test_things_of_the_package_are_run_drawn_and_reported(extended: Path, tmp_path: Path) -> None:
    mine, settings = Mine(tmp_path / "run", extended), config(plugins=[])
    mine.run(settings, *mine.targets())
    mine.assert_complete()
    assert "Your own things" not in (mine.results / "summary.md").read_text(encoding="utf-8")
    mine.run(settings, *mine.targets(), "--report", "report.html")
    report = (mine.folder / "report.html").read_text(encoding="utf-8")
    assert "Accuracy by class" in report and "pictures of each class that" in report


def test_docs_and_schema_have_the_things_of_the_package(extended: Path) -> None:
    keys = (extended / "config/README.md").read_text(encoding="utf-8")
    for told in ("Noisy copies of each picture.", "Steps from the untouched", "What separates the columns"):
        assert told in keys
    assert "| **VarGrad**" in (extended / "docs/methods.md").read_text(encoding="utf-8")
    told = (extended / "docs/metrics.md").read_text(encoding="utf-8")
    assert "spared_auc" in told and "`checkers`" in told
    told = (extended / "docs/things.md").read_text(encoding="utf-8")
    assert "`separator` (text" in told and "`width` (integer" in told and "`class_accuracy`" in told
    assert "| regulariser | **Pale**" in told
    ruff = str(Path(sys.executable).parent / "ruff")
    call([ruff, "check", *examples()], extended)
    call([ruff, "format", "--check", *examples()], extended)


def test_the_tests_of_the_project_hold_with_them(extended: Path) -> None:
    """Those that see the registries; the docs are those of `make docs`.

    Not what scripts load, since no script is added.
    """
    seen = [
        "core",
        "config",
        "docs",
        "figures/test_captions.py",
        "figures/test_table.py",
        "figures/test_style.py",
    ]
    scripts = ["--ignore", "tests/unit/core/test_digests_of_scripts.py"]
    assert_tests_pass(extended, *scripts, *(f"tests/unit/{one}" for one in seen))


def test_the_contract_holds_for_them(extended: Path) -> None:
    left_out = "tests/contract/test_adding.py"
    small = f"({NAMES}) and not (resnet or vgg or alexnet or squeezenet or stn3 or vit or swin or maxvit)"
    assert_tests_pass(extended, "tests/contract", "--ignore", left_out, "-k", small)


def test_a_plugin_is_run_and_named_in_the_summary(with_plugin: Mine) -> None:
    with_plugin.assert_complete()
    summary = (with_plugin.results / "summary.md").read_text(encoding="utf-8")
    own = summary.partition("## Your own things")[2]
    for kind, name, label in (
        ("attribution method", "var_grad", "VarGrad"),
        ("metric", "spared", "Spared"),
        ("network", "pocket", "Pocket"),
        ("replacement", "checkers", "–"),
        ("data set", "table", "pictures of a table"),
        ("figure", "class_accuracy", "–"),
        ("regulariser", "pale", "Pale"),
    ):
        row = next(line for line in own.splitlines() if name in line.split(" | "))
        assert kind in row and label in row and "my_things.py" in row
    with_plugin.run(config(), *with_plugin.targets(), "--report", "report.html")
    assert "pictures of each class that" in (with_plugin.folder / "report.html").read_text(encoding="utf-8")


def test_a_wrong_parameter_or_name_ends_before_any_job(with_plugin: Mine) -> None:
    wrong = config(
        attribution={"methods": ["random", "var_grad"], "parameters": {"var_grad": {"samples": 1}}}
    )
    words = with_plugin.refused(wrong)
    assert "'attribution.parameters.var_grad.samples' is 1; it must be at least 2" in words
    words = with_plugin.refused(config(model={"name": "pockets"}))
    assert "did you mean 'pocket'" in words and "Job stats" not in words


def test_prose_of_a_plugin_reruns_nothing_and_a_label_what_shows_it(with_plugin: Mine) -> None:
    file = with_plugin.folder / "my_things.py"
    text = file.read_text(encoding="utf-8")
    prose = text.replace("One bar a class.", "A bar.").replace("Noisy copies", "Copies")
    file.write_text(f"{prose}\n# a comment\n", encoding="utf-8")
    assert with_plugin.planned(config()) == set()
    file.write_text(text.replace('label="VarGrad"', 'label="Variance"'), encoding="utf-8")
    assert with_plugin.planned(config()) == {"metric_curves", "summary", "verdict"}
    file.write_text(text, encoding="utf-8")


def test_changed_code_of_a_plugin_reruns_the_jobs_that_reach_it(with_plugin: Mine, tmp_path: Path) -> None:
    """With data set and network in a plugin of their own, so that not every job can reach the method."""
    shutil.copytree(with_plugin.folder, tmp_path / "mine")
    mine, settings = Mine(tmp_path / "mine", ROOT), config(plugins=["base.py", "my_things.py"])
    codes = list(examples().values())
    (mine.folder / "base.py").write_text("\n\n".join(codes[:2]), encoding="utf-8")
    file, rest = mine.folder / "my_things.py", "\n\n".join(codes[2:])
    file.write_text(rest, encoding="utf-8")
    mine.run(settings, *mine.targets(), "--touch")
    assert mine.planned(settings) == set()
    file.write_text(rest.replace("spread=0.15", "spread=0.25"), encoding="utf-8")
    assert mine.planned(settings) == {
        "attribute var_grad", "evaluate spared random", "evaluate spared var_grad", "metric_table",
        "metric_curves", "class_accuracy", "class_pictures trained calm", "identical_maps", "summary",
        "verdict",
    }  # fmt: skip


FAULTS = {
    "no Python": ("def f(:\n", "is not valid Python (line 1"),
    "a name that is taken": (
        "from signsight.core.registry import networks\n\n\n"
        '@networks.register("compact")\ndef mine(classes):\n    ...\n',
        "registers the network 'compact', which compact.py has;",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_plugin_ends_before_any_job(with_plugin: Mine, fault: str) -> None:
    text, sentence = FAULTS[fault]
    (with_plugin.folder / "wrong.py").write_text(text, encoding="utf-8")
    words = with_plugin.refused(config(plugins=["my_things.py", "wrong.py"]))
    assert sentence in words and "Job stats" not in words
    assert "names lost.py, which is not in" in with_plugin.refused(config(plugins=["lost.py"]))


def test_a_plugin_that_cannot_be_imported_ends_its_job_in_a_sentence(with_plugin: Mine) -> None:
    (with_plugin.folder / "raises.py").write_text(
        "from signsight.core.registry import methods\n\n\n"
        '@methods.register("bad", signed=True, needs="gradient")\n'
        'def bad(task, images, targets, ids):\n    ...\n\n\nraise ValueError("no licence")\n',
        encoding="utf-8",
    )
    settings = config(plugins=["my_things.py", "raises.py"])
    settings["attribution"]["methods"].append("bad")
    words = with_plugin.refused(settings, "results/mine/attribute/bad/maps.npy")
    assert "raises.py cannot be imported (ValueError: no licence); correct it." in words


def test_one_command_checks_a_plugin(with_plugin: Mine) -> None:
    """`make contract` without its set-up."""
    made = call(["make", "-n", "contract", "PLUGIN=my_things.py", "SOURCE=pictures"], ROOT)
    assert "pytest tests/contract --plugin my_things.py --source pictures" in made
    options = ["--plugin", str(with_plugin.folder / "my_things.py")]
    options += ["--source", str(with_plugin.folder / "pictures"), "-k", "gap or not attribution"]
    assert_tests_pass(ROOT, "tests/contract", *options)
