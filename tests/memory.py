"""The memory of test runs: what a file of tests holds is let go at its end, and how much each worker took."""

from __future__ import annotations

import ctypes
import gc
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

TESTS = Path(__file__).parent
GROWTH = pytest.StashKey[list[str]]()  # lines about the files of tests
PEAKS = pytest.StashKey[list[float]]()  # of the workers that have ended
UNIT = 1 if sys.platform == "darwin" else 1024  # bytes that the peak of `resource` counts in


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--memory`."""
    parser.addoption(
        "--memory", action="store_true", help="show the memory of every file of tests (Linux, -n 0)"
    )


def pytest_collection_finish() -> None:
    """Leave what is loaded by now, libraries and tests, out of every later search for garbage."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """At the end everything is looked at again, or libraries tell of leaks."""
    gc.unfreeze()


@pytest.fixture(scope="module", autouse=True)
def _let_go(request: pytest.FixtureRequest) -> Iterator[None]:
    """At the end of a file of tests, forget what its functions have cached, networks above all."""
    told = request.config.getoption("memory")
    if told:
        Path("/proc/self/clear_refs").write_text("5")  # the peak of this file alone
    yield
    most = peak()
    forget(request.module)
    if told:
        file = str(Path(request.module.__file__ or "").relative_to(TESTS))
        line = f"{most:5.2f} GB at most, {resident():5.2f} GB after {file}"
        request.config.stash.setdefault(GROWTH, []).append(line)


def forget(module: ModuleType) -> None:
    """Empty the caches of the functions of the tests that `module` names, and give the memory back."""
    for value in list(vars(module).values()):
        if hasattr(value, "cache_clear") and _is_of_tests(value):
            value.cache_clear()
    give_back()


def give_back() -> None:
    """Give the memory of what is no longer used back to the system."""
    gc.collect()
    if sys.platform == "linux":  # glibc keeps what is freed in the middle of its heap
        getattr(ctypes.CDLL(None), "malloc_trim", lambda _: None)(0)


def _is_of_tests(function: Any) -> bool:
    return TESTS in Path(function.__wrapped__.__code__.co_filename).parents


def peak() -> float:
    """The most memory that this process has had, in GB; on Linux since it was told to count anew."""
    return _status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT / 1e9


def resident() -> float:
    """The memory of this process now, in GB; 0 where the system does not say."""
    return _status("VmRSS")


def _status(name: str) -> float:
    """A line of /proc/self/status in GB, 0 where there is none."""
    file = Path("/proc/self/status")
    lines = file.read_text().splitlines() if file.exists() else []
    return next((1024 * int(line.split()[1]) / 1e9 for line in lines if line.startswith(f"{name}:")), 0.0)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker tells the process that started it how much it took."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["peak"] = peak()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Note what a worker took."""
    taken = getattr(node, "workeroutput", {}).get("peak")
    if taken is not None:
        node.config.stash.setdefault(PEAKS, []).append(taken)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The largest worker; with `--memory` also what every file of tests took."""
    for line in config.stash.get(GROWTH, []):
        terminalreporter.write_line(line)
    taken = config.stash.get(PEAKS, [])
    name = f"largest of {len(taken)} workers" if taken else "this process"
    terminalreporter.write_line(f"memory: {max(taken, default=peak()):.1f} GB at most, {name}")
