"""A job that starts warm is as `python script` is: what it is given, what it prints and how it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import warm_jobs

WARM = [sys.executable, "-S", "-E", str(warm_jobs.CLIENT)]
TOLD = """
import os, random, sys
import mine, numpy, torch
print(mine.__file__, sys.path[:2], sys.argv, os.getcwd(), os.environ["GIVEN"])
print(__name__, __file__, sys.stdin.read())
print("a word", file=sys.stderr)
"""
ENDS = {
    "the end": "print(1)",
    "a number": "import sys; sys.exit(3)",
    "a sentence": "import sys; sys.exit('what is wrong')",
    "an exception": "raise ValueError('no')",
    "a signal": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    "what is to be done last": "import atexit; atexit.register(print, 'last')",
}


def ran(command: list[str], script: Path) -> subprocess.CompletedProcess[str]:
    """A script with an argument, a variable of the environment and an input, in its folder."""
    return subprocess.run(
        [*command, str(script), "argument"],
        cwd=script.parent,
        env=os.environ
        | {warm_jobs.PLACE: warm_jobs.place(), "GIVEN": "a value", "PYTHONPATH": f"{script.parent}/lib"},
        input="an input",
        capture_output=True,
        text=True,
    )


def test_it_is_told_what_a_script_is_told(tmp_path: Path) -> None:
    script = tmp_path / "told.py"
    script.write_text(TOLD, encoding="utf-8")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/mine.py").touch()
    plain, warm = ran([sys.executable], script), ran(WARM, script)
    assert (warm.returncode, warm.stdout, warm.stderr) == (0, plain.stdout, plain.stderr)
    assert "argument" in warm.stdout and "an input" in warm.stdout


@pytest.mark.parametrize("how", ENDS)
def test_it_ends_as_a_script_ends(tmp_path: Path, how: str) -> None:
    script = tmp_path / "ends.py"
    script.write_text(ENDS[how], encoding="utf-8")
    plain, warm = ran([sys.executable], script), ran(WARM, script)
    assert (warm.returncode, warm.stdout) == (plain.returncode, plain.stdout)
    assert warm.stderr.splitlines()[-1:] == plain.stderr.splitlines()[-1:]


def test_draws_differ_from_job_to_job(tmp_path: Path) -> None:
    script = tmp_path / "draws.py"
    text = "import random, numpy, torch; print(random.random(), numpy.random.rand(), torch.rand(1).item())"
    script.write_text(text, encoding="utf-8")
    one, other = (ran(WARM, script).stdout.split() for _ in range(2))
    assert len(one) == 3 and not set(one) & set(other)
