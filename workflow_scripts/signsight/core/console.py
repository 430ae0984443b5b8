"""What a run says on the console: a failure in one sentence, at the end how long it took and what to open.

Snakemake's own account of a failed job (its command, inputs, outputs, its log in full) stays in the file of
`.snakemake/log`. The classes here see Snakemake's log records and know their fields, not Snakemake itself.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from signsight.core.disk import WRITING
from signsight.core.other_runs import lock_sentence, other_runs
from signsight.core.words import nearest

REFRESH = 1  # a second; at eight, the default, drawing 45 bars (27 ms) would take a fifth of a core
ERROR = re.compile(r"Error in rule \w+: (.+)")  # of `core.job`
FAULT = re.compile(r"^([A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Warning)(?:: .*)?)$", re.MULTILINE)
ERRNO = re.compile(r"\[Errno (\d+)\]")  # of an OSError
KILLED = re.compile(r"exit status 137|SIGKILL")
# Why SLURM ended a job: what it writes to the job's log, or the state that Snakemake's plug-in reports.
SLURM = {
    r"DUE TO TIME LIMIT|SLURM status is: 'TIMEOUT'": (
        "SLURM ended it because its time ran out; ask for more by --set-resources {rule}:runtime=MINUTES."
    ),
    r"(?i)exceeded .*memory limit|oom.?kill|SLURM status is: 'OUT_OF_MEMORY'": (
        "SLURM ended it because it took more memory than it had asked for; ask for more by --set-resources "
        "{rule}:mem_mb=MB."
    ),
    r"CANCELLED AT|SLURM status is: 'CANCELLED": "it was cancelled in SLURM; run the same command to go on.",
    r"SLURM status is: '(NODE_FAIL|BOOT_FAIL|PREEMPTED)'": (
        "its node failed or was needed for another job; run the same command to go on."
    ),
}
REJECTED = re.compile(r"SLURM sbatch failed\. The error message was '(?:sbatch: error: )*(.+?)\.?(?:\n|')")
# A fault in the config, as the Snakefile raises it.
REFUSED = re.compile(r"WorkflowError in file .+, line \d+:\n(.+?)(?:\n  File .+)?\s*", re.DOTALL)
# What Snakemake says besides when jobs have failed, a run is over, or a report is made.
MISSING = re.compile(r"No rule to produce (\S+) \(if you use input functions")
SAID = re.compile(
    r"(Creating report|Adding |Loading script code|Report created|Shutting down, this might"
    r"|Exiting because a job|Complete log|Elapsed time: |At least one job did not"
    r"|WorkflowError:\nAt least one job did not|Removing output files of failed job)"
)


def sentence_of(logs: Iterable[str], snakemake: str = "") -> str | None:
    """Why a job failed, in a sentence: from its log or from what Snakemake said; None if neither tells."""
    for file in logs:
        text = _text(file)
        if told := ERROR.findall(text):
            return told[-1]
        if "Traceback" in text and (fault := FAULT.findall(text)):
            return f"a fault of the program, {fault[-1]}."
    if KILLED.search(snakemake):
        return "killed, perhaps because memory ran out; free some and run again."
    return _refused(snakemake)


def _refused(snakemake: str) -> str | None:
    """What the disk refused to Snakemake itself, which writes to `.snakemake` before and after every job."""
    numbers = (int(number) for number in ERRNO.findall(snakemake))
    found = next((number for number in numbers if number in WRITING), None)
    return None if found is None else WRITING[found].format(path="what Snakemake notes (.snakemake)")


def slurm_sentence(rule: str, logs: Iterable[str], message: str = "") -> str | None:
    """Why SLURM ended a job or did not take it, by the job's logs or what its plug-in says; else None."""
    if refused := REJECTED.search(message):
        return f"SLURM did not take it ({refused[1]}); correct the profile (docs/cluster.md)."
    texts = [message, *(_text(file) for file in logs)]
    for reason, sentence in SLURM.items():
        if any(re.search(reason, text) for text in texts):
            return sentence.format(rule=rule)
    return None


def _text(file: str) -> str:
    path = Path(file)
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def elapsed(seconds: float) -> str:
    """A time as people say it: '48 s', '4 min 5 s', '1 h 20 min'."""
    minutes, rest = divmod(round(seconds), 60)
    hours, left = divmod(minutes, 60)
    if hours:
        return f"{hours} h {left} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


