"""Of every script of a rule: what its imports really load is in the digest of its jobs."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from signsight.core.digest import reached
from signsight.core.source import PACKAGE

SCRIPTS = sorted(file for file in PACKAGE.parent.glob("*/*.py") if file.parent != PACKAGE)
LOAD = """
import json, sys
loaded = {}
for script, imports in json.load(sys.stdin).items():
    for name in [name for name in sys.modules if name.partition(".")[0] == "signsight"]:
        del sys.modules[name]
    exec(imports, {})
    files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    loaded[script] = [file for file in files if file]
json.dump(loaded, sys.stdout)
"""
# messages; annotations of parameters, which are params by value; types that some modules only annotate with
WITHOUT_EFFECT = {
    "core/words.py", "core/errors.py", "evaluation/metrics/choices.py", "data/imageset.py",
    "data/__init__.py", "features/recipe.py", "features/made.py", "data/dataset.py", "detection/scene.py",
    "evaluation/compared/matching.py",
}  # fmt: skip


def imports(script: Path) -> str:
    """The import statements of a script."""
    tree = ast.parse(script.read_text(encoding="utf-8"))
    return "\n".join(ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom))


@pytest.fixture(scope="module")
def loaded() -> dict[str, set[Path]]:
    """Script -> files of the package that its imports load, in a process of their own."""
    given = json.dumps({str(script): imports(script) for script in SCRIPTS})
    done = subprocess.run(
        [sys.executable, "-c", LOAD],
        input=given,
        env={"PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    found = {script: set(map(Path, files)) for script, files in json.loads(done.stdout).items()}
    return {script: {file for file in files if PACKAGE in file.parents} for script, files in found.items()}


def test_every_rule_with_a_script_has_one_of_these() -> None:
    rules = "".join(file.read_text(encoding="utf-8") for file in (PACKAGE.parents[1] / "rules").glob("*.smk"))
    assert len(SCRIPTS) > 25
    for script in SCRIPTS:
        assert f'"../workflow_scripts/{script.parent.name}/{script.name}"' in rules


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_what_a_script_loads_is_in_its_digest(loaded: dict[str, set[Path]], script: Path) -> None:
    missing = {file.relative_to(PACKAGE).as_posix() for file in loaded[str(script)] - reached([script])}
    assert missing <= WITHOUT_EFFECT
