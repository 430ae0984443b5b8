"""The tiny experiment, run once a session, for the tests of the workflow."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tiny_workflow import PICTURES, TINY, Workflow, write_pictures

# What jobs run before all else: at its end each notes its script and the modules that it has loaded.
RECORD = """
import atexit, os, sys

def note():
    script = os.path.basename(sys.argv[0]).partition(".")[2]
    files = [getattr(m, "__file__", None) or "" for m in list(sys.modules.values())]
    own = sorted({{f for f in files if "/workflow_scripts/signsight/" in f}})
    if "." in script and own:  # tmpabc.train.py, not __main__.py
        with open(os.path.join({folder!r}, f"{{os.getpid()}}.txt"), "w") as out:
            out.write("\\n".join([script, *own]))

atexit.register(note)
"""


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    """The tiny experiment, undisturbed and complete."""
    if "PYTEST_XDIST_WORKER" in os.environ:  # a second worker that makes it ends here: see tests/conftest.py
        (tmp_path_factory.getbasetemp().parent / "finished").mkdir()
    workflow = Workflow(tmp_path_factory.mktemp("workflow"))
    (workflow.folder / "loaded").mkdir()
    hook = tmp_path_factory.mktemp("hook")
    (hook / "sitecustomize.py").write_text(RECORD.format(folder=str(workflow.folder / "loaded")))
    run = workflow.start(TINY, PYTHONPATH=str(hook))
    output, _ = run.communicate()
    assert run.returncode == 0, output[-6000:]
    return workflow


@pytest.fixture(scope="session")
def pictures(finished: Workflow) -> Workflow:
    """The experiment `pictures`, complete: own pictures, photographs, a gallery, a network from a file."""
    write_pictures(finished.folder)
    done = finished.run(PICTURES)
    assert done.returncode == 0, done.stdout[-6000:]
    return finished


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[[], Workflow]:
    """Makes a folder in which nothing has run yet."""
    return lambda: Workflow(tmp_path)
