"""Node for the tests of the explorer's page: the system's, or the one that playwright brings."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

TESTS = Path(__file__).parents[2] / "javascript"


def node() -> str:
    """The path of node; skips the test where there is none."""
    found = shutil.which("node")
    if found is None and (spec := importlib.util.find_spec("playwright")) and spec.origin:
        bundled = Path(spec.origin).parent / "driver" / "node"
        found = str(bundled) if bundled.exists() else None
    if found is None:
        pytest.skip("neither node nor playwright is installed")
    return found


def call(*calls: tuple[str, str, list[Any]]) -> list[Any]:
    """The results of exported functions of the page: (module, function, arguments) each."""
    given = [{"module": module, "name": name, "args": args} for module, name, args in calls]
    done = subprocess.run(
        [node(), TESTS / "call.mjs"],
        input=json.dumps(given, default=_typed),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def rgba(image: np.ndarray) -> np.ndarray:
    """A picture (H, W, 3) uint8 as the bytes of a canvas, (H * W * 4,) uint8."""
    return np.concatenate([image, np.full((*image.shape[:2], 1), 255, np.uint8)], axis=2).ravel()


def _typed(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        name = {"uint8": "Uint8ClampedArray", "int8": "Int8Array", "uint16": "Uint16Array"}[value.dtype.name]
        return {"$bytes": value.ravel().tolist(), "as": name}
    return value.item()
