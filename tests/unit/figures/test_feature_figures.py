"""Numbers on optimised pictures are drawn as they are in the tables, and the figures can be read."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from signsight.core.registry import figures
from signsight.figures.feature_numbers import (
    feature_numbers,
    inversion_errors,
    path_similarity,
    preset_styles,
)
from signsight.figures.feature_reached import MOST_CLASSES, feature_reached
from signsight.figures.style import GREY

Check = Callable[[Figure], None]
RECIPES = {
    "fourier": "Fourier",
    "maco": "MACO",
    "pixels": "Pixels",
    "fourier_still": "Fourier, not moved",
    "published_am": "Published (GTSRB study)",
    "published_plain": "Published, plain",
    "published_regularised": "Published, regularised",
    "long": "My own recipe with total variation and $many$ steps",
}
PRESETS = list(RECIPES)
LONG_LAYER = "features.denseblock1.denselayer6.conv2"
COLUMNS = ["network", "preset", "picture", "class_id", "restart", "quantity", "value"]


def features(
    classes: int, presets: list[str], restarts: int = 1, natural: Callable[[int], bool] = lambda c: True
) -> pd.DataFrame:
    """Logits 20 + class for the first preset, 6 less for every other one; natural pictures at 10 to 18."""
    rows = []
    for network in ("trained", "random"):
        for number, preset in enumerate(presets):
            for c in range(classes):
                for r in range(restarts):
                    found = {"logit": 20.0 + c % 9 - 6 * number + r / 4, "softmax": 0.9}
                    if network == "trained" and natural(c):
                        found |= {"natural_median": 10.0, "natural_p99": 17.0, "natural_max": 18.0}
                    rows += [(network, preset, f"{c:03d}-{r}", c, r, *one) for one in found.items()]
    return pd.DataFrame(rows, columns=COLUMNS)


def classes_of(count: int) -> pd.DataFrame:
    names = [
        "End of no passing by vehicles over 3.5 metric tons" if c % 7 == 0 else f"C{c}" for c in range(count)
    ]
    return pd.DataFrame({"class_id": range(count), "name": names})


def lines(axes: Axes, label: str) -> list[Line2D]:
    return [line for line in axes.lines if line.get_label() == label]


def names_of(layers: int) -> list[str]:
    return ["features.first", LONG_LAYER, *(f"features.{n}.conv" for n in range(layers))][:layers]


def turned_are_legible(figure: Figure, legible: Check) -> None:
    """As `legible`, but the boxes of turned names may overlap where the names themselves do not."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    foot = max(legend.get_window_extent(renderer).y1 for legend in figure.legends)
    for panel in figure.axes:
        names = panel.get_xticklabels()
        for name in names:
            box = name.get_window_extent(renderer)
            assert box.x0 >= 0 and box.y0 >= foot - 2 and box.x1 <= figure.bbox.x1
        across = np.sort(panel.transData.transform([(x, 0.5) for x in panel.get_xticks()])[:, 0])
        high = names[0].get_fontsize() * figure.dpi / 72
        assert (np.diff(across) * np.sin(np.radians(names[0].get_rotation())) > high).all()
        for name in names:
            name.set_visible(False)
    legible(figure)


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text"))]


@pytest.mark.parametrize(("classes", "presets", "restarts"), [(1, 1, 1), (10, 3, 2), (43, 1, 1), (43, 8, 1)])
def test_every_class_has_its_logits_beside_its_natural_pictures(
    classes: int, presets: int, restarts: int, legible: Check
) -> None:
    table = features(classes, PRESETS[:presets], restarts)
    pages = feature_reached(table, classes_of(classes), recipes=RECIPES)
    panels = [panel for figure in pages for panel in figure.axes]
    assert len(panels) == presets
    for panel, preset in zip(panels, PRESETS, strict=False):
        rows = table[(table["preset"] == preset) & (table["network"] == "trained")]
        logits = rows[rows["quantity"] == "logit"]
        (above,), (below,) = lines(panel, "above"), lines(panel, "not above")
        found = sorted(zip(*above.get_data(), strict=True)) + sorted(zip(*below.get_data(), strict=True))
        expected = [(v, -c) for c, v in zip(logits["class_id"], logits["value"], strict=True)]
        assert sorted(found) == sorted(expected)
        assert all(x > 18 for x in above.get_xdata()) and all(x <= 18 for x in below.get_xdata())
        bars = lines(panel, "natural")
        assert len(bars) == classes and all(list(bar.get_xdata()) == [10.0, 18.0] for bar in bars)
        assert {tick.get_xdata()[0] for tick in lines(panel, "99th percentile")} == {17.0}
        count = int((logits["value"] > 18).sum())
        assert panel.get_title(loc="left").endswith(f"above: {count} of {classes * restarts}")
        assert panel.get_xlim() == panels[0].get_xlim()
    names = [text.get_text() for text in panels[0].get_yticklabels()]
    assert names == classes_of(classes)["name"].tolist()
    legible(pages)


