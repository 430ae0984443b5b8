"""What `summary.md` says of masking, angles and stickers: tables and words, published beside reproduced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from signsight.figures.numbers import (
    NONE,
    count,
    lost,
    markdown,
    percent,
    points,
    signed,
    subsets_shown,
    within,
)
from signsight.figures.stickers import TARGETS, conditions, size_label
from signsight.figures.style import method_label

CELLS = (1, 3, 5, 10)
CONFUSIONS = 5  # of each target
DEGREES = (-60, -45, -30, -15, 0, 15, 30, 45, 60)
TRANSFORMS = {
    "rotation": "rotation in the plane",
    "perspective_vertical": "turned about the vertical axis",
    "perspective_horizontal": "turned about the horizontal axis",
}
SUBSETS = {
    "all": "All images that the method has a map for",
    "common": "Only the images that every method has a map for",
}
STEADY = 0.05  # an angle is called harmless as long as it takes no more than this share


def there(table: pd.DataFrame | None) -> bool:
    """Whether there is a table with rows."""
    return table is not None and not table.empty


def _degree(degree: float) -> str:
    return signed(degree, 0) + "°"


def beside_published(first: str, rows: list[list[str]]) -> str:
    """A table of published and reproduced numbers, of rows of `_both`; `first` is the head of their names."""
    return markdown([first, "Published", "Reproduced", "Difference"], rows)


def _both(name: str, row: Any) -> list[str]:
    """A row of `beside_published`; `row` has `accuracy` and `accuracy_published`."""
    values = percent(row.accuracy_published), percent(row.accuracy)
    return [name, *values, points(row.accuracy - row.accuracy_published)]


def masking_part(table: pd.DataFrame, published: pd.DataFrame | None, words: bool) -> str:
    """Accuracy by method and number of cells; with `words`, what is lost, in a sentence."""
    last = int(table["masked_cells"].max())
    cells = [k for k in CELLS if k <= last] or [last]
    parts = ["## Accuracy after masking the most relevant cells"]
    for subset in subsets_shown(table, published):
        rows = table[table["subset"] == subset]
        header = ["Method", "Images", *[f"{k} masked" for k in cells]]
        body = []
        for method, own in rows.groupby("method", sort=False):
            by = own.set_index("masked_cells")
            body.append([method_label(str(method)), count(own["n"].iloc[0]), *[_cell(by, k) for k in cells]])
        parts += [f"{SUBSETS[subset]}:", markdown(header, body)]
    at = 5 if 5 in cells else cells[-1]
    return "\n\n".join([*parts, *([_masking_words(table, subset, at)] if words else [])])


def _cell(by: pd.DataFrame, place: int, decimals: int = 1) -> str:
    """Accuracy and interval of the row at `place`, or a dash."""
    if place not in by.index:
        return NONE
    row = by.loc[place]
    return within(row["accuracy"], row["low"], row["high"], decimals)


def _masking_words(table: pd.DataFrame, subset: str, cells: int) -> str:
    """'After 5 masked cells, Saliency takes 41.2 points [..], ...' on the images of `subset`."""
    rows = table[(table["subset"] == subset) & (table["masked_cells"] == cells)]
    rows = rows.sort_values("difference", kind="stable")
    losses = [
        f"{method_label(row.method)} {lost(row.difference)}"
        f" [{lost(row.difference_high)}, {lost(row.difference_low)}]"
        for row in rows.itertuples()
    ]
    where = "the images that every method has a map for" if subset == "common" else "all images"
    return (
        f"After {cells} masked {'cell' if cells == 1 else 'cells'}, on {where}, this many points of"
        f" accuracy are lost: {', '.join(losses)}. The greater the loss, the more the network uses what"
        " the method points at."
    )


def masking_published(table: pd.DataFrame, published: pd.DataFrame | None) -> str:
    """Published beside reproduced accuracy, of the methods, subsets and numbers of cells that both have."""
    if not there(published):
        return ""
    keys = ["method", "subset", "masked_cells"]
    both = table.merge(published, on=keys, suffixes=("", "_published"))
    both = both[both["masked_cells"].isin(CELLS)]
    rows = [
        _both(f"{method_label(row.method)}, {row.subset}, {row.masked_cells} masked", row)
        for row in both.itertuples()
    ]
    if not rows:
        return ""
    note = "The study's common images are those with a Grad-CAM++ map, ours those with every map."
    body = beside_published("Method, subset, cells", rows)
    return f"### Published and reproduced: masking\n\n{body}\n\n{note}"


def empty_maps_part(table: pd.DataFrame) -> str:
    """How many images each method has no map for."""
    rows = [
        [method_label(row.method), count(row.n), count(row.empty), percent(row.empty / row.n)]
        for row in table.itertuples()
    ]
    return "## Images without a map (all zero)\n\n" + markdown(["Method", "Images", "Empty", "Share"], rows)


def geometry_part(table: pd.DataFrame, told: bool) -> str:
    """Accuracy by transform and angle; with `told`, how far it is steady, in a sentence."""
    degrees = [degree for degree in DEGREES if (table["degree"] == degree).any()]
    rows, words = [], []
    for name, title in TRANSFORMS.items():
        own = table[table["transform"] == name]
        if own.empty:
            continue
        by = own.set_index("degree").sort_index()
        found = [percent(by["accuracy"].get(degree, float("nan"))) for degree in degrees]
        rows.append([title.capitalize(), *found])
        words += [_steady_words(by["accuracy"], title)] if told else []
    body = markdown(["Transform", *map(_degree, degrees)], rows) if degrees else ""
    parts = ["## Accuracy by angle", body, "\n".join(word for word in words if word)]
    return "\n\n".join(part for part in parts if part)


def _steady_words(accuracy: pd.Series, title: str) -> str:
    """Over which angles about 0 the accuracy stays within STEADY of that at 0 degrees."""
    if 0 not in accuracy.index:
        return ""
    fine = accuracy >= accuracy[0] - STEADY
    left, right = fine[fine.index <= 0][::-1], fine[fine.index >= 0]
    ends = [int(side[side.cummin()].index[-1]) for side in (left, right)]
    return (
        f"- {title.capitalize()}: no more than {100 * STEADY:.0f} points are lost from"
        f" {_degree(ends[0])} to {_degree(ends[1])}; the lowest accuracy is {percent(accuracy.min())}"
        f" at {_degree(accuracy.idxmin())}."
    )


def geometry_published(table: pd.DataFrame, published: Mapping[str, pd.DataFrame], fill: str) -> str:
    """Published beside reproduced accuracy by angle, and how far they differ on average.

    fill: what lies outside the turned images here; black in the study.
    """
    rows, words = [], []
    for name, title in TRANSFORMS.items():
        if name not in published:
            continue
        own = table[table["transform"] == name]
        both = own.merge(published[name], on="degree", suffixes=("", "_published"))
        if both.empty:
            continue
        gap = both["accuracy"] - both["accuracy_published"]
        words.append(
            f"- {title.capitalize()}: over {len(both)} angles the reproduced accuracy differs by"
            f" {points(gap.mean())} points on average, by {100 * gap.abs().mean():.1f} in magnitude."
        )
        rows += [
            _both(f"{title.capitalize()}, {_degree(row.degree)}", row)
            for row in both[both["degree"].isin(DEGREES)].itertuples()
        ]
    if not words:
        return ""
    if fill != "black":
        words.append("- Outside the turned images lies black in the study, and the colour of the edge here.")
    body = [beside_published("Transform, angle", rows)] if rows else []
    return "\n\n".join(["### Published and reproduced: angles", *body, "\n".join(words)])


def stickers_part(table: pd.DataFrame, words: bool) -> str:
    """Accuracy by target, sticker and method; with `words`, the costliest sticker, in a sentence."""
    methods = list(dict.fromkeys(table["method"]))
    parts = ["## Accuracy with stickers on the most relevant cell"]
    for target, title in TARGETS.items():
        own = table[table["target"] == target]
        if own.empty:
            continue
        by = own.set_index(["method", "sticker", "sign_size"]).sort_index()
        body = []
        for sticker, size in conditions(own):
            cells = [_cell(by, (method, sticker, size)) for method in methods]
            body.append([f"{sticker}, {size_label(size)}", *cells])
        header = ["Sticker, size of the sign", *map(method_label, methods)]
        parts += [f"{title} (n = {count(own['n'].iloc[0])}):", markdown(header, body)]
        parts += [_sticker_words(own)] if words else []
    return "\n\n".join(part for part in parts if part)


def _sticker_words(own: pd.DataFrame) -> str:
    """The sticker that costs the most accuracy."""
    worst = own.loc[own["difference"].idxmin()]
    if worst["difference"] >= 0:
        return "No sticker lowers the accuracy."
    return (
        f"The {worst['sticker']} sticker on {size_label(worst['sign_size'])} signs, placed by"
        f" {method_label(worst['method'])}, costs the most accuracy: {lost(worst['difference'])} points"
        f" [{lost(worst['difference_high'])}, {lost(worst['difference_low'])}]."
    )


def stickers_published(table: pd.DataFrame, published: pd.DataFrame | None) -> str:
    """Published beside reproduced accuracy on stock signs."""
    stock = table[(table["target"] == "stock") & (table["method"] != "random")]
    if not there(published) or stock.empty:
        return ""
    both = stock.merge(published, on=["sticker", "sign_size"], suffixes=("", "_published"))
    rows = [
        _both(f"{row.sticker}, {size_label(row.sign_size)}, placed by {method_label(row.method)}", row)
        for row in both.itertuples()
    ]
    if not rows:
        return ""
    return "### Published and reproduced: stickers on stock signs\n\n" + beside_published(
        "Sticker, size of the sign", rows
    )


def sticker_confusions_part(table: pd.DataFrame) -> str:
    """The commonest confusions of each target under a sticker, over all methods and stickers."""
    wrong = table[(table["class_id"] != table["predicted_id"]) & (table["sign_size"] != "none")]
    parts = []
    for target, title in TARGETS.items():
        own = wrong[(wrong["target"] == target) & (wrong["count"] > 0)]
        total = own.groupby(["class_name", "predicted_name"], as_index=False)["count"].sum()
        total = total.sort_values("count", ascending=False, kind="stable").head(CONFUSIONS)
        lines = [
            f"{row.class_name} → {row.predicted_name} ({count(row.count)})" for row in total.itertuples()
        ]
        if lines:
            parts.append(f"- {title}: {'; '.join(lines)}.")
    if not parts:
        return ""
    head = "Most frequent confusions under a sticker (counted over all methods, stickers and sizes):"
    return "\n\n".join([head, "\n".join(parts)])
