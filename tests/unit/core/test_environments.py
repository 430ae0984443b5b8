"""A rule in the environment without torch has a script that loads none, so that figures start quickly."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

from signsight.core.source import PACKAGE

RULES = PACKAGE.parents[1] / "rules"
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


def scripts(environment: str) -> set[Path]:
    """The scripts of all rules in an environment."""
    found = set()
    for file in RULES.glob("*.smk"):
        for rule in re.split(r"^ *rule ?", file.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            script = re.search(r'script:\s+"(.+)"', rule)
            if script and f"envs/{environment}.yaml" in rule:
                found.add((RULES / script[1]).resolve())
    return found


def imports(script: Path) -> str:
    """The import statements of a script."""
    tree = ast.parse(script.read_text(encoding="utf-8"))
    return "\n".join(ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom))


def test_scripts_without_torch_in_their_environment_load_none() -> None:
    given = {script.stem: imports(script) for script in sorted(scripts("data"))}
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
    assert every == scripts("data") | scripts("torch")
