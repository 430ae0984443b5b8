"""Figures of faithfulness curves: AOPC, deletion and insertion, pairs of opposite orders, cascades."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import zip_longest

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from signsight.core.registry import figures
from signsight.core.registry import metrics as metric_registry
from signsight.figures.method_curves import (
    RELATIVE,
    Curve,
    curve_of,
    family_curves,
    leading_curves,
    span_of,
)
from signsight.figures.metric_words import metric_words
from signsight.figures.numbers import fixed
from signsight.figures.pages import pages, rows_within
from signsight.figures.style import (
    BLUE,
    GREY,
    INK,
    NARROW,
    VERMILLION,
    key,
    method_style,
    panels,
    styled,
)

REPLACED = "Regions replaced, most relevant first"
ANEW = "Layers drawn anew one after the other"
UNITS = {
    "softmax": "probability",
    "logit": "logit",
    "correct": "accuracy",
    "found": "probability of the box",
}
ACROSS, SMALL, SMALL_GAP = 5, 1.5, 0.75  # small panels beside each other; inches of a height, and between
HOLLOW = {"markerfacecolor": "white", "linestyle": "none", "markersize": 6.5}


@figures.register(
    "aopc_curve",
    category="Faithfulness",
    subcategory="AOPC",
    pages=True,
    published=("samek_replication",),
    draws=("region_perturbation",),
    when={"metrics": ("region_perturbation",), "methods": ("random",)},
)
@styled
def aopc_curve(
    metric_curves: pd.DataFrame,
    *,
    metric_scores: Mapping[str, str],
    confidence: float,
    published: Mapping[str, pd.DataFrame],
) -> list[Figure]:
    """AOPC minus that of a random order by number of replaced regions (Samek et al. 2017, Fig. 4).

    metric_curves: the curve table, with the area `aopc` of `region_perturbation`; metric_scores: whose
    fall it is. published: `samek_replication`, with `method, step, relative`, has a panel beside ours.
    """
    rows = curve_of(metric_curves, "region_perturbation", "aopc")
    unit = UNITS[metric_scores["region_perturbation"]]
    y = f"AOPC − AOPC of a random order\n({unit}), higher = more faithful"
    curve = Curve(rows, "", REPLACED, y, columns=RELATIVE)
    theirs = published.get("samek_replication")
    beside = None if theirs is None else theirs[theirs["method"].isin(rows["method"])]
    extra = int(beside is not None and not beside.empty)
    drawn, axes = family_curves([curve], confidence, extra, zero=method_style("random").label)
    if extra:
        _published(axes[-1], rows, beside)
    return drawn


def _published(axes: Axes, rows: pd.DataFrame, published: pd.DataFrame) -> None:
    """Published and our own values at the published step (or our last one) as dots, method by method."""
    step = min(int(published["step"].iloc[0]), int(rows["x"].max()))
    ours = rows[rows["x"] == step].set_index("method")
    order = published.sort_values("relative", kind="stable")["method"].tolist()
    theirs = published.set_index("method")["relative"]
    for place, name in enumerate(order):
        row, style = ours.loc[name], method_style(name)
        bounds = [row["relative"] - row["relative_low"]], [row["relative_high"] - row["relative"]]
        axes.errorbar([row["relative"]], [place], xerr=bounds, color=style.colour, marker=style.marker)
        axes.plot([theirs[name]], [place], color=style.colour, marker=style.marker, zorder=4, **HOLLOW)
    axes.yaxis.tick_right()
    axes.set_yticks(range(len(order)), [method_style(name).label for name in order])
    axes.tick_params(right=False)
    axes.set_ylim(-0.6, len(order) - 0.4)
    axes.axvline(0, color=method_style("random").colour, linewidth=1.6, zorder=1)
    axes.set_title(f"After {step} regions", loc="left")
    wanted = int(published["step"].iloc[0])
    note = "" if step == wanted else f" (at {wanted})"
    axes.set_xlabel(f"AOPC − AOPC of a random order\nfilled: this network; hollow: published{note}")
    axes.xaxis.set_major_locator(MaxNLocator(5))


@figures.register(
    "deletion_insertion",
    category="Faithfulness",
    subcategory="Deletion and insertion",
    pages=True,
    draws=("deletion", "insertion"),
    when={"any_metric": ("deletion", "insertion")},
)
@styled
def deletion_insertion(
    metric_curves: pd.DataFrame,
    metrics: pd.DataFrame,
    *,
    hidden: Mapping[str, str],
    metric_scores: Mapping[str, str],
    confidence: float,
) -> list[Figure]:
    """The class's score while the most relevant pixels are hidden, and while they are shown; the AUC of
    each line behind its name.

    metric_curves: the curve table; metrics: the metric table. hidden, metric_scores: of `deletion` and
    `insertion`, the replacement and the score, for the axes.
    """
    tables = metric_curves, metrics, hidden, metric_scores
    curves = [hiding(name, name, *tables) for name in ("deletion", "insertion") if name in hidden]
    return family_curves(curves, confidence)[0]


@figures.register(
    "fills",
    category="Faithfulness",
    subcategory="Deletion and insertion by what is hidden",
    pages=True,
    draws=("deletion", "insertion"),
    when={"variants": True},
)
@styled
def fills(
    metric_curves: pd.DataFrame,
    metrics: pd.DataFrame,
    *,
    hidden: Mapping[str, str],
    metric_scores: Mapping[str, str],
    controls: Collection[str],
    confidence: float,
) -> list[Figure]:
    """As `deletion_insertion` for every variant of deletion and insertion, with the controls and the best
    methods of each in one panel.
    """
    named = metric_curves.drop_duplicates("metric").set_index("metric")["curve"]
    kinds = [[name for name in hidden if named[name] == kind] for kind in ("deletion", "insertion")]
    order = [name for pair in zip_longest(*kinds) for name in pair if name]  # the kinds side by side
    tables = metric_curves, metrics, hidden, metric_scores
    return leading_curves([hiding(name, named[name], *tables) for name in order], confidence, controls)


def hiding(
    metric: str,
    kind: str,
    metric_curves: pd.DataFrame,
    metrics: pd.DataFrame,
    hidden: Mapping[str, str],
    metric_scores: Mapping[str, str],
) -> Curve:
    """The curve of deletion, of insertion (`kind`), or of a variant of one of them."""
    done, best = ("hidden", "low") if kind == "deletion" else ("shown", "high")
    own = metrics[(metrics["metric"] == metric) & (metrics["quantity"] == f"{kind}_auc")]
    bounds = {} if metric_scores[metric] == "logit" else {"limits": (0, 1), "percent": True}
    return Curve(
        curve_of(metric_curves, metric, kind),
        str(metric_words(metric)["label"]),
        f"Pixels {done} ({hidden[metric].replace('_', ' ')}), most relevant first",
        f"{UNITS[metric_scores[metric]].capitalize()}, {best} = faithful",
        numbers=own.set_index("method")["value"].to_dict(),
        share=True,
        higher=best == "high",
        **bounds,
    )


@figures.register(
    "randomisation",
    category="Sanity",
    subcategory="Parameter randomisation",
    pages=True,
    draws=("randomisation",),
    when={"metrics": ("randomisation",)},
)
@styled
def randomisation(metric_curves: pd.DataFrame, *, confidence: float) -> list[Figure]:
    """Rank correlation and SSIM of a method's maps before and after layers of the network were drawn anew,
    one after the other from the output on.

    metric_curves: the curve table.
    """
    curves = []
    for name, y in (("cascading", "Rank correlation"), ("cascading_ssim", "SSIM")):
        rows = curve_of(metric_curves, "randomisation", name)
        low, high = span_of(rows, ("value", "low", "high"))
        limits = min(low, -0.05), max(high, 1.0)
        curves.append(Curve(rows, "", ANEW, f"{y} with the map", limits=limits))
    return family_curves(curves, confidence)[0]


@figures.register(
    "morf_lerf",
    category="Faithfulness",
    subcategory="Most and least relevant first",
    pages=True,
    draws=("region_perturbation",),
    when={
        "metrics": ("region_perturbation",),
        "config": {"evaluation.parameters.region_perturbation.orders": "both"},
    },
)
@styled
def morf_lerf(
    metric_curves: pd.DataFrame, metrics: pd.DataFrame, *, metric_scores: Mapping[str, str]
) -> list[Figure]:
    """The fall of the score with the most and with the least relevant regions replaced first."""
    y_label = f"Fall of the {UNITS[metric_scores['region_perturbation']]}"
    return opposite_orders(metric_curves, metrics, "region_perturbation", "abpc", y_label)


@figures.register(
    "road",
    category="Faithfulness",
    subcategory="ROAD",
    pages=True,
    draws=("road",),
    when={"metrics": ("road",)},
)
@styled
def road(
    metric_curves: pd.DataFrame, metrics: pd.DataFrame, *, metric_scores: Mapping[str, str]
) -> list[Figure]:
    """The score with the most and with the least relevant pixels imputed first."""
    y_label = UNITS[metric_scores["road"]].capitalize()
    return opposite_orders(metric_curves, metrics, "road", "road", y_label)


def opposite_orders(
    table: pd.DataFrame, numbers: pd.DataFrame, metric: str, quantity: str, y_label: str
) -> list[Figure]:
    """A small panel a method: most and least relevant first, the area between them shaded, the number.

    table: the curve table with the curves `morf` and `lerf` of `metric`; numbers: the metric table, whose
    `quantity` orders the panels (best first) and is written above them.
    """
    told = metric_registry.about(metric)
    label, direction = (told["quantities"][quantity][key] for key in ("label", "direction"))
    own = numbers[(numbers["metric"] == metric) & (numbers["quantity"] == quantity)]
    own = own.sort_values("value", ascending=direction != "higher", kind="stable")
    morf, lerf = curve_of(table, metric, "morf"), curve_of(table, metric, "lerf")
    random = morf[morf["method"] == "random"].sort_values("point")
    limits = span_of(pd.concat([morf, lerf]), ("value", "low", "high"))
    drawn = []
    for part in pages(len(own), ACROSS * rows_within(SMALL + SMALL_GAP, 1.9 - SMALL_GAP)):
        some = own.iloc[part]
        figure, axes, low = _small_panels(len(some))
        for place, (panel, row) in enumerate(zip(axes, some.itertuples(), strict=True)):
            both = [c[c["method"] == row.method].sort_values("point") for c in (morf, lerf)]
            _pair(panel, both, random)
            panel.set_ylim(*limits)
            panel.set_xlim(both[0]["x"].min(), both[0]["x"].max())
            text = f"{label} {fixed(row.value)} [{fixed(row.low)}, {fixed(row.high)}]"
            panel.set_title(method_style(row.method).label, loc="left", fontsize=9.5, pad=17)
            panel.text(0, 1.04, text, transform=panel.transAxes, fontsize=8, va="bottom")
            panel.xaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
            panel.yaxis.set_major_locator(MaxNLocator(4))
            if morf["x"].max() <= 1:
                panel.xaxis.set_major_formatter(lambda part, _: f"{round(100 * part, 6):g} %")
            outer = {"labelleft": place % ACROSS == 0, "labelbottom": place + ACROSS >= len(some)}
            panel.tick_params(**outer, labelsize=8.5)
        _shared_labels(figure, told["x"], y_label, low)
        key(figure, _order_entries(bool(len(random))))
        drawn.append(figure)
    return drawn


def _small_panels(count: int) -> tuple[Figure, list[Axes], float]:
    """`count` small panels, at most ACROSS beside each other, and the inches below for the key."""
    columns = min(count, ACROSS)
    wide, gap, left, right = 1.85, 0.28, 0.95, 0.25
    narrow = left + columns * wide + (columns - 1) * gap + right < NARROW
    low = 0.75 if narrow else 0.5  # the key of a narrow figure has two lines
    sides = {"left": left, "right": right, "top": 0.6, "bottom": 0.55 + low}
    figure, axes = panels(-(-count // columns), columns, wide, SMALL, **sides, gap_x=gap, gap_y=SMALL_GAP)
    flat = list(axes.ravel())
    for panel in flat[count:]:
        panel.remove()
    return figure, flat[:count], low


def _order_entries(random: bool) -> list[tuple[Line2D | Patch, str]]:
    """Entries of the key of `opposite_orders`; random: whether a random order is drawn."""
    entries = [
        (Line2D([], [], color=VERMILLION), "most relevant first"),
        (Line2D([], [], color=BLUE, linestyle=(0, (4, 1.5))), "least relevant first"),
        (Patch(color=GREY, alpha=0.25, linewidth=0), "area between"),
    ]
    return [*entries, (Line2D([], [], color=GREY, linestyle=":"), "random order")] if random else entries


def _pair(axes: Axes, both: list[pd.DataFrame], random: pd.DataFrame) -> None:
    for rows, colour, line in zip(both, (VERMILLION, BLUE), ("-", (0, (4, 1.5))), strict=True):
        axes.plot(rows["x"], rows["value"], color=colour, linestyle=line, linewidth=1.5, zorder=3)
    axes.fill_between(
        both[0]["x"], both[0]["value"], both[1]["value"], color=GREY, alpha=0.25, linewidth=0, label="between"
    )
    if len(random):
        axes.plot(random["x"], random["value"], color=GREY, linestyle=":", linewidth=1.3, zorder=2)


def _shared_labels(figure: Figure, x_label: str, y_label: str, low: float) -> None:
    """One label for all x axes, `low` inches above the edge, and one for all y axes."""
    high = figure.get_size_inches()[1]
    figure.text(0.5, low / high, x_label, ha="center", va="center", fontsize=10.5, color=INK)
    figure.text(
        0.22 / figure.get_size_inches()[0], 0.5 + 0.25 / high, y_label, rotation=90, ha="center", va="center",
        fontsize=10.5,
    )  # fmt: skip