class Idle(logging.Filter):
    """A filter of Snakemake's logger that lets all pass, and calls `then` where a run has nothing to do.

    Snakemake calls no hook then, though a run that was killed may have left what its end would have done.
    """

    def __init__(self, message: str, then: Callable[[], None]) -> None:
        super().__init__()
        self.message, self.then = message, then

    def filter(self, record: logging.LogRecord) -> bool:
        """True."""
        if record.msg == self.message:
            self.then()
        return True


class Console(logging.Filter):
    """A filter of Snakemake's console handlers, and the run's last words."""

    def __init__(self, logger: logging.Logger) -> None:
        super().__init__()
        self.logger, self.began = logger, time.monotonic()
        self.failures: list[str] = []
        self.held = ""  # what Snakemake said of the fault of a job that it has not named yet
        self.last = ""
        self.places: Mapping[str, str] = {}
        self.targets: Callable[[], Iterable[str]] = list  # names of the rules that can be asked for

    def attach(self, plugins: Iterable[logging.Handler] = ()) -> None:
        """Filter the handlers that there are, but for files: Snakemake opens the one of its log later.

        plugins: handlers of Snakemake's plugins, of which some draw bars.
        """
        for handler in self.logger.handlers:
            if not isinstance(handler, logging.FileHandler):
                handler.addFilter(self)
        for plugin in plugins:
            if display := getattr(plugin, "live_display", None):
                display.refresh_per_second = REFRESH

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the console shows a record; a failed job's becomes its sentence."""
        event, text = getattr(getattr(record, "event", None), "name", ""), str(record.msg)
        if event == "JOB_ERROR":
            name, logs = getattr(record, "rule_name", "A job"), list(getattr(record, "log", None) or ())
            return self._job_failed(name, logs, str(getattr(record, "rule_msg", None) or ""))
        if event == "GROUP_ERROR":
            return self._group_failed(record)
        if event == "ERROR" and "CalledProcessError" in text:
            self.held = text
            return False
        if event == "ERROR" and (told := _refused(text)):
            if text.startswith("RuleException"):
                self.held = text  # the job is named next
            else:
                self.logger.error(told)
            return False
        if event == "ERROR" and text.startswith("LockException"):
            self.logger.error(lock_sentence(other_runs()))
            return False
        if event == "ERROR" and (refused := REFUSED.fullmatch(text)):
            self.logger.error(refused[1])
            return False
        if event == "ERROR" and (missing := MISSING.search(text)):
            self.logger.error(f"There is no target {missing[1]!r}; {nearest(missing[1], self.targets())}")
            return False
        if SAID.match(text):
            if text.startswith("Report created") and (file := self.places.get("report")):
                self._name({"report": file})
            return False
        self.last = text
        return True

    def _job_failed(self, name: str, logs: list[str], message: str) -> bool:
        held, self.held = self.held, ""
        sentence = slurm_sentence(name, logs, message) or sentence_of(logs, held)
        if sentence is None:  # all that Snakemake knows
            if held:
                self.logger.error(held)
            return True
        self.failures.append("\n".join([f"{name} failed: {sentence}", *(f"  log: {file}" for file in logs)]))
        self.logger.error(self.failures[-1])
        return False

    def _group_failed(self, record: logging.LogRecord) -> bool:
        """Jobs that were submitted together: the first one whose log tells why, or else their common log."""
        together = list(getattr(record, "aux_logs", None) or ())
        jobs = [(job["rule_name"], list(job["log"])) for job in getattr(record, "job_error_info", None) or ()]
        told = [(name, logs) for name, logs in jobs if sentence_of(logs)]
        name, logs = (told or jobs)[0]
        return self._job_failed(name, [*(logs if told else []), *together], "")

    @property
    def seconds(self) -> float:
        """Seconds since the beginning of the run."""
        return time.monotonic() - self.began

    def failed(self) -> None:
        """At the end of a run with failed jobs: their sentences, unless the last one has just been said."""
        if self.failures and self.last != self.failures[-1]:
            self.logger.error("\n".join(self.failures))

    def done(self, places: Mapping[str, str], later: Iterable[str] = ()) -> None:
        """At the end of a run: how long it took, and where to find what there is (name -> file).

        later: names of what is made after the run.
        """
        self.places = places
        self.logger.info(f"Done in {elapsed(self.seconds)}.")
        self._name({name: file for name, file in places.items() if name not in later})

    def _name(self, places: Mapping[str, str]) -> None:
        width = max(map(len, self.places))
        for name, file in places.items():
            if Path(file).is_file():
                self.logger.info(f"  {name:<{width}}  {file}")