def test_a_class_without_natural_pictures_is_neither_above_nor_below(legible: Check) -> None:
    (figure,) = feature_reached(
        features(6, ["fourier"], natural=lambda c: c < 4), classes_of(6), recipes=RECIPES
    )
    (panel,) = figure.axes
    (unknown,) = lines(panel, "unknown")
    assert unknown.get_ydata().tolist() == [-4, -5] and len(lines(panel, "natural")) == 4
    assert panel.get_title(loc="left").endswith("above: 4 of 4")
    assert "made, no natural pictures" in words(figure)
    legible(figure)
    (none,) = feature_reached(
        features(3, ["fourier"], natural=lambda c: False), classes_of(1), recipes=RECIPES
    )
    assert none.axes[0].get_title(loc="left") == "Fourier"
    assert [text.get_text() for text in none.axes[0].get_yticklabels()][1:] == ["class 1", "class 2"]
    legible(none)


@pytest.mark.parametrize("presets", [1, 8])
def test_a_thousand_classes_are_drawn_as_quantiles(presets: int, legible: Check) -> None:
    table = features(1000, PRESETS[:presets])
    (figure,) = feature_reached(table, classes_of(1000), recipes=RECIPES)
    (panel,) = figure.axes
    for number, preset in enumerate(PRESETS[:presets]):
        rows = table[
            (table["preset"] == preset) & (table["quantity"] == "logit") & (table["network"] == "trained")
        ]
        scaled = (rows["value"] - 10) / 8
        y = presets - 1 - number
        for label, shares in (("5 % to 95 %", [0.05, 0.95]), ("half", [0.25, 0.75]), ("median", [0.5])):
            (line,) = [line for line in lines(panel, label) if line.get_ydata()[0] == y]
            assert line.get_xdata() == pytest.approx(scaled.quantile(shares))
        assert f"{100 * (scaled > 1).mean():.1f} % above 1" in words(figure)
    assert "(1,000 classes)" in panel.get_xlabel()
    legible(figure)


def test_the_natural_pictures_of_a_class_set_its_scale() -> None:
    """A class whose logits are all shifted and stretched has the same place."""
    table = features(MOST_CLASSES + 1, ["fourier"])
    other = table.assign(
        value=np.where(table["quantity"] == "softmax", table["value"], 5 - 30 + 3 * table["value"])
    )
    for one in (table, other):
        panel = feature_reached(one, classes_of(99), recipes=RECIPES)[0].axes[0]
        assert lines(panel, "median")[0].get_xdata()[0] == pytest.approx((20 + 4 - 10) / 8, abs=0.2)


def test_where_nothing_is_natural_a_sentence_says_so(legible: Check) -> None:
    (figure,) = feature_reached(
        features(99, ["pixels"], natural=lambda c: False), classes_of(99), recipes=RECIPES
    )
    assert "No class has natural pictures" in " ".join(words(figure))
    legible(figure)
    empty = pd.DataFrame(columns=COLUMNS)
    assert "no numbers" in " ".join(words(feature_reached(empty, classes_of(2), recipes={})[0]))


def summary(presets: list[str], quantities: list[str], control: bool = True) -> pd.DataFrame:
    rows = []
    for network in ("trained", "random")[: 1 + control]:
        for number, preset in enumerate(presets):
            for quantity in quantities:
                if quantity == "above_natural" and network == "random":
                    continue
                value = {"above_natural": 0.9, "transfer": 0.8, "distance": 1.5}[quantity] - 0.1 * number
                value = value if network == "trained" else value / 4
                chance = 1 / 43 if quantity == "transfer" else np.nan
                rows.append((network, preset, quantity, 43, value, value - 0.05, value + 0.04, chance))
    columns = ["network", "preset", "quantity", "n", "value", "low", "high", "chance"]
    return pd.DataFrame(rows, columns=columns)


