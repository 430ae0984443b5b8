"""Sheets of gradients, inversions and dreams show every picture at its place with its numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from signsight.figures.feature_sheets import (
    COLUMNS,
    DREAMS,
    GRADIENT_PICTURES,
    GRADIENT_ROWS,
    INVERTED,
    LAYERS,
    activation_sheets,
    dream_sheets,
    inversion_strips,
    shown_units,
)
from signsight.figures.gallery import PALE
from signsight.figures.sheet import GAP, PIXELS, fit

Check = Callable[[Figure], None]
RANDOM = np.random.default_rng(11)
LONG_LAYER = "features.denseblock1.denselayer6.conv2"
LONG = "End of no passing by vehicles over 3.5 metric tons"


def pictures(*shape: int, size: int = 48) -> np.ndarray:
    return RANDOM.integers(0, 255, (*shape, size, size, 3), dtype=np.uint8)


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text"))]


def written(figure: Figure) -> str:
    return " ".join(" ".join(words(figure)).split())


def cell(figure: Figure, row: int, place: int) -> np.ndarray:
    start = place * (PIXELS + GAP)
    return figure.axes[0].images[row].get_array()[:, start : start + PIXELS]


def gradient_index(count: int, layers: list[str], channels: int) -> pd.DataFrame:
    rows = [
        (f"{row + 1:02d}-class-{row}", row, layer, 10 * channel + row, rule)
        for layer in layers
        for row in range(count)
        for channel in range(channels)
        for rule in ("published", "signed")
    ]
    return pd.DataFrame(rows, columns=["picture", "row", "layer", "channel", "rule"])


def coloured(gradient: np.ndarray) -> dict[str, np.ndarray]:
    """Tiles that tell which gradient and which kind they are of."""
    value = int(gradient[0, 0, 0])
    kinds = ("colour", "grey", "positive", "negative")
    return {kind: np.full((48, 48, 3), (value, place, 7), np.uint8) for place, kind in enumerate(kinds)}


@pytest.mark.parametrize(("count", "channels"), [(1, 1), (2, 3)])
def test_gradients_stand_in_the_columns_of_their_rule_and_kind(
    count: int, channels: int, legible: Check
) -> None:
    images, index = pictures(count), gradient_index(count, [LONG_LAYER, "last"], channels)
    gradients = np.arange(1, len(index) + 1, dtype=np.float32)[:, None, None, None].repeat(3, 1)
    pages = activation_sheets(images, gradients, index, coloured)
    cells = [(figure, row) for figure in pages for row in range(len(figure.axes[0].images))]
    assert len(cells) == 2 * count * channels
    kinds = ("colour", "grey", "positive", "negative")
    seen = set()
    for figure, row in cells:
        value = int(cell(figure, row, 1)[0, 0, 0]) - 1
        own = index.iloc[value]
        assert np.array_equal(cell(figure, row, 0)[1::3, 1::3], images[own["row"]])
        for column, (rule, kind) in enumerate(COLUMNS, 1):
            same = index[["row", "layer", "channel"]] == own[["row", "layer", "channel"]]
            (at,) = index.index[same.all(axis=1) & (index["rule"] == rule)]
            assert (cell(figure, row, column) == (at + 1, kinds.index(kind), 7)).all()
        seen.add((own["row"], own["layer"], own["channel"]))
    assert len(seen) == len(cells)
    text = " ".join(map(written, pages))
    assert "signed, negative part" in text and "01-class-0" in text and "units are shown here" not in text
    assert LONG_LAYER in text.replace(" ", "") and "last channel 0" in text
    legible(pages)


def test_gradients_of_zero_and_missing_ones_are_pale_and_say_so(legible: Check) -> None:
    index = gradient_index(1, ["a"], 2).drop(index=3).reset_index(drop=True)
    gradients = np.ones((3, 3, 1, 1), np.float32)
    gradients[1] = 0
    (figure,) = activation_sheets(pictures(1), gradients, index, coloured)
    assert words(figure).count("zero\neverywhere") == 4 and words(figure).count("not made") == 4
    for row in range(2):
        pale = [(cell(figure, row, column) == PALE).all() for column in range(1, 7)]
        assert pale == [False, False, True, True, True, True]
    legible(figure)


def test_of_many_units_those_of_all_layers_are_shown(legible: Check) -> None:
    layers = ["a", "b", "c"]
    index = gradient_index(9, layers, 5)
    chosen = shown_units(index)
    assert len(chosen) == GRADIENT_ROWS and set(chosen["row"]) == set(range(GRADIENT_PICTURES))
    for _, own in chosen.groupby("row"):
        assert set(own["layer"]) == set(layers) and own.index.is_monotonic_increasing
        assert own["layer"].tolist() == ["a", "a", "b", "c"]
        assert own["channel"].tolist()[:2] == [own["row"].iloc[0], 10 + own["row"].iloc[0]]
    many = shown_units(gradient_index(4, [f"l{n:02d}" for n in range(30)], 1))
    assert many[many["row"] == 0]["layer"].tolist() == ["l00", "l10", "l19", "l29"]
    pages = activation_sheets(pictures(9), np.ones((len(index), 3, 2, 2), np.float32), index, coloured)
    assert all(f"{GRADIENT_ROWS} of 135 units are shown here." in written(figure) for figure in pages)
    assert sum(len(figure.axes[0].images) for figure in pages) == GRADIENT_ROWS
    legible(pages)


def inverted(count: int, layers: int) -> pd.DataFrame:
    names = [LONG_LAYER, "relu", *(f"features.{n}" for n in range(layers))][:layers]
    rows = [
        (f"{n + 1:02d}-picture", layer, depth, 10.0 ** (depth - 5), 40 - depth + n / 10)
        for depth, layer in enumerate(names, 1)
        for n in range(count)
    ]
    return pd.DataFrame(rows, columns=["picture", "layer", "depth", "error", "psnr"])


@pytest.mark.parametrize(("count", "layers", "size"), [(1, 1, 48), (3, 5, 48), (2, LAYERS + 3, 224)])
def test_inversions_stand_beside_the_given_picture(
    count: int, layers: int, size: int, legible: Check
) -> None:
    index, given = inverted(count, layers), pictures(count, size=size)
    made = pictures(len(index), size=size)
    (figure,) = inversion_strips(given, made, index, "Inversion", ["pixels"], 200)
    blocks = -(-layers // LAYERS)
    assert len(figure.axes[0].images) == blocks * count
    shown = 0
    for block in range(blocks):
        for row in range(count):
            line = block * count + row
            assert np.array_equal(cell(figure, line, 0), fit(given[row], PIXELS, PIXELS))
            width = figure.axes[0].images[line].get_array().shape[1] // (PIXELS + GAP)
            for column in range(1, width):
                shown += 1
                (place,) = [
                    n for n, one in enumerate(made)
                    if np.array_equal(cell(figure, line, column), fit(one, PIXELS, PIXELS))
                ]  # fmt: skip
                assert place % count == row
    assert shown == len(index)
    text = written(figure)
    assert "error 1.0e−04 39.0 dB" in text and "Inversion" in text and "Pixels; 200 steps." in text
    assert LONG_LAYER in text.replace(" ", "")
    legible(figure)


def test_equal_pictures_have_no_number_of_decibels() -> None:
    index = inverted(1, 1).assign(psnr=np.inf, error=0.0)
    assert "error 0.00 ∞ dB" in written(inversion_strips(pictures(1), pictures(1), index, "x")[0])


def test_of_many_inversions_the_first_are_shown(legible: Check) -> None:
    count = INVERTED + 2
    pages = inversion_strips(pictures(count), pictures(count), inverted(count, 1), "x")
    assert sum(len(figure.axes[0].images) for figure in pages) == INVERTED
    assert f"{INVERTED} of {count} pictures are shown here." in written(pages[0])
    legible(pages)


@pytest.mark.parametrize("count", [1, 3, 5, DREAMS + 1])
def test_dreams_stand_beside_their_pictures_in_their_shape(count: int, legible: Check) -> None:
    sizes = [(60, 80), (300, 200), (48, 48), (50, 640)]
    pairs = []
    for n in range(count):
        height, width = sizes[n % 4]
        pairs.append(tuple(np.full((height, width, 3), 2 * n + side, np.uint8) for side in (0, 1)))
    index = pd.DataFrame(
        {
            "picture": [f"{n:02d}-photograph" for n in range(count)],
            "target": [f"all of {LONG_LAYER}" if n % 2 else LONG for n in range(count)],
            "score_before": np.arange(count) + 0.5,
            "score_after": np.arange(count) + 70.25,
        }
    )
    pages = dream_sheets(pairs, index, "DeepDream", ["pixels"], 10)
    shown = min(count, DREAMS)
    drawn = [one for figure in pages for one in figure.axes[0].images]
    assert [int(one.get_array()[0, 0, 0]) for one in drawn] == list(range(2 * shown))
    for n, one in enumerate(drawn):
        left, right, bottom, top = one.get_extent()
        height, width = sizes[n // 2 % 4]
        assert (right - left) / (bottom - top) == pytest.approx(width / height)
        assert (one.get_array() == n).all()  # nothing is added at the sides
    for before, after in zip(drawn[::2], drawn[1::2], strict=True):
        assert (
            before.get_extent()[3] == after.get_extent()[3] and before.get_extent()[1] < after.get_extent()[0]
        )
    text = " ".join(map(written, pages))
    assert "before: 0.500" in text and "after: 70.2" in text and f"dream of {LONG}" in text
    assert "Dreams of given pictures: DeepDream" in text and "Pixels; 10 steps." in text
    assert ("dreams are shown here" in text) == (count > DREAMS)
    legible(pages)
