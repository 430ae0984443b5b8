"""Figures of numbers on pictures made by optimisation: how far they got, how natural they are to networks."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, MultipleLocator, NullFormatter

from signsight.core.registry import figures
from signsight.figures.method_curves import span_of
from signsight.figures.sheet import in_words
from signsight.figures.style import (
    BLUE,
    COLOURS,
    GREY,
    INK,
    LETTER,
    LINES,
    MARKERS,
    MethodStyle,
    band_entry,
    interval_name,
    label_ends,
    panels,
    styled,
)

PRESET_ROW = 0.42  # inches from one to the next
LETTERS, LAYER_LETTERS = 24, 26  # of a line with the name of a preset or a layer
NOTHING = "No picture of the run shows a class and nothing else, so there are no numbers on them."
ALONE = "There are neither natural pictures nor other networks to set the pictures against."
KINDS = {"natural, same class": "-", "natural, other class": ":"}
NETWORKS = {"trained": "Made for the trained network", "random": "Control: made for random weights"}
KEY_HANDLE, KEY_LETTER, KEY_LINE = 0.75, 0.07, 0.21  # inches of an entry of the key
TICKS = 16  # names of layers below a panel; more are thinned


def preset_styles(presets: Iterable[str], recipes: Mapping[str, str]) -> dict[str, MethodStyle]:
    """How each preset is named and drawn, in the order of `recipes` (name -> label), others behind them."""
    there = set(presets)
    order = [name for name in recipes if name in there] + sorted(there - set(recipes))
    return {
        name: MethodStyle(
            recipes.get(name, name),
            COLOURS[place % len(COLOURS)],
            MARKERS[place % len(MARKERS)],
            LINES[place // len(COLOURS) % len(LINES)],
        )
        for place, name in enumerate(order)
    }


@figures.register("feature_numbers", category="Features", subcategory="Numbers")
@styled
def feature_numbers(
    feature_summary: pd.DataFrame, *, recipes: Mapping[str, str], networks_compared: int, confidence: float
) -> Figure:
    """Presets by how many pictures are above all natural ones, their transfer, and their distance.

    feature_summary: `network, preset, quantity, value, low, high, chance`; a quantity that the run does
    not have is left out. networks_compared: other trained networks, which say whether a picture transfers.
    """
    titles = {
        "above_natural": ("Above all natural pictures", "Share of the pictures"),
        "transfer": ("Transfer", "Share of networks\nthat name the class"),
        "distance": ("Distance to natural pictures", "Multiple of the distance\nbetween natural pictures"),
    }
    table = feature_summary[feature_summary["quantity"].isin(titles)].dropna(subset="value")
    if table.empty:
        return in_words(NOTHING if feature_summary.empty else ALONE)
    shown = [name for name in titles if (table["quantity"] == name).any()]
    styles = preset_styles(table["preset"], recipes)
    order = list(styles)[::-1]
    figure, axes = rows_of([styles[name].label for name in order], 2.6, len(shown), bottom=0.8, top=0.65)
    for panel, quantity in zip(axes, shown, strict=True):
        own = table[table["quantity"] == quantity]
        for network, offset in (("trained", 0.15), ("random", -0.15)):
            away = offset if table["network"].nunique() > 1 else 0.0
            _intervals(panel, own[own["network"] == network], order, away, network)
        title, label = titles[quantity]
        more = _judges(own, networks_compared) if quantity == "transfer" else ""
        panel.set_title(f"{title}\n{more}" if "transfer" in shown else title, loc="left", fontsize=10)
        panel.set_xlabel(label)
        if quantity == "distance":
            panel.set_xlim(0, max(1.05 * np.nanmax(own[["value", "high"]]), 1.2))
            panel.axvline(1, color=INK, linewidth=1.2, linestyle="-.", zorder=1)
            panel.xaxis.set_major_locator(MaxNLocator(5))
            continue
        panel.set_xlim(-0.02, 1.02)
        panel.xaxis.set_major_locator(MultipleLocator(0.25))
        panel.xaxis.set_major_formatter(lambda share, _: f"{round(100 * share, 6):g} %")
        if quantity == "transfer":
            panel.axvline(own["chance"].iloc[0], color=INK, linewidth=1.2, linestyle=":", zorder=1)
    key_below(figure, _number_entries(table, shown, confidence))
    return figure


def _intervals(axes: Axes, rows: pd.DataFrame, order: Sequence[str], offset: float, network: str) -> None:
    """The values of one network's pictures with their intervals, one a preset."""
    if len(rows):
        places = rows["preset"].map(order.index) + offset
        look = {"linestyle": "none", "elinewidth": 1.2, "label": network, "zorder": 3}
        axes.errorbar(rows["value"], places, xerr=_bounds(rows), **look, **_network_look(network))