ALL = ["above_natural", "transfer", "distance"]


@pytest.mark.parametrize(
    ("presets", "quantities", "control"),
    [(1, ALL, True), (8, ALL, True), (3, ["above_natural", "distance"], False), (1, ["distance"], False),
     (2, ["transfer"], True)],
)  # fmt: skip
def test_presets_have_their_numbers_with_intervals(
    presets: int, quantities: list[str], control: bool, legible: Check
) -> None:
    table = summary(PRESETS[:presets], quantities, control)
    figure = feature_numbers(table, recipes=RECIPES, networks_compared=2, confidence=0.9)
    assert len(figure.axes) == len(quantities)
    for panel, quantity in zip(figure.axes, quantities, strict=True):
        for container in panel.containers:
            own = table[(table["quantity"] == quantity) & (table["network"] == container.get_label())]
            x, y = container.lines[0].get_data()
            assert x.tolist() == own["value"].tolist()
            assert [round(place) for place in y] == list(range(presets))[::-1]
            ends = np.array([segment[:, 0] for segment in container.lines[2][0].get_segments()])
            np.testing.assert_allclose(ends, own[["low", "high"]])
        control_there = control and quantity != "above_natural"
        assert len(panel.containers) == 1 + control_there
        fixed = {
            line.get_linestyle(): line.get_xdata()[0]
            for line in panel.lines
            if len(set(line.get_xdata())) == 1
        }
        if quantity == "transfer":
            assert fixed[":"] == pytest.approx(1 / 43)
            assert "by 2 networks, control by 3 networks" in panel.get_title(loc="left")
        if quantity == "distance":
            assert fixed["-."] == 1
    key = [text.get_text() for text in figure.legends[0].texts]
    assert key[0] == "trained network, 90 % interval"
    assert ("random weights (control)" in key) == control
    assert ("chance (2.33 %)" in key) == ("transfer" in quantities)
    legible(figure)


def test_control_alone_and_one_network_are_told_as_such(legible: Check) -> None:
    table = summary(["fourier"], ["transfer"])
    figure = feature_numbers(
        table[table["network"] == "random"], recipes=RECIPES, networks_compared=0, confidence=0.95
    )
    assert figure.axes[0].get_title(loc="left") == "Transfer\ncontrol by 1 network"
    assert figure.legends[0].texts[0].get_text() == "random weights (control), 95 % interval"
    legible(figure)


def test_a_run_without_such_numbers_says_so() -> None:
    table = summary(["fourier"], ["distance"])
    for part, text in (
        (table.iloc[:0], "so there are no numbers"),
        (table.assign(quantity="logit"), "neither"),
    ):
        figure = feature_numbers(part, recipes=RECIPES, networks_compared=0, confidence=0.95)
        assert text in " ".join(words(figure)).replace("\n", " ")


def paths(layers: int, presets: list[str], networks: list[str], empty: object = "") -> pd.DataFrame:
    names = [*names_of(layers - 1), "logits"]
    rows = []
    for depth, layer in enumerate(names, 1):
        rows.append((empty, empty, depth, layer, "natural, same class", 0.9))
        rows.append((empty, empty, depth, layer, "natural, other class", 0.1))
        for network in networks:
            for number, preset in enumerate(presets):
                value = (0.8 if network == "trained" else 0.3) - number / 20 - depth / 100
                rows.append((network, preset, depth, layer, "made", value))
    table = pd.DataFrame(rows, columns=["network", "preset", "depth", "layer", "kind", "value"])
    return table.assign(n=43, low=table["value"] - 0.02, high=table["value"] + 0.03)


