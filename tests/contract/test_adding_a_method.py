"""docs/adding-a-method.md: its example, added to a copy of the project as it says, keeps the contract."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/adding-a-method.md").read_text(encoding="utf-8")
CHECKS = '''"""What the page says of VarGrad."""

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from signsight.core.registry import methods
from signsight.attribution.run import Settings, explain_batch
from signsight.config.choices import method_choice
from signsight.config.rules import complete
from signsight.config.schema import load_schema
from signsight.core.errors import UserError
from signsight.docs.methods import markdown
from small_models import gap, linear, pictures

ROOT = Path(__file__).parents[1]
SCHEMA = load_schema(ROOT / "config/schema.yaml")


def explained(model, images, ids, batch_size=64, **parameters):
    settings = Settings("var_grad", "predicted", "logit", None, batch_size, parameters, 1)
    return explain_batch(model, images, np.zeros(len(ids), int), ids, settings, torch.device("cpu"))


def test_zero_on_a_linear_model_and_not_on_another():
    assert np.abs(explained(linear(size=12), pictures(2, 12), ["a", "b"])).max() < 1e-9
    maps = explained(gap(), pictures(2, 16), ["a", "b"])
    assert maps.shape == (2, 16, 16) and maps.dtype == np.float32
    assert (maps.std((1, 2)) > 0).all() and maps.min() >= 0


def test_batches_and_order_do_not_matter():
    model, images = gap(), pictures(3, 16)
    together = explained(model, images, ["a", "b", "c"], samples=4)
    alone = explained(model, images[2:], ["c"], batch_size=1, samples=4)
    np.testing.assert_allclose(together[2], alone[0], rtol=1e-4, atol=1e-9)


def test_one_line_of_config():
    full = complete(yaml.safe_load((ROOT / "config.yaml").read_text()), SCHEMA)
    assert "var_grad" in full["attribution"]["methods"]
    assert method_choice(full, "var_grad")["parameters"] == {"samples": 25}
    with pytest.raises(UserError, match="samples"):
        complete({"attribution": {"parameters": {"var_grad": {"samples": 0}}}}, SCHEMA)


def test_it_is_in_the_docs():
    row = next(line for line in markdown(SCHEMA, {}, []).splitlines() if "`var_grad`" in line)
    assert methods.about("var_grad")["measures"] in row and "`samples: 25`" in row
'''


def blocks(language: str) -> list[str]:
    """The page's code blocks in a language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the page's file, line of schema and line of config."""
    copy = tmp_path_factory.mktemp("project")
    shutil.copytree(
        ROOT / "workflow_scripts/signsight",
        copy / "workflow_scripts/signsight",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    (code,), (schema_line, config) = blocks("python"), blocks("yaml")
    place, _, body = code.partition("\n")
    (copy / place.removeprefix("# ")).write_text(body, encoding="utf-8")
    schema = (ROOT / "config/schema.yaml").read_text(encoding="utf-8")
    head = "        description: Parameters of single methods.\n        properties:\n"
    assert schema.count(head) == 1
    (copy / "config").mkdir()
    (copy / "config/schema.yaml").write_text(schema.replace(head, head + schema_line), encoding="utf-8")
    (copy / "config.yaml").write_text(config, encoding="utf-8")
    shutil.copytree(ROOT / "tests/contract", copy / "tests/contract")
    for helper in (ROOT / "tests").glob("*.py"):
        shutil.copy(helper, copy / "tests")
    shutil.copy(ROOT / "pyproject.toml", copy)
    (copy / "tests/test_page.py").write_text(CHECKS, encoding="utf-8")
    return copy


def assert_tests_pass(copy: Path, *arguments: str) -> None:
    """Run tests in the copy, in a process of its own; it must find some, and none may fail."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *arguments]
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_example_is_short() -> None:
    (code,) = blocks("python")
    assert len(code.splitlines()) < 31  # the first line names the file
    schema_line, config = blocks("yaml")
    assert len(schema_line.splitlines()) == len(config.splitlines()) == 1


def test_the_example_does_what_the_page_says(extended: Path) -> None:
    assert_tests_pass(extended, "tests/test_page.py")


def test_the_example_keeps_the_contract(extended: Path) -> None:
    assert_tests_pass(extended, "tests/contract/test_attribution_contract.py", "-k", "var_grad and gap")
