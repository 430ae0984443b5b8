"""The ways in which a soak ends a run: at a moment within a job, by a signal to the run or to parts of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import psutil

from soak.stages import STARTED, State
from tiny_workflow import Workflow

PATIENCE = 900  # seconds that a run has to come to a moment, or to end after a signal


@dataclass(frozen=True)
class Kill:
    """A kill in a `way` of WAYS, `after` seconds since the `nth` start of a job of `rule`."""

    way: str
    rule: str
    nth: int
    after: float

    def __str__(self) -> str:
        count = f" (start {self.nth})" if self.nth > 1 else ""
        return f"{self.way} {self.after:.1f} s into {self.rule}{count}"


@dataclass
class Run:
    """A run of the user's command, of which the output is read as it comes."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(iter(self.process.stdout.readline, ""))

    def comes_to(self, rule: str, nth: int) -> bool:
        """Wait for the nth start of a job of a rule; False if the run ends before."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            over = self.process.poll() is not None
            if sum(bool(m := STARTED.match(line)) and m[1] == rule for line in [*self.lines]) >= nth:
                return not over
            if over:
                return False
            time.sleep(0.02)
        raise TimeoutError(f"the run did not come to {rule} in {PATIENCE} s")

    def end(self) -> int:
        """Wait for the end of the run; its status."""
        return self.process.wait(PATIENCE)

    @property
    def text(self) -> str:
        """What the run has said."""
        return "".join(self.lines)

    def family(self) -> list[psutil.Process]:
        """The processes that it has started, at any depth."""
        try:
            return psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []


def _group(run: Run) -> None:
    os.killpg(run.process.pid, signal.SIGKILL)


def _alone(run: Run) -> None:
    orphans = run.family()
    run.process.kill()
    run.end()
    psutil.wait_procs(orphans, PATIENCE)


def _alone_at_once(run: Run) -> None:
    run.process.kill()


def _term(run: Run) -> None:
    run.process.terminate()


def _interrupt(run: Run) -> None:
    os.killpg(run.process.pid, signal.SIGINT)


def _job(run: Run) -> None:
    """SIGKILL one job's Python, when there is one."""
    while run.process.poll() is None:
        for process in run.family():
            try:
                if re.search(r"python\S* \S*\.snakemake/scripts/", " ".join(process.cmdline())):
                    return process.kill()
            except psutil.NoSuchProcess:
                continue
        time.sleep(0.01)


# name -> what it does, and whether Snakemake may leave its lock
WAYS: dict[str, tuple[Callable[[Run], None], bool]] = {
    "SIGKILL of the group": (_group, True),
    "SIGKILL of snakemake alone, jobs run to their end": (_alone, True),
    "SIGKILL of snakemake alone, jobs still at work": (_alone_at_once, True),
    "SIGTERM": (_term, False),
    "SIGINT": (_interrupt, False),
    "SIGKILL of a job": (_job, False),
}


def chosen(rng: Random, state: State, first_way: str) -> list[Kill]:
    """One to three kills in a row, in the order of the run; long jobs are hit more often than short ones."""
    rules = list(state.seconds)
    weights = [0.3 + sum(state.seconds[rule]) for rule in rules]
    hit = sorted(rng.choices(rules, weights, k=rng.choice([1, 1, 2, 3])), key=rules.index)
    kills = []
    for number, rule in enumerate(hit):
        times = state.seconds[rule]
        nth = rng.randint(1, len(times)) if number == 0 else 1
        way = rng.choice(list(WAYS)) if number else first_way
        kills.append(Kill(way, rule, nth, round(rng.random() * times[nth - 1], 2)))
    return kills


def start(workflow: Workflow, state: State, **variables: str) -> Run:
    """The user's command, as the leader of a process group of its own."""
    return Run(workflow.start(state.stage.config, *state.stage.targets, group=True, **variables))