@pytest.mark.parametrize(
    ("layers", "presets", "networks", "empty"),
    [
        (1, 1, ["trained"], np.nan),
        (5, 3, ["trained", "random"], ""),
        (20, 8, ["trained", "random"], ""),
        (4, 2, ["random"], np.nan),
    ],
)
def test_paths_lie_between_those_of_natural_pictures(
    layers: int, presets: int, networks: list[str], empty: object, legible: Check
) -> None:
    table = paths(layers, PRESETS[:presets], networks, empty)
    figure = path_similarity(table, recipes=RECIPES, confidence=0.95)
    assert len(figure.axes) == len(networks)
    for panel, network in zip(figure.axes, networks, strict=True):
        for preset in PRESETS[:presets]:
            own = table[(table["network"] == network) & (table["preset"] == preset)]
            (line,) = lines(panel, RECIPES[preset])
            assert line.get_xdata().tolist() == own["depth"].tolist()
            assert line.get_ydata().tolist() == own["value"].tolist()
        for kind, value in (("natural, same class", 0.9), ("natural, other class", 0.1)):
            (line,) = lines(panel, kind)
            assert set(line.get_ydata()) == {value} and line.get_color() == GREY
        ticks = [text.get_text() for text in panel.get_xticklabels()]
        assert "logits" in ticks and len(ticks) <= 16
        assert ("Control" in panel.get_title(loc="left")) == (network == "random")
    turned_are_legible(figure, legible)


def errors(layers: int) -> pd.DataFrame:
    rows = []
    for depth, layer in enumerate(names_of(layers), 1):
        error = 1e-4 * 2.0**depth
        rows.append((layer, depth, "error", 4, error, -error if depth == 2 else error / 2, error * 2))
        rows.append((layer, depth, "psnr", 4, 40.0 - depth, 38.0 - depth, 41.0 - depth))
    return pd.DataFrame(rows, columns=["layer", "depth", "quantity", "n", "value", "low", "high"])


@pytest.mark.parametrize("layers", [1, 5, 20])
def test_errors_of_inversion_by_depth(layers: int, legible: Check) -> None:
    table = errors(layers)
    figure = inversion_errors(table, confidence=0.95)
    for panel, quantity in zip(figure.axes, ("error", "psnr"), strict=True):
        own = table[table["quantity"] == quantity]
        (container,) = panel.containers
        assert container.lines[0].get_xdata().tolist() == own["depth"].tolist()
        assert container.lines[0].get_ydata().tolist() == own["value"].tolist()
        ends = np.array([segment[:, 1] for segment in container.lines[2][0].get_segments()])
        bottom = panel.get_ylim()[0]
        np.testing.assert_allclose(ends[:, 1], own["high"])
        np.testing.assert_allclose(ends[:, 0], np.maximum(own["low"], bottom))
        assert bottom < own["value"].min()
    assert [panel.get_yscale() for panel in figure.axes] == ["log", "linear"]
    assert "PSNR (dB)" in figure.axes[1].get_ylabel()
    turned_are_legible(figure, legible)


def test_perfect_inversions_have_a_linear_axis_or_a_sentence(legible: Check) -> None:
    table = errors(3)
    table.loc[0, ["value", "low", "high"]] = 0.0
    table.loc[table["quantity"] == "psnr", "value"] = np.nan
    figure = inversion_errors(table, confidence=0.95)
    assert len(figure.axes) == 1 and figure.axes[0].get_yscale() == "linear"
    turned_are_legible(figure, legible)
    figure = inversion_errors(table.assign(value=np.inf), confidence=0.95)
    assert "equal to the given one" in " ".join(words(figure)).replace("\n", " ")


def test_presets_keep_their_looks_and_stay_apart() -> None:
    styles = preset_styles([*PRESETS[::-1], "stranger"], RECIPES)
    assert list(styles) == [*PRESETS, "stranger"] and styles["stranger"].label == "stranger"
    assert len({(style.colour, style.line) for style in styles.values()}) == len(styles)


def test_they_are_declared_as_features() -> None:
    for name in ("feature_reached", "feature_numbers", "path_similarity", "inversion_errors"):
        assert figures.about(name)["category"] == "Features"


def test_a_table_without_classes_to_compare_is_told_in_words() -> None:
    columns = ["network", "preset", "depth", "layer", "kind", "n", "value", "low", "high"]
    figure = path_similarity(pd.DataFrame(columns=columns), recipes=RECIPES, confidence=0.95)
    assert "two natural test pictures" in " ".join(" ".join(words(figure)).split())
