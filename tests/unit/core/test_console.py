"""The console: a failed job is a sentence with the path of its log; a run ends with what to open."""

from __future__ import annotations

import logging
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from signsight.core.console import Console, elapsed, sentence_of

Said = tuple[logging.Logger, Console, list[str]]


class Event(Enum):
    """Names as Snakemake's events have them."""

    ERROR = "error"
    JOB_ERROR = "job_error"
    GROUP_ERROR = "group_error"
    JOB_FINISHED = "job_finished"


@pytest.fixture
def said(tmp_path: Path) -> Said:
    """A logger with a console, a file beside it, and the messages that the console has shown."""
    shown: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            shown.append(record.getMessage())

    logger = logging.Logger("snakemake")
    logger.addHandler(Handler())
    console = Console(logger)
    console.attach()
    logger.addHandler(logging.FileHandler(tmp_path / "snakemake.log"))
    return logger, console, shown


def log_of(folder: Path, text: str) -> str:
    file = folder / "crop.log"
    file.write_text(text, encoding="utf-8")
    return str(file)


def fail(logger: logging.Logger, log: str, **more: Any) -> None:
    """What Snakemake says of a job that failed, in its order."""
    called = "RuleException:\nCalledProcessError in file \"data.smk\", line 76:\nCommand 'python' "
    status = more.get("status", "returned non-zero exit status 1.")
    logger.error(called + status, extra={"event": Event.ERROR})
    logger.error(None, extra={"event": Event.JOB_ERROR, "rule_name": "crop", "log": [log]})


def end(logger: logging.Logger, console: Console) -> None:
    """What Snakemake says at the end of a run with failures, in its order."""
    logger.info("Shutting down, this might take some time.")
    logger.error("Exiting because a job execution failed. Look above for error messages")
    console.failed()
    logger.info("Complete log(s): .snakemake/log/one.log")
    logger.info("Elapsed time: 0:00:13.478966")
    logger.error(
        "WorkflowError:\nAt least one job did not complete successfully.", extra={"event": Event.ERROR}
    )


def test_a_failed_job_is_its_sentence_and_its_log_and_nothing_else(said: Said, tmp_path: Path) -> None:
    logger, console, shown = said
    log = log_of(
        tmp_path, "09:42:35 crop: 9 images\n09:42:36 Error in rule crop: a.png is broken; replace it.\n"
    )
    fail(logger, log)
    end(logger, console)
    assert shown == [f"crop failed: a.png is broken; replace it.\n  log: {log}"]
    in_file = (tmp_path / "snakemake.log").read_text()
    assert "CalledProcessError" in in_file and "Complete log" in in_file


def test_a_failure_is_said_again_where_other_jobs_went_on_after_it(said: Said, tmp_path: Path) -> None:
    logger, console, shown = said
    fail(logger, log_of(tmp_path, "09:42:36 Error in rule crop: a.png is broken; replace it.\n"))
    logger.info("Finished jobid: 7", extra={"event": Event.JOB_FINISHED})
    end(logger, console)
    assert shown[0] == shown[-1] and len(shown) == 3


def test_a_fault_of_the_program_is_named_by_the_end_of_its_traceback(said: Said, tmp_path: Path) -> None:
    logger, _, shown = said
    log = log_of(
        tmp_path,
        "09:42:36 rule crop failed\nTraceback (most recent call last):\n"
        '  File "crop.py", line 1, in <module>\n    1 / 0\n    ~~^~~\nZeroDivisionError: division by zero\n',
    )
    fail(logger, log)
    assert shown == [
        f"crop failed: a fault of the program, ZeroDivisionError: division by zero.\n  log: {log}"
    ]


@pytest.mark.parametrize(
    "status",
    ["returned non-zero exit status 137.", "died with <Signals.SIGKILL: 9>."],
    ids=["shell", "python"],
)
def test_a_killed_job_is_told_from_one_that_failed(said: Said, tmp_path: Path, status: str) -> None:
    logger, _, shown = said
    fail(logger, log_of(tmp_path, "09:42:35 device cpu, 2 threads\n"), status=status)
    assert len(shown) == 1 and "crop failed: killed, perhaps because memory ran out" in shown[0]


