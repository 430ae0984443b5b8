"""Sheets hold every picture at its place, name rows and columns, and can be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from signsight.core.files import ArrayFile
from signsight.figures import examples, geometry_sheet, masked_sheet, sticker_sheet
from signsight.figures.colour import to_rgb
from signsight.figures.pages import TALLEST
from signsight.figures.sheet import GAP, PIXELS, fit
from signsight.figures.style import DPI

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


@pytest.mark.parametrize("number", [1, 2, 7, 40])
def test_real_examples(number: int, tmp_path: Path, legible: Check) -> None:
    predicted = (["Stop", LONG, "Yield", "Stop", "Stop", "Stop", "Stop"] * 6)[:number]
    given = (["Stop", "Yield", "", "Stop", LONG, "Stop", "Stop"] * 6)[:number]
    maps = RANDOM.random((number, 48, 48)).astype(np.float32)
    files = [f"folder/a photograph {n}.jpg" for n in range(number)]
    told = {"file": files, "predicted_name": predicted, "probability": 0.5, "class_name": given, "boxes": ""}
    np.save(tmp_path / "images.npy", pictures(number))
    network = {"name": "compact", "weights": "random weights", "random": number == 2}
    found = examples.photographs(
        pd.DataFrame(told),
        ArrayFile(tmp_path / "images.npy"),
        {"grad_cam": {"maps": maps}},
        signed=[],
        network=network,
    )
    assert len(found) == (1 if number < 10 else 4)
    text = "\n".join("\n".join(words(figure)) for figure in found)
    assert "Grad-CAM" in text and "✓ Stop 50.0" in text and "compact, random weights" in text
    assert ("class not given" in text) == (number > 2) and ("true: Yield" in text) == (number > 1)
    assert all(text.replace("\n", " ").count(f"photograph {n}.jpg") == 1 for n in range(number))
    assert ("learned nothing" in text) == (number == 2)
    for figure in found:
        assert figure.get_size_inches()[1] * DPI <= TALLEST
        legible(figure)


def test_photographs_by_several_methods_have_a_row_each(tmp_path: Path, legible: Check) -> None:
    told = {
        "file": ["a.png", "b.png"],
        "predicted_name": "Stop",
        "probability": 0.5,
        "class_name": ["", LONG],
    }
    np.save(tmp_path / "images.npy", pictures(2))
    maps = {
        name: {"maps": RANDOM.random((2, 48, 48)).astype(np.float32)} for name in ("grad_cam", "saliency")
    }
    found = examples.photographs(
        pd.DataFrame(told).assign(boxes=["", "0.25,0.25,0.75,0.75"]),
        ArrayFile(tmp_path / "images.npy"),
        {**maps, "layer_cam": {"refused": "it needs another network."}},
        signed=[],
        network={"name": "compact", "weights": "trained in this run", "random": False},
    )
    text = "\n".join("\n".join(words(figure)) for figure in found)
    assert all(word in text for word in ("Grad-CAM", "Saliency", "a.png", "b.png", "stickers", "LayerCAM"))
    assert "needs another network" in text and len(found) == 2
    for figure in found:
        legible(figure)


def test_a_box_is_a_black_line_about_a_white_one() -> None:
    grey = np.full((20, 40, 3), 90, np.uint8)
    found = examples.framed(grey, [(0.25, 0.25, 0.75, 0.75)])
    assert (
        (found[5, 10:30] == 0).all() and (found[6, 11:29] == 255).all() and (found[7:13, 12:28] == 90).all()
    )
    assert (found[:5] == 90).all() and (found[15:] == 90).all() and (grey == 90).all()


def test_verdict_without_and_with_mark() -> None:
    assert examples.verdict("a", 0.5, "a").startswith("✓ a")
    assert examples.verdict("a", 0.5, "b").endswith("\ntrue: b")
    assert examples.verdict("a", 0.5, None)[0] == "a"
