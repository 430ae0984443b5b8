"""Calls of Snakemake, each in a process of its own that is forked from one that has made the first steps."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from functools import cache
from multiprocessing import forkserver
from pathlib import Path
from unittest import mock

import warm_jobs

ROOT = Path(__file__).parents[1]
AT_ONCE = 2  # on two cores


def snakemake(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> Future[subprocess.CompletedProcess[str]]:
    """What `snakemake` with these arguments, in a folder and an environment, ends with.

    Both outputs come in `stdout`. Processes start with the import of Snakemake, the descriptions of what
    is registered and the trees of the project's code, which take most of the time of a dry run. For the
    Snakefile of a copy of the project they drop the modules of the package, so that those of the copy are
    imported. Jobs start warm, too (`warm_jobs`), unless `environment` has a PYTHONPATH for them.
    """
    own = dict(environment)
    if "PYTHONPATH" not in own:
        own[warm_jobs.PLACE] = warm_jobs.place()
    return _processes().submit(_call, list(arguments), folder, own)


@cache
def _processes() -> ProcessPoolExecutor:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["snakemake_warm"])
    # before Python 3.12 the server takes the path of imports from there alone
    with mock.patch.dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)):
        forkserver.ensure_running()
    return ProcessPoolExecutor(AT_ONCE, context, max_tasks_per_child=1)


def _call(
    arguments: list[str], folder: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """In a process that ends afterwards."""
    from snakemake_warm import cli  # the server has it already

    os.environ.clear()
    os.environ |= environment
    os.chdir(folder)
    if warm_jobs.PLACE in environment:
        warm_jobs.use()
    if arguments[arguments.index("--snakefile") + 1] != str(ROOT / "Snakefile"):
        for name in [name for name in sys.modules if name.partition(".")[0] == "signsight"]:
            del sys.modules[name]
    with tempfile.TemporaryFile("w+") as output:
        for stream in (1, 2):
            os.dup2(output.fileno(), stream)
        sys.argv = ["snakemake", *arguments]
        try:
            cli.main(arguments)
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        sys.stdout.flush()
        sys.stderr.flush()
        output.seek(0)
        return subprocess.CompletedProcess(arguments, code, output.read())