def test_a_disk_that_is_full_for_snakemake_itself_is_one_sentence(said: Said, tmp_path: Path) -> None:
    logger, _, shown = said
    text = 'RuleException:\nOSError in file "rules/data.smk", line 160:\n[Errno 28] No space left on device\n'
    logger.error(text, extra={"event": Event.ERROR})
    told = {"rule_name": "examples", "log": [str(tmp_path / "none.log")]}
    logger.error("", extra={"event": Event.JOB_ERROR, **told})
    assert len(shown) == 1
    assert shown[0].startswith(
        "examples failed: No space left on the device while writing what Snakemake notes"
    )
    logger.error("OSError: [Errno 28] No space left on device", extra={"event": Event.ERROR})
    assert shown[1].startswith("No space left on the device while writing")
    logger.error("OSError: [Errno 5] Input/output error", extra={"event": Event.ERROR})
    assert shown[2] == "OSError: [Errno 5] Input/output error"


def test_where_no_log_tells_why_all_that_snakemake_says_is_shown(said: Said, tmp_path: Path) -> None:
    logger, _, shown = said
    fail(logger, str(tmp_path / "never written.log"))
    assert len(shown) == 2 and "CalledProcessError" in shown[0]


def test_a_fault_in_the_config_is_shown_without_where_the_snakefile_raised_it(said: Said) -> None:
    logger, _, shown = said
    where = 'WorkflowError in file "rules/common.smk", line 33:\n'
    message = where + "Unknown config key 'sise'.\n" + '  File "rules/common.smk", line 33, in <module>'
    logger.error(message, extra={"event": Event.ERROR})
    logger.error("MissingInputException in rule all:\nimages.npy", extra={"event": Event.ERROR})
    assert shown == ["Unknown config key 'sise'.", "MissingInputException in rule all:\nimages.npy"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "0 s"), (48.4, "48 s"), (60, "1 min 0 s"), (245, "4 min 5 s"), (4810, "1 h 20 min")],
)
def test_times_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert elapsed(seconds) == words


