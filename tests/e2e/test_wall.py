"""The explorer's first page: verdict, filters, orders, and the keyboard on the wall."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from e2e.conftest import Visit, settled
from e2e.made_document import COUNT, HARMLESS, Made


def tiles(page: Any) -> list[str]:
    """The ids of the images on the wall, in order."""
    return page.eval_on_selector_all("[data-testid=wall] a", "links => links.map(a => a.dataset.image)")


def test_verdict_and_what_was_left_out_are_said_as_text(visit: Visit, made: Path) -> None:
    page = visit(made)
    assert f"It knows {HARMLESS}." in page.text_content("[data-testid=verdict]")
    assert page.text_content("[data-testid=verdict] li .mark") == "✓"
    assert "7 images" in page.text_content("[data-testid=left-out]")
    assert page.title() == "Overview · one · Signsight"
    assert page.query_selector("#main img") is None


def test_every_image_says_what_it_was_taken_for(visit: Visit, made: Path, document: Made) -> None:
    page = visit(made)
    assert tiles(page) == document.ids
    right = document.truth == document.predicted
    marks = page.eval_on_selector_all(
        "[data-testid=wall] .said .right, .said .wrong", "m => m.map(e => e.textContent)"
    )
    assert marks == ["✓" if own else "✗" for own in right]
    labels = page.eval_on_selector_all(
        "[data-testid=wall] [role=img]", "m => m.map(e => e.getAttribute('aria-label'))"
    )
    assert all(labels)


FILTERS = {
    "judged=wrong": lambda d: d.truth != d.predicted,
    "judged=right": lambda d: d.truth == d.predicted,
    "class=1": lambda d: d.truth == 1,
    "low=50&high=80": lambda d: (d.confidence >= 0.5) & (d.confidence <= 0.8),
    "text=give": lambda d: (d.truth == 1) | (d.predicted == 1),
    "text=00007": lambda d: np.arange(COUNT) == 7,
    "class=0&judged=right": lambda d: (d.truth == 0) & (d.predicted == 0),
}


@pytest.mark.parametrize("hash", FILTERS)
def test_filters(visit: Visit, made: Path, document: Made, hash: str) -> None:
    page = visit(made, hash)
    expected = [own for own, is_in in zip(document.ids, FILTERS[hash](document), strict=True) if is_in]
    assert tiles(page) == expected
    assert f"{len(expected)} of 12 images" in page.text_content("[data-testid=found]")


def test_filters_by_their_controls(visit: Visit, made: Path, document: Made) -> None:
    page = visit(made)
    page.check("#control-judged-wrong", force=True)
    page.select_option("#control-class", "1")
    assert settled(page).url.endswith("#class=1&judged=wrong")
    assert tiles(page) == [
        i for n, i in enumerate(document.ids) if document.truth[n] == 1 != document.predicted[n]
    ]
    page.fill("#control-text", "nothing at all")
    assert tiles(page) == []
    page.click("[data-testid=clear-button]")
    assert tiles(settled(page)) == document.ids


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", ["confidence", "probability", "disagreement"])
def test_orders(visit: Visit, made: Path, document: Made, sort: str, descending: bool) -> None:
    page = visit(made, f"sort={sort}" + ("&descending=true" if descending else ""))
    values = getattr(document, sort)
    assert tiles(page) == [
        document.ids[n] for n in np.argsort(-values if descending else values, kind="stable")
    ]


def test_images_without_a_value_come_last(visit: Visit, made: Path, document: Made) -> None:
    page = visit(made)
    page.select_option("#control-sort", "metric")
    page.select_option("#control-by", "saliency")
    page.check("#control-descending")
    order = np.argsort(-document.values["saliency"])  # NaN goes last
    assert tiles(settled(page)) == [document.ids[n] for n in order]
    assert page.text_content("[data-testid=wall] li:last-child .value") == "no value"


def test_wall_shows_a_methods_maps_and_says_where_there_is_none(
    visit: Visit, made: Path, document: Made
) -> None:
    page = visit(made, "show=lrp")
    with_map = page.eval_on_selector_all("[data-testid=wall] canvas.map", "m => m.map(c => c.dataset.image)")
    assert with_map == [i for n, i in enumerate(document.ids) if n != 3]
    assert page.text_content("[data-testid=wall] .no-map") == "no map"
    assert "red" in page.text_content("[data-testid=legend]")


def test_number_of_images_shown(visit: Visit, made: Path, document: Made) -> None:
    page = visit(made, "number=5")
    assert tiles(page) == document.ids[:5]
    page.click("[data-testid=more-button]")
    assert tiles(settled(page)) == document.ids


def test_keyboard_alone_goes_from_the_wall_to_an_image_and_back(
    visit: Visit, made: Path, document: Made
) -> None:
    page = visit(made)
    page.focus("[data-testid=wall] a")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    at = page.evaluate("document.activeElement.dataset.row")
    columns = page.evaluate(
        "getComputedStyle(document.querySelector('.wall')).gridTemplateColumns.split(' ').length"
    )
    assert int(at) == 1 + columns
    page.keyboard.press("Enter")
    page.wait_for_url("**#view=image**")
    assert document.ids[int(at)] in settled(page).text_content(".subtitle")
    page.keyboard.press("Escape")
    page.wait_for_selector(".wall a:focus")
    assert page.evaluate("document.activeElement.dataset.row") == at
