"""Generated pages are up to date, have a row for everything that is declared, and links that hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from signsight.config.schema import load_schema, walk_keys
from signsight.core.registry import data_sets, figures, methods, metrics, networks, replacements
from signsight.docs import __main__ as pages
from signsight.docs import config, things
from signsight.docs.methods import COLOURS, COSTS, NEEDS, NETWORKS, PLACES, markdown, read_costs, read_metrics
from signsight.docs.metrics import page as metrics_page

ROOT = Path(__file__).parents[3]
PAGES = ["README.md", *sorted(str(file.relative_to(ROOT)) for file in (ROOT / "docs").glob("*.md"))]
PAGES += ["config/README.md"]


@pytest.mark.parametrize("place", pages.PAGES)
def test_the_page_is_up_to_date(place: str) -> None:
    assert (ROOT / place).read_text(encoding="utf-8") == pages.PAGES[place](), "run `make docs`"


@pytest.mark.parametrize("name", methods.names())
def test_every_method_has_a_row_that_says_all(name: str) -> None:
    (row,) = [line for line in markdown({}, []).splitlines() if re.search(f"<br>`{name}`(<br>| \\|)", line)]
    about = methods.about(name)
    cells = [cell.strip() for cell in row.strip("|").split(" | ")]
    assert len(cells) == 7 and all(cells)
    assert (cells[1], cells[2], cells[6]) == (about["measures"], about["misleads"], about["paper"])
    assert cells[3].startswith("yes" if about["signed"] else "no")
    assert cells[4].startswith(NEEDS[str(about["needs"])]) and cells[5] == "–"
    assert ("layer" in cells[4]) == ("layer" in about)
    assert all(f"`{key}: " in cells[0] for key in methods.parameters(name))


def test_colours_are_named_for_every_reduction_in_use() -> None:
    assert {methods.about(name).get("reduce") for name in methods.names()} - {None} <= set(COLOURS)


def test_measured_costs_stand_in_the_row() -> None:
    page = markdown({"saliency": {"alexnet": "2.1", "resnet18": ""}}, [])
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
    assert {m for m, _ in rows} <= set(methods.names())


def test_every_quantity_and_replacement_has_a_row() -> None:
    lines = metrics_page().splitlines()
    for name in metrics.names():
        about = metrics.about(name)
        assert sum(f"**{about['label']}**<br>`{name}`" in line for line in lines) == 1
        for quantity, told in about["quantities"].items():
            assert any(f"| `{quantity}` |" in line and told["means"] in line for line in lines), quantity
    assert all(any(line.startswith(f"| `{name}` |") for line in lines) for name in replacements.names())


def test_every_data_set_network_and_figure_has_a_row() -> None:
    lines = things.page().splitlines()
    for name in data_sets.names():
        (row,) = [line for line in lines if f"<br>`{name}` |" in line]
        assert all(f"`{key}` (" in row for key in data_sets.parameters(name))
    for name in networks.names():
        (row,) = [line for line in lines if line.startswith(f"| `{name}` |")]
        assert all(f"`{key}` (" in row for key in networks.parameters(name))
    for name in figures.names():
        (row,) = [line for line in lines if line.split(" | ")[2:3] == [f"`{name}`"]]


def test_every_key_of_the_config_has_a_row() -> None:
    page = config.page()
    keys = {
        name.split(".")[-1]
        for name, part in walk_keys(load_schema(config.SCHEMA))
        if "properties" not in part
    }
    assert all(f"\n| `{key}` | " in page for key in keys)


def test_the_readme_promises_no_more_than_there_is() -> None:
    """Of what looks at the network to explain a class; controls and what explains boxes do not count."""
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    own = [methods.about(name) for name in methods.names()]
    shown = [one for one in own if one["needs"] != "nothing" and one.get("explains") != "boxes"]
    told = [name for name in metrics.names() if metrics.about(name)["needs"] != "objects"]
    for noun, count in (("attribution methods", len(shown)), ("metrics", len(told))):
        (number,) = re.findall(rf"\[(\d+) {noun}\]", text)
        assert int(number) <= count


@pytest.mark.parametrize("page", PAGES)
def test_links_and_pictures_are_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for link in re.findall(r"\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)", text):
        assert (ROOT / page).parent.joinpath(link).exists(), link


@pytest.mark.parametrize("page", PAGES)
def test_links_within_pages_lead_to_headings(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for link, heading in re.findall(r"\]\(([^)#\s]*)#([^)]*)\)", text):
        if not link.startswith("http"):
            target = (ROOT / page).parent / link if link else ROOT / page
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings}


def test_measured_methods_have_pictures() -> None:
    assert set(read_costs()) <= {file.stem for file in (ROOT / "docs/figures/methods").glob("*.png")}


def test_pictures_are_small() -> None:
    sizes = [file.stat().st_size for file in (ROOT / "docs/figures/methods").glob("*.png")]
    assert max(sizes) < 30_000 and sum(sizes) < 1_000_000
