"""A plan of 10,000 jobs: what its dry run takes, beside a bare Snakefile of as many jobs with as many inputs.

Limits: 60 CPU s, better 30, and 0.5 GB. The bare one has scripts, logs and benchmarks, but no params; what it
takes is Snakemake's own. Run: python tests/bench/bench_plan.py [--rounds N] [--profile FILE]
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "workflow_scripts"))

from signsight.core.registry import methods, metrics  # noqa: E402

METHODS, METRICS, SHARDS, SEEDS = 30, 11, 8, 3
LAYERS, INPUTS = 10, 6  # of the bare one; a job of ours has 6.2 inputs
# As many jobs as files: one that needs them all, then layers of which each takes the files of the one before.
BARE = """\
LAYERS, WIDTH, INPUTS = {layers}, {width}, {inputs}


rule all:
    input:
        expand("out/{{layer}}/{{number}}.txt", layer=range(LAYERS), number=range(WIDTH)),


rule first:
    output:
        "out/0/{{number}}.txt",
    log:
        "logs/0/{{number}}.log",
    benchmark:
        "benchmarks/0/{{number}}.tsv"
    script:
        "job.py"


rule job:
    input:
        lambda wildcards: [
            f"out/{{int(wildcards.layer) - 1}}/{{(int(wildcards.number) + n) % WIDTH}}.txt"
            for n in range(INPUTS)
        ],
    output:
        "out/{{layer}}/{{number}}.txt",
    log:
        "logs/{{layer}}/{{number}}.log",
    benchmark:
        "benchmarks/{{layer}}/{{number}}.tsv"
    wildcard_constraints:
        layer="[1-9][0-9]*",
    script:
        "job.py"


ruleorder: first > job
"""


class Cost(NamedTuple):
    """Of one process: CPU seconds, wall seconds, the most memory in MB, and the jobs that it named."""

    cpu: float
    wall: float
    peak: float
    jobs: int


def config() -> dict[str, Any]:
    """A config with all degrees (the default), 30 methods, 11 metrics, 8 shards and 3 networks."""
    names = [m for m in methods.names() if methods.about(m).get("explains") != "boxes"]
    own = [m for m in metrics.names() if metrics.about(m).get("explains") != "boxes"]
    return {
        "experiment": "large",
        "device": "cuda",
        "data": {"name": "signs"},
        "model": {"seeds": list(range(SEEDS))},
        "shards": SHARDS,
        "attribution": {"methods": names[:METHODS]},
        "evaluation": {"metrics": own[:METRICS]},
    }


def dry_run(folder: Path, *arguments: str, profile: Path | None = None) -> Cost:
    """What `snakemake --dry-run` with these arguments takes, in a folder where nothing has run."""
    start = time.monotonic()
    how = ["-m", "cProfile", "-o", str(profile), "-m", "snakemake"] if profile else ["-m", "snakemake"]
    command = [sys.executable, *how, "--dry-run", "--quiet", "rules", "--cores", "8", *arguments]
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        output.seek(0)
        text = output.read()
    if status:
        raise SystemExit(text[-4000:])
    jobs = int(re.search(r"^total +(\d+)", text, re.MULTILINE).group(1))
    return Cost(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024, jobs)


def main() -> None:
    """Print what both take, the least of the rounds, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--profile", type=Path, help="profile one dry run by cProfile, into this file")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "large.yaml"
        file.write_text(yaml.safe_dump(config()), encoding="utf-8")
        own = ("--snakefile", str(ROOT / "Snakefile"), "--configfile", str(file))
        if asked.profile:
            print(dry_run(folder, *own, profile=asked.profile.resolve()))
            return
        ours = [dry_run(folder, *own) for _ in range(asked.rounds)]
        bare = folder / "bare"
        bare.mkdir()
        text = BARE.format(layers=LAYERS, width=ours[0].jobs // LAYERS, inputs=INPUTS)
        (bare / "Snakefile").write_text(text, encoding="utf-8")
        (bare / "job.py").write_text("", encoding="utf-8")
        bound = [dry_run(bare) for _ in range(asked.rounds)]
    least, most = (Cost(*map(min, zip(*rounds, strict=True))) for rounds in (ours, bound))
    for what, cost in (("Signsight", least), ("bare Snakefile", most)):
        print(f"{what}: {cost.jobs} jobs, {cost.cpu:.1f} CPU s, {cost.wall:.1f} s, {cost.peak:.0f} MB")
    print(f"ratio of CPU seconds: {least.cpu / most.cpu:.2f}")


if __name__ == "__main__":
    main()
