"""What every call of Snakemake on this project does first, once for all calls of `snakemake_calls`."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat  # noqa: F401
import smart_open  # noqa: F401
from snakemake import cli, storage  # noqa: F401

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow_scripts"))

import signsight.plugins  # noqa: E402, F401
import snakemake_calls  # noqa: E402, F401
from signsight.config.rules import complete  # noqa: E402
from signsight.config.schema import load_schema  # noqa: E402
from signsight.core.digest import reached  # noqa: E402
from signsight.plan.plan import Plan  # noqa: E402

cli.get_argument_parser()
Plan(complete({}, load_schema(ROOT / "config/schema.yaml")))
reached([*ROOT.glob("workflow_scripts/**/*.py")])
