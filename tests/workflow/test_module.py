"""Signsight as a `module:` of a workflow whose rules take its files, and whose config has other keys."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tiny_workflow import ROOT, TINY, Workflow

IMPORT = f"""
module {{name}}:
    snakefile: {str(ROOT / "Snakefile")!r}
    config: config[{{name!r}}]
    {{more}}

use rule * from {{name}} {{without}}as {{name}}_*
"""
OUTER = """
rule all:
    default_target: True
    input: "counts/test.txt"

rule count:
    input: "results/tiny/crop/test/index.csv"
    output: "counts/test.txt"
    params: least=config["least"]
    shell: "tail -n +2 {input} | wc -l > {output}"
"""
CONFIG = {"least": 1, "signsight": TINY}


def snakefile(folder: Path, text: str) -> Path:
    """The Snakefile of another workflow."""
    file = folder / "Snakefile"
    file.write_text(text)
    return file


def imported(name: str = "signsight", more: str = "", without: str = "") -> str:
    """The statements that import this workflow."""
    return IMPORT.format(name=name, more=more, without=without)


def test_an_outer_rule_takes_a_file_of_the_module(fresh: Callable[[], Workflow]) -> None:
    workflow = fresh()
    outer = snakefile(workflow.folder, imported() + OUTER)
    assert workflow.planned(CONFIG, snakefile=outer) == {
        "count": 1,
        "signsight_crop": 1,
        "signsight_download": 2,
    }
    done = workflow.run(CONFIG, snakefile=outer)
    assert done.returncode == 0, done.stdout[-4000:]
    with (workflow.results / "crop/test/index.csv").open() as file:
        count = len(list(csv.DictReader(file)))
    assert int((workflow.folder / "counts/test.txt").read_text()) == count > 0
    assert workflow.planned(CONFIG, snakefile=outer) == {}


def test_a_module_has_the_jobs_of_the_workflow(fresh: Callable[[], Workflow]) -> None:
    """Also with an outer key given on the command line, which is none of the module's."""
    workflow = fresh()
    outer = snakefile(workflow.folder, imported() + OUTER)
    jobs = workflow.planned(CONFIG, "signsight_all", "--config", "least=2", snakefile=outer)
    jobs.pop("signsight_all")
    assert jobs == {f"signsight_{rule}": count for rule, count in workflow.planned(TINY).items()}


def test_two_experiments_in_one_workflow_share_the_cache(fresh: Callable[[], Workflow]) -> None:
    """The rules that fill it are imported once."""
    workflow = fresh()
    signs: dict[str, Any] = {"device": "cpu", "stages": [], "data": {"name": "signs"}}
    both = {name: signs | {"experiment": name, "seed": 1} for name in ("one", "other")}
    text = imported("one") + imported("other", without="exclude render ")
    outer = snakefile(workflow.folder, text)
    jobs = workflow.planned(both, "one_all", "other_all", snakefile=outer)
    assert jobs["one_render"] == 1 and jobs["one_train"] == jobs["other_train"] == 1


def test_a_prefix_is_refused(fresh: Callable[[], Workflow]) -> None:
    workflow = fresh()
    for more in ('prefix: "inner"', 'replace_prefix: {"results/": "inner/"}'):
        outer = snakefile(workflow.folder, imported(more=more) + OUTER)
        done = workflow.run(CONFIG, "--dry-run", snakefile=outer)
        assert done.returncode == 1
        assert "set the keys 'results' and 'cache' in the module's config instead." in done.stdout
