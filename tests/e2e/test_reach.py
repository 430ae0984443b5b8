"""Everyone can read the explorer: keyboard, contrast in light and dark, a phone, and partial documents."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from e2e.conftest import Visit, settled
from e2e.made_document import Made, write

VIEWS = ["overview", "image", "compare", "ranking", "learned", "detections"]

# Elements with text of their own whose contrast with what is behind them is below WCAG AA.
CONTRAST = """() => {
  const context = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgba = (css) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = css;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = rgba(getComputedStyle(one).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const out = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !element.checkVisibility() || element.closest("script, :disabled, .skip")) continue;
    const style = getComputedStyle(element);
    const ink = light(rgba(element.namespaceURI.endsWith("svg") ? style.fill : style.color));
    const paper = light(behind(element));
    const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    const large = parseFloat(style.fontSize) >= 24;
    if (ratio < (large ? 3 : 4.5)) out.push(`${element.textContent.slice(0, 30)}: ${ratio.toFixed(2)}`);
  }
  return out;
}"""

# Pictures and controls without a name for a screen reader.
UNNAMED = """() => [...document.querySelectorAll("canvas, img, svg[role=img], button, a, input, select")]
  .filter((e) => e.checkVisibility() && e.getAttribute("aria-hidden") !== "true")
  .filter((e) => !(e.getAttribute("aria-label") || e.alt || e.labels?.length || e.textContent.trim()))
  .map((e) => e.outerHTML)"""

# What has the focus, and whether that is seen; null: nothing.
FOCUSED = """() => {
  const one = document.activeElement;
  const around = [one, one.closest("label")].filter(Boolean);
  const marked = around.some((e) => getComputedStyle(e).outlineStyle !== "none");
  if (one === document.body) return null;
  return [one.id || one.dataset.testid || one.getAttribute("class"), marked || one.matches(".box")];
}"""

# To another address of the page, until it has heard of it.
GO = """hash => new Promise((done) => {
  addEventListener("popstate", done, {once: true});
  location.hash = hash;
})"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_contrast(visit: Visit, made: Path, view: str, scheme: str) -> None:
    assert visit(made, f"view={view}", color_scheme=scheme).evaluate(CONTRAST) == []


def test_the_theme_can_be_chosen(visit: Visit, made: Path) -> None:
    page = visit(made, color_scheme="light")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.check("#control-theme-dark", force=True)
    dark = page.evaluate(paper)
    assert dark != light
    assert page.evaluate(CONTRAST) == []
    assert visit(made, "theme=light", color_scheme="dark").evaluate(paper) == light


