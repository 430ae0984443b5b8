"""The two scripts of the figures, run as Snakemake runs them; a plugin's figure is drawn like any other."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from signsight.core.errors import UserError
from signsight.core.registry import plugins, use_plugins
from signsight.core.source import PACKAGE
from signsight.figures.given import draw
from signsight.figures.metric_words import name_metrics
from signsight.figures.style import name_methods

FIGURE = '''
"""A figure of the user's own."""

from matplotlib.figure import Figure

from signsight.core.registry import figures
from signsight.figures.style import method_label, panels, styled


@figures.register("my_bars", category="Mine", subcategory="Bars")
@styled
def my_bars(empty_maps, *, methods):
    figure, axes = panels(1, 1, 3, 2)
    axes[0, 0].bar([method_label(name) for name in methods], empty_maps["empty"])
    return figure
'''


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = plugins()
    yield
    use_plugins(before)
    name_methods({})
    name_metrics({})


def run(script: str, params: dict[str, Any], output: list[Path]) -> None:
    job = SimpleNamespace(rule=script, log=[], params=SimpleNamespace(**params), output=output)
    runpy.run_path(str(PACKAGE.parent / "figures" / f"{script}.py"), {"snakemake": job})


def test_a_figure_is_drawn_from_its_files(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(FIGURE.lstrip())
    use_plugins([tmp_path / "mine.py"])
    pd.DataFrame({"method": ["mine"], "n": 5, "empty": 2}).to_csv(tmp_path / "empty.csv", index=False)
    params = {
        "figure": "my_bars",
        "given": {"empty_maps": str(tmp_path / "empty.csv")},
        "facts": {"methods": ["mine"]},
        "looks": {"mine": {"label": "Mine, $5$", "family": "Controls", "style": 3}},
        "words": {},
        "published": {},
    }
    output = [tmp_path / "a.png", tmp_path / "a.svg"]
    run("figure", params, output)
    assert all(path.stat().st_size for path in output)


@pytest.mark.parametrize("paged", [True, False])
def test_a_figure_returns_what_it_declares(tmp_path: Path, paged: bool) -> None:
    name, wrong = f"mine_{paged}".lower(), FIGURE
    if paged:
        wrong = wrong.replace('"Bars")', '"Bars", pages=True)')
    else:
        wrong = wrong.replace("return figure", "return [figure]")
    wrong = wrong.replace("my_bars", name)  # a figure of one name is imported once
    (tmp_path / "mine.py").write_text(wrong.lstrip())
    use_plugins([tmp_path / "mine.py"])
    pd.DataFrame({"method": ["mine"], "empty": 2}).to_csv(tmp_path / "empty.csv", index=False)
    with pytest.raises(UserError, match=rf"'{name}' in .*mine.py returns .* of figures; declare `pages"):
        draw(name, {"empty_maps": str(tmp_path / "empty.csv")}, {"methods": ["mine"]})


def test_the_summary_is_written_from_its_files(tmp_path: Path) -> None:
    row = {"n": 4, "correct": 3, "accuracy": 0.75, "low": 0.3, "high": 0.95, "chance": 0.25}
    tables = {
        "clean": pd.DataFrame([row]),
        "index": pd.DataFrame({"image_id": range(4), "class_id": 0}),
        "examples": pd.DataFrame({"subset": ["train", "validation", "train"]}),
        "empty_maps": pd.DataFrame({"method": ["mine"], "n": 4, "empty": 2}),
        "verdict": pd.DataFrame({"topic": ["The network"], "level": ["good"], "text": ["It knows."]}),
    }
    for name, table in tables.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    facts = {"experiment": "a $", "dataset": "signs", "model": "compact", "cropped": True, "fill": "black"}
    facts["confidence"] = 0.95
    params = {
        "given": {name: str(tmp_path / f"{name}.csv") for name in tables},
        "facts": facts | {"own": []},
        "looks": {"mine": {"label": "Mine", "family": "Controls", "style": None}},
        "words": {},
        "published": {"clean": "gtsrb_clean.csv"},
        "links": {"explorer": "explorer.html"},
    }
    run("summary", params, [tmp_path / "summary.md", tmp_path / "summary.html"])
    text = (tmp_path / "summary.md").read_text()
    assert text.startswith("# a $\n\n## What this run found\n\n- ✓ **The network**: It knows.\n")
    assert "[explorer.html](explorer.html)" in text.partition("## Key numbers")[0]
    assert "| Training images | 2 |" in text and "| Test images | 4 |" in text
    assert "| Mine | 4 | 2 | 50.0 % |" in text and "97.69 %" in text
