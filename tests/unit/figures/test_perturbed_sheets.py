"""Sheets of perturbed pictures and of maps of randomised networks show what they are given."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure

from signsight.figures import perturbed
from signsight.figures.pages import METHODS
from signsight.figures.sheet import PIXELS, fit
from signsight.figures.style import families, method_label
from synthetic_metrics import FOUR, LAYERS, MANY

Check = Callable[[Figure], None]
STEPS = [0, 10, 50, 100]
STAGES = ["trained", *LAYERS]


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts if text.get_text()]


@pytest.mark.parametrize("methods", [FOUR, MANY], ids=["4", "22"])
def test_strips_have_a_column_a_method_and_a_row_a_step(methods: list[str], legible: Check) -> None:
    rng = np.random.default_rng(0)
    pictures = {name: rng.integers(0, 256, (1, 4, 16, 16, 3), np.uint8) for name in methods}
    scores = {name: rng.random((1, 4)) for name in methods}
    drawn = perturbed.strips(pictures, scores, STEPS, ["Stop"], "softmax")
    shown = [text for figure in drawn for text in texts(figure)]
    blocks = -(-len(methods) // METHODS)
    title = "Stop  (below each picture: the probability of this class)"
    assert shown.count(title) == shown.count("0 regions\nreplaced") == shown.count("100") == blocks
    for name in methods:
        assert method_label(name) in [text.replace("\n", " ") for text in shown]
        assert f"{100 * scores[name][0, 2]:.1f} %" in shown
    rows = [row for figure in drawn for row in figure.axes[0].images]
    assert len(rows) == 4 * blocks
    first = next(iter(families(methods).values()))[0]
    mosaic = np.asarray(rows[1].get_array())
    np.testing.assert_array_equal(mosaic[:, :PIXELS], fit(pictures[first][0, 1], PIXELS, PIXELS))
    legible(drawn)


def test_logits_are_no_shares(legible: Check) -> None:
    pictures = {name: np.zeros((2, 1, 8, 8, 3), np.uint8) for name in FOUR}
    scores = {name: np.full((2, 1), -3.25) for name in FOUR}
    (figure,) = perturbed.strips(pictures, scores, [0], ["Stop", "Yield"], "logit")
    assert texts(figure).count("−3.25") == 8 and "logit of this class" in texts(figure)[0]
    legible(figure)


def test_randomised_maps_have_the_picture_above_and_correlations_below(legible: Check) -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (2, 16, 16, 3), np.uint8)
    maps = {name: rng.normal(size=(2, 1 + len(LAYERS), 16, 16)).astype(np.float32) for name in FOUR}
    correlation = {name: rng.random((2, len(LAYERS))) for name in FOUR}
    drawn = perturbed.cascade_sheet(images, maps, ["lrp_epsilon"], STAGES, ["Stop", "Yield"], correlation)
    shown = [text for figure in drawn for text in texts(figure)]
    assert shown.count("trained") == shown.count("Image") == 2
    assert "to features.\n12.conv" in shown
    for name in FOUR:
        assert shown.count(method_label(name)) == 2
        assert all(f"{value:.2f}" in shown for value in correlation[name].ravel())
    mosaic = np.asarray(drawn[0].axes[0].images[0].get_array())
    np.testing.assert_array_equal(mosaic[:, :PIXELS], fit(images[0], PIXELS, PIXELS))
    assert (mosaic[:, PIXELS:] == 255).all()
    legible(drawn)