def test_the_last_words_name_what_is_there(
    said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, console, shown = said
    monkeypatch.setattr("signsight.core.console.time.monotonic", lambda: console.began + 245)
    there = tmp_path / "explorer.html"
    there.touch()
    console.done({"explorer": str(there), "report": str(tmp_path / "report.html")})
    assert shown == ["Done in 4 min 5 s.", f"  explorer  {there}"]


def test_bars_are_drawn_once_a_second() -> None:
    plugins = [SimpleNamespace(live_display=SimpleNamespace(refresh_per_second=8)), SimpleNamespace()]
    Console(logging.Logger("snakemake")).attach(plugins)
    assert plugins[0].live_display.refresh_per_second == 1


def test_a_report_that_is_made_after_the_run_is_named_when_it_is_there(said: Said, tmp_path: Path) -> None:
    logger, console, shown = said
    places = {name: str(tmp_path / f"{name}.html") for name in ("explorer", "report")}
    for file in places.values():  # also of an earlier run
        Path(file).touch()
    console.done(places, later=["report"])
    for message in ("Creating report...", "Adding ranking.png (0.1 MB).", "Report created."):
        logger.info(message)
    assert shown[1:] == [f"  explorer  {places['explorer']}", f"  report    {places['report']}"]


@pytest.mark.parametrize(
    "write",
    [lambda folder: log_of(folder, ""), lambda folder: str(folder / "none.log")],
    ids=["empty", "missing"],
)
def test_a_log_without_an_answer_has_no_sentence(tmp_path: Path, write: Callable[[Path], str]) -> None:
    assert sentence_of([write(tmp_path)]) is None


CANCELLED = "slurmstepd: error: *** JOB 7 ON node1 CANCELLED AT 2026-11-26T13:00:00"
SAYS = "SLURM-job '7' failed, SLURM status is: '%s'. Detailed failure reason unavailable"
REFUSED = (
    "SLURM sbatch failed. The error message was 'sbatch: error: invalid partition specified: mian\nsbatch:"
)


@pytest.mark.parametrize(
    ("written", "message", "words"),
    [
        (f"{CANCELLED} DUE TO TIME LIMIT ***", SAYS % "TIMEOUT", "its time ran out"),
        ("", SAYS % "TIMEOUT", "--set-resources crop:runtime=MINUTES"),
        ("slurmstepd: error: Job 7 exceeded memory limit (900 > 700), being killed", "", "crop:mem_mb=MB"),
        ("slurmstepd: error: Detected 1 oom_kill event in StepId=7.0.", SAYS % "FAILED", "more memory"),
        ("", SAYS % "OUT_OF_MEMORY", "more memory"),
        (f"{CANCELLED} ***", SAYS % "CANCELLED", "was cancelled in SLURM"),
        ("", SAYS % "NODE_FAIL", "its node failed"),
        ("", REFUSED, "SLURM did not take it (invalid partition specified: mian); correct the profile"),
    ],
)
def test_why_slurm_ended_a_job_is_told_before_what_its_own_log_says(
    said: Said, tmp_path: Path, written: str, message: str, words: str
) -> None:
    logger, console, shown = said
    own, slurm = log_of(tmp_path, "09:42:35 crop: 9 images\n"), tmp_path / "7.log"
    slurm.write_text(written, encoding="utf-8")
    told = {"event": Event.JOB_ERROR, "rule_name": "crop", "rule_msg": message, "log": [own, str(slurm)]}
    logger.error(None, extra=told)
    end(logger, console)
    assert len(shown) == 1 and shown[0].startswith("crop failed: ") and words in shown[0]
    assert own in shown[0] and str(slurm) in shown[0]


def test_a_fault_of_the_users_is_told_on_a_cluster_as_anywhere(said: Said, tmp_path: Path) -> None:
    logger, _, shown = said
    own = log_of(tmp_path, "09:42:36 Error in rule crop: a.png is broken; replace it.\n")
    message = SAYS % "FAILED"
    logger.error(
        None, extra={"event": Event.JOB_ERROR, "rule_name": "crop", "rule_msg": message, "log": [own]}
    )
    assert shown == [f"crop failed: a.png is broken; replace it.\n  log: {own}"]


def test_of_jobs_that_were_submitted_together_the_one_that_failed_is_named(
    said: Said, tmp_path: Path
) -> None:
    logger, _, shown = said
    (tmp_path / "whole").mkdir()
    whole = log_of(tmp_path / "whole", "09:42:35 warp: 9 images\n")
    broken = log_of(tmp_path, "09:42:36 Error in rule warp: the disk is full; free some space.\n")
    slurm = tmp_path / "7.log"
    slurm.write_text("Exiting because a job execution failed.", encoding="utf-8")
    jobs = [{"rule_name": "warp", "log": [file]} for file in (whole, broken)]
    told = {"event": Event.GROUP_ERROR, "groupid": "warp", "aux_logs": [str(slurm)], "job_error_info": jobs}
    logger.error("Error in group warp", extra=told)
    assert shown == [f"warp failed: the disk is full; free some space.\n  log: {broken}\n  log: {slurm}"]


LOCK = "LockException:\nError: Directory cannot be locked. It can be removed with the --unlock argument."


@pytest.mark.parametrize(
    ("runs", "advice"),
    [([7, 8], "(process 7) makes files"), ([], "remove the lock by `snakemake --unlock`")],
)
def test_a_lock_says_what_to_wait_for_or_to_remove(
    said: Said, monkeypatch: pytest.MonkeyPatch, runs: list[int], advice: str
) -> None:
    monkeypatch.setattr("signsight.core.console.other_runs", lambda: runs)
    logger, _, shown = said
    logger.error(LOCK, extra={"event": Event.ERROR})
    (sentence,) = shown
    assert advice in sentence and ("--unlock" in sentence) is not bool(runs)
