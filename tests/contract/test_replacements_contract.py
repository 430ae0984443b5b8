"""Every registered replacement is a picture, leaves the image as it is, and says whether it is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from signsight.core.registry import replacements
from signsight.core.rng import generator

IMAGE = np.random.default_rng(0).random((48, 40, 3), dtype=np.float32)


@pytest.mark.parametrize("replacement", replacements.names())
def test_it_is_a_picture_and_leaves_the_image(replacement: str) -> None:
    before = IMAGE.copy()
    out = replacements.get(replacement)(IMAGE, generator(0, "a"))
    assert out.shape == IMAGE.shape and out.dtype == np.float32
    assert out.min() >= 0 and out.max() <= 1
    np.testing.assert_array_equal(IMAGE, before)
    np.testing.assert_array_equal(out, replacements.get(replacement)(IMAGE, generator(0, "a")))


@pytest.mark.parametrize("replacement", replacements.names())
def test_only_random_ones_differ_between_draws(replacement: str) -> None:
    rng = generator(0, "a")
    one, other = (replacements.get(replacement)(IMAGE, rng) for _ in range(2))
    assert np.array_equal(one, other) != replacements.about(replacement)["random"]


@pytest.mark.parametrize("replacement", replacements.names())
def test_what_a_replacement_says_of_itself(replacement: str) -> None:
    about = replacements.about(replacement)
    assert isinstance(about["random"], bool) and about["source"]
    assert replacements.get(replacement).__doc__
