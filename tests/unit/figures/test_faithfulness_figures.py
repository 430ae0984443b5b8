"""Figures of faithfulness: the table's values, with four methods and with more than twenty, legible."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from signsight.core.registry import metrics
from signsight.figures import faithfulness
from signsight.figures.method_curves import TOGETHER, curve_of, grouped, span_of
from signsight.figures.metric_words import name_metrics
from signsight.figures.numbers import fixed
from signsight.figures.published import read_published
from signsight.figures.style import method_label
from synthetic_metrics import FOUR, LAYERS, MANY, curves, numbers

Check = Callable[[Figure], None]
SAMEK = ["random", "sensitivity_l2", "deconvolution_l2", "lrp_epsilon_001", "lrp_epsilon_100"]

ZERO = {"deletion": "zero", "insertion": "zero"}
SOFTMAX = dict.fromkeys(("region_perturbation", "deletion", "insertion"), "softmax")


def aopc(table: pd.DataFrame, published: pd.DataFrame | None = None) -> list[Figure]:
    known = {} if published is None else {"samek_replication": published}
    return faithfulness.aopc_curve(table, metric_scores=SOFTMAX, confidence=0.95, published=known)


def falls_and_rises(methods: list[str]) -> list[Figure]:
    return faithfulness.deletion_insertion(
        curves(methods), numbers(methods), hidden=ZERO, metric_scores=SOFTMAX, confidence=0.95
    )


def line(axes: Axes, label: str) -> np.ndarray:
    """(n, 2) data of the one line with that label."""
    (found,) = [line for line in axes.lines if line.get_label() == label]
    return found.get_xydata()


def texts(pages: list[Figure]) -> list[str]:
    found = [figure.findobj(lambda artist: hasattr(artist, "get_text")) for figure in pages]
    return [text.get_text() for own in found for text in own]


def axes(pages: list[Figure]) -> list[Axes]:
    """The panels of all pages."""
    return [panel for figure in pages for panel in figure.axes]


def within(figure: Figure) -> None:
    """Every text, turned ones too, lies within the figure."""
    figure.draw_without_rendering()
    renderer = FigureCanvasAgg(figure).get_renderer()
    for text in figure.findobj(lambda artist: hasattr(artist, "get_rotation")):
        if text.get_visible() and text.get_text().strip():
            box = text.get_window_extent(renderer)
            inside = min(box.x0, box.y0) >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1
            assert inside, text.get_text()


def test_few_methods_share_a_panel_and_many_stand_by_family_beside_random() -> None:
    assert grouped(FOUR) == {"": FOUR}
    groups = grouped(MANY)
    assert len(groups) > 3 and max(map(len, groups.values())) <= TOGETHER + 2
    assert all("random" in names for names in groups.values())
    assert {name for names in groups.values() for name in names} == set(MANY)


@pytest.mark.parametrize("methods", [FOUR, MANY], ids=["4", "22"])
def test_aopc_shows_the_paired_difference_from_random(methods: list[str], legible: Check) -> None:
    table = curves(methods)
    pages = aopc(table)
    found = set()
    for panel in axes(pages):
        labelled = {line.get_label() for line in panel.lines if not line.get_label().startswith("_")}
        for name in methods[1:]:
            if method_label(name) in labelled:
                found.add(name)
                rows = curve_of(table, "region_perturbation", "aopc").query("method == @name")
                np.testing.assert_allclose(line(panel, method_label(name)), rows[["x", "relative"]])
        assert set(line(panel, "Random")[:, 1]) == {0}
        assert panel.get_ylim() == axes(pages)[0].get_ylim()
        assert "higher = more faithful" in panel.get_ylabel() and "probability" in panel.get_ylabel()
    assert found == set(methods[1:])
    legible(pages)


def test_published_values_stand_beside_ours(published_aopc: pd.DataFrame, legible: Check) -> None:
    table = curves(SAMEK)
    pages = aopc(table, published_aopc)
    panel = axes(pages)[-1]
    hollow = [mark for mark in panel.lines if mark.get_markerfacecolor() == "white"]
    theirs = published_aopc[published_aopc["method"].isin(SAMEK)].sort_values("relative", kind="stable")
    assert [mark.get_xdata()[0] for mark in hollow] == theirs["relative"].tolist()
    names = [text.get_text() for text in panel.get_yticklabels()]
    assert names == [method_label(name) for name in theirs["method"]]
    ours = curve_of(table, "region_perturbation", "aopc").query("x == 100").set_index("method")["relative"]
    shown = [bars.lines[0].get_xdata()[0] for bars in panel.containers]
    np.testing.assert_allclose(shown, ours[theirs["method"]])
    assert panel.get_title(loc="left") == "After 100 regions"
    legible(pages)


def test_published_values_of_a_later_step_say_so(published_aopc: pd.DataFrame, legible: Check) -> None:
    pages = aopc(curves(SAMEK, steps=30), published_aopc)
    assert axes(pages)[-1].get_title(loc="left") == "After 30 regions"
    assert "published (at 100)" in axes(pages)[-1].get_xlabel()
    legible(pages)
    strangers = aopc(curves(["random", "rise"]), published_aopc)
    assert len(axes(strangers)) == 1


@pytest.mark.parametrize("methods", [FOUR, MANY], ids=["4", "22"])
def test_opposite_orders_have_a_panel_a_method_in_order(methods: list[str], legible: Check) -> None:
    table, values = curves(methods), numbers(methods)
    pages = faithfulness.morf_lerf(table, values, metric_scores=SOFTMAX)
    best = values[values["quantity"] == "abpc"].sort_values("value", ascending=False)
    assert [panel.get_title(loc="left") for panel in axes(pages)] == [method_label(m) for m in best["method"]]
    first = curve_of(table, "region_perturbation", "morf").query("method == @best.method.iloc[0]")
    np.testing.assert_allclose(axes(pages)[0].lines[0].get_xydata(), first[["x", "value"]])
    assert f"ABPC {best['value'].iloc[0]:.3f} [" in " ".join(texts(pages))
    assert {"Replaced regions", "Fall of the probability"} <= set(texts(pages))
    assert len({panel.get_ylim() for panel in axes(pages)}) == 1
    legible(pages)


def test_road_writes_shares(legible: Check) -> None:
    pages = faithfulness.road(curves(FOUR), numbers(FOUR), metric_scores={"road": "correct"})
    pages[0].draw_without_rendering()
    assert {"Share of pixels imputed", "Accuracy"} <= set(texts(pages))
    assert any("%" in text.get_text() for text in axes(pages)[0].get_xticklabels())
    legible(pages)


@pytest.mark.parametrize("methods", [FOUR, MANY], ids=["4", "22"])
def test_deletion_and_insertion_have_the_area_behind_the_name(methods: list[str], legible: Check) -> None:
    values = numbers(methods)
    pages = falls_and_rises(methods)
    shown = texts(pages)
    for quantity in ("deletion_auc", "insertion_auc"):
        row = values[(values["quantity"] == quantity) & (values["method"] == "random")].iloc[0]
        assert f"Random  {row['value']:.3f}" in shown
    left = axes(pages)[0].get_title(loc="left"), axes(pages)[1].get_title(loc="left")
    assert left[0].startswith("Deletion") and left[1].startswith("Insertion")
    assert all(panel.get_ylim() == (0, 1) for panel in axes(pages))
    legible(pages)


def test_lines_that_end_together_are_named_in_the_order_of_their_areas() -> None:
    pages = falls_and_rises(FOUR)
    names = [text for text in axes(pages)[1].texts if "  " in text.get_text()]
    names.sort(key=lambda text: text.get_position()[1])
    areas = [float(text.get_text().split("  ")[1].replace("−", "-")) for text in names]
    assert areas == sorted(areas) and len(areas) == 4


@pytest.fixture
def _named() -> Iterator[None]:
    words = {name: metrics.about(name) for name in ("deletion", "insertion")}
    name_metrics(words | {"grey": words["deletion"] | {"label": "Deletion, grey"}})
    yield
    name_metrics({})


@pytest.mark.usefixtures("_named")
@pytest.mark.parametrize("methods", [FOUR, MANY], ids=["4", "22"])
def test_variants_stand_side_by_side_with_the_controls_and_the_best(
    methods: list[str], legible: Check
) -> None:
    table, values = curves(methods), numbers(methods)
    more = [one[one["metric"] == "deletion"].assign(metric="grey") for one in (table, values)]
    table, values = pd.concat([table, more[0]]), pd.concat([values, more[1]])
    run = {"deletion": "zero", "grey": "normalised_gray", "insertion": "zero"}
    scores = dict.fromkeys(run, "softmax")
    pages = faithfulness.fills(
        table, values, hidden=run, metric_scores=scores, controls=["random"], confidence=0.95
    )
    titles = [panel.get_title(loc="left") for panel in axes(pages)]
    assert titles == ["Deletion", "Insertion", "Deletion, grey"]
    for panel, quantity, better in zip(
        axes(pages), ("deletion_auc", "insertion_auc", "deletion_auc"), (1, -1, 1), strict=True
    ):
        own = values[(values["quantity"] == quantity) & (values["metric"] != "grey")]
        own = own[own["method"] != "random"].sort_values("value", key=lambda v: better * v, kind="stable")
        best = ["random", *own["method"][: TOGETHER - 1]]
        areas = values[values["quantity"] == quantity].drop_duplicates("method").set_index("method")["value"]
        expected = {f"{method_label(name)}  {fixed(areas[name])}" for name in best}
        assert {text.get_text() for text in panel.texts} == expected
    assert "Pixels hidden (normalised gray), most relevant first" in axes(pages)[2].get_xlabel()
    assert all(panel.get_ylim() == (0, 1) for panel in axes(pages))
    legible(pages)


def test_cascade_names_the_layers() -> None:
    pages = faithfulness.randomisation(curves(FOUR), confidence=0.95)
    pages[0].draw_without_rendering()
    for panel in axes(pages):
        assert [text.get_text() for text in panel.get_xticklabels()] == LAYERS
    assert "Rank correlation" in axes(pages)[0].get_ylabel() and "SSIM" in axes(pages)[1].get_ylabel()
    within(pages[0])
    for panel in axes(pages):
        boxes = [text.get_window_extent() for text in panel.texts]
        assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))


def test_one_kind_of_curve_alone(legible: Check) -> None:
    table = curves(FOUR)
    alone = faithfulness.deletion_insertion(
        table[table["metric"] != "insertion"],
        numbers(FOUR),
        hidden={"deletion": "blur"},
        metric_scores={"deletion": "logit"},
        confidence=0.95,
    )
    assert len(axes(alone)) == 1 and axes(alone)[0].get_ylabel().startswith("Logit")
    legible(alone)


def test_methods_without_values_are_left_unnamed(legible: Check) -> None:
    table = curves(FOUR)
    table.loc[table["method"] == "saliency", ["value", "low", "high", "relative"]] = np.nan
    pages = aopc(table)
    assert "Saliency" not in texts(pages) and "Grad-CAM" in texts(pages)
    legible(pages)


def test_limits_hold_everything_and_have_a_width() -> None:
    table = pd.DataFrame({"value": [0.0, 1.0], "low": [-0.5, np.nan]})
    low, high = span_of(table, ["value", "low"])
    assert low < -0.5 and high > 1
    low, high = span_of(table * 0, ["value"])
    assert low < 0 < high
    assert span_of(table * np.nan, ["value"]) == (0, 1)


@pytest.fixture(scope="module")
def published_aopc() -> pd.DataFrame:
    """The published replication, as it is shipped."""
    return read_published({"it": "samek_replication.csv"})["it"]
