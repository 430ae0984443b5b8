"""`summary.md`: the key numbers of an experiment, with intervals, and published beside reproduced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from signsight.evaluation.guessing import no_ranking
from signsight.evaluation.identical import without_repeats
from signsight.figures.background import object_or_background
from signsight.figures.compared_words import compared
from signsight.figures.detected import detected
from signsight.figures.numbers import (
    NONE,
    count,
    fixed,
    lost,
    markdown,
    percent,
    points,
    signed,
    subsets_shown,
    within,
)
from signsight.figures.stickers import TARGETS, conditions, size_label
from signsight.figures.style import interval_name, method_label
from signsight.figures.trust import HEADINGS, spread_over_seeds, trust

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


def summary(
    *,
    experiment: str,
    dataset: str,
    model: str,
    cropped: bool,
    confidence: float,
    published: Mapping[str, pd.DataFrame],
    own: Sequence[Mapping[str, str]],
    opening: str = "",
    detector: str = "",
    chosen: Sequence[str] = (),
    index: pd.DataFrame | None = None,
    clean: pd.DataFrame | None = None,
    examples: pd.DataFrame | None = None,
    history: pd.DataFrame | None = None,
    masking: pd.DataFrame | None = None,
    empty_maps: pd.DataFrame | None = None,
    geometry: pd.DataFrame | None = None,
    stickers: pd.DataFrame | None = None,
    sticker_confusions: pd.DataFrame | None = None,
    background: pd.DataFrame | None = None,
    metrics: pd.DataFrame | None = None,
    ranking: pd.DataFrame | None = None,
    seeds: pd.DataFrame | None = None,
    identical_maps: pd.DataFrame | None = None,
    boxes: pd.DataFrame | None = None,
    detection_accuracy: pd.DataFrame | None = None,
    box_metrics: pd.DataFrame | None = None,
    box_ranking: pd.DataFrame | None = None,
    compared_apart: Sequence[Sequence[str]] = (),
    **compared_tables: pd.DataFrame,
) -> str:
    """The summary as Markdown; a table that is None or empty (a stage switched off) is left out.

    index: of the test images, clean: their accuracy; without them there is no classifier's part. examples:
    the table of training examples; boxes: those of the detector called `detector` that are explained. The
    other tables are those of the evaluation. published: by 'clean', 'masking', 'stickers' and the names of
    transforms, where the data set has published figures; cropped: which of the two published clean
    accuracies to take. own: the things of the user's plugins, each with kind, name, file, label, measures
    and misleads. opening: what stands before all of it. A method that repeats another one's maps is listed
    only beside published numbers. A network that is no better than guessing gets no ranking, and no word on
    what breaks it. compared_apart and compared_tables (`compared_accuracy`, ...): of
    `compared_words.compared`.
    """
    parts, refused = [f"# {experiment}", opening], ""
    if clean is not None and index is not None:
        sizes, refused = _sizes(index, examples), no_ranking(clean)
        parts += [
            _head(dataset, model, sizes, clean, history, chosen, confidence),
            _clean_published(clean, published.get("clean"), cropped),
        ]
    same = identical_maps if identical_maps is not None else pd.DataFrame({"method": [], "same_as": []})
    if _there(same):
        parts.append(_same_maps(same))
    if _there(masking):
        theirs = published.get("masking")
        once = without_repeats(masking, same)
        parts += [_masking(once, theirs, not refused), _masking_published(masking, theirs)]
    if _there(empty_maps):
        parts.append(_empty_maps(without_repeats(empty_maps, same)))
    if _there(geometry):
        parts += [_geometry(geometry, not refused), _geometry_published(geometry, published)]
    if _there(stickers):
        parts += [_stickers(without_repeats(stickers, same), not refused)]
        parts += [_stickers_published(stickers, published.get("stickers"))]
    if _there(sticker_confusions):
        parts.append(_sticker_confusions(sticker_confusions))
    if _there(background):
        parts.append(object_or_background(background))
    if _there(metrics):
        parts.append(f"{HEADINGS['images']}\n\n{refused}" if refused else trust(metrics, ranking))
    if _there(seeds):
        parts.append(spread_over_seeds(without_repeats(seeds, same)))
    if boxes is not None:
        parts.append(detected(detector, boxes, detection_accuracy, box_metrics, box_ranking, confidence))
    if compared_tables:
        parts.append(compared(compared_tables, compared_apart, confidence))
    if own:
        parts.append(_own(own))
    return "\n\n".join(part for part in parts if part) + "\n"


def _sizes(index: pd.DataFrame, examples: pd.DataFrame | None) -> dict[str, int]:
    """Number of images by what they are for."""
    sizes = {}
    if examples is not None:
        subsets = {"Training": "train", "Validation": "validation"}
        sizes = {name: int((examples["subset"] == subset).sum()) for name, subset in subsets.items()}
    return sizes | {"Test": len(index)}


def _own(own: Sequence[Mapping[str, str]]) -> str:
    """The things that come from the user's own files."""
    keys = ("kind", "name", "label", "file", "measures", "misleads")
    rows = [[str(thing.get(key) or NONE) for key in keys] for thing in own]
    head = ["Kind", "Name", "Label", "File", "What it measures", "How it misleads"]
    return f"## Your own things\n\n{markdown(head, rows, right=False)}"


def _there(table: pd.DataFrame | None) -> bool:
    return table is not None and not table.empty


