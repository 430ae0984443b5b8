"""Ranking and agreement: every rank, value and tie of the tables, readable at any size."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from signsight.evaluation.ranking import agreement_table
from signsight.figures import ranking as figures
from signsight.figures.style import method_label
from synthetic_metrics import FOUR, MANY, QUANTITIES, numbers, ranking_rows

Check = Callable[[Figure], None]
LABELS = [[m, q, f"{q.replace('_', ' ')}, a rather long name"] for m, q, *_ in QUANTITIES]
CLEAN = pd.DataFrame({"n": [36], "accuracy": [0.9], "low": [0.77], "high": [0.96], "chance": [0.5]})
GUESSING = CLEAN.assign(accuracy=0.41, low=0.26, high=0.57)
NONE_THE_SAME = pd.DataFrame({"method": [], "same_as": []}, dtype=str)
DIRECTED = [q for _, q, direction, _ in QUANTITIES if direction]


def check_level_texts(figure: Figure) -> None:
    """Texts lie in the figure; level ones do not overlap (the box of a turned one says nothing)."""
    figure.draw_without_rendering()
    boxes = []
    for text in figure.findobj(lambda artist: hasattr(artist, "get_rotation")):
        if text.get_visible() and text.get_text().strip():
            box = text.get_window_extent()
            assert box.x0 >= 0 and box.y0 >= 0, text.get_text()
            assert box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1, text.get_text()
            boxes += [(text.get_text(), box)] if text.get_rotation() == 0 else []
    for (one, a), (two, b) in combinations(boxes, 2):
        wide, high = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert min(wide, high) <= 1, (one, two)


@pytest.mark.parametrize("methods", [FOUR, MANY], ids=["4", "22"])
def test_ranking_shows_ranks_letters_and_values(methods: list[str]) -> None:
    table = ranking_rows(numbers(methods))
    figure = figures.ranking(table, CLEAN, NONE_THE_SAME, quantities=LABELS, controls=["random"])
    (axes,) = figure.axes
    at = {tuple(np.floor(t.get_position())): [] for t in axes.texts}
    for text in axes.texts:
        at[tuple(np.floor(text.get_position()))].append(text.get_text())
    mean = table.assign(rank=table["rank"].astype(float)).groupby("method", sort=False)["rank"].mean()
    order = mean.sort_values(kind="stable").index.tolist()
    assert [at[-1, y][0] for y in range(len(order))] == [method_label(name) for name in order]
    for row in table.itertuples():
        cell = at[DIRECTED.index(row.quantity), order.index(row.method)]
        assert cell[0] == f"{row.rank} {figures.short_letters(row.group)}"
        assert cell[1] == f"{row.value:.3f}".replace("-", "−")
    grey = [t for t in axes.texts if t.get_text() == "Random"]
    assert grey[0].get_color() != figures.INK
    check_level_texts(figure)


def test_the_best_rank_is_the_darkest_and_texts_stand_out() -> None:
    figure = figures.ranking(
        ranking_rows(numbers(MANY)), CLEAN, NONE_THE_SAME, quantities=LABELS, controls=[]
    )
    colours = matplotlib.colormaps[figures.RANKS](np.linspace(0, 1, 50))
    light = colours[:, :3] @ (0.2126, 0.7152, 0.0722)
    assert (np.diff(light) > 0).all()
    assert figures.readable((0, 0, 0)) == "white" and figures.readable((1, 1, 1)) == figures.INK
    assert len(figure.axes[0].patches) == len(MANY) * len(DIRECTED)


def test_a_method_without_a_rank_has_a_dash() -> None:
    table = numbers(FOUR)
    table.loc[(table["method"] == "saliency") & (table["quantity"] == "aopc"), "value"] = np.nan
    figure = figures.ranking(ranking_rows(table), CLEAN, NONE_THE_SAME, quantities=LABELS, controls=[])
    assert [text.get_text() for text in figure.axes[0].texts].count("–") == 1
    check_level_texts(figure)


@pytest.mark.parametrize(
    ("group", "short"), [("a", "a"), ("ab", "ab"), ("abc", "a–c"), ("abcef", "a–cef"), ("", "")]
)
def test_letters_are_shortened(group: str, short: str) -> None:
    assert figures.short_letters(group) == short


@pytest.mark.parametrize("methods", [FOUR, MANY], ids=["4", "22"])
def test_agreement_writes_every_correlation(methods: list[str]) -> None:
    table = agreement_table(numbers(methods), ["random"])
    figure = figures.agreement(table, CLEAN, quantities=LABELS)
    shown = [text.get_text() for text in figure.axes[0].texts]
    for value, count in pd.Series([f"{tau:.2f}" for tau in table["tau"]]).value_counts().items():
        assert shown.count(str(value).replace("-", "−")) == count
    check_level_texts(figure)


def test_agreement_of_too_few_methods_has_dashes() -> None:
    table = agreement_table(numbers(["random", "saliency"]), ["random"])
    assert table["tau"].isna().all()
    check_level_texts(figures.agreement(table, CLEAN, quantities=LABELS))


def test_a_guessing_network_has_a_sentence_in_place_of_a_ranking(legible: Check) -> None:
    table, tau = ranking_rows(numbers(FOUR)), agreement_table(numbers(FOUR), ["random"])
    for figure in (
        figures.ranking(table, GUESSING, NONE_THE_SAME, quantities=LABELS, controls=["random"]),
        figures.agreement(tau, GUESSING, quantities=LABELS),
    ):
        (text,) = (" ".join(text.get_text().split()) for text in figure.texts)
        assert text.startswith("The explanations are not ranked") and not figure.axes
        assert "41.0 % [26.0, 57.0] of 36 test images" in text and "50.0 %" in text
        legible(figure)


def test_methods_with_the_same_maps_share_a_row() -> None:
    same = pd.DataFrame({"method": ["grad_cam_pp"], "same_as": ["saliency"]})
    table = ranking_rows(numbers(FOUR))
    table = table[table["method"] != "grad_cam_pp"]
    figure = figures.ranking(table, CLEAN, same, quantities=LABELS, controls=[])
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert "Saliency = Grad-CAM++" in texts and "Grad-CAM++" not in texts and "Saliency" not in texts
    check_level_texts(figure)
