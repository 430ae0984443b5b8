"""Two runs in one folder: a sentence says which to wait for, and advises `--unlock` when none is alive."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Callable
from typing import Any

from tiny_workflow import TINY, Workflow, changed

TARGET = "results/{}/crop/test/index.csv"


def drawing(name: str) -> dict[str, Any]:
    """An experiment on a few drawn signs, whose archives all experiments share."""
    small = {
        "name": "signs",
        "size": 16,
        "signs": {"tracks_per_class": 2, "frames_per_track": 1, "test_per_class": 1},
    }
    return {"experiment": name, "device": "cpu", "stages": [], "data": small}


def begun(run: subprocess.Popen[str], line: str) -> None:
    """Wait until a run has said a line, and halt it, so that it is going on for as long as is needed."""
    assert run.stdout is not None
    while line not in (text := run.stdout.readline()):
        assert text, f"the run never came to {line!r}"
    run.send_signal(signal.SIGSTOP)


def test_two_experiments_on_an_empty_cache(fresh: Callable[[], Workflow]) -> None:
    workflow = fresh()
    first = workflow.start(drawing("one"), TARGET.format("one"))
    begun(first, "rule render:")
    second = workflow.run(drawing("other"), TARGET.format("other"))
    assert second.returncode == 1 and f"(process {first.pid})" in second.stdout
    assert "wait until it has ended and run again." in second.stdout and "unlock" not in second.stdout
    first.send_signal(signal.SIGCONT)
    output, _ = first.communicate()
    assert first.returncode == 0, output
    again = workflow.run(drawing("other"), TARGET.format("other"))
    assert again.returncode == 0 and "rule render:" not in again.stdout


def test_two_experiments_with_a_full_cache_do_not_meet(fresh: Callable[[], Workflow]) -> None:
    workflow = fresh()
    other = changed(experiment="other")
    assert workflow.run(TINY, TARGET.format("tiny")).returncode == 0
    shutil.rmtree(workflow.results / "crop")
    first = workflow.start(TINY, TARGET.format("tiny"))
    begun(first, "rule crop:")
    second = workflow.run(other, TARGET.format("other"))
    first.send_signal(signal.SIGCONT)
    output, _ = first.communicate()
    assert (first.returncode, second.returncode) == (0, 0), output + second.stdout


def test_the_same_experiment_twice_and_after_a_kill(fresh: Callable[[], Workflow]) -> None:
    workflow = fresh()
    first = workflow.start(TINY, TARGET.format("tiny"))
    begun(first, "rule crop:")
    second = workflow.run(TINY, TARGET.format("tiny"))
    assert second.returncode == 1 and f"(process {first.pid})" in second.stdout
    first.kill()
    first.communicate()  # its job has ended, too, when its output is closed
    third = workflow.run(TINY, TARGET.format("tiny"))
    assert third.returncode == 1 and "remove the lock by `snakemake --unlock`" in third.stdout