def _degree(degree: float) -> str:
    return signed(degree, 0) + "°"


def _same_maps(same: pd.DataFrame) -> str:
    """Which methods are not listed again, since their maps are those of another."""
    told = [
        f"{method_label(row.method)} (the same maps as {method_label(row.same_as)})"
        for row in same.itertuples()
    ]
    return f"Not listed again below: {', '.join(told)}."


def _head(
    dataset: str,
    model: str,
    sizes: Mapping[str, int],
    clean: pd.DataFrame,
    history: pd.DataFrame | None,
    chosen: Sequence[str],
    confidence: float,
) -> str:
    row = clean.iloc[0]
    rows = [
        ["Data set", f"`{dataset}`"],
        ["Network", f"`{model}`"],
        *[[f"{name} images", count(size)] for name, size in sizes.items()],
        ["**Test accuracy**", f"**{within(row['accuracy'], row['low'], row['high'], 2)}**"],
        ["Always guessing the largest class", percent(row["chance"], 2)],
        *_auc(row),
        ["Misclassified", f"{count(row['n'] - row['correct'])} of {count(row['n'])}"],
    ]
    if _there(history):
        best = history[history["kept"]].iloc[0]
        rows.append(["Training steps", _steps(history.iloc[-1], chosen)])
        kept = f"{best['epoch']:.0f} of {history['epoch'].max():.0f}"
        kept += f", validation accuracy {percent(best['validation_accuracy'], 2)}"
        rows.append(["Kept epoch", kept])
        if "seconds" in history:
            rows.append(["Training time", f"{history['seconds'].sum() / 60:.1f} min"])
    note = (
        f"Brackets hold {interval_name(confidence)} intervals: Wilson's for accuracies, paired over"
        " the images for differences from the untouched images. Differences are in percentage points."
    )
    return f"## Key numbers\n\n{markdown(['', ''], rows)}\n\n{note}"


def _steps(last: pd.Series, chosen: Sequence[str]) -> str:
    """How long the training was, and which of its settings went by the number of examples."""
    told = f"{count(last['steps'])} of {count(last['batch_size'])} examples"
    names = [name.replace("_", " ") for name in chosen]
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return told + (f" ({listed} chosen by the number of examples)" if listed else "")


def _auc(row: pd.Series) -> list[list[str]]:
    """The row of the mean AUC, where there is one."""
    if pd.isna(row.get("auc")):
        return []
    name = f"ROC AUC, mean over {count(row['auc_classes'])} classes"
    limits = [fixed(row[key]) for key in ("auc", "auc_low", "auc_high")]
    return [[name, f"{limits[0]} [{limits[1]}, {limits[2]}]" if pd.notna(row["auc_low"]) else limits[0]]]


def _clean_published(clean: pd.DataFrame, published: pd.DataFrame | None, cropped: bool) -> str:
    if not _there(published):
        return ""
    name = "cropped" if cropped else "uncropped"
    theirs = float(published.set_index("images")["accuracy"][name])
    ours = float(clean["accuracy"].iloc[0])
    row = [f"Test accuracy, {name}", percent(theirs, 2), percent(ours, 2), points(ours - theirs, 2)]
    return "### Published and reproduced: accuracy\n\n" + _compared("Images", [row])


def _compared(first: str, rows: list[list[str]]) -> str:
    return markdown([first, "Published", "Reproduced", "Difference"], rows)


def _both(name: str, row: Any) -> list[str]:
    """A row of `_compared`; `row` has `accuracy` and `accuracy_published`."""
    values = percent(row.accuracy_published), percent(row.accuracy)
    return [name, *values, points(row.accuracy - row.accuracy_published)]


def _masking(table: pd.DataFrame, published: pd.DataFrame | None, words: bool) -> str:
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


def _masking_published(table: pd.DataFrame, published: pd.DataFrame | None) -> str:
    if not _there(published):
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
    body = _compared("Method, subset, cells", rows)
    return f"### Published and reproduced: masking\n\n{body}\n\n{note}"


def _empty_maps(table: pd.DataFrame) -> str:
    rows = [
        [method_label(row.method), count(row.n), count(row.empty), percent(row.empty / row.n)]
        for row in table.itertuples()
    ]
    return "## Images without a map (all zero)\n\n" + markdown(["Method", "Images", "Empty", "Share"], rows)


def _geometry(table: pd.DataFrame, told: bool) -> str:
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


def _geometry_published(table: pd.DataFrame, published: Mapping[str, pd.DataFrame]) -> str:
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
    body = [_compared("Transform, angle", rows)] if rows else []
    return "\n\n".join(["### Published and reproduced: angles", *body, "\n".join(words)])


def _stickers(table: pd.DataFrame, words: bool) -> str:
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


def _stickers_published(table: pd.DataFrame, published: pd.DataFrame | None) -> str:
    stock = table[(table["target"] == "stock") & (table["method"] != "random")]
    if not _there(published) or stock.empty:
        return ""
    both = stock.merge(published, on=["sticker", "sign_size"], suffixes=("", "_published"))
    rows = [
        _both(f"{row.sticker}, {size_label(row.sign_size)}, placed by {method_label(row.method)}", row)
        for row in both.itertuples()
    ]
    if not rows:
        return ""
    return "### Published and reproduced: stickers on stock signs\n\n" + _compared(
        "Sticker, size of the sign", rows
    )


def _sticker_confusions(table: pd.DataFrame) -> str:
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
