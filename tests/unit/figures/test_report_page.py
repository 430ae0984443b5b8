"""The report's first page: what the run found, then every result as one link that shows its caption."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docutils.core import publish_parts
from jinja2 import Environment, StrictUndefined

from signsight.figures.readable import readable

PAGE = Path(__file__).parents[3] / "rules/captions/report.rst"
FOUND = "What it found\n=============\n\n- ✓ **Classes**: {{ 97 }} % of *43*.\n"


def shown(categories: dict[str, dict[str, list[tuple[str, dict[str, str]]]]], folder: Path) -> str:
    """The first page as Snakemake makes it; categories: category -> subcategory -> (path, labels)."""
    given: dict[Any, Any] = {}
    for name, parts in categories.items():
        given[_Named(name)] = {
            _Named(part): [
                SimpleNamespace(path=Path(path), labels=labels, name=Path(path).name) for path, labels in own
            ]
            for part, own in parts.items()
        }
    environment = Environment(trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    job = SimpleNamespace(config={"results": str(folder), "experiment": "mine"})
    text = environment.from_string(PAGE.read_text()).render(snakemake=job, categories=given, files=[])
    return publish_parts(text, writer="html", settings_overrides={"halt_level": 2})["html_body"]


class _Named:
    """A category as Snakemake has it: known and sorted by its name."""

    def __init__(self, name: str) -> None:
        self.name = name


@pytest.fixture
def results(tmp_path: Path) -> Path:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/report.rst").write_text(FOUND)
    return tmp_path


def test_what_was_found_comes_first_then_the_summary_then_the_figures(results: Path) -> None:
    page = shown(
        {
            "Attribution": {"Overview": [("r/overview/page-01.png", {"figure": "overview, page-01"})]},
            "Background": {"Accuracy": [('r/it\'s "a".png', {"figure": "5 < 6"})]},
            "Summary": {"": [("r/summary.html", {"figure": "key numbers"})]},
            "Model": {"Training": [("r/curve.png", {})]},
        },
        results,
    )
    order = ["{{ 97 }} %", "Summary", "key numbers", "Model", "curve.png", "overview, page-01", "Background"]
    places = [page.index(word) for word in order]
    assert places == sorted(places) and "5 &lt; 6" in page
    links = [html.unescape(link) for link in re.findall(r"<a href='([^']+)'>", page)]
    assert len(links) == 4 and all(link.startswith("javascript:void app.setView(") for link in links)
    paths = [json.loads(re.search(r'resultPath: ("(?:[^"\\]|\\.)*")', link).group(1)) for link in links]
    assert paths == ["r/summary.html", "r/curve.png", "r/overview/page-01.png", 'r/it\'s "a".png']
    kinds = [re.search(r'content: "(\w+)"', link).group(1) for link in links]
    assert kinds == ["html", "img", "img", "img"]


def test_without_a_summary_the_page_names_the_experiment(tmp_path: Path) -> None:
    page = shown({"Model": {"Training": [("r/curve.png", {})]}}, tmp_path)
    assert "What does the classifier look at?" in page and "mine" in page and "curve.png" in page


def test_the_summary_is_a_page_with_tables_and_without_scripts() -> None:
    page = readable("# mine <b>\n\n- ✓ **Classes**: 97 %\n\n| a | b |\n|---|---|\n| 1 | <script> |\n")
    assert "<title>mine &lt;b&gt;</title>" in page and "<td>1</td>" in page
    assert "<strong>Classes</strong>" in page and "<script>" not in page and "&lt;script&gt;" in page
