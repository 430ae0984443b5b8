"""One number a method: cost, localisation and seeds show what the tables hold, and can be read."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from signsight.figures import dots
from signsight.figures.style import method_label
from synthetic_metrics import FOUR, MANY, numbers

Check = Callable[[Figure], None]


def aopc(methods: list[str]) -> pd.DataFrame:
    return numbers(methods).query("quantity == 'aopc'")


def bars(figure: Figure, panel: int = 0) -> dict[str, tuple[float, float]]:
    """Label -> place of the dot of every method."""
    found = {}
    for container in figure.axes[panel].containers:
        (x,), (y,) = container.lines[0].get_data()
        found[container.get_label()] = (float(x), float(y))
    return found


def cost(passes: dict[str, float]) -> Figure:
    """The figure of methods that cost so many forward passes."""
    times = {name: pd.DataFrame({"forward_passes": [own]}) for name, own in passes.items()}
    return dots.cost(numbers(list(passes)), times, confidence=0.95)


@pytest.mark.parametrize("methods", [FOUR, MANY], ids=["4", "22"])
def test_cost_puts_passes_across_and_faithfulness_up(methods: list[str], legible: Check) -> None:
    passes = dict(zip(methods, np.geomspace(2e-2, 300, len(methods)), strict=True))
    table = aopc(methods)
    figure = cost(passes)
    (panel,) = figure.axes
    shown = bars(figure)
    for name, wanted in passes.items():
        value = table.set_index("method").loc[name, "value"]
        assert shown[method_label(name)] == pytest.approx((wanted, value))
    assert panel.get_xscale() == "log" and "AOPC, higher = better" in panel.get_ylabel()
    assert "forward passes" in panel.get_xlabel()
    low, high = panel.get_ylim()
    assert low < table["low"].min() and high > table["high"].max()
    legible(figure)


def test_a_map_that_costs_nothing_is_shown_at_the_left() -> None:
    shown = bars(cost({FOUR[0]: 0.0, FOUR[1]: 3.0}))
    assert shown[method_label(FOUR[0])][0] == dots.LEAST


def test_cost_needs_both_numbers(legible: Check) -> None:
    figure = cost({FOUR[0]: 1.0, FOUR[1]: 1.0, FOUR[2]: np.nan})
    assert set(bars(figure)) == {method_label(name) for name in FOUR[:2]}
    legible(figure)


@pytest.mark.parametrize("methods", [FOUR, MANY], ids=["4", "22"])
def test_localisation_shows_three_places_beside_their_area(methods: list[str], legible: Check) -> None:
    table = numbers(methods)
    figure = dots.localisation(table, confidence=0.95)
    assert len(figure.axes) == 3
    order = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    for place, name in enumerate(dots.PLACES):
        rows = table[table["quantity"] == f"mass_{name}"].set_index("method")
        shown = bars(figure, place)
        for method in methods:
            expected = rows.loc[method, "value"], order.index(method_label(method))
            assert shown[method_label(method)] == pytest.approx(expected)
        chance = figure.axes[place].lines[-1]
        assert set(chance.get_xdata()) == {rows["chance"].iloc[0]} and chance.get_linestyle() == ":"
    symbol = table[table["quantity"] == "mass_symbol"].sort_values("value", kind="stable")
    assert order == [method_label(name) for name in symbol["method"]]
    legible(figure)


def test_photographs_have_no_symbol(legible: Check) -> None:
    table = numbers(FOUR)
    table.loc[table["quantity"] == "mass_symbol", "value"] = np.nan
    figure = dots.localisation(table, confidence=0.95)
    assert [panel.get_title(loc="left") for panel in figure.axes] == [
        "Relevance in the object",
        "Relevance outside the object",
    ]
    legible(figure)


@pytest.mark.parametrize("count", [1, 3])
def test_seeds_show_every_network_and_the_mean(count: int, legible: Check) -> None:
    table = pd.concat(
        [aopc(FOUR).assign(seed=seed, value=lambda t, s=seed: t["value"] + 0.03 * s) for seed in range(count)]
    )
    figure = dots.seeds(table, seeds_quantity=["region_perturbation", "aopc", "AOPC", "higher"])
    (panel,) = figure.axes
    order = [text.get_text() for text in panel.get_yticklabels()]
    assert order[-1] == method_label(aopc(FOUR).sort_values("value")["method"].iloc[-1])
    for name in FOUR:
        (dots_of,) = [line for line in panel.lines if line.get_label() == method_label(name)]
        own = table[table["method"] == name]
        assert dots_of.get_xdata().tolist() == own["value"].tolist()
        assert (np.round(dots_of.get_ydata()) == order.index(method_label(name))).all()
    middle = [line.get_xdata()[0] for line in panel.lines[1::2]]
    np.testing.assert_allclose(sorted(middle), sorted(table.groupby("method")["value"].mean()))
    assert f"one of {count} networks" in [text.get_text() for text in figure.legends[0].texts]
    legible(figure)


def test_lower_is_better_turns_the_order(legible: Check) -> None:
    table = numbers(FOUR).query("quantity == 'deletion_auc'").assign(seed=0)
    figure = dots.seeds(table, seeds_quantity=["deletion", "deletion_auc", "Deletion AUC", "lower"])
    top = figure.axes[0].get_yticklabels()[-1].get_text()
    assert top == method_label(table.sort_values("value")["method"].iloc[0])
    legible(figure)
