"""Reading the workflow: CPU seconds of `snakemake --list`; bound 0.3 s above one rule and its schema.

Run: python tests/bench/bench_parse.py
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 7
SCHEMA = """\
$schema: https://json-schema.org/draft/2020-12/schema
type: object
"""
LEAST = """\
from snakemake.utils import validate

configfile: "config/config.yaml"

validate(config, "schema.yaml")


rule all:
    shell:
        "true"
"""


def cpu_seconds(snakefile: Path) -> float:
    """CPU seconds of one `snakemake --list` with a Snakefile."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile), "--list"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print the least of several rounds, of both in turn."""
    with tempfile.TemporaryDirectory() as folder:
        least = Path(folder, "Snakefile")
        least.write_text(LEAST, encoding="utf-8")
        least.with_name("schema.yaml").write_text(SCHEMA, encoding="utf-8")
        rounds = [(cpu_seconds(least), cpu_seconds(ROOT / "Snakefile")) for _ in range(ROUNDS)]
    bound, ours = (min(column) for column in zip(*rounds, strict=True))
    print(f"one rule and a schema: {bound:.2f} s; Signsight: {ours:.2f} s; difference {ours - bound:.2f} s")


if __name__ == "__main__":
    main()
