"""Curves show the table's values and nothing else, and can be read."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from signsight.core.registry import methods
from signsight.figures import curves
from signsight.figures.style import method_label, method_style

Check = Callable[[Figure], None]


def masked(table: pd.DataFrame, published: pd.DataFrame | None = None) -> Figure:
    known = {} if published is None else {"masking": published}
    return curves.masking(table, grid=8, confidence=0.95, published=known)


def trained(history: pd.DataFrame, smoothing: float = 0.0, augmented: bool = False) -> Figure:
    classes = pd.DataFrame({"class_id": range(43), "name": "a sign"})
    return curves.training_curve(history, classes, label_smoothing=smoothing, augmented=augmented)


def line(axes: Axes, label: str) -> np.ndarray:
    """(n, 2) data of the one line with that label."""
    (found,) = [line for line in axes.lines if line.get_label() == label]
    return found.get_xydata()


def band(axes: Axes, label: str) -> dict[float, tuple[float, float]]:
    """x -> (low, high) of the band with that label."""
    (found,) = [part for part in axes.collections if part.get_label() == label]
    corners = found.get_paths()[0].vertices
    return {x: tuple(np.sort(corners[corners[:, 0] == x, 1])[[0, -1]]) for x in corners[:, 0]}


def words(figure: Figure) -> str:
    """All text of a figure."""
    return "\n".join(text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text")))


def test_training_curve(history: pd.DataFrame, legible: Check) -> None:
    figure = trained(history)
    loss, accuracy = figure.axes[:2]
    assert line(loss, "Training")[:, 1] == pytest.approx(history["train_loss"])
    assert line(accuracy, "Validation")[:, 1] == pytest.approx(history["validation_accuracy"])
    (best,) = history["epoch"][history["kept"]]
    assert all(set(panel.lines[2].get_xdata()) == {best} for panel in (loss, accuracy))
    assert f"epoch {best}" in words(figure) and "Accuracy" in words(figure)
    assert "smoothing" not in words(figure) and "measured on" not in words(figure)
    legible(figure)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("augmented", [False, True])
def test_the_training_curve_says_why_training_can_look_worse(
    history: pd.DataFrame, smoothing: float, augmented: bool, legible: Check
) -> None:
    figure = trained(history, smoothing, augmented)
    text, floors = words(figure), [line for line in figure.axes[0].lines if line.get_label() == "floor"]
    assert ("augmented pictures" in text) == augmented and ("smoothed labels" in text) == bool(smoothing)
    assert len(floors) == bool(smoothing)
    if smoothing:
        assert set(floors[0].get_ydata()) == {curves.smoothing_floor(0.1, 43)} and ": 0.69" in text
        assert figure.axes[0].get_ylim()[0] < curves.smoothing_floor(0.1, 43)
    legible(figure)


@pytest.mark.parametrize(("smoothing", "classes"), [(0.1, 43), (0.1, 2), (0.3, 1000), (0.0, 10), (0.5, 1)])
def test_no_prediction_has_a_smaller_loss_than_the_floor(smoothing: float, classes: int) -> None:
    """Of all predictions the smoothed label itself has the smallest cross-entropy."""
    floor = curves.smoothing_floor(smoothing, classes)
    target = np.full(classes, smoothing / classes)
    target[0] += 1 - smoothing
    rng = np.random.default_rng(0)
    for logits in (*rng.normal(0, 3, (50, classes)), np.log(np.maximum(target, 1e-300))):
        loss = -(target * (logits - np.log(np.exp(logits).sum()))).sum()
        assert loss >= floor - 1e-9
    assert floor == pytest.approx(loss, abs=1e-9)


def test_training_curve_with_a_loss_of_zero(history: pd.DataFrame, legible: Check) -> None:
    figure = trained(history.assign(train_loss=0.0))
    assert figure.axes[0].get_yscale() == "linear"
    legible(figure)


def test_masking_lines_bands_and_labels(
    masking: pd.DataFrame, published: dict[str, pd.DataFrame], legible: Check
) -> None:
    figure = masked(masking, published["masking"])
    for panel, subset in zip(figure.axes, ("all", "common"), strict=True):
        for method, rows in masking[masking["subset"] == subset].groupby("method"):
            label = method_label(str(method))
            assert line(panel, label) == pytest.approx(rows[["masked_cells", "accuracy"]].values)
            edges = band(panel, label)
            for row in rows.itertuples():
                assert edges[row.masked_cells] == pytest.approx((row.low, row.high))
        theirs = published["masking"].query("method == 'saliency' and subset == @subset")
        drawn = line(panel, "Saliency (published)")
        assert drawn == pytest.approx(theirs[["masked_cells", "accuracy"]].values)
        assert line(panel, "largest class")[:, 1] == pytest.approx(0.06)
        assert panel.get_ylim() == (0, 1) and "of 64" in panel.get_xlabel()
    text = words(figure)
    assert all(method_label(method) in text for method in masking["method"])
    assert "n = 1,200" in text and "published study" in text and "95 % interval" in text
    legible(figure)


def test_published_curves_are_dashed_in_the_methods_colour(
    masking: pd.DataFrame, published: dict[str, pd.DataFrame]
) -> None:
    panel = masked(masking, published["masking"]).axes[0]
    by = {line.get_label(): line for line in panel.lines}
    for method in ("saliency", "grad_cam", "grad_cam_pp"):
        ours, theirs = by[method_label(method)], by[f"{method_label(method)} (published)"]
        assert ours.get_color() == theirs.get_color() == method_style(method).colour
        assert ours.get_linestyle() == "-" and theirs.get_linestyle() == "--"
    assert "Random (published)" not in by


def test_masking_without_common_subset_and_published(masking: pd.DataFrame, legible: Check) -> None:
    figure = masked(masking[masking["subset"] == "all"])
    assert len(figure.axes) == 1 and "published" not in words(figure)
    legible(figure)


def test_masking_shows_equal_subsets_once(masking: pd.DataFrame, legible: Check) -> None:
    """Where every method has a map for every image; beside published numbers both are shown."""
    same = masking.assign(n=1200)
    figure = masked(same)
    assert len(figure.axes) == 1 and "every method" not in words(figure)
    legible(figure)
    theirs = masking.query("method == 'saliency'")
    assert len(masked(same, theirs).axes) == 2


def test_masking_with_twenty_five_methods(masking: pd.DataFrame, legible: Check) -> None:
    base = masking[masking["method"] == "grad_cam"]
    table = pd.concat([base.assign(method=name) for name in methods.names()[:25]])
    figure = masked(table)
    drawn = {entry.get_label() for entry in figure.axes[0].lines}
    assert {method_label(name) for name in methods.names()[:25]} <= drawn
    legible(figure)


def test_degrees(geometry: pd.DataFrame, published: dict[str, pd.DataFrame], legible: Check) -> None:
    figure = curves.degrees(geometry, confidence=0.95, published=published, fill="black")
    names = list(curves.TRANSFORMS)
    for panel, name in zip(figure.axes, names, strict=True):
        rows = geometry[geometry["transform"] == name]
        assert line(panel, "This network") == pytest.approx(rows[["degree", "accuracy"]].values)
        edges = band(panel, "This network")
        assert all(edges[r.degree] == pytest.approx((r.low, r.high)) for r in rows.itertuples())
        assert "degrees" in panel.get_xlabel()
        labels = [drawn.get_label() for drawn in panel.lines]
        assert ("Published (published)" in labels) == (name in published)
    assert "black corners" not in words(figure)
    legible(figure)


def test_the_key_says_when_the_published_corners_are_others(
    geometry: pd.DataFrame, published: dict[str, pd.DataFrame], legible: Check
) -> None:
    figure = curves.degrees(geometry, confidence=0.95, published=published, fill="edge")
    assert "published study (black corners)" in words(figure)
    legible(figure)


def test_degrees_of_one_transform(geometry: pd.DataFrame, legible: Check) -> None:
    rows = geometry[geometry["transform"] == "rotation"].assign(chance=0.5)
    figure = curves.degrees(rows, confidence=0.95, published={}, fill="edge")
    assert line(figure.axes[0], "largest class")[:, 1] == pytest.approx(0.5)
    assert len(figure.axes) == 1 and "published" not in words(figure)
    assert "always the largest class (50.0 %)" in words(figure)
    legible(figure)
