"""What the explorer shows of changed pictures: the stored results, and the pictures that they belong to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from e2e.conftest import Visit
from e2e.made_document import CLASSES, GRID, SIZE, STEPS, Made
from signsight.perturbation.geometry import warped_examples
from signsight.perturbation.grid import paint_cells

IMAGE = 4


def drawn(page: Any) -> np.ndarray:
    """(SIZE, SIZE, 3): the changed picture."""
    got = page.eval_on_selector(
        "[data-testid=what-if-canvas]",
        "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]",
    )
    return np.reshape(got, (SIZE, SIZE, 4))[..., :3].astype(np.uint8)


def outcome(page: Any) -> str:
    """The sentence on what the network made of it."""
    return page.text_content("[data-testid=outcome]").replace("\u202f", " ")


def of(document: Made, what: str, step: int, method: str = "saliency") -> str:
    """The address."""
    return f"view=image&image={document.ids[IMAGE]}&what={what}&with={method}&step={step}"


@pytest.mark.parametrize("step", [0, 1, STEPS])
def test_masked_cells(visit: Visit, made: Path, document: Made, step: int) -> None:
    page = visit(made, of(document, "cells", step))
    expected = document.images[IMAGE][None].copy()
    for cell in document.order[IMAGE, :step]:
        paint_cells(expected, np.array([cell]), GRID, np.array([255, 255, 255], np.uint8))
    np.testing.assert_array_equal(drawn(page), expected[0])
    assert CLASSES[document.masked[IMAGE, step]] in outcome(page)
    assert f"true class {100 * document.curve[IMAGE, step]:.1f} %" in outcome(page)


@pytest.mark.parametrize("step", [0, 2, STEPS])
@pytest.mark.parametrize("kind", ["deletion", "insertion"])
def test_pixels(visit: Visit, made: Path, document: Made, kind: str, step: int) -> None:
    page = visit(made, of(document, f"pixels.{kind}", step, "lrp"))
    early = (document.steps[IMAGE] < step)[..., None]
    own, other = document.images[IMAGE], document.images[::-1][IMAGE]
    expected = np.where(early, own, other) if kind == "insertion" else np.where(early, 127, own)
    np.testing.assert_array_equal(drawn(page), expected)
    assert outcome(page).startswith("Probability of the class ")
    found = float(re.findall(r"[\d.]+\d", outcome(page))[0])
    assert found == pytest.approx(document.curve[IMAGE, step], rel=0.01)
    assert page.locator(".what-if .chart-band").count() == 1, "the mean's interval"


@pytest.mark.parametrize("step", [0, 1, 2])
def test_turns(visit: Visit, made: Path, document: Made, step: int) -> None:
    page = visit(made, of(document, "turn.rotation", step))
    expected = warped_examples(document.images[IMAGE][None], "rotation", [document.degrees[step]])[0, 0]
    assert np.abs(drawn(page).astype(int) - expected).max() <= 1
    assert CLASSES[step] in outcome(page)
    assert f"true class {100 * document.turned[IMAGE, step]:.1f} %" in outcome(page)


@pytest.mark.parametrize("step", [0, 1])
def test_sticker(visit: Visit, made: Path, document: Made, step: int) -> None:
    page = visit(made, of(document, "sticker.tall.small", step))
    expected = document.images[IMAGE].copy()
    expected[3:12, 2:9] = (255, 0, 255) if step else expected[3:12, 2:9]
    np.testing.assert_array_equal(drawn(page), expected)
    probability = document.probability[IMAGE] * (0.5 if step else 1)
    assert f"true class {100 * probability:.1f} %" in outcome(page)


def test_a_slider_changes_picture_and_sentence_and_back(visit: Visit, made: Path, document: Made) -> None:
    page = visit(made, of(document, "pixels.deletion", 1))
    before = drawn(page), outcome(page)
    page.focus("#control-step")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("[data-testid=what-if-canvas][data-step='2']")
    assert (drawn(page) != before[0]).any()
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("[data-testid=what-if-canvas][data-step='1']")
    np.testing.assert_array_equal(drawn(page), before[0])
    assert outcome(page) == before[1]


def test_only_methods_that_were_measured_are_offered(visit: Visit, made: Path, document: Made) -> None:
    page = visit(made, of(document, "cells", 0))
    assert page.locator("#control-with option").all_text_contents() == ["Saliency"]
    page.select_option("#control-what", "pixels.deletion")
    options = page.eval_on_selector_all("#control-with option", "all => all.map(o => o.value)")
    assert options == ["saliency", "lrp"]


def test_other_networks_and_sets_have_no_what_if(visit: Visit, made: Path) -> None:
    assert not visit(made, "view=image&network=seeds/1").locator("[data-testid=what-if]").is_visible()
    page = visit(made, "view=image&set=gallery")
    assert not page.locator("[data-testid=what-if]").is_visible()
    assert not page.locator("[data-testid=measures]").is_visible()
    assert "it needs another network" in page.text_content("[data-testid=refused]")
