"""The tiny experiment, run once a session, for the tests of the workflow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tiny_workflow import TINY, Workflow


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of this folder in one worker: they share the session's run."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("workflow"))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    """The tiny experiment, undisturbed and complete."""
    workflow = Workflow(tmp_path_factory.mktemp("workflow"))
    done = workflow.run(TINY)
    assert done.returncode == 0, done.stdout[-6000:]
    return workflow


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[[], Workflow]:
    """Makes a folder in which nothing has run yet."""
    return lambda: Workflow(tmp_path)
