"""Figure of how far pictures made by optimisation get, beside the natural pictures of their classes."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from signsight.core.registry import figures
from signsight.figures.feature_numbers import (
    LETTERS,
    NOTHING,
    key_below,
    preset_styles,
    rows_of,
    shortened,
)
from signsight.figures.method_curves import span_of
from signsight.figures.pages import pages
from signsight.figures.sheet import in_words
from signsight.figures.style import BLUE, GREY, INK, MethodStyle, panels, styled

MOST_CLASSES = 60  # that have a row of their own
CLASS_ROW = 0.19  # inches from one class to the next
BESIDE, HIGH = 4, 8.6  # panels of presets beside each other, and inches of their height, at most
SMALL_LETTER, CLASS_LETTERS = 0.062, 52  # inches of a letter of a class's name, and letters of it at most
NATURAL = ("natural_median", "natural_p99", "natural_max")
WITHIN = (0.05, 0.25, 0.5, 0.75, 0.95)  # quantiles over classes
# How a made picture is drawn: above all natural ones of its class, not above, or of a class without any
MADE = {"above": {}, "not above": {"markerfacecolor": "white"}, "unknown": {"alpha": 0.4}}


@figures.register("feature_reached", category="Features", subcategory="Numbers", pages=True)
@styled
def feature_reached(
    features: pd.DataFrame, classes: pd.DataFrame, *, recipes: Mapping[str, str]
) -> list[Figure]:
    """The logits that class pictures reach, beside those of the natural pictures of the class.

    features: the long table of `features.numbers`; classes: `class_id, name`. Up to MOST_CLASSES classes
    have a row each in a panel a preset, BESIDE of them on a page; of more, quantiles over classes are drawn,
    one row a preset.
    """
    own = features[features["network"] == "trained"]
    if own.empty:
        return [in_words(NOTHING)]
    keys = ["preset", "class_id", "picture"]
    table = own.pivot_table(index=keys, columns="quantity", values="value", sort=False).reset_index()
    table = table.reindex(columns=[*keys, "logit", *NATURAL])
    styles = preset_styles(table["preset"], recipes)
    if table["class_id"].nunique() > MOST_CLASSES:
        return [_reached_by_preset(table, styles)]
    names = classes.set_index("class_id")["name"].astype(str).to_dict()
    span = span_of(table, ["logit", *NATURAL])
    return [
        _reached_by_class(table, dict(list(styles.items())[part]), names, span)
        for part in pages(len(styles), BESIDE)
    ]


def _reached_by_class(
    table: pd.DataFrame,
    styles: Mapping[str, MethodStyle],
    names: Mapping[int, str],
    span: tuple[float, float],
) -> Figure:
    """A panel a preset with a row a class: its natural pictures as a bar, the made ones as markers."""
    ids = sorted(table["class_id"].unique())
    labels = [shortened(names.get(one, f"class {one}"), CLASS_LETTERS) for one in ids]
    left = max(0.25 + SMALL_LETTER * max(map(len, labels)), 1.0)
    high = min(CLASS_ROW * max(len(ids), 4), HIGH)
    figure, axes = panels(
        1, len(styles), 2.5 if len(styles) < BESIDE else 2.1, high, left=left, right=0.3, top=0.6, bottom=0.6,
        gap_x=0.3,
    )  # fmt: skip
    y = {one: -place for place, one in enumerate(ids)}
    for panel, (preset, style) in zip(axes.flat, styles.items(), strict=True):
        own = table[table["preset"] == preset]
        known = own.dropna(subset=[NATURAL[-1]])
        for row in known.drop_duplicates("class_id").itertuples():
            _natural_bar(panel, y[row.class_id], row.natural_median, row.natural_p99, row.natural_max)
        above, unknown = own["logit"] > own["natural_max"], own["natural_max"].isna()
        for name, part in (("above", above), ("not above", ~above & ~unknown), ("unknown", unknown)):
            look = {"color": style.colour, "marker": "o", "markersize": 4.5} | MADE[name]
            x, rows_of_them = own.loc[part, "logit"], own.loc[part, "class_id"].map(y)
            panel.plot(x, rows_of_them, linestyle="none", zorder=3, label=name, **look)
        told = f"\nabove: {int(above.sum())} of {len(known)}" if len(known) else ""
        panel.set_title(shortened(style.label, LETTERS + 6) + told, loc="left", fontsize=10)
        panel.set_xlim(*span)
        panel.set_ylim(min(y.values()) - 0.6, 0.6)
        panel.set_yticks(list(y.values()), labels, fontsize=8 if len(ids) <= 48 else 6.5)
        panel.tick_params(axis="y", length=0, labelleft=panel in axes[:, 0])
        panel.xaxis.set_major_locator(MaxNLocator(5))
        panel.set_xlabel("Logit of the class")
    key_below(figure, _entries(table))
    return figure


def _entries(table: pd.DataFrame) -> list[tuple[Line2D, str]]:
    """Entries of the key; that of classes without natural pictures only where there are some."""
    bar = Line2D([], [], color=GREY, alpha=0.45, linewidth=5, solid_capstyle="butt")
    tick = Line2D([], [], color=INK, marker="|", linestyle="none", markersize=7)
    texts = {
        "above": "made, above all of these",
        "not above": "made, not above",
        "unknown": "made, no natural pictures",
    }
    there = table["natural_max"]
    shown = [name for name in texts if (there.isna() if name == "unknown" else there.notna()).any()]
    made = [
        (Line2D([], [], color=GREY, marker="o", linestyle="none", **MADE[name]), texts[name])
        for name in shown
    ]
    natural = [(bar, "natural pictures, median to largest"), (tick, "their 99th percentile")]
    return [*(natural if there.notna().any() else []), *made]


def _natural_bar(axes: Axes, y: float, median: float, high: float, top: float) -> None:
    """The natural pictures of a class: from their median to the largest, a tick at the 99th percentile."""
    axes.plot(
        [median, top], [y, y], color=GREY, alpha=0.45, linewidth=5, solid_capstyle="butt", label="natural"
    )
    axes.plot([high], [y], color=INK, marker="|", markersize=7, linestyle="none", label="99th percentile")


def _reached_by_preset(table: pd.DataFrame, styles: Mapping[str, MethodStyle]) -> Figure:
    """A row a preset: quantiles over classes of the logit, on a scale set by the natural pictures of each.

    The mean of the restarts counts. A class without natural pictures, or with only one, has no scale.
    """
    means = table.groupby(["preset", "class_id"], sort=False)[["logit", *NATURAL]].mean().reset_index()
    width = means["natural_max"] - means["natural_median"]
    means = means[width > 0]
    if means.empty:
        return in_words("No class has natural pictures to set the scale for what the made ones reach.")
    for name in ("logit", "natural_p99"):
        means[name] = (means[name] - means["natural_median"]) / width[width > 0]
    order = list(styles)[::-1]
    labels = [styles[name].label for name in order]
    figure, (panel,) = rows_of(labels, 4.6, right=1.5, top=0.2, bottom=0.6)
    for y, name in enumerate(order):
        own = means.loc[means["preset"] == name, "logit"]
        if own.empty:
            continue
        low, first, middle, third, high = own.quantile(WITHIN)
        panel.plot([low, high], [y, y], color=BLUE, linewidth=1.2, label="5 % to 95 %")
        panel.plot([first, third], [y, y], color=BLUE, linewidth=5, solid_capstyle="butt", label="half")
        panel.plot([middle], [y], color="white", marker="o", markeredgecolor=BLUE, zorder=3, label="median")
        text = {"transform": panel.get_yaxis_transform(), "va": "center", "fontsize": 9.5}
        panel.text(1.03, y, f"{100 * (own > 1).mean():.1f} % above 1", **text)
    for place, line in ((0, ":"), (1, "-")):
        panel.axvline(place, color=INK, linewidth=1.2, linestyle=line, zorder=1)
    panel.axvline(means["natural_p99"].median(), color=GREY, linewidth=1.2, zorder=1)
    panel.set_xlabel(
        f"Logit of the class, relative to its natural pictures ({means['class_id'].nunique():,} classes)"
    )
    panel.xaxis.set_major_locator(MaxNLocator(7))
    entries = [
        (Line2D([], [], color=GREY, linewidth=1.2), "natural: 99th percentile, typically"),
        (Line2D([], [], color=INK, linewidth=1.2), "natural: largest"),
        (Line2D([], [], color=INK, linewidth=1.2, linestyle=":"), "natural: median"),
        (Line2D([], [], color=BLUE, linewidth=1.2), "5 % to 95 % of classes"),
        (Line2D([], [], color=BLUE, linewidth=5, solid_capstyle="butt"), "half of the classes"),
        (Line2D([], [], color="white", marker="o", markeredgecolor=BLUE, linestyle="none"), "median class"),
    ]
    key_below(figure, entries)
    return figure
