"""Figures of real stickers: how much relevance lies on them, and what they cost beside drawn ones."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from signsight.core.registry import figures
from signsight.evaluation.drawn_and_real import ANY, COST, PROBABILITY, REAL
from signsight.figures.dots import rows_of_methods
from signsight.figures.numbers import MINUS
from signsight.figures.sheet import in_words
from signsight.figures.style import GREY, INK, interval_name, key, method_style, panels, styled

NO_BOXES = "No photograph with a known box of a sticker has a map, so no relevance on stickers was measured."
NO_CLASSES = "No photograph is of a known class, so what real stickers cost is not known."
LETTERS = 26  # of the name of a class before it is wrapped
ROW = 0.22  # inches from one dot of a class to the next
OTHER = {
    "marker": "D", "color": INK, "markerfacecolor": "white", "linestyle": "none", "markersize": 5,
    "zorder": 4,
}  # fmt: skip
AREA = {"marker": "o", "color": INK, "linestyle": "none", "markersize": 5, "zorder": 3}
REAL_DOT = {"marker": "s", "color": INK, "markersize": 6}
TITLES = {COST: "Accuracy", PROBABILITY: "Probability of the true class"}


@figures.register("on_sticker", category="Stickers", subcategory="Relevance on real stickers")
@styled
def on_sticker(on_sticker: pd.DataFrame, *, confidence: float) -> Figure:
    """Share of the positive relevance on stickers by method, beside the area and other photographs' maps.

    on_sticker: of `on_sticker.on_sticker`. The method with the largest share on top.
    """
    table = on_sticker[on_sticker["n"] > 0]
    if table.empty:
        return in_words(NO_BOXES)
    order = table.sort_values("share", kind="stable")["method"].tolist()
    figure, (shares, gaps) = rows_of_methods(order, 2, 3.3)
    for row in table.itertuples():
        y, style = order.index(row.method), method_style(row.method)
        look = {"color": style.colour, "marker": style.marker, "linestyle": "none", "zorder": 3}
        shares.plot([row.share], [y], label=style.label, **look)
        shares.plot([row.other], [y], **OTHER)
        _gap(gaps, y + 0.17, (row.gap_area, row.gap_area_low, row.gap_area_high), AREA)
        _gap(gaps, y - 0.17, (row.gap_other, row.gap_other_low, row.gap_other_high), OTHER)
    shares.axvline(table["area"].iloc[0], color=INK, linestyle=":", linewidth=1.2, zorder=1)
    shares.set_xlim(0, 1.1 * np.nanmax(table[["share", "other", "area"]].to_numpy()))
    shares.set_title(f"On the sticker ({int(table['n'].max())} photographs)", loc="left", fontsize=10)
    shares.set_xlabel("Share of the positive relevance")
    gaps.axvline(0, color=INK, linewidth=1.0, zorder=1)
    gaps.set_title("More than expected (right of 0) or less", loc="left", fontsize=10)
    gaps.set_xlabel("Difference of the shares")
    for panel in (shares, gaps):
        panel.xaxis.set_major_locator(MaxNLocator(5))
        panel.xaxis.set_major_formatter(lambda share, _: f"{round(100 * share, 6):g} %".replace("-", MINUS))
    line = Line2D([], [], color=INK, linestyle=":", linewidth=1.2), "share of the picture's area"
    other = Line2D([], [], **OTHER), "maps of the other photographs there, and the gap to them"
    area = Line2D([], [], **AREA), "gap to the share of the area"
    bar = Line2D([], [], color=GREY, linewidth=1.4), f"{interval_name(confidence)} interval"
    handles, labels = zip(line, other, area, bar, strict=True)
    figure.legend(handles, labels, loc="lower center", ncols=2, handlelength=2.4)
    return figure


def _gap(panel: Axes, y: float, gap: tuple[float, float, float], look: dict[str, object]) -> None:
    """A gap with its interval."""
    bounds = np.nan_to_num([[gap[0] - gap[1]], [gap[2] - gap[0]]]).clip(0)
    panel.errorbar([gap[0]], [y], xerr=bounds, elinewidth=1.4, ecolor=GREY, **look)


@figures.register("drawn_and_real", category="Stickers", subcategory="Drawn and real stickers")
@styled
def drawn_and_real(drawn_and_real: pd.DataFrame, *, confidence: float) -> Figure:
    """What real and drawn stickers cost in accuracy and in probability, class by class.

    drawn_and_real: of `drawn_and_real.drawn_and_real`; of drawn ones the mean over all stickers and sizes.
    """
    table = drawn_and_real[drawn_and_real["method"].eq(REAL) | drawn_and_real["sticker"].eq(ANY)]
    if table.empty:
        return in_words(NO_CLASSES)
    names = table.drop_duplicates("class_id").sort_values("class_id", ascending=False)
    methods = list(dict.fromkeys(table["method"]))
    pitch = ROW * (len(methods) + 1)
    figure, (row,) = panels(
        1,
        len(TITLES),
        3.3,
        max(1.2, pitch * len(names)),
        left=2.3,
        right=0.3,
        top=0.4,
        bottom=1.15,
        gap_x=0.4,
    )
    for panel, (keys, title) in zip(row, TITLES.items(), strict=True):
        _costs(panel, table, keys, names["class_id"].tolist(), methods)
        panel.set_title(title, loc="left", fontsize=10)
        panel.set_xlabel("points lost (left of 0) or gained")
        panel.tick_params(axis="y", length=0, labelleft=panel is row[0])
    counts = table[table["method"] == REAL].set_index("class_id")["n"]
    labels = [_name(one.class_id, one.class_name, counts) for one in names.itertuples()]
    row[0].set_yticks(range(len(names)), labels)
    key(figure, _entries(methods, confidence))
    return figure


def _name(class_id: int, name: str, counts: pd.Series) -> str:
    """The name of a class with the number of its photographs."""
    text = "all, in this mix" if class_id < 0 else name
    return "\n".join(textwrap.wrap(f"{text} ({int(counts[class_id])})", LETTERS))


def _costs(
    panel: Axes, table: pd.DataFrame, keys: Sequence[str], classes: Sequence[int], methods: Sequence[str]
) -> None:
    """A dot and its interval for each class and method, the real ones on top."""
    reach = min(0.36, 0.13 * (len(methods) - 1))
    offsets = np.linspace(reach, -reach, len(methods))
    for method, offset in zip(methods, offsets, strict=True):
        own = table[table["method"] == method]
        value, low, high = (100 * own[name].to_numpy(float) for name in keys)
        look = REAL_DOT if method == REAL else _dot(method)
        panel.errorbar(
            value, [classes.index(c) + offset for c in own["class_id"]],
            xerr=np.nan_to_num([value - low, high - value]).clip(0), linestyle="none", elinewidth=1.4,
            capsize=2.5, zorder=3, **look,
        )  # fmt: skip
    panel.axvline(0, color=INK, linewidth=1.0, zorder=1)
    panel.set_ylim(-0.6, len(classes) - 0.4)
    panel.set_yticks(range(len(classes)))
    panel.xaxis.set_major_locator(MaxNLocator(5))


def _dot(method: str) -> dict[str, object]:
    style = method_style(method)
    return {"marker": style.marker, "color": style.colour, "markersize": 5.5}


def _entries(methods: Sequence[str], confidence: float) -> list[tuple[Line2D, str]]:
    found = [(Line2D([], [], linestyle="none", **REAL_DOT), "real stickers")]
    for method in methods:
        if method != REAL:
            label = f"drawn, placed by {method_style(method).label}"
            found.append((Line2D([], [], linestyle="none", **_dot(method)), label))
    return [*found, (Line2D([], [], color=GREY, linewidth=1.4), f"{interval_name(confidence)} interval")]