@pytest.mark.parametrize("view", VIEWS)
def test_a_phone_shows_all_without_sideways_scrolling(visit: Visit, made: Path, view: str) -> None:
    page = visit(made, f"view={view}&sort=metric&show=lrp", viewport={"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("view", VIEWS)
def test_all_is_named_and_reached_by_the_keyboard(visit: Visit, made: Path, view: str) -> None:
    page = visit(made, f"view={view}")
    unnamed = page.evaluate(UNNAMED)
    assert unnamed == []
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "skip"
    reached = set()
    for _ in range(120):
        page.keyboard.press("Tab")
        told = page.evaluate(FOCUSED)
        if told is None:
            break
        assert told[1], f"the focus on {told[0]} is not seen"
        reached.add(told[0])
    fields = page.locator("#main select:visible, #main input:not([type=radio]):visible")
    controls = fields.evaluate_all("all => all.map(e => e.id)")
    assert set(controls) <= reached


def test_the_skip_link_keeps_the_state(visit: Visit, made: Path) -> None:
    page = visit(made, "view=image")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    assert page.url.endswith("#view=image")


def test_nothing_moves_for_readers_who_want_no_motion(visit: Visit, made: Path) -> None:
    page = visit(made, reduced_motion="reduce")
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    assert page.evaluate("document.getAnimations().length") == 0


def tabs(page: Any) -> list[str]:
    """The views that the page offers."""
    return page.eval_on_selector_all("#tabs a", "all => all.map(a => a.dataset.testid.slice(4))")


def parts(document: Made, **changes: Any) -> dict[str, Any]:
    """A document of the first experiment alone, with its keys changed."""
    tree = copy.deepcopy(document.tree)
    tree["experiments"] = [tree["experiments"][0] | changes]
    return tree


BARE = {"ranking": None, "agreement": None, "learned": None}


def sets_of(document: Made, *names: str) -> list[dict[str, Any]]:
    """Copies of the sets with these ids."""
    return [copy.deepcopy(s) for s in document.tree["experiments"][0]["sets"] if s["id"] in names]


def test_everything(visit: Visit, made: Path) -> None:
    assert tabs(visit(made)) == VIEWS


def test_gallery_alone(visit: Visit, document: Made, tmp_path: Path) -> None:
    tree = parts(document, sets=sets_of(document, "gallery"), **BARE) | {"verdict": [], "left_out": []}
    page = visit(write(tree, tmp_path / "page.html"))
    assert tabs(page) == ["overview", "image"]
    assert page.locator("[data-testid=wall] .right, [data-testid=wall] .wrong").count() == 0
    assert not page.locator("[data-testid=control-judged]").is_visible()
    assert page.locator("[data-testid=verdict], [data-testid=left-out]").count() == 0
    page.click("[data-testid=tab-image]")
    page.wait_for_selector("canvas.map")
    assert settled(page).locator("canvas.map").count() == 1
    assert not page.locator("[data-testid=methods-summary]").is_visible()


def test_detector_alone(visit: Visit, document: Made, tmp_path: Path) -> None:
    tree = parts(document, sets=sets_of(document, "detection"), **BARE)
    page = visit(write(tree, tmp_path / "page.html"))
    assert tabs(page) == ["overview", "detections"]
    page.click("[data-testid=tab-detections]")
    page.wait_for_selector(".box")


def test_one_image_and_one_method_without_anything_else(visit: Visit, document: Made, tmp_path: Path) -> None:
    [own] = sets_of(document, "test")
    lists = ("ids", "files", "truth", "predicted", "confidence", "top", "probability")
    one = {key: own[key][:1] for key in lists}
    nothing = dict.fromkeys(("cells", "pixels", "geometry", "stickers", "disagreement"))
    nothing |= {"values": {}, "population": {}, "curves": {}, "networks": {}}
    maps = {"main": {"saliency": own["maps"]["main"]["saliency"]}}
    tree = parts(document, sets=[own | one | nothing | {"count": 1, "total": 1, "maps": maps}], **BARE)
    page = visit(write(tree, tmp_path / "page.html"), "view=image")
    assert tabs(page) == ["overview", "image"]
    assert page.locator("canvas.map").count() == 1
    for part in ("what-if", "measures"):
        assert not page.locator(f"[data-testid={part}]").is_visible()
    assert page.is_disabled("[data-testid=next-button]")
    assert page.is_disabled("[data-testid=previous-button]")


def test_no_masking_and_no_geometry(visit: Visit, document: Made, tmp_path: Path) -> None:
    [own] = sets_of(document, "test")
    tree = parts(document, sets=[own | {"cells": None, "geometry": [], "stickers": None}])
    page = visit(write(tree, tmp_path / "page.html"), "view=image")
    options = page.eval_on_selector_all("#control-what option", "all => all.map(o => o.value)")
    assert options == ["pixels.deletion", "pixels.insertion"]


def test_images_without_maps(visit: Visit, document: Made, tmp_path: Path) -> None:
    [own] = sets_of(document, "test")
    tree = parts(document, sets=[own | {"maps": {}}], methods=[], **BARE)
    page = visit(write(tree, tmp_path / "page.html"), "view=image")
    assert page.locator("canvas.picture").is_visible()
    assert page.locator("canvas.map").count() == 0


def test_a_document_with_nothing_to_see(visit: Visit, document: Made, tmp_path: Path) -> None:
    page = visit(write(parts(document, sets=[], **BARE), tmp_path / "page.html"))
    assert tabs(page) == []
    assert page.locator("[data-testid=verdict]").is_visible()


def test_javascript_is_asked_for(visit: Visit, made: Path, browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(made.as_uri())
    assert "needs JavaScript" in page.text_content("noscript")
    context.close()


@pytest.mark.parametrize("view", VIEWS)
def test_no_address_breaks_the_page(visit: Visit, made: Path, view: str) -> None:
    page = visit(made, f"view={view}")
    keys = page.evaluate("import('#state').then(({DEFAULTS}) => Object.keys(DEFAULTS))")
    for value in ("nothing", "-3", "1e9", "0.5", "a.b", "%F0", "<b>", "constructor"):
        hash = "&".join(f"{key}={view if key == 'view' else value}" for key in keys)
        page.evaluate(GO, hash)
        assert tabs(settled(page)) == VIEWS
        assert page.locator(".problem").count() == 0
