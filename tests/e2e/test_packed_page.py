"""The page that the packer makes of results, in a browser: values as in the files, and the budget."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from e2e.conftest import Visit, settled
from signsight.explorer.blobs import read_document, write_document
from signsight.explorer.budget import MB, fitted_page
from signsight.explorer.document import document
from signsight.plan.plan import Plan
from synthetic_explorer import EVERYTHING, large, results

BUDGET = 15
NOTHING = {"data": {"name": "none"}, "model": {"name": "resnet18", "weights": "DEFAULT", "train": False}}
PARTS = {
    "maps alone": {"stages": [], "attribution": {"methods": ["saliency"]}},
    "a gallery": NOTHING | {"gallery": {"source": "own", "methods": ["saliency"]}},
    "a detector": NOTHING | {"detection": EVERYTHING["detection"]},
    "features": NOTHING | {"features": EVERYTHING["features"]},
}


def packed(config: dict[str, Any], folder: Path, images: int, budget: float = BUDGET) -> Plan:
    """Results, their document and their page, as the two jobs of the workflow write them."""
    plan = results(config, folder, images)
    write_document(plan.explorer.document, document(plan.explorer.given, plan.explorer.facts))
    page = fitted_page([read_document(plan.explorer.document)], plan.explorer.links, budget)
    Path(plan.explorer.page).write_text(page, encoding="utf-8")
    return plan


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return packed(EVERYTHING, tmp_path_factory.mktemp("results"), 40)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """60 images by 30 methods at 48 px, of noise, which is the hardest to compress."""
    return packed(large(), tmp_path_factory.mktemp("results"), 80)


def told(plan: Plan) -> dict[str, Any]:
    """The document in a page."""
    text = Path(plan.explorer.page).read_text(encoding="utf-8")
    start = text.index('id="document">') + len('id="document">')
    return json.loads(text[start : text.index("</script>", start)])


def test_sixty_images_by_thirty_methods_fit_the_budget_whole(crowd: Plan) -> None:
    assert Path(crowd.explorer.page).stat().st_size <= BUDGET * MB
    tree = told(crowd)
    assert tree["left_out"] == []
    (tested,) = tree["experiments"][0]["sets"]
    assert tested["count"] == 60 and len(tested["maps"]["main"]) == 30
    assert all(one["values"]["shape"] == [60, 48, 48] for one in tested["maps"]["main"].values())
    assert len(tested["pixels"]["methods"]) == 30


def test_the_crowd_opens_without_a_fault(visit: Visit, crowd: Plan) -> None:
    page = visit(Path(crowd.explorer.page))
    assert page.locator("body[data-ready]").count() == 1
    settled(page)


@pytest.mark.parametrize("which", ["everything", "crowd"])
def test_values_under_the_cursor_are_those_of_maps_npy(
    visit: Visit, request: pytest.FixtureRequest, which: str
) -> None:
    plan: Plan = request.getfixturevalue(which)
    tested = told(plan)["experiments"][0]["sets"][0]
    page = visit(Path(plan.explorer.page), "view=image&size=168")
    rng, side = np.random.default_rng(0), plan.config["data"]["size"]
    seen = 0
    for n in rng.choice(tested["count"], 5, replace=False):
        name = tested["ids"][n]
        page.evaluate("id => (location.hash = `#view=image&size=168&image=${id}`)", name)
        page.wait_for_selector(f"canvas.picture[data-image='{name}']")
        settled(page)
        methods = page.eval_on_selector_all(
            ".readout[data-method]", "all => all.map(one => one.dataset.method)"
        )
        for method in rng.choice(methods, 20):
            file = plan.explorer.given["maps"]["main"][method]
            own = np.load(file)[tested["rows"][n]]
            x, y = (int(v) for v in rng.integers(side, size=2))
            box = page.locator("canvas.picture").bounding_box()
            page.mouse.move(
                box["x"] + (x + 0.5) / side * box["width"], box["y"] + (y + 0.5) / side * box["height"]
            )
            readout = page.locator(f".readout[data-method={method}]")
            value = readout.get_attribute("data-value")
            if not own.any():  # no map
                assert value is None
                continue
            assert abs(float(value) - own[y, x]) <= np.abs(own).max() / 254 * 1.0001
            seen += 1
    assert seen >= 90


def test_every_part_of_everything_is_offered(visit: Visit, everything: Plan) -> None:
    page = visit(Path(everything.explorer.page))
    views = ["overview", "image", "compare", "ranking", "learned", "detections"]
    assert page.locator("#tabs a, #tabs button").count() == len(views)
    whats = ["cells", "pixels.deletion", "pixels.insertion"]
    for hash in [*(f"view={view}" for view in views), *(f"view=image&what={what}" for what in whats)]:
        page.evaluate("hash => (location.hash = hash)", hash)
        settled(page)


@pytest.mark.parametrize("kind", PARTS)
def test_pages_of_experiments_with_parts_open(visit: Visit, kind: str, tmp_path: Path) -> None:
    plan = packed(PARTS[kind], tmp_path, 1)
    page = visit(Path(plan.explorer.page))
    assert page.locator("body").get_attribute("data-ready") is not None
    assert page.locator("main").inner_text().strip()


@pytest.mark.parametrize("share", [0.9, 0.5])
def test_a_page_that_leaves_something_out_says_so(
    visit: Visit, everything: Plan, share: float, tmp_path: Path
) -> None:
    whole = Path(everything.explorer.page).stat().st_size
    text = fitted_page([read_document(everything.explorer.document)], {}, share * whole / MB)
    file = tmp_path / "explorer.html"
    file.write_text(text, encoding="utf-8")
    assert file.stat().st_size <= share * whole
    assert "to stay within" in visit(file).text_content("main")


def test_two_experiments_are_shown_beside_each_other(visit: Visit, everything: Plan, tmp_path: Path) -> None:
    first, other = (read_document(everything.explorer.document) for _ in range(2))
    other["experiment"]["name"] = "other"
    file = tmp_path / "explorer.html"
    file.write_text(fitted_page([first, other], {}, BUDGET), encoding="utf-8")
    page = visit(file, "view=compare&between=experiments")
    assert page.input_value("#control-b") == "other"