def _network_look(network: str) -> dict[str, object]:
    """Filled for the trained network, hollow for the control."""
    if network == "trained":
        return {"color": BLUE, "marker": "o"}
    return {"color": GREY, "marker": "s", "markerfacecolor": "white"}


def _judges(rows: pd.DataFrame, count: int) -> str:
    """Which networks judge the transfer: the other ones, and of the control also the trained one."""
    there = set(rows["network"])
    parts = [f"by {_networks(count)}"] if "trained" in there else []
    parts += [f"control by {_networks(count + 1)}"] if "random" in there else []
    return ", ".join(parts)


def _networks(count: int) -> str:
    return f"{count} network{'s' if count != 1 else ''}"


def _number_entries(table: pd.DataFrame, shown: Sequence[str], confidence: float) -> list[tuple[Line2D, str]]:
    """Entries of the key for what is there."""
    names = {"trained": "trained network", "random": "random weights (control)"}
    entries = [
        (Line2D([], [], linewidth=1.2, **_network_look(name)), text)
        for name, text in names.items()
        if (table["network"] == name).any()
    ]
    entries[0] = (entries[0][0], f"{entries[0][1]}, {interval_name(confidence)} interval")
    if "transfer" in shown:
        share = table.loc[table["quantity"] == "transfer", "chance"].iloc[0]
        line = Line2D([], [], color=INK, linewidth=1.2, linestyle=":")
        entries.append((line, f"chance ({100 * share:.3g} %)"))
    if "distance" in shown:
        line = Line2D([], [], color=INK, linewidth=1.2, linestyle="-.")
        entries.append((line, "as near as natural pictures"))
    return entries


@figures.register("path_similarity", category="Features", subcategory="Path similarity")
@styled
def path_similarity(
    path_similarity: pd.DataFrame, *, recipes: Mapping[str, str], confidence: float
) -> Figure:
    """Layer by layer, how similar the activations of made and of natural pictures of the class are.

    path_similarity: `network, preset, depth, layer, kind, value, low, high`. Grey: natural pictures of the
    same class and of other classes. The control has a panel of its own.
    """
    table = path_similarity.dropna(subset="value")
    if table.empty:
        return in_words("No class has two natural test pictures, so there is nothing to compare with.")
    made = table[table["kind"] == "made"]
    networks = [name for name in NETWORKS if (made["network"] == name).any()] or ["trained"]
    styles = preset_styles(made["preset"], recipes)
    natural = {kind: MethodStyle(kind, GREY, "", line) for kind, line in KINDS.items()}
    longest = max(len(shortened(style.label, LETTERS)) for style in (*styles.values(), *natural.values()))
    layers = table.drop_duplicates("depth").sort_values("depth")
    left, bottom = _room(layers)
    room = 0.65 + LETTER * longest
    figure, axes = panels(
        1, len(networks), 3.6, max(3.2, 0.21 * (len(styles) + 3)), left=left, right=room, bottom=bottom,
        gap_x=room + left,
    )  # fmt: skip
    span = span_of(table, ["value", "low", "high"])
    for panel, network in zip(axes[0], networks, strict=True):
        lines = [(style, table[table["kind"] == kind]) for kind, style in natural.items()]
        own = made[made["network"] == network]
        lines += [(style, own[own["preset"] == name]) for name, style in styles.items()]
        lines = [(style, rows.sort_values("depth")) for style, rows in lines if len(rows)]
        for style, rows in lines:
            _line(panel, rows, style, 0.25 if style.colour == GREY else 0.12)
        panel.set_title(NETWORKS[network], loc="left")
        panel.set_ylabel("Rank correlation with natural\npictures of the class")
        panel.set_ylim(*span)
        _layer_axis(panel, layers)
        ends = [
            (
                MethodStyle(shortened(s.label, LETTERS), s.colour, s.marker, s.line),
                float(rows["value"].iloc[-1]),
            )
            for s, rows in lines
        ]
        label_ends(panel, ends)
    key_below(figure, [band_entry(confidence)])
    return figure


