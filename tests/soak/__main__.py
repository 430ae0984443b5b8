"""Runs of tiny experiments, killed at random moments and in random ways, continued and compared: `make soak`.

Every run starts from the copy of a folder in which all before a stage is done. It is killed one to three
times in a row. Then the same command runs to its end (after `--unlock` only where the README says so), and
all that it made has to be what an undisturbed run makes, with nothing left behind.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

from soak import kills, same
from soak.stages import State, states
from tiny_workflow import Workflow


def main() -> int:
    """All runs; 1 if one of them failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=50, help="number of runs")
    parser.add_argument("--seed", type=int, default=0, help="seed of the moments and ways")
    parser.add_argument("--first", type=int, default=1, help="number of the first run, to repeat one")
    parser.add_argument("--folder", type=Path, help="folder to work in; the prepared states in it are taken")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="soak-"))
    folder.mkdir(parents=True, exist_ok=True)
    prepared = states(folder / "states")
    verdicts: Counter[tuple[str, bool]] = Counter()
    for number in range(given.first, given.first + given.runs):
        state, place = prepared[(number - 1) % len(prepared)], folder / f"run-{number}"
        began = time.monotonic()
        told, faults = soak(Random(f"{given.seed}/{number}"), number, state, place)
        verdicts[state.stage.name, not faults] += 1
        took, verdict = time.monotonic() - began, "FAILED" if faults else "same"
        print(f"{number:3}  {state.stage.name}: {told}; {took:.0f} s; {verdict}", flush=True)
        if faults:
            faults = [
                *faults[:20],
                f"kept in {place}; again: make soak RUNS=1 SEED={given.seed} FIRST={number}",
            ]
            print("".join(f"       {fault}\n" for fault in faults), end="", flush=True)
    return summary(verdicts, folder, keep=given.folder is not None)


def soak(rng: Random, number: int, state: State, folder: Path) -> tuple[str, list[str]]:
    """Kill and continue a stage in a copy of its state; what was done, and what is wrong with the result."""
    shutil.rmtree(folder, ignore_errors=True)
    workflow = Workflow(state.before).copy(folder)
    (folder / "tmp").mkdir()
    variables = {"TMPDIR": str(folder / "tmp")}
    # so that every way meets every stage
    first_way = list(kills.WAYS)[(number + number // len(kills.WAYS)) % len(kills.WAYS)]
    told, faults = [], []
    for kill in kills.chosen(rng, state, first_way):
        act, locks = kills.WAYS[kill.way]
        run = kills.start(workflow, state, **variables)
        if not run.comes_to(kill.rule, kill.nth):
            told.append(f"over before {kill}")
            run.end()
            continue
        time.sleep(kill.after)
        act(run)
        run.end()
        told.append(str(kill))
        faults += _unlocked(workflow, state, kill, locks)
    last = kills.start(workflow, state, **variables)
    if last.end():
        return ", then ".join(told), [*faults, "the same command failed:", *last.text.splitlines()[-12:]]
    faults += same.faults(folder, state.after)
    if planned := workflow.planned(state.stage.config, *state.stage.targets):
        faults.append(f"a dry run still plans {planned}")
    if not faults:
        shutil.rmtree(folder)
    return ", then ".join(told), faults


def _unlocked(workflow: Workflow, state: State, kill: kills.Kill, locks: bool) -> list[str]:
    """Remove a lock as the README says; a fault if there is one after a signal that lets Snakemake end."""
    if not any((workflow.folder / ".snakemake/locks").glob("*")):
        return []
    workflow.run(state.stage.config, "--unlock")
    return [] if locks else [f"a lock is left after {kill}"]


def summary(verdicts: Counter[tuple[str, bool]], folder: Path, keep: bool) -> int:
    """Print runs and failed ones of each stage; 1 if there are failed ones."""
    names = list(dict.fromkeys(name for name, _ in verdicts))
    width = max(map(len, names))
    print(f"\n{'stage':<{width}}  runs  failed")
    for name in names:
        good, bad = verdicts[name, True], verdicts[name, False]
        print(f"{name:<{width}}  {good + bad:4}  {bad:6}")
    failed = sum(count for (_, good), count in verdicts.items() if not good)
    print(f"{'all':<{width}}  {sum(verdicts.values()):4}  {failed:6}")
    if not failed and not keep:
        shutil.rmtree(folder)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
