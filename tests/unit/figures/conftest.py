"""Small tables in the shape of the evaluation folder, and a check that a figure can be read."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from signsight.figures.pages import TALLEST
from signsight.figures.published import read_published
from signsight.figures.style import DPI

METHODS = ["random", "saliency", "grad_cam", "grad_cam_pp", "smooth_grad_cam_pp"]
LOSS = dict(zip(METHODS, (0.006, 0.26, 0.055, 0.07, 0.065), strict=True))


def around(accuracy: float, n: int) -> tuple[float, float]:
    """An interval of plausible width."""
    half = 1.96 * np.sqrt(max(accuracy * (1 - accuracy), 0.01) / n)
    return max(accuracy - half, 0.0), min(accuracy + half, 1.0)


def scored(frame: pd.DataFrame, clean: float) -> pd.DataFrame:
    """Add interval and difference to a table with n and accuracy."""
    bounds = [around(row.accuracy, row.n) for row in frame.itertuples()]
    frame["low"], frame["high"] = zip(*bounds, strict=True)
    frame["difference"] = frame["accuracy"] - clean
    frame["difference_low"] = frame["difference"] - 0.01
    frame["difference_high"] = frame["difference"] + 0.01
    frame["chance"] = 0.06  # of the largest class
    return frame


@pytest.fixture(scope="session")
def classes() -> pd.DataFrame:
    """43 names, some of them as long as GTSRB's longest."""
    long = "End of no passing by vehicles over 3.5 metric tons"
    names = [long if i % 7 == 0 else f"Speed limit ({i}km/h)" for i in range(43)]
    return pd.DataFrame({"class_id": range(43), "name": names})


@pytest.fixture(scope="session")
def confusion() -> pd.DataFrame:
    rows = [(i, i, 100 + i) for i in range(43)]
    rows += [(i, (5 * i + 1) % 43, i) for i in range(1, 20)]
    return pd.DataFrame(rows, columns=["class_id", "predicted_id", "count"])


@pytest.fixture(scope="session")
def history() -> pd.DataFrame:
    epoch = np.arange(1, 13)
    validation = 1 - 0.6 * np.exp(-epoch / 3)
    validation[8] = 0.9925
    return pd.DataFrame(
        {
            "epoch": epoch,
            "train_loss": 2 * np.exp(-epoch / 3),
            "train_accuracy": 1 - 0.7 * np.exp(-epoch / 3),
            "validation_loss": 1.7 * np.exp(-epoch / 3) + 0.02,
            "validation_accuracy": validation,
            "learning_rate": 0.1,
            "steps": 100 * epoch,
            "batch_size": 64,
            "seconds": 10.0,
            "kept": epoch == 9,
        }
    )


@pytest.fixture(scope="session")
def masking() -> pd.DataFrame:
    rows = [
        (method, subset, k, n, 0.985 * np.exp(-LOSS[method] * k))
        for method in METHODS
        for subset, n in (("all", 1200), ("common", 1000))
        for k in range(11)
    ]
    columns = ["method", "subset", "masked_cells", "n", "accuracy"]
    return scored(pd.DataFrame(rows, columns=columns), 0.985)


@pytest.fixture(scope="session")
def geometry() -> pd.DataFrame:
    rows = [
        (name, degree, 1000, 0.03 + 0.95 * np.exp(-((abs(degree) / width) ** 4)))
        for name, width in (
            ("rotation", 40),
            ("perspective_vertical", 60),
            ("perspective_horizontal", 55),
        )
        for degree in range(-90, 91, 5)
    ]
    columns = ["transform", "degree", "n", "accuracy"]
    return scored(pd.DataFrame(rows, columns=columns), 0.98)


@pytest.fixture(scope="session")
def stickers() -> pd.DataFrame:
    rows = [
        (target, method, sticker, size, n, 1 - 0.03 * place * weight)
        for target, n in (("stock", 43), ("test", 1000))
        for method, weight in (("saliency", 2.0), ("random", 0.5))
        for sticker in ("square", "tall")
        for place, size in enumerate(("none", "large", "medium", "small"))
    ]
    columns = ["target", "method", "sticker", "sign_size", "n", "accuracy"]
    return scored(pd.DataFrame(rows, columns=columns), 1.0)


@pytest.fixture(scope="session")
def sticker_confusions(classes: pd.DataFrame) -> pd.DataFrame:
    names = classes["name"]
    rows = [
        (target, method, sticker, size, i, names[i], (7 * i + 2) % 43, names[(7 * i + 2) % 43], i)
        for target in ("stock", "test")
        for method in ("saliency", "random")
        for sticker in ("square", "tall")
        for size in ("none", "large")
        for i in range(1, 20)
    ]
    columns = ["target", "method", "sticker", "sign_size", "class_id", "class_name"]
    return pd.DataFrame(rows, columns=[*columns, "predicted_id", "predicted_name", "count"])


@pytest.fixture(scope="session")
def published() -> dict[str, pd.DataFrame]:
    """The published tables by the names that figures and summary use."""
    names = {name: name for name in ("clean", "masking", "rotation", "stickers")}
    names["perspective_vertical"] = "perspective"
    return read_published({name: f"gtsrb_{file}.csv" for name, file in names.items()})


def classes_of(*names: str) -> pd.DataFrame:
    """The table of classes with these names."""
    return pd.DataFrame({"class_id": range(len(names)), "name": names, "shape": "circle"})


def visible_texts(figure: Figure) -> list[Text]:
    """Every text that is drawn: of tick labels only those within their axis."""
    figure.draw_without_rendering()
    ticks, shown = set(), []
    for axis in figure.findobj(Axis):
        low, high = sorted(axis.get_view_interval())
        on = all(parent.get_visible() and parent.axison for parent in [axis.axes])
        for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
            ticks |= {tick.label1, tick.label2}
            if on and low <= tick.get_loc() <= high:
                shown += [label for label in (tick.label1, tick.label2) if label.get_visible()]
        if not on:
            ticks |= set(axis.findobj(Text))
    others = [text for text in figure.findobj(Text) if text not in ticks and text.get_visible()]
    return [text for text in [*shown, *others] if text.get_text().strip()]


@pytest.fixture(scope="session")
def legible() -> Callable[[Figure | list[Figure]], None]:
    """Assert of a figure, or of its pages, that it is no taller than a page and that no two texts overlap.

    Every text lies within the figure.
    """

    def check(figure: Figure | list[Figure]) -> None:
        if isinstance(figure, list):
            return [check(page) for page in figure] and None
        assert figure.get_size_inches()[1] * DPI <= TALLEST, "taller than a page"
        renderer = FigureCanvasAgg(figure).get_renderer()
        boxes = [(text, text.get_window_extent(renderer)) for text in visible_texts(figure)]
        for text, box in boxes:
            inside = box.x0 >= 0 and box.y0 >= 0
            inside &= box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1
            assert inside, f"{text.get_text()!r} reaches out of the figure: {box}"
        for (one, a), (two, b) in combinations(boxes, 2):
            wide = min(a.x1, b.x1) - max(a.x0, b.x0)
            high = min(a.y1, b.y1) - max(a.y0, b.y0)
            assert min(wide, high) <= 1, f"{one.get_text()!r} overlaps {two.get_text()!r}"

    return check
