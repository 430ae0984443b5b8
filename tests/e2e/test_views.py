"""The other views of the explorer: comparison, ranking, what is learned, detections."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from e2e.conftest import Visit, settled
from e2e.made_document import METHODS, MISSING, Made, write
from e2e.test_image import change, seen


def values(page: Any, image: str) -> list[float]:
    """What the three maps of a row of the comparison say at the cross-hair."""
    row = page.locator(f".comparison-row[data-image='{image}']")
    return [float(one.get_attribute("data-value")) for one in row.locator(".readout[data-value]").all()]


def test_two_methods(visit: Visit, made: Path, document: Made) -> None:
    page = visit(made, "view=compare&between=methods&a=lrp&b=saliency&clip=100&rows=2&x=5&y=7")
    for n in range(2):
        a, b = document.maps["lrp"][n], document.maps["saliency"][n]
        got = values(page, document.ids[n])
        assert got[0] == pytest.approx(a[7, 5], abs=np.abs(a).max() / 253)
        assert got[1] == pytest.approx(b[7, 5], abs=np.abs(b).max() / 253)
        expected = a[7, 5] / np.abs(a).max() - b[7, 5] / np.abs(b).max()
        assert got[2] == pytest.approx(expected, abs=2 / 253)
        words = page.locator(f".comparison-row[data-image='{document.ids[n]}'] small").last.text_content()
        found = float(words.split()[-1].replace("−", "-"))
        assert found == pytest.approx(spearmanr(a.ravel(), b.ravel()).statistic, abs=0.02)


@pytest.mark.parametrize(("between", "b"), [("networks", "seeds/1"), ("experiments", "two")])
def test_two_networks_and_two_experiments(
    visit: Visit, made: Path, document: Made, between: str, b: str
) -> None:
    page = visit(made, f"view=compare&between={between}&with=saliency&rows=1&x=5&y=7&clip=100")
    assert page.input_value("#control-b") == b
    own = document.maps["saliency"][0]
    other = document.seed_maps["saliency"][0] if between == "networks" else np.roll(own, 3, axis=1)
    got = values(page, document.ids[0])
    half = np.abs(own).max() / 253
    assert got[:2] == [pytest.approx(own[7, 5], abs=half), pytest.approx(other[7, 5], abs=half)]


def test_a_missing_map_has_no_difference(visit: Visit, made: Path, document: Made) -> None:
    page = visit(made, f"view=compare&between=methods&a=lrp&b=saliency&image={document.ids[MISSING]}&rows=1")
    assert [one.is_visible() for one in page.locator(".no-map").all()] == [True, False, True]
    assert "no maps of both" in page.text_content("[data-testid=agreement]")


def test_controls_of_the_comparison_change_it_and_back(visit: Visit, made: Path) -> None:
    page = visit(made, "view=compare&rows=1")
    before = seen(page, ".comparison")
    standard = {"a": "saliency", "b": "lrp", "rows": 1, "clip": 99.5, "sign": "own"}
    for control, other in {"a": "random", "b": "random", "rows": 3, "clip": 80, "sign": "absolute"}.items():
        change(page, control, other)
        assert seen(page, ".comparison") != before, control
        change(page, control, standard[control])
        assert seen(page, ".comparison") == before, control


def test_ranking_leads_to_the_images(visit: Visit, made: Path, document: Made) -> None:
    page = visit(made, "view=ranking")
    rows = page.eval_on_selector_all(".forest tbody tr", "all => all.map(row => row.dataset.method)")
    assert rows == list(METHODS)
    assert "0.300" in page.locator(".forest tbody tr").first.text_content()
    assert "−0.33" in page.text_content("[data-testid=agreement-table]")
    order = np.argsort(document.values["random"])
    for word, expected in (("best", order), ("worst", order[::-1])):
        page.click(f"[data-testid='{word}-deletion.area-random']")
        page.wait_for_selector("[data-testid=wall]")
        settled(page)
        ids = page.eval_on_selector_all("[data-testid=wall] a", "all => all.map(a => a.dataset.image)")
        assert ids == [document.ids[n] for n in expected], "lower is better"
        page.go_back()
        page.wait_for_selector(".forest")
    page.click("[data-testid='cell-insertion.area-lrp']")
    page.wait_for_selector("[data-testid=wall] canvas.map[data-method=lrp]")


def test_ranking_says_what_beats_null_maps(visit: Visit, made: Path) -> None:
    page = visit(made, "view=ranking")
    said = {
        method: page.locator(f".forest tr[data-method={method}] .null-gap").text_content()
        for method in METHODS
    }
    assert said == {
        "random": "–",
        "saliency": "▲ better +0.125 [0.0625, 0.188] · map of another image of the class",
        "lrp": "▼ worse −0.250 [−0.500, −0.125] · Random",
        "twin": "○ open 0 [−0.500, 0.500] · centre prior",
    }
    mark = page.locator("[data-testid='cell-insertion.area-lrp'] [role=img]")
    words = "worse than the strongest null map: −0.250 [−0.500, −0.125] against “Random”"
    assert mark.get_attribute("title") == mark.get_attribute("aria-label") == words
    assert mark.text_content() == "▼"
    assert page.get_by_text("know nothing of the image").count() == 2, "the legend, of plot and of table"


def test_metrics_of_an_image_say_what_beats_null_maps(visit: Visit, made: Path) -> None:
    page = visit(made, "view=image")
    marks = page.locator("[data-testid=measures] .strips [role=img].null-mark").all_text_contents()
    assert sorted(marks) == ["▲", "▼"], "controls have none, and identical maps stand there once"


def test_without_null_maps_nothing_is_said_of_them(visit: Visit, document: Made, tmp_path: Path) -> None:
    tree = copy.deepcopy(document.tree)
    for experiment in tree["experiments"]:
        for row in experiment["ranking"]["rows"]:
            row.pop("against_null", None)
    file = write(tree, tmp_path / "page.html")
    for view in ("ranking", "image"):
        page = visit(file, f"view={view}")
        assert page.locator(".null-mark, .null-gap").count() == 0
        assert "null map" not in page.text_content("main")


def test_learned_pictures_and_their_natural_ones(visit: Visit, made: Path, document: Made) -> None:
    page = visit(made, "view=learned")
    assert page.locator("[data-testid=learned] figure").count() == 3
    assert all(one.get_attribute("alt") for one in page.locator("[data-testid=learned] img").all())
    page.locator("[data-testid=learned] a").nth(1).click()
    page.wait_for_selector(".image-view")
    assert document.ids[1] in settled(page).text_content(".subtitle")
    assert "conv1, unit 4" in visit(made, "view=learned&part=filters").text_content("[data-testid=learned]")


def test_detections(visit: Visit, made: Path) -> None:
    page = visit(made, "view=detections")
    before = seen(page, "[data-testid=detection]")
    assert "layer4" in page.text_content("[data-testid=layer]")
    assert page.locator(".box").count() == 2
    page.locator("[data-box='0-1']").click()
    assert settled(page).url.endswith("box=0-1")
    other = seen(page, "[data-testid=detection]")
    assert other != before
    page.locator("[data-box='0-0']").focus()
    page.keyboard.press("Enter")
    assert seen(settled(page), "[data-testid=detection]") != other
    for control, changed, standard in (
        ("detector", "lrp", "saliency"), ("veil", 20, 80), ("cover", True, False), ("smooth", True, False),
        ("image", "scene 1", "scene 0"),
    ):  # fmt: skip
        start = seen(page, "[data-testid=detection]")
        change(page, control, changed)
        assert seen(page, "[data-testid=detection]") != start, control
        change(page, control, standard)
    page.select_option("#control-class", "1")
    assert settled(page).locator(".box").count() == 1
    assert "0.2" in page.text_content(".detections table")
