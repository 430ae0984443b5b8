"""The tiny experiment, run once a session, for the tests of the workflow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from signsight.models.build import build
from tiny_workflow import PICTURES, TINY, Workflow

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


@pytest.hookimpl(tryfirst=True)  # before xdist looks for groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of this folder in one worker: they share the session's run."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("workflow"))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    """The tiny experiment, undisturbed and complete."""
    workflow = Workflow(tmp_path_factory.mktemp("workflow"))
    (workflow.folder / "loaded").mkdir()
    hook = tmp_path_factory.mktemp("hook")
    (hook / "sitecustomize.py").write_text(RECORD.format(folder=str(workflow.folder / "loaded")))
    done = workflow.run(TINY, PYTHONPATH=str(hook))
    assert done.returncode == 0, done.stdout[-6000:]
    return workflow


@pytest.fixture(scope="session")
def pictures(finished: Workflow) -> Workflow:
    """The experiment `pictures`, complete: own pictures, photographs, a gallery, a network from a file."""
    rng = np.random.default_rng(0)
    for folder, count in {"own/cat": 6, "own/dog": 6, "photographs": 1, "stock": 2}.items():
        (finished.folder / folder).mkdir(parents=True)
        for number in range(count):
            noise = rng.integers(0, 256, (40, 30, 3), dtype=np.uint8)
            Image.fromarray(noise).save(finished.folder / folder / f"{number}.png")
    torch.manual_seed(0)
    save_file(build("compact", 2, 16, {"width": 4}).state_dict(), finished.folder / "net.safetensors")
    done = finished.run(PICTURES)
    assert done.returncode == 0, done.stdout[-6000:]
    return finished


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[[], Workflow]:
    """Makes a folder in which nothing has run yet."""
    return lambda: Workflow(tmp_path)
