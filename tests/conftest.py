"""Options for the contract tests on things of one's own: `make contract PLUGIN=my_things.py`."""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from signsight.core.errors import UserError
from signsight.core.registry import REGISTRIES, use_plugins

# Threads that wait sleep, as in jobs: spinning takes the time of the other worker. Read when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
pytest_plugins = ["memory"]
SHARED = "workflow"  # the folder of tests of which many look at the same runs
SESSIONS = re.compile(r"\b(finished|pictures): Workflow\b")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--plugin FILE`, which can be given several times, and `--source FOLDER`."""
    parser.addoption(
        "--plugin", action="append", default=[], help="test the things of this file alone; repeatable"
    )
    parser.addoption("--source", help="`data.source` of the data sets of a plugin that need one")


def pytest_configure(config: pytest.Config) -> None:
    """Make the plugins known before the tests list what is registered."""
    try:
        if config.getoption("plugin"):
            use_plugins(config.getoption("plugin"))
    except UserError as fault:
        raise pytest.UsageError(str(fault)) from None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """The files of tests to the workers one by one, in the order of `testpaths`, the longest first.

    All files that share the runs of the session are like one, so that one worker makes these runs. (The
    marks of pytest-xdist 3.8 for that do nothing in pytest 9.2: its issue 1386.)
    """
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return SHARED if _shares_a_run(config.rootpath / file) else file

    config.option.loadscopereorder = False
    return Scheduling(config, log)


@cache
def _shares_a_run(file: Path) -> bool:
    """Whether tests of the file take a run that tests/workflow/conftest.py makes once a session."""
    return file.parent.name == SHARED and bool(SESSIONS.search(file.read_text(encoding="utf-8")))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With plugins, keep the tests of their things."""
    if config.getoption("plugin"):
        kept = [item for item in items if _is_of_a_plugin(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
        items[:] = kept


def _is_of_a_plugin(item: pytest.Item) -> bool:
    """Whether a test is of a thing of a plugin: its parameter of the registry's key, or `name`, says so."""
    given = item.callspec.params if hasattr(item, "callspec") else {}
    if "registry" in given:
        return given["name"] in given["registry"].own()
    return any(given.get(one.key) in one.own() for one in REGISTRIES.values())
