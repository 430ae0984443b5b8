"""One image in the explorer: values under the cursor, every control, saving, moving on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from e2e.conftest import Visit, settled
from e2e.made_document import COUNT, MISSING, SIZE, Made


def pixels(page: Any, method: str) -> str:
    """What is in the canvas of a method's map."""
    return page.eval_on_selector(f"canvas.map[data-method={method}]", "canvas => canvas.toDataURL()")


def seen(page: Any, selector: str = ".maps") -> bytes:
    """What a reader sees of a part of the page."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.locator(selector).screenshot(animations="disabled")


def change(page: Any, control: str, value: Any) -> Any:
    """Set a control by its kind, as a reader does; returns the page when all is drawn."""
    field = page.locator(f"#control-{control}")
    if isinstance(value, bool):
        field.set_checked(value)
    elif field.count() == 0:
        page.check(f"#control-{control}-{value}", force=True)
    elif field.get_attribute("type") == "range":
        field.evaluate("(f, v) => { f.value = v; f.dispatchEvent(new Event('input')); }", value)
    else:
        field.select_option(value)
    return settled(page)


def test_the_value_under_the_cursor_is_the_maps_own(visit: Visit, made: Path, document: Made) -> None:
    page = visit(made, "view=image&size=240")
    rng = np.random.default_rng(1)
    for number in range(100):
        n, x, y = (int(v) for v in (rng.integers(COUNT), rng.integers(SIZE), rng.integers(SIZE)))
        if number % 20 == 0:  # another image now and then, its pixels by the pointer
            page.evaluate("id => (location.hash = `#view=image&size=240&image=${id}`)", document.ids[n])
            page.wait_for_selector(f"canvas.picture[data-image='{document.ids[n]}']")
            settled(page)
            image = n
        method = ["random", "saliency", "lrp"][number % 3]
        box = page.locator("canvas.picture").bounding_box()
        page.mouse.move(
            box["x"] + (x + 0.5) / SIZE * box["width"], box["y"] + (y + 0.5) / SIZE * box["height"]
        )
        assert page.text_content("[data-testid=coordinates]") == f"x {x}, y {y}"
        readout = page.locator(f".readout[data-method={method}]")
        value = readout.get_attribute("data-value")
        if method == "lrp" and image == MISSING:
            assert value is None
            continue
        truth, half = document.maps[method][image, y, x], float(readout.get_attribute("data-half"))
        assert abs(float(value) - truth) <= half * 1.0001
        assert half == pytest.approx(np.abs(document.maps[method][image]).max() / 254, rel=1e-6)


def test_a_missing_map_is_said_and_not_drawn(visit: Visit, made: Path, document: Made) -> None:
    page = visit(made, f"view=image&image={document.ids[MISSING]}&x=3&y=4")
    panel = page.locator("figure[data-method=lrp]")
    assert panel.locator(".no-map").is_visible()
    assert not panel.locator("canvas.map").is_visible()
    assert panel.locator(".readout").text_content() == ""
    assert page.locator("figure[data-method=saliency] canvas.map").is_visible()


def test_identical_maps_are_shown_once(visit: Visit, made: Path) -> None:
    page = visit(made, "view=image")
    methods = page.eval_on_selector_all("canvas.map", "all => all.map(c => c.dataset.method)")
    assert methods == ["random", "saliency", "lrp"]
    assert "Twin" in page.text_content("figure[data-method=lrp] figcaption")


CONTROLS = {
    "sign": ("absolute", "own"),
    "diverging": ("purple-orange", "blue-red"),
    "sequential": ("cividis", "inferno"),
    "clip": (80, 99.5),
    "opacity": (40, 100),
    "fade": (True, False),
    "smooth": (True, False),
    "size": (240, 168),
}


@pytest.mark.parametrize("control", CONTROLS)
def test_every_control_changes_the_maps_and_back(visit: Visit, made: Path, control: str) -> None:
    page = visit(made, "view=image")
    other, standard = CONTROLS[control]
    before, address = seen(page), page.url
    change(page, control, other)
    assert seen(page) != before
    page.wait_for_url(f"**{control}={str(other).lower()}**")
    link = page.url
    changed = seen(page)
    change(page, control, standard)
    assert seen(page) == before
    page.goto("about:blank")
    page.goto(link)
    assert seen(settled(page)) == changed, "a link restores the view"
    assert address.endswith("view=image")


@pytest.mark.parametrize("sign", ["own", "signed", "absolute", "positive"])
def test_colours_follow_the_reading(visit: Visit, made: Path, document: Made, sign: str) -> None:
    page = visit(made, f"view=image&clip=100&sign={sign}&diverging=blue-red&sequential=grey")
    for method in ("saliency", "lrp"):
        got = page.eval_on_selector(
            f"canvas.map[data-method={method}]",
            "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]",
        )
        red, green, blue = np.reshape(got, (SIZE, SIZE, 4))[..., :3].astype(int).transpose(2, 0, 1)
        own = document.maps[method][0] / np.abs(document.maps[method][0]).max()
        if sign == "signed" or (sign == "own" and method == "lrp"):
            strong = np.abs(own) > 0.3
            assert ((red > blue) == (own > 0))[strong].all()
        else:
            share = np.abs(own) if sign == "absolute" else np.maximum(own, 0)
            share = share / share.max()
            assert np.abs(red - 255 * share).max() <= 3  # of 127 steps
            assert (red == green).all()
    legend = page.text_content("[data-testid=legend]")
    assert ("speaks against the class" in legend) == (sign in ("own", "signed"))


def test_methods_can_be_left_out(visit: Visit, made: Path) -> None:
    page = visit(made, "view=image")
    page.click("[data-testid=methods-summary]")
    page.uncheck("#method-random")
    settled(page)
    assert page.url.endswith("methods=saliency,lrp")
    assert page.locator("canvas.map").count() == 2
    page.click("[data-testid=all-methods-button]")
    assert settled(page).locator("canvas.map").count() == 3


def test_the_back_button_goes_back(visit: Visit, made: Path, document: Made) -> None:
    page = visit(made, "view=image")
    page.click("[data-testid=next-button]")
    assert document.ids[1] in settled(page).text_content(".subtitle")
    change(page, "sign", "absolute")
    page.go_back()
    assert page.is_checked("#control-sign-own")
    page.go_back()
    assert document.ids[0] in settled(page).text_content(".subtitle")


def test_the_cross_hair_is_pinned_by_a_click_and_moved_by_the_arrow_keys(visit: Visit, made: Path) -> None:
    page = visit(made, "view=image")
    page.locator("canvas.map").first.click(position={"x": 1, "y": 1})
    assert settled(page).url.endswith("x=0&y=0")
    page.mouse.move(0, 0)
    assert page.text_content("[data-testid=coordinates]") == "x 0, y 0"
    page.focus("canvas.picture")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.wait_for_url("**x=1&y=2")
    assert settled(page).text_content("[data-testid=coordinates]") == "x 1, y 2"


def test_top_classes_and_metrics(visit: Visit, made: Path, document: Made) -> None:
    page = visit(made, "view=image&image=00002&measure=insertion.area")
    rows = page.locator("[data-testid=top-five] li")
    assert rows.count() == 2
    assert f"{100 * document.confidence[2]:.1f}" in rows.first.text_content()
    for method, label in (("saliency", "Saliency"), ("lrp", "LRP")):
        words = page.locator("[data-testid=measures] tr", has_text=label).text_content()
        value = document.values[method][2]
        assert f"{value:.3g}" in words.replace("−", "-")
        better = round(100 * (1 - value))
        assert abs(int(re.search(r"better than (\d+)", words)[1]) - better) <= 1


def test_saving_a_map(visit: Visit, made: Path, document: Made) -> None:
    page = visit(made, "view=image", permissions=["clipboard-read", "clipboard-write"])
    page.select_option("#control-save", "lrp")
    for kind, start in (("png", b"\x89PNG"), ("svg", b"<svg")):
        with page.expect_download() as download:
            page.click(f"[data-testid=save-{kind}-button]")
        data = Path(download.value.path()).read_bytes()
        assert data.startswith(start)
        assert download.value.suggested_filename == f"{document.ids[0]}-lrp.{kind}"
        if kind == "svg":
            assert "speaks for the class" in data.decode()
    page.click("[data-testid=copy-csv-button]")
    page.wait_for_selector("[data-testid=save-status]:not(:empty)")
    text = page.evaluate("navigator.clipboard.readText()")
    values = np.array([line.split(",") for line in text.split()], float)
    own = document.maps["lrp"][0]
    assert np.abs(values - own).max() <= np.abs(own).max() / 254 * 1.0001