@figures.register("inversion_errors", category="Features", subcategory="Inversion")
@styled
def inversion_errors(inversion_errors: pd.DataFrame, *, confidence: float) -> Figure:
    """Layer by layer, how well pictures made from its output match: in that output, and in the pixels.

    inversion_errors: `layer, depth, quantity ('error' or 'psnr'), value, low, high`. The error is drawn on a
    logarithmic axis where all of it is positive.
    """
    titles = {
        "error": ("Error of the layer's output", "Relative squared error"),
        "psnr": ("Likeness of the pixels", "PSNR (dB)"),
    }
    table = inversion_errors.dropna(subset="value")
    table = table[np.isfinite(table["value"])]
    shown = [name for name in titles if (table["quantity"] == name).any()]
    if not shown:
        return in_words("Every inverted picture is equal to the given one, so there are no errors to draw.")
    layers = inversion_errors.drop_duplicates("depth").sort_values("depth")
    left, bottom = _room(layers)
    figure, axes = panels(1, len(shown), 3.6, 2.9, left=left, bottom=bottom, gap_x=max(left + 0.1, 0.95))
    for panel, quantity in zip(axes[0], shown, strict=True):
        rows = table[table["quantity"] == quantity].sort_values("depth")
        title, label = titles[quantity]
        panel.set_title(title, loc="left")
        panel.set_ylabel(label)
        if quantity == "error" and (rows["value"] > 0).all():
            _log_axis(panel, rows)
        else:
            panel.set_ylim(*span_of(rows, ["value", "low", "high"]))
        bounds = _bounds(rows, panel.get_ylim()[0])
        look = {"color": BLUE, "marker": "o", "markersize": 5, "linewidth": 1.2, "clip_on": False}
        panel.errorbar(rows["depth"], rows["value"], yerr=bounds, label=quantity, zorder=3, **look)
        _layer_axis(panel, layers)
        panel.set_xlim(layers["depth"].min() - 0.3, layers["depth"].max() + 0.3)
    dot = Line2D([], [], color=BLUE, marker="o", linewidth=1.2)
    key_below(figure, [(dot, f"mean over pictures with its {interval_name(confidence)} interval")])
    return figure


def _bounds(rows: pd.DataFrame, least: float = -np.inf) -> np.ndarray:
    """(2, n) how far intervals reach below and above their values; no further down than `least`."""
    low = np.maximum(rows["low"], least)
    return np.maximum(np.nan_to_num([rows["value"] - low, rows["high"] - rows["value"]]), 0)


def _log_axis(axes: Axes, rows: pd.DataFrame) -> None:
    """A logarithmic axis for values and as much of their intervals as is positive."""
    values = rows[["value", "low", "high"]].to_numpy(float)
    values = values[np.isfinite(values) & (values > rows["value"].min() / 100)]
    axes.set_yscale("log")
    axes.set_ylim(values.min() / 1.4, values.max() * 1.4)
    decades = np.log10(values.max() / values.min())
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 2 else (1,), numticks=9))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())


