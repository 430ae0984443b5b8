"""Figures of networks compared: legible with two networks and with three, and true to their tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib import rc_context
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

from signsight.evaluation.compared.answers import accuracy_table, answers_table, class_table
from signsight.evaluation.compared.robustness import Answers, loss_table, set_table
from signsight.evaluation.compared.values import Values, tau_table, value_table
from signsight.figures.compared import (
    compared_accuracy,
    compared_background,
    compared_classes,
    compared_losses,
    compared_stickers,
)
from signsight.figures.compared_curves import compared_degrees, compared_masking
from signsight.figures.compared_methods import compared_maps, compared_metrics, compared_rankings
from signsight.figures.compared_sheet import compared_sheet
from signsight.figures.compared_words import compared
from signsight.figures.networks import network_styles
from signsight.figures.style import DPI, STYLE

Check = Callable[[Figure], None]
N = 200
NETWORKS = ["small", "a-network-with-a-long-name", "wide"]
METHODS = ["random", "saliency", "grad_cam", "few", "lrp_composite"]
RNG = np.random.default_rng(0)
TRUTH = np.arange(N) % 43
NAMES = {i: f"End of no passing by vehicles over {i} tons" if i % 5 == 0 else f"Class {i}" for i in range(43)}


def draw(count: int, share: float) -> dict[str, np.ndarray]:
    return {name: RNG.random(N) < share - 0.1 * i for i, name in enumerate(NETWORKS[:count])}


def answers(*names: str, start: float = 0.9) -> Answers:
    sets = {name: (RNG.random(N) < start - 0.05 * k).astype(float) for k, name in enumerate(names)}
    return Answers((RNG.random(N) < start).astype(float), sets)


def groups(count: int, kind: str, method: str, *names: str) -> dict[Any, Any]:
    own = {name: answers(*names, start=0.9 - 0.1 * i) for i, name in enumerate(NETWORKS[:count])}
    return {(kind, "test", method): own}


def tables(count: int) -> dict[str, pd.DataFrame]:
    """All tables of a comparison of so many networks."""
    correct, truth = draw(count, 0.9), {"test": TRUTH, "stock": TRUTH}
    turned = groups(count, "rotation", "", "-30", "0", "30") | groups(
        count, "perspective_vertical", "", "20", "45"
    )
    masked = {k: v for m in METHODS for k, v in groups(count, "masking", m, *map(str, range(6))).items()}
    stuck = groups(count, "stickers", "saliency", "square_large", "tall_small")
    stuck["stickers", "stock", "few"] = groups(count, "stickers", "few", "tall_small").popitem()[1]
    behind = groups(
        count, "background", "", "object_on_other_class", "background_on_gray", "nothing_on_silhouette"
    )
    values = Values(NETWORKS[:count], METHODS, RNG.normal(np.arange(5), 1, (N, count, 5)))
    told = [("deletion", "deletion_auc", "lower"), ("mine", "my_quantity", "higher")]
    metrics = [value_table(values, d, 0.95, 0).assign(metric=m, quantity=q) for m, q, d in told]
    taus = [tau_table(values, d, ["random"], 0.95, 0).assign(metric=m, quantity=q) for m, q, d in told]
    rows = [
        {"method": method, "network": network, "measure": measure, "n": N, "left_out": 0}
        | {
            f"{a}{b}": 0.1 * k + c
            for a, c in (("", 0.3), ("chance", 0.0), ("above", 0.3))
            for b, k in ENDS[a]
        }
        for method in METHODS[1:]
        for network in NETWORKS[1:count]
        for measure in ("rank_correlation", "ssim")
    ]
    every = turned | masked | stuck | behind
    return {
        "networks": pd.DataFrame(
            {"network": NETWORKS[:count], "folder": "results/x", "architecture": "compact", "size": 32,
             "images": N, "common": N}
        ),
        "accuracy": accuracy_table(correct, TRUTH, 0.95), "answers": answers_table(correct),
        "classes": class_table(correct, TRUTH, NAMES, 0.95), "geometry": set_table(turned, truth, 0.95),
        "masking": set_table(masked, truth, 0.95), "stickers": set_table(stuck, truth, 0.95),
        "background": set_table(behind, truth, 0.95), "losses": loss_table(every, 0.95, 0),
        "metrics": pd.concat(metrics), "rankings": pd.concat(taus), "maps": pd.DataFrame(rows),
        "left_out": pd.DataFrame({"metric": ["road"], "reason": ["it was measured in other steps"]}),
    }  # fmt: skip


ENDS = {
    "": [("value", 1), ("low", 0.5), ("high", 1.5)],
    "chance": [("", 1), ("_low", 0.8), ("_high", 1.2)],
    "above": [("", 1), ("_low", 0.8), ("_high", 1.2)],
}
TWO, THREE = tables(2), tables(3)
LEVEL = {"confidence": 0.95}
FIGURES = {
    compared_accuracy: ("accuracy", "answers"),
    compared_classes: ("classes",),
    compared_stickers: ("stickers",),
    compared_background: ("background",),
    compared_losses: ("losses",),
    compared_degrees: ("geometry",),
    compared_masking: ("masking",),
    compared_maps: ("maps",),
    compared_metrics: ("metrics",),
    compared_rankings: ("rankings",),
}


@pytest.mark.parametrize("made", [TWO, THREE], ids=["two", "three"])
@pytest.mark.parametrize("figure", FIGURES, ids=lambda one: one.__name__)
def test_every_figure_is_legible(figure: Any, made: dict[str, pd.DataFrame], legible: Check) -> None:
    drawn = figure(*(made[name] for name in FIGURES[figure]), **LEVEL)
    legible(drawn)
    assert drawn.get_size_inches()[1] * DPI <= 1600


def test_dots_are_the_numbers_of_the_table() -> None:
    with rc_context(STYLE):
        figure = compared_losses(TWO["losses"], **LEVEL)
    losses, gaps = figure.axes
    bars = [c for c in losses.containers if isinstance(c, ErrorbarContainer)]
    found = sorted(float(bar[0].get_xdata()[0]) for bar in bars)
    assert found == pytest.approx(sorted(TWO["losses"]["loss"]))
    bars = [c for c in gaps.containers if isinstance(c, ErrorbarContainer)]
    found = sorted(float(bar[0].get_xdata()[0]) for bar in bars)
    assert found == pytest.approx(sorted(TWO["losses"]["difference"].dropna()))


def test_networks_have_colours_and_markers_of_their_own() -> None:
    styles = network_styles("abcdef").values()
    for what in ("colour", "marker", "line"):
        assert len({str(getattr(one, what)) for one in styles}) == 6


@pytest.mark.parametrize("name", ["geometry", "masking", "metrics", "rankings"])
def test_nothing_in_common_is_said_in_words(name: str, legible: Check) -> None:
    figure = next(one for one, names in FIGURES.items() if names == (name,))
    drawn = figure(TWO[name].iloc[:0], **LEVEL)
    assert len(drawn.texts) == 1
    legible(drawn)


def sheet(count: int, networks: int, maps: bool = True) -> dict[str, np.ndarray]:
    """What the sheet is drawn from: `count` pictures."""
    right = np.arange(count * networks).reshape(networks, count) % 2 == 0
    names = list(NAMES.values())[:count]
    found = {
        "ids": np.arange(count).astype(str),
        "networks": np.array(NETWORKS[:networks]),
        "pictures": RNG.integers(0, 255, (count, 48, 48, 3), np.uint8),
        "truth": np.array(names),
        "predicted": np.array([names] * networks),
        "confidence": np.full((networks, count), 0.5),
        "right": right,
        "method": np.array("saliency" if maps else ""),
        "signed": np.array(False),
    }
    if maps:
        sizes = (48, 32, 24)
        found |= {f"maps_{e}": RNG.random((count, sizes[e], sizes[e])) for e in range(networks)}
    return found


@pytest.mark.parametrize(
    ("count", "networks", "maps"), [(12, 2, True), (3, 2, False), (12, 3, True), (1, 2, True)]
)
def test_the_sheet_fits_the_window(count: int, networks: int, maps: bool, legible: Check) -> None:
    figure = compared_sheet(sheet(count, networks, maps))
    legible(figure)
    assert figure.get_size_inches()[1] * DPI <= 1600


def test_networks_that_agree_everywhere_have_no_sheet(legible: Check) -> None:
    figure = compared_sheet(sheet(0, 2))
    assert "all networks are right or all are wrong" in figure.texts[0].get_text().replace("\n", " ")
    legible(figure)


def test_the_summary_has_a_table_of_every_question() -> None:
    named = {f"compared_{name}": table for name, table in THREE.items()}
    text = compared(named, [["Methods", "rise, saliency", "wide"]], 0.95)
    for title in ("### Accuracy", "### Robustness", "### Rank correlation of the maps", "### Not compared"):
        assert title in text
    assert "- Methods of wide alone: rise, saliency." in text
    assert "- The metric road: it was measured in other steps." in text
    row = THREE["answers"].iloc[0]
    assert f"| {row['both_right']} | {row['only_first']} | {row['only_this']} | {row['both_wrong']} |" in text
    least = compared({k: named[k] for k in list(named)[:3]}, [], 0.95)
    assert "### Robustness" not in least and "### Not compared" not in least and "nan" not in text
