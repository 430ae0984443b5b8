"""Sheets hold every picture at its place, name rows and columns, and can be read."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from signsight.figures import examples, geometry_sheet, masked_sheet, sticker_sheet
from signsight.figures.choice import changed_rows, example_rows
from signsight.figures.colour import to_rgb
from signsight.figures.pages import METHODS
from signsight.figures.sheet import GAP, PIXELS, Block, fit, sheets

Check = Callable[[Figure], None]
RANDOM = np.random.default_rng(3)
LONG = "End of no passing by vehicles over 3.5 metric tons"


def pictures(*shape: int, size: int = 48) -> np.ndarray:
    return RANDOM.integers(0, 255, (*shape, size, size, 3), dtype=np.uint8)


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text"))]


def cell(figure: Figure, row: int, column: int) -> np.ndarray:
    """The pixels of one cell, rows counted over all blocks."""
    mosaic = figure.axes[0].images[row].get_array()
    start = column * (PIXELS + GAP)
    return mosaic[:, start : start + PIXELS]


def test_fit_keeps_shape_and_hard_pixels() -> None:
    image = pictures(size=48)
    assert np.array_equal(fit(image, 144, 144)[1::3, 1::3], image)
    wide = fit(np.zeros((10, 40, 3), np.uint8), 80, 80)
    assert (wide[30:50] == 0).all() and (wide[:30] == 255).all() and (wide[50:] == 255).all()
    assert fit(np.full((800, 800, 3), 7, np.uint8), 144, 144).tolist() == [[[7] * 3] * 144] * 144


def test_overview(legible: Check) -> None:
    images = pictures(3)
    maps = {"saliency": RANDOM.random((3, 48, 48)), "lrp_epsilon": RANDOM.normal(size=(3, 48, 48))}
    predicted, truth = ["Stop", "Yield", LONG], ["Stop", LONG, LONG]
    labels = {"saliency": ["Saliency", "Smooth Grad-CAM++"], "lrp_epsilon": ["LRP-ε"]}
    (figure,) = examples.overview_sheet(
        images, maps, labels, {"lrp_epsilon"}, truth, predicted, np.full(3, 0.998)
    )
    for row in range(3):
        assert np.array_equal(cell(figure, row, 0)[1::3, 1::3], images[row])
        for column, (name, values) in enumerate(maps.items(), 1):
            colours = to_rgb(values[row], name == "lrp_epsilon")
            assert np.array_equal(cell(figure, row, column)[1::3, 1::3], colours)
    text = "\n".join(words(figure))
    assert "✓ Stop 99.8\N{NO-BREAK SPACE}%" in text and "✗ Yield" in text and "true:" in text
    assert "Saliency\n= Smooth\nGrad-CAM++" in text and "LRP-ε" in text and "for it (+)" in text
    legible(figure)


def test_overview_key_names_only_the_scales_in_use(legible: Check) -> None:
    maps = {"grad_cam": np.ones((1, 48, 48), np.float32)}
    (figure,) = examples.overview_sheet(
        pictures(1), maps, {"grad_cam": ["Grad-CAM"]}, (), ["a"], ["a"], np.ones(1)
    )
    assert "for it (+)" not in words(figure)
    legible(figure)


def test_masked_sheet(legible: Check) -> None:
    images = {name: pictures(2, 11) for name in ("random", "smooth_grad_cam_pp")}
    right = {name: np.tile(np.arange(11) < 4, (2, 1)) for name in images}
    (figure,) = masked_sheet.mask_sheet(images, range(11), ["Stop", LONG], right)
    assert len(figure.axes[0].images) == 4
    assert np.array_equal(cell(figure, 1, 7)[1::3, 1::3], images["smooth_grad_cam_pp"][0, 7])
    assert np.array_equal(cell(figure, 2, 10)[1::3, 1::3], images["random"][1, 10])
    text = words(figure)
    assert text.count("✓") == 16 and text.count("✗") == 28
    frames = [p for p in figure.axes[0].patches if isinstance(p, Rectangle)]
    assert sum(frame.get_linewidth() > 1 for frame in frames) == 28
    legible(figure)


def test_sticker_sheet(legible: Check) -> None:
    pairs = [("square", "none"), ("square", "large"), ("tall", "small")]
    images = {"stock": pictures(2, 3, size=200), "test": pictures(1, 3)}
    notes = {
        "stock": np.array([["✓", "✓", f"✗ {LONG}"]] * 2),
        "test": np.array([["✓", "✗ Stop", "✗ Yield"]]),
    }
    titles = {"stock": ["Stop", LONG], "test": ["Yield"]}
    headings = {"stock": "Rendered stock signs: Saliency", "test": "Test images: Saliency"}
    (figure,) = sticker_sheet.sticker_blocks(images, pairs, titles, notes, headings)
    text = words(figure)
    assert set(headings.values()) <= set(text)
    assert "tall,\nsmall sign" in text and "without" in text
    legible(figure)


def test_sticker_notes() -> None:
    notes = sticker_sheet.sticker_notes(
        np.array([1, 0]), np.array([[1, 2, 1], [0, 0, 1]]), dict(enumerate("abc"))
    )
    assert notes.tolist() == [["✓", "✗ c", "✓"], ["✓", "✓", "✗ b"]]


def test_geometry_sheet(legible: Check) -> None:
    degrees = {"rotation": list(range(-90, 91, 15)), "perspective_vertical": [-90, 0, 89]}
    images = {name: pictures(2, len(angles)) for name, angles in degrees.items()}
    (figure,) = geometry_sheet.warp_sheet(images, degrees, ["Stop", LONG])
    text = words(figure)
    assert text.count("−90°") == 2 and "15°" in text and "89°" in text
    assert np.array_equal(cell(figure, 3, 2)[1::3, 1::3], images["perspective_vertical"][1, 2])
    legible(figure)


@pytest.mark.parametrize("number", [1, 2, 7])
def test_real_examples(number: int, legible: Check) -> None:
    sizes = [(32, 32), (300, 200), (90, 400), (48, 48), (10, 10), (64, 32), (800, 800)][:number]
    photographs = [RANDOM.integers(0, 255, (*size, 3), dtype=np.uint8) for size in sizes]
    predicted = ["Stop", LONG, "Yield", "Stop", "Stop", "Stop", "Stop"][:number]
    given = ["Stop", "Yield", None, "Stop", LONG, "Stop", "Stop"][:number]
    maps = RANDOM.random((number, 48, 48)).astype(np.float32)
    (figure,) = examples.photograph_sheet(
        photographs, maps, "grad_cam", False, predicted, [0.5] * number, given
    )
    text = "\n".join(words(figure))
    assert "Grad-CAM" in text and "✓ Stop 50.0" in text
    assert ("class not given" in text) == (number > 2) and ("true: Yield" in text) == (number > 1)
    legible(figure)


def test_many_methods_and_many_images_take_pages(legible: Check) -> None:
    names = [f"method_{k:02d}" for k in range(30)]
    maps = {name: RANDOM.random((12, 16, 16)) for name in names}
    labels = {name: [name] for name in names}
    drawn = examples.overview_sheet(
        pictures(12, size=16), maps, labels, (), [LONG] * 12, [LONG] * 12, np.ones(12)
    )
    heads = [[word for word in words(figure) if word in names] for figure in drawn]
    assert max(map(len, heads)) <= METHODS and sorted({name for own in heads for name in own}) == names
    assert sum(len(figure.axes[0].images) for figure in drawn) == 12 * 4
    legible(drawn)
    images = {name: pictures(3, 11, size=8) for name in names}
    masked = masked_sheet.mask_sheet(
        images, range(11), [LONG] * 3, {m: np.ones((3, 11), bool) for m in names}
    )
    assert sum(len(figure.axes[0].images) for figure in masked) == 3 * 30
    legible(masked)


def test_a_block_that_no_page_takes_is_divided_and_says_so(legible: Check) -> None:
    blocks = [Block(pictures(25, 2, size=8), [str(n) for n in range(25)], ["a", "b"], "Many")]
    drawn = sheets([*blocks, Block(pictures(1, 2, size=8), ["last"], ["a", "b"], "One")])
    assert [words(figure)[0] for figure in drawn] == [f"Many ({n} of 3)" for n in (1, 2, 3)]
    assert sum(len(figure.axes[0].images) for figure in drawn) == 26 and "One" in words(drawn[-1])
    legible(drawn)


def test_pictures_that_the_sticker_changes_come_first() -> None:
    index = pd.DataFrame({"class_id": [0, 0, 1, 1, 2, 3]})
    changed = np.array([[0, 1, 0, 0, 1, 0], [0, 1, 0, 1, 0, 0]], bool)
    assert changed_rows(index, changed, 3).tolist() == [1, 3, 4]  # twice, then in their order
    assert changed_rows(index, changed, 5).tolist()[:3] == [1, 3, 4]
    assert len(set(changed_rows(index, changed, 5).tolist())) == 5
    same = np.array([[1, 1, 1, 0, 0, 0]], bool)
    assert changed_rows(index, same, 3).tolist() == [0, 2, 1]  # one of each class before the second
    assert changed_rows(index, np.zeros((1, 6), bool), 2).tolist() == example_rows(index, 2).tolist()


def test_verdict_without_and_with_mark() -> None:
    assert examples.verdict("a", 0.5, "a").startswith("✓ a")
    assert examples.verdict("a", 0.5, "b").endswith("\ntrue: b")
    assert examples.verdict("a", 0.5, None)[0] == "a"
