"""The console of a run: bars on a terminal, plain lines in a pipe, and last words that say what to open."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import synthetic
from tiny_workflow import ROOT, TINY, Workflow, environment

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


def on_terminal(command: list[str]) -> tuple[int, str]:
    """Status and output, without its control sequences, of a command whose outputs are a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT, env=environment() | {"COLUMNS": "200"}
    )
    os.close(theirs)
    parts = []
    try:
        while part := os.read(ours, 1 << 16):
            parts.append(part)
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    return process.wait(), CONTROL.sub("", b"".join(parts).decode())


def test_make_asks_for_bars_on_a_terminal_alone() -> None:
    command = ["make", "--dry-run", "demo"]
    status, text = on_terminal(command)
    assert status == 0 and "--logger rich" in text
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert "--cores" in done.stdout and "rich" not in done.stdout


def test_a_fault_on_a_terminal_is_a_sentence_below_the_bars(tmp_path: Path) -> None:
    workflow = Workflow(tmp_path)
    synthetic.write_gtsrb(tmp_path / "archives", fault="renamed column", tracks=2, frames=2, test=2)
    target = "results/tiny/crop/train/images.npy"
    arguments = [target, *workflow.arguments(TINY, "--logger", "rich")]
    status, text = on_terminal([sys.executable, "-m", "snakemake", *arguments])
    assert status == 1 and "Total Progress" in text
    assert "crop failed: " in text and "log: results/tiny/logs/crop/train.log" in text
    for chatter in ("CalledProcessError", "Traceback", "Exiting because", "At least one job", "Complete Log"):
        assert chatter not in text


def test_a_run_ends_with_how_long_it_took_and_what_to_open(finished: Workflow) -> None:
    done = finished.run(TINY, "results/tiny/figures/cost.png", "--force")
    assert done.returncode == 0, done.stdout[-4000:]
    lines = done.stdout.splitlines()
    begin = next(number for number, line in enumerate(lines) if re.fullmatch(r"Done in \d+ s\.", line))
    named = dict(line.split() for line in lines[begin + 1 :])
    assert named == {"explorer": "results/tiny/explorer.html", "summary": "results/tiny/summary.md"}
    assert all((finished.folder / file).is_file() for file in named.values())