def _line(axes: Axes, rows: pd.DataFrame, style: MethodStyle, alpha: float) -> None:
    """Values by depth with their band."""
    axes.plot(
        rows["depth"], rows["value"], color=style.colour, linestyle=style.line, marker=style.marker,
        markersize=4.5, label=style.label, clip_on=False, zorder=3 if style.marker else 2,
    )  # fmt: skip
    if len(rows) == 1:  # a band would not be seen
        axes.errorbar(rows["depth"], rows["value"], yerr=_bounds(rows), color=style.colour, linewidth=1)
    look = {"color": style.colour, "alpha": alpha, "linewidth": 0}
    axes.fill_between(rows["depth"], rows["low"], rows["high"], label=style.label, **look)


def _layer_axis(axes: Axes, layers: pd.DataFrame) -> None:
    """Layers by depth, named below; the last one at the right edge."""
    first, last = layers["depth"].min(), layers["depth"].max()
    axes.set_xlim(first if last > first else last - 1, last)
    shown = _named(layers)
    names = [_tail(name) for name in shown["layer"]]
    axes.set_xticks(shown["depth"], names, rotation=40, ha="right", rotation_mode="anchor")


def _named(layers: pd.DataFrame) -> pd.DataFrame:
    """The layers that are named below a panel, counted from the last one."""
    return layers.iloc[:: -max(-(-len(layers) // TICKS), 1)]


def _room(layers: pd.DataFrame) -> tuple[float, float]:
    """Inches at the left of and below a panel that the turned names of layers need."""
    longest = max((len(_tail(name)) for name in _named(layers)["layer"]), default=0)
    return max(0.95, 0.15 + 0.058 * longest), 0.2 + 0.052 * longest


def rows_of(
    labels: Sequence[str], width: float, columns: int = 1, right: float = 0.35, **sides: float
) -> tuple[Figure, np.ndarray]:
    """Panels (columns,) side by side whose rows have these labels, the last one on top."""
    names = ["\n".join(textwrap.wrap(label, LETTERS)[:2]) for label in labels]
    longest = max(len(line) for name in names for line in name.split("\n"))
    high = PRESET_ROW * max(len(labels), 2)
    left = 0.3 + LETTER * longest
    figure, axes = panels(1, columns, width, high, left=left, right=right, gap_x=0.45, **sides)
    for place, panel in enumerate(axes[0]):
        panel.set_ylim(-0.6, len(labels) - 0.4)
        panel.set_yticks(range(len(labels)), names)
        panel.tick_params(axis="y", length=0, labelleft=place == 0)
    return figure, axes[0]


def key_below(figure: Figure, entries: Sequence[tuple[Artist, str]]) -> None:
    """A legend below the panels, with as many columns as fit; the figure grows downwards for it."""
    wide, high = figure.get_size_inches()
    widths = [KEY_HANDLE + KEY_LETTER * len(text) for _, text in entries]
    lines = -(-len(entries) // max(min(int(wide / max(widths)), 4), 1))
    room = 0.15 + KEY_LINE * lines
    for axes in figure.axes:
        box = axes.get_position()
        axes.set_position(
            (box.x0, (box.y0 * high + room) / (high + room), box.width, box.height * high / (high + room))
        )
    figure.set_size_inches(wide, high + room)
    handles, labels = zip(*entries, strict=True)
    figure.legend(handles, labels, loc="lower center", ncols=-(-len(entries) // lines), handlelength=2.4)


def shortened(text: str, letters: int) -> str:
    """Text of so many letters at most; what is left out at its end leaves dots."""
    return text if len(text) <= letters else f"{text[: letters - 1].rstrip()}…"


def _tail(layer: str) -> str:
    """The end of a layer's name, which tells it from others."""
    layer = str(layer)  # names that are numbers come as numbers from a file
    return layer if len(layer) <= LAYER_LETTERS else f"…{layer[1 - LAYER_LETTERS :]}"
