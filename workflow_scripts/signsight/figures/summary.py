"""`summary.md`: the key numbers of an experiment, with intervals, and published beside reproduced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from signsight.evaluation.guessing import no_ranking
from signsight.evaluation.identical import without_repeats
from signsight.figures.background import object_or_background
from signsight.figures.compared_words import compared
from signsight.figures.detected import detected
from signsight.figures.gap_words import explained
from signsight.figures.numbers import (
    NONE,
    count,
    fixed,
    markdown,
    percent,
    points,
    within,
)
from signsight.figures.style import interval_name, method_label
from signsight.figures.summary_losses import (
    beside_published,
    empty_maps_part,
    geometry_part,
    geometry_published,
    masking_part,
    masking_published,
    sticker_confusions_part,
    stickers_part,
    stickers_published,
    there,
)
from signsight.figures.summary_real import drawn_and_real_part, on_sticker_part, photographs_part
from signsight.figures.trust import HEADINGS, spread_over_seeds, trust


def summary(
    *,
    experiment: str,
    dataset: str,
    model: str,
    cropped: bool,
    confidence: float,
    published: Mapping[str, pd.DataFrame],
    own: Sequence[Mapping[str, str]],
    fill: str,
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
    trainings: pd.DataFrame | None = None,
    identical_maps: pd.DataFrame | None = None,
    real_examples: pd.DataFrame | None = None,
    drawn_and_real: pd.DataFrame | None = None,
    on_sticker: pd.DataFrame | None = None,
    boxes: pd.DataFrame | None = None,
    detection_accuracy: pd.DataFrame | None = None,
    box_metrics: pd.DataFrame | None = None,
    box_ranking: pd.DataFrame | None = None,
    published_gaps: pd.DataFrame | None = None,
    compared_apart: Sequence[Sequence[str]] = (),
    **compared_tables: pd.DataFrame,
) -> str:
    """The summary as Markdown; a table that is None or empty (a stage switched off) is left out.

    index: of the test images, clean: their accuracy; without them there is no classifier's part. examples:
    the table of training examples; boxes: those of the detector called `detector` that are explained. The
    other tables are those of the evaluation. published: by 'clean', 'masking', 'stickers' and the names of
    transforms, where the data set has published figures; cropped: which of the two published clean accuracies
    to take; fill: what lies outside turned images, a value of `geometry.fill`. own: the things of the user's
    plugins, each with kind, name, file, label, measures and misleads. opening: what stands before all of it.
    A method that repeats another one's maps is listed only beside published numbers. A network that is no
    better than guessing gets no ranking, and no word on what breaks it. compared_apart and compared_tables
    (`compared_accuracy`, ...): of `compared_words.compared`. published_gaps: experiments beside published
    numbers.
    """
    parts, refused = [f"# {experiment}", opening], ""
    if clean is not None and index is not None:
        sizes, refused = _sizes(index, examples), no_ranking(clean)
        parts += [
            _head(dataset, model, sizes, clean, history, chosen, confidence),
            _clean_published(clean, published.get("clean"), cropped),
        ]
    same = identical_maps if identical_maps is not None else pd.DataFrame({"method": [], "same_as": []})
    if there(same):
        parts.append(_same_maps(same))
    if there(masking):
        theirs = published.get("masking")
        once = without_repeats(masking, same)
        parts += [masking_part(once, theirs, not refused), masking_published(masking, theirs)]
    if there(empty_maps):
        parts.append(empty_maps_part(without_repeats(empty_maps, same)))
    if there(geometry):
        parts += [geometry_part(geometry, not refused), geometry_published(geometry, published, fill)]
    if there(stickers):
        parts += [stickers_part(without_repeats(stickers, same), not refused)]
        parts += [stickers_published(stickers, published.get("stickers"))]
    if there(sticker_confusions):
        parts.append(sticker_confusions_part(sticker_confusions))
    if there(background):
        parts.append(object_or_background(background))
    if there(real_examples):
        parts.append(photographs_part(real_examples))
    if there(drawn_and_real):
        parts.append(drawn_and_real_part(drawn_and_real))
    if there(on_sticker):
        parts.append(on_sticker_part(on_sticker))
    if there(metrics):
        parts.append(f"{HEADINGS['images']}\n\n{refused}" if refused else trust(metrics, ranking))
    if there(seeds):
        parts.append(spread_over_seeds(without_repeats(seeds, same), trainings))
    if boxes is not None:
        parts.append(detected(detector, boxes, detection_accuracy, box_metrics, box_ranking, confidence))
    if compared_tables:
        parts.append(compared(compared_tables, compared_apart, confidence))
    if there(published_gaps):
        parts.append(explained(published_gaps, confidence))
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
    if there(history):
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
    if not there(published):
        return ""
    name = "cropped" if cropped else "uncropped"
    theirs = float(published.set_index("images")["accuracy"][name])
    ours = float(clean["accuracy"].iloc[0])
    row = [f"Test accuracy, {name}", percent(theirs, 2), percent(ours, 2), points(ours - theirs, 2)]
    return "### Published and reproduced: accuracy\n\n" + beside_published("Images", [row])
