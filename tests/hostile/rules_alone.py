"""Rules' scripts run one by one in forked processes, with limits on memory and time, as jobs would be."""

from __future__ import annotations

import atexit
import ctypes
import importlib
import os
import pickle
import resource
import runpy
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "workflow_scripts"
DATA = ("numpy", "pandas", "PIL.Image", "requests", "snakemake.utils", "signsight.plan.plan")  # imported once
TORCH = (*DATA, "torch", "torchvision", "safetensors.torch")
MEMORY = 1 << 30  # bytes of data that a job may have beyond what it begins with
SECONDS = 20  # that a job may take

Files = Sequence[str] | Mapping[str, Any]


class Named:
    """Files or values as `snakemake` has them: in order, and those that have a name by it."""

    def __init__(self, given: Files) -> None:
        self._named = dict(given) if isinstance(given, Mapping) else {}
        values = list(self._named.values()) if self._named else list(given)
        self._all = [one for value in values for one in (value if isinstance(value, list) else [value])]
        vars(self).update(self._named)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __getitem__(self, place: int) -> Any:
        return self._all[place]

    def items(self) -> Any:
        """Name and value of those that have one."""
        return self._named.items()

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a name."""
        return self._named.get(name, default)


@dataclass(frozen=True)
class Script:
    """A job: the rule as "stage/rule", and what `snakemake` gives to its script."""

    rule: str
    params: Mapping[str, Any] = field(default_factory=dict)
    output: Files = ()
    input: Files = ()
    wildcards: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    threads: int = 2

    def run(self) -> None:
        """Run the script in this process; SystemExit where the job fails."""
        name = self.rule.partition("/")[2]
        job = self.job(name)
        for file in [*job.output, *job.log]:
            Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(job.log[0]).with_suffix(".outputs").write_text("\n".join(job.output), encoding="utf-8")
        runpy.run_path(str(SCRIPTS / f"{self.rule}.py"), {"snakemake": job})

    def job(self, name: str) -> SimpleNamespace:
        """The object `snakemake`."""
        return SimpleNamespace(
            rule=name,
            log=[f"made/logs/{name}.log"],
            params=Named(self.params),
            input=Named(self.input),
            output=Named(self.output),
            wildcards=Named(self.wildcards),
            config=dict(self.config),
            resources=Named({"gpu": 0}),
            threads=self.threads,
        )


@dataclass(frozen=True)
class Run:
    """A config, checked as the Snakefile checks it, and jobs of some of its rules, in this order.

    rules: "check_pictures", "crop/train" and so on, keys of RULES in `data_rules`; none: the check alone.
    """

    config: Mapping[str, Any]
    rules: Sequence[str] = ()

    def run(self) -> None:
        """Check, then the jobs; SystemExit at the first fault."""
        from data_rules import RULES
        from signsight.core.job import job

        log = Path("made/logs/check.log")
        log.parent.mkdir(parents=True, exist_ok=True)
        with job(SimpleNamespace(rule="check", log=[str(log)])):
            plan, seen = planned(self.config)
        opened = _opened_from_now_on()
        for rule in self.rules:
            name, _, wildcard = rule.partition("/")
            RULES[name](plan, wildcard).run()
        unseen = sorted(name for name in opened if _is_the_users(name) and name not in seen)
        assert not unseen, f"a change of these would not be seen: {unseen}"


@dataclass(frozen=True)
class Album:
    """The pictures of a gallery as rule album_pictures reads them, for a network of these classes."""

    source: str
    classes: Sequence[str] = ("cat", "dog")
    broken: str = "refuse"
    boxes: str | None = None

    def run(self) -> None:
        """List, read and settle; SystemExit at a fault."""
        from signsight.core.job import job
        from signsight.data.photograph_columns import Columns
        from signsight.data.photographs import list_photographs, see_photographs
        from signsight.data.report import settle

        log, source = Path("made/logs/album.log"), Path(self.source)
        log.parent.mkdir(parents=True, exist_ok=True)
        with job(SimpleNamespace(rule="album", log=[str(log)])):
            listed = list_photographs(source, self.classes, "gallery.source", Columns(boxes=self.boxes))
            seen = see_photographs(listed, source, 16, "stretch")
            settle(seen.findings, len(listed.table), source, "made/logs/album.csv", self.broken)


Step = Script | Run | Album


def _opened_from_now_on() -> set[str]:
    """The absolute paths of all files that this process opens from now on."""
    opened: set[str] = set()

    def hook(event: str, told: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(told[0], str):
            opened.add(os.path.abspath(told[0]))  # noqa: PTH100 (links are not followed)

    sys.addaudithook(hook)
    return opened


def _is_the_users(path: str) -> bool:
    """Whether a file lies in the working directory, and not among what is made."""
    top = Path(path).relative_to(Path.cwd()).parts[:1] if Path(path).is_relative_to(Path.cwd()) else ()
    return top not in ((), ("made",), ("printed.txt",))


def planned(config: Mapping[str, Any]) -> tuple[Any, set[str]]:
    """The plan of a config, and the user's files whose change is seen, as `rules/common.smk` has them.

    The results lie in `made`, and the user's files elsewhere in the working directory.
    """
    from signsight.config.rules import check_files, complete
    from signsight.config.schema import load_schema
    from signsight.core.registry import use_plugins
    from signsight.data.listing import listing
    from signsight.plan.plan import Plan
    from signsight.plugins import find_plugins

    own = deepcopy({"results": "made", "cache": "made/cache", "experiment": "x", **config})
    own["plugins"] = find_plugins(own, [])
    use_plugins(own["plugins"])
    checked = complete(own, load_schema(ROOT / "config/schema.yaml"))
    check_files(checked)
    plan = Plan(checked)
    sources = [checked["data"]["masks"], *map(plan.albums.source, plan.albums.methods)]
    sources += [plan.detection.source, checked["stickers"]["stock"]]
    if plan.archives and plan.local_source:
        sources += [plan.local_source / archive for archive in plan.archives]
    also = dict.fromkeys(filter(None, sources), ()) | ({plan.folder: plan.read} if plan.folder else {})
    seen = set()
    for source, patterns in also.items():
        base = source if Path(source).is_dir() else Path(source).parent
        seen |= {os.path.abspath(Path(base, name)) for name, *_ in listing(source, patterns)}  # noqa: PTH100
    return plan, seen


@dataclass(frozen=True)
class Ended:
    """How a step ended: exit status (negative: the signal that ended it), log, and what was printed."""

    status: int
    log: str
    printed: str
    peak: int  # bytes of memory


def ended(step: Step, folder: Path, preload: Sequence[str] = DATA) -> Ended:
    """Run a step in `folder`, in a process that has imported `preload` already."""
    server = _server(tuple(preload))
    assert server.stdin is not None and server.stdout is not None
    pickle.dump((step, str(folder)), server.stdin)
    server.stdin.flush()
    status, peak = pickle.load(server.stdout)
    logs = sorted((folder / "made/logs").glob("*.log"), key=lambda file: file.stat().st_mtime_ns)
    log = logs[-1].read_text(encoding="utf-8", errors="replace") if logs else ""
    return Ended(status, log, (folder / "printed.txt").read_text(errors="replace"), peak)


@cache
def _server(preload: tuple[str, ...]) -> subprocess.Popen[bytes]:
    path = os.pathsep.join([str(Path(__file__).parent), str(SCRIPTS), str(ROOT / "tests")])
    server = subprocess.Popen(
        [sys.executable, "-c", f"import rules_alone; rules_alone.serve({preload!r})"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "HOME": "/nonexistent"},
    )
    atexit.register(server.kill)
    return server


def serve(preload: Sequence[str]) -> None:
    """Import `preload`, then fork a process for every step that comes, until there are no more."""
    for name in preload:
        importlib.import_module(name)
    planned({})  # what it reads and keeps is there for all
    while True:
        try:
            step, folder = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        child = os.fork()
        if not child:
            _alone(step, folder)
        _, status, usage = os.wait4(child, 0)
        code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        pickle.dump((code, 1024 * usage.ru_maxrss), sys.stdout.buffer)
        sys.stdout.buffer.flush()


def _alone(step: Step, folder: str) -> None:
    """The forked process: the step under its limits; it never returns."""
    status = 1
    try:
        os.chdir(folder)
        with Path("printed.txt").open("wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        held = 4096 * int(Path("/proc/self/statm").read_text().split()[5])
        resource.setrlimit(resource.RLIMIT_DATA, (held + MEMORY, held + MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.alarm(SECONDS)
        _as_a_user()
        time.sleep = lambda seconds: None  # pauses between two tries of a download
        step.run()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
        status = 99
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _as_a_user() -> None:
    """Let root, as tests run in containers, be refused what its permissions refuse to anybody."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3 of capset(2), this process
        libc.capset(header, (ctypes.c_uint32 * 6)())
