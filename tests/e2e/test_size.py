"""The explorer at 60 images and 30 methods of 48 px fits its budget; bench_explorer.py measures its speed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from e2e.conftest import Visit
from e2e.made_document import Made, write
from signsight.explorer.blobs import encoded, quantised
from signsight.explorer.pictures import sprites

IMAGES, METHODS, SIZE = 60, 30, 48


DRAWN = "[...document.querySelectorAll('canvas.map')].map((canvas) => canvas.toDataURL())"
# A step of a slider, until all maps are drawn.
STEP = """async ([control, value]) => {
  const field = document.getElementById(`control-${control}`);
  field.value = value;
  field.dispatchEvent(new Event("input"));
  while (!document.body.dataset.ready) await new Promise((done) => setTimeout(done));
}"""


@pytest.fixture(scope="module")
def large(document: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page."""
    return write(tree(document), tmp_path_factory.mktemp("explorer") / "large.html")


def tree(document: Made) -> dict[str, Any]:
    """The document: noise, which no coding makes smaller."""
    rng = np.random.default_rng(2)
    maps, methods = {}, []
    for k in range(METHODS):
        values, scale, _ = quantised(rng.normal(size=(IMAGES, SIZE, SIZE)))
        maps[f"m{k}"] = {"values": encoded(values), "scale": scale, "missing": None}
        methods.append({"id": f"m{k}", "label": f"Method {k}", "family": "F", "signed": k % 2 == 0,
                        "control": False, "measures": "", "misleads": "", "same_as": None})  # fmt: skip
    [test] = [s for s in document.tree["experiments"][0]["sets"] if s["id"] == "test"]
    turns = np.arange(IMAGES) % len(document.ids)
    test = {key: test[key] for key in ("id", "label", "chosen")} | {
        "size": [SIZE, SIZE], "count": IMAGES, "total": IMAGES, "ids": [str(n) for n in range(IMAGES)],
        "files": None, "maps": {"main": maps}, "values": {}, "population": {}, "curves": {},
        "pictures": sprites(rng.integers(0, 256, (IMAGES, SIZE, SIZE, 3), np.uint8), (SIZE, SIZE)),
        **{key: np.asarray(test[key])[turns] for key in ("truth", "predicted", "confidence", "probability")},
        "top": [test["top"][n] for n in turns],
    }  # fmt: skip
    experiment = document.tree["experiments"][0] | {"methods": methods, "sets": [test], "ranking": None}
    return document.tree | {"experiments": [experiment]}


def test_the_budget_holds(large: Path) -> None:
    assert large.stat().st_size <= 15e6


def test_all_maps_are_drawn_and_follow_a_slider(visit: Visit, large: Path) -> None:
    page = visit(large, "view=image")
    assert page.locator("canvas.map").count() == METHODS
    before = page.evaluate(DRAWN)
    page.evaluate(STEP, ["clip", 90])
    after = page.evaluate(DRAWN)
    assert len(after) == METHODS and all(a != b for a, b in zip(before, after, strict=True))
