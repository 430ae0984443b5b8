"""The stages that a soak kills: what is run, from which state, and what the undisturbed run made of it."""

from __future__ import annotations

import copy
import json
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tiny_workflow import PICTURES, Workflow, changed, write_pictures

STARTED = re.compile(r"(?:local)?rule (\w+):")
FINISHED = re.compile(r"Finished jobid: (\d+) \(Rule: (\w+)\)")
NUMBER = re.compile(r"\s+jobid: (\d+)")

# a training of some seconds, so that kills fall between and within its epochs
SIGNS = changed(training={"epochs": 6}, evaluation={"images": 4})
DRAWN = {
    "experiment": "drawn",
    "device": "cpu",
    "data": {"name": "signs", "size": 24, "images": 20},
    "training": {"epochs": 1},
}
OWN = copy.deepcopy(PICTURES)
OWN["detection"]["training"]["epochs"] = 4
OWN["features"]["recipes"]["quick"]["steps"] = 20


@dataclass(frozen=True)
class Stage:
    """A stage: `targets` of a config, run when all that the stages before it made is there."""

    name: str
    config: dict[str, Any]
    targets: tuple[str, ...]


CHAINS = {
    "drawn": [Stage("drawn data", DRAWN, ("data",))],
    "tiny": [
        Stage("data", SIGNS, ("data",)),
        Stage("training", SIGNS, ("model",)),
        Stage("attribution", SIGNS, ("attributions",)),
        Stage("evaluation", SIGNS, ("evaluation",)),
        Stage("explorer", SIGNS, ("explorer",)),
    ],
    "pictures": [
        Stage("own pictures", OWN, ("data", "model", "gallery")),
        Stage("features", OWN, ("features",)),
        Stage("detection", OWN, ("detection",)),
        Stage("explorer of own pictures", OWN, ("explorer",)),
    ],
}


@dataclass
class State:
    """A stage with the folder in which all before it is done, and the one in which it is done, too.

    seconds: rule -> how long its jobs took in the undisturbed run; rules in the order of their first start.
    """

    stage: Stage
    before: Path
    after: Path
    seconds: dict[str, list[float]]


def states(folder: Path) -> list[State]:
    """Run every chain undisturbed in `folder`, with a copy after each stage; finished stages are taken."""
    made = []
    for chain, stages in CHAINS.items():
        before = folder / chain / "0"
        if not before.exists():
            Workflow(before)
            if chain == "pictures":
                write_pictures(before)
        for number, stage in enumerate(stages, 1):
            after, times = folder / chain / str(number), folder / chain / f"{number}.json"
            if not times.exists():
                shutil.rmtree(after, ignore_errors=True)
                shutil.copytree(before, after)
                times.write_text(json.dumps(_timed(Workflow(after), stage)))
                print(f"prepared: {stage.name}", flush=True)
            made.append(State(stage, before, after, json.loads(times.read_text())))
            before = after
    return made


def _timed(workflow: Workflow, stage: Stage) -> dict[str, list[float]]:
    """Run a stage to its end; rule -> seconds of its jobs."""
    run = workflow.start(stage.config, *stage.targets)
    assert run.stdout is not None
    began: dict[str, float] = {}
    found: dict[str, list[float]] = {}
    lines = []
    for line in run.stdout:
        lines.append(line)
        if told := STARTED.match(line):
            found.setdefault(told[1], [])
        elif told := NUMBER.match(line):
            began[told[1]] = time.monotonic()
        elif told := FINISHED.search(line):
            found[told[2]].append(time.monotonic() - began[told[1]])
    if run.wait():
        raise SystemExit(f"The undisturbed run of {stage.name!r} failed:\n{''.join(lines[-60:])}")
    return {rule: times for rule, times in found.items() if rule not in (*stage.targets, "all")}
