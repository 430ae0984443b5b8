"""The confusion matrix and the table of sticker confusions hold the table's counts and can be read."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from signsight.figures import confusions
from signsight.figures.confusions import (
    FEW,
    commonest,
    confusion_matrix,
    short,
    square,
    sticker_confusions,
)

Check = Callable[[Figure], None]


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text"))]


def test_confusion_matrix(confusion: pd.DataFrame, classes: pd.DataFrame, legible: Check) -> None:
    figure = confusion_matrix(confusion, classes)
    (mesh,) = [part for part in figure.axes[0].collections if part.get_array() is not None][:1]
    counts = confusion.pivot_table(
        index="class_id", columns="predicted_id", values="count", aggfunc="sum", fill_value=0
    ).to_numpy()
    shares = counts / counts.sum(1, keepdims=True)
    assert np.ma.filled(mesh.get_array(), 0).reshape(43, 43) == pytest.approx(shares)
    right = np.trace(counts) / counts.sum()
    assert any(f"{100 * right:.2f} %" in text for text in words(figure))
    ticks = figure.axes[0].get_yticklabels()
    assert len(ticks) == 43 and ticks[1].get_text().startswith(short(classes["name"][1]))
    legible(figure)


@pytest.mark.parametrize("number", [2, 10, 200])
def test_confusion_matrix_of_other_sizes(number: int, legible: Check) -> None:
    names = pd.DataFrame({"class_id": range(number), "name": [f"class {i}" for i in range(number)]})
    table = pd.DataFrame({"class_id": range(number), "predicted_id": range(number), "count": 3})
    table.loc[len(table)] = [0, 1, 1]
    figure = confusion_matrix(table, names)
    right = 100 * 3 * number / (3 * number + 1)
    assert any(f"{right:.2f} %" in text for text in words(figure))
    listed = any("Most frequent confusions" in text for text in words(figure))
    assert listed == (number > FEW)
    legible(figure)


@pytest.mark.parametrize("number", [1, 2, FEW])
def test_of_few_classes_the_counts_stand_in_the_cells(number: int, legible: Check) -> None:
    counts = np.random.default_rng(0).integers(0, 3, (number, number)) * 1234
    counts[0, 0] = 7
    rows = [(row, column, value) for (row, column), value in np.ndenumerate(counts) if value]
    table = pd.DataFrame(rows, columns=["class_id", "predicted_id", "count"])
    names = pd.DataFrame(
        {"class_id": range(number), "name": [f"a rather long name of class {i}" for i in range(number)]}
    )
    figure = confusion_matrix(table, names)
    found = {tuple(int(v) for v in text.get_position()): text for text in figure.axes[0].texts}
    assert len(found) == number**2
    for (row, column), value in np.ndenumerate(counts):
        assert found[column, row].get_text() == f"{value:,}"
    legible(figure)


def test_perfect_and_empty_classes(classes: pd.DataFrame, legible: Check) -> None:
    table = pd.DataFrame({"class_id": [3], "predicted_id": [3], "count": [5]})
    figure = confusion_matrix(table, classes)
    assert "No confusions" in words(figure)
    legible(figure)


def test_commonest_confusions_are_sorted_and_off_the_diagonal(confusion: pd.DataFrame) -> None:
    found = commonest(square(confusion, 43))
    wrong = confusion[confusion["class_id"] != confusion["predicted_id"]]
    assert len(found) == 10 and all(true != seen for true, seen, _ in found)
    assert [n for *_, n in found] == sorted(wrong["count"], reverse=True)[:10]
    assert commonest(np.diag([3, 4])) == []


def test_long_names_are_cut() -> None:
    assert short("Stop") == "Stop"
    assert len(short("x" * 60)) == 30 and short("x" * 60).endswith("…")


def test_sticker_confusions(
    sticker_confusions_table: pd.DataFrame, legible: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confusions, "OF_STICKERS", 5)
    figure = sticker_confusions(sticker_confusions_table)
    assert len(figure.axes) == 4  # two targets, two methods
    for axes in figure.axes:
        counts = axes.collections[0].get_array().reshape(5, 4)
        assert np.array_equal(counts, np.arange(19, 14, -1)[:, None].repeat(4, 1))
    text = "\n".join(words(figure))
    assert "Rendered stock signs" in text and "Saliency" in text and "tall sticker" in text
    legible(figure)


def test_sticker_confusions_with_few_columns(sticker_confusions_table: pd.DataFrame, legible: Check) -> None:
    table = sticker_confusions_table
    table = table[(table["sticker"] == "square") & (table["sign_size"] == "large")]
    figure = sticker_confusions(table.assign(method="smooth_grad_cam_pp"))
    shown = [axes.collections[0].get_array() for axes in figure.axes if axes.collections]
    assert sum(int(np.ma.filled(counts, 0).sum()) for counts in shown) > 0
    assert "Smooth Grad-CAM++" in " ".join(words(figure)) and "square sticker" in " ".join(words(figure))
    legible(figure)


def test_no_sticker_confusions(sticker_confusions_table: pd.DataFrame, legible: Check) -> None:
    figure = sticker_confusions(sticker_confusions_table.iloc[:0])
    assert "No stickered sign was misclassified." in words(figure)
    legible(figure)


@pytest.fixture
def sticker_confusions_table(request: pytest.FixtureRequest) -> pd.DataFrame:
    return request.getfixturevalue("sticker_confusions")
