"""Other runs of Snakemake in the working directory: what to do when one of them has locked files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def other_runs() -> list[int]:
    """Ids of the processes of this machine that run Snakemake, or are jobs of it, in the working directory.

    Without this process and those that it was started by.
    """
    import psutil  # Snakemake has it; jobs do without

    this, here = psutil.Process(), str(Path.cwd())
    own = {this.pid, *(parent.pid for parent in this.parents())}
    found = []
    for process in psutil.process_iter(["pid", "cmdline", "cwd"]):
        told = process.info
        program, *begin = (told["cmdline"] or [""])[:3]
        runs = "python" in Path(program).name and any("snakemake" in part for part in begin)
        if runs and told["cwd"] == here and told["pid"] not in own:
            found.append(told["pid"])
    return sorted(found)


def lock_sentence(runs: Sequence[int]) -> str:
    """What to do where a lock is in the way, and these processes run in the working directory."""
    if runs:
        return (
            f"Another run in this folder (process {runs[0]}) makes files that this one makes or reads, "
            "such as those of the cache that experiments share; wait until it has ended and run again."
        )
    return (
        "A run in this folder that was killed has left its lock; if none goes on, on other machines either, "
        "remove the lock by `snakemake --unlock` and run again."
    )
