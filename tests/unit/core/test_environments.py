"""Environments hold what the scripts of their rules import, and no more: read from the source."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from unittest import mock

import pytest
import yaml
from packaging.requirements import Requirement

import imports_of_rules
from imports_of_rules import ROOT, distributions, rules
from signsight.core.source import PACKAGE, tree_of

GROUPS = {
    name: tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"][name]
    for name in ("data", "torch")
}
LOAD = """
import json, sys

found = []
for script, imports in json.load(sys.stdin).items():
    exec(imports, {})
    if "torch" in sys.modules:
        found.append(script)
        for name in [name for name in sys.modules if name.partition(".")[0] in ("torch", "signsight")]:
            del sys.modules[name]
json.dump(found, sys.stdout)
"""


def pins(environment: str) -> set[str]:
    """The distributions in the list of an environment."""
    held = yaml.safe_load((ROOT / f"envs/{environment}.yaml").read_text(encoding="utf-8"))["dependencies"]
    return {Requirement(one).name for one in held[-1]["pip"]}


def imports(script: Path) -> str:
    """The import statements of a script."""
    tree = ast.parse(script.read_text(encoding="utf-8"))
    return "\n".join(ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom))


def test_scripts_without_torch_in_their_environment_load_none() -> None:
    given = {rule.script.stem: imports(rule.script) for rule in rules() if rule.environment == "data"}
    assert {"figure", "summary", "class_sheets", "filter_sheets", "dream_sheet", "features"} <= set(given)
    done = subprocess.run(
        [sys.executable, "-c", LOAD],
        input=json.dumps(given),
        env={"PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == []


def test_every_script_is_in_one_environment() -> None:
    every = set((PACKAGE.parent).glob("*/*.py")) - set(PACKAGE.glob("*.py"))
    assert every == {rule.script for rule in rules()}
    assert len({(rule.script, rule.environment) for rule in rules()}) == len(every)


@pytest.fixture(scope="module")
def needed() -> dict[str, dict[str, set[str]]]:
    """Environment -> distribution that its rules import -> the own files that do."""
    return {
        name: distributions(rule.script for rule in rules() if rule.environment == name) for name in GROUPS
    }


@pytest.mark.parametrize("environment", GROUPS)
def test_what_rules_import_is_in_the_list_of_their_environment(
    environment: str, needed: dict[str, dict[str, set[str]]]
) -> None:
    listed = pins(environment)
    assert {name: files for name, files in needed[environment].items() if name not in listed} == {}


def test_rules_import_every_package_of_their_group(needed: dict[str, dict[str, set[str]]]) -> None:
    for environment in GROUPS:
        own = {Requirement(one).name for one in GROUPS[environment] if isinstance(one, str)}
        assert own - set(needed[environment]) == set(), environment


def test_an_import_in_a_function_counts_for_the_rules_that_can_call_it(tmp_path: Path) -> None:
    def imported(*lines: str) -> set[str]:
        file = PACKAGE.parent / "made_up.py"  # nothing is written: its tree is put where it is looked up
        with mock.patch("imports_of_rules.tree_of", lambda one: ast.parse("\n".join(lines)) if one == file
                        else tree_of(one)):  # fmt: skip
            imports_of_rules._units.cache_clear()
            return set(distributions([file]))

    lazy = "def helper():\n    import torch"
    assert imported(lazy) == set()
    assert imported(lazy, "helper()") == imported(lazy, "def main(): helper()") == {"torch"}
    assert imported("if TYPE_CHECKING:\n    import torch") == imported("import json") == set()
    assert imported("import PIL.Image, yaml") == {"pillow", "pyyaml"}
    assert "torch" not in imported("from signsight.core.job import job")
    assert "torch" in imported("from signsight.core.job import torch_device", "torch_device('cpu', 1)")
    assert "pycocotools" not in imported("from signsight.core.registry import methods")
    assert "torch" in imported("from signsight.core.registry import methods", "methods.get('saliency')")
