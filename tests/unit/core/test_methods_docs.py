"""docs/methods.md is that of the registry, has a row and a picture for every method, and links that hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from signsight.config.schema import load_schema
from signsight.core.registry import methods
from signsight.docs.methods import (
    COLOURS,
    COSTS,
    NEEDS,
    NETWORKS,
    PLACES,
    markdown,
    read_costs,
    read_metrics,
)

ROOT = Path(__file__).parents[3]
SCHEMA = load_schema(ROOT / "config/schema.yaml")
PAGE = ROOT / "docs/methods.md"


def test_the_page_is_that_of_the_registry() -> None:
    assert PAGE.read_text(encoding="utf-8") == markdown(SCHEMA, read_costs(), read_metrics()), (
        "run `make docs`"
    )


@pytest.mark.parametrize("name", methods.names())
def test_every_method_has_a_row_that_says_all(name: str) -> None:
    (row,) = [line for line in markdown(SCHEMA, {}, []).splitlines() if f"<br>`{name}`<br>" in line]
    about = methods.about(name)
    cells = [cell.strip() for cell in row.strip("|").split(" | ")]
    assert len(cells) == 7 and all(cells)
    assert (cells[1], cells[2], cells[6]) == (about["measures"], about["misleads"], about["paper"])
    assert cells[3].startswith("yes" if about["signed"] else "no")
    assert cells[4] == NEEDS[str(about["needs"])] and cells[5] == "–"
    parameters = SCHEMA["properties"]["attribution"]["properties"]["parameters"]["properties"]
    for key in parameters.get(name, {}).get("properties", {}):
        assert f"`{key}: " in cells[0]


def test_colours_are_named_for_every_reduction_in_use() -> None:
    assert {methods.about(name).get("reduce") for name in methods.names()} - {None} <= set(COLOURS)


def test_measured_costs_stand_in_the_row() -> None:
    page = markdown(SCHEMA, {"saliency": {"alexnet": "2.1", "resnet18": ""}}, [])
    row = next(line for line in page.splitlines() if "<br>`saliency`<br>" in line)
    assert "| AlexNet\N{NO-BREAK SPACE}2.1 |" in row and "ResNet18" not in row


def test_costs_are_of_methods_that_there_are() -> None:
    costs = read_costs(COSTS)
    assert set(costs) <= set(methods.names())
    assert all(set(row) == set(NETWORKS) for row in costs.values())
    known = re.compile(r"refused|\d+\.\d( × (samples|steps|masks|windows|channels))?")
    assert all(known.fullmatch(value) for row in costs.values() for value in row.values() if value)


def test_random_maps_lie_where_chance_says() -> None:
    """On the numbers that the page shows: the regions' own shares of the picture."""
    rows = {(row["method"], row["quantity"]): row for row in read_metrics()}
    for quantity in PLACES:
        row = rows["random", quantity]
        assert float(row["low"]) - 0.01 <= float(row["chance"]) <= float(row["high"]) + 0.01
    assert {m for m, _ in rows} == set(methods.names())


@pytest.mark.parametrize("page", ["methods.md", "adding.md"])
def test_links_and_pictures_are_there(page: str) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / "docs" / page).read_text(encoding="utf-8"))
    assert links
    for link in links:
        assert (ROOT / "docs" / link).is_file(), link


def test_pictures_are_small() -> None:
    sizes = [file.stat().st_size for file in (ROOT / "docs/figures/methods").glob("*.png")]
    assert max(sizes) < 30_000 and sum(sizes) < 1_000_000
