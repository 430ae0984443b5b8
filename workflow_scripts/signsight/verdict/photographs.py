"""The user's own photographs: what is right, what their stickers cost, and whether maps point at these."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import pandas as pd

from signsight.evaluation.drawn_and_real import ANY, REAL
from signsight.evaluation.real_examples import ALL, TRAINED
from signsight.evaluation.statistics import kendall
from signsight.figures.numbers import percent, points_within
from signsight.verdict.lines import (
    BAD,
    CAUTION,
    GOOD,
    STEADY,
    UNKNOWN,
    Line,
    interval,
    level_of_loss,
    listed,
    points_lost,
    several,
)

FEW_CLASSES = 8  # below which no correlation over classes is told


def photographs(table: pd.DataFrame) -> Iterator[Line]:
    """How many of the photographs are right, beside clean test images of the same classes.

    table: of `real_examples.real_table`.
    """
    for _, row in table[table["group"] == ALL].iterrows():
        trained = row["part"] == TRAINED
        which = f"{_counted(row)}{' that the network was trained on' if trained else ''}"
        text = f"Of {which}, {interval(row)} are right"
        if pd.isna(row["difference"]):
            yield Line("Photographs", UNKNOWN, f"{text}, with no clean test images beside them.")
            continue
        clean = interval(row, ("clean_accuracy", "clean_low", "clean_high"))
        text += f", against {clean} of clean test images of the same classes: {points_lost(row)} are lost"
        level = CAUTION if trained else level_of_loss(row.to_frame().T)
        yield Line("Photographs", level, f"{text}.")


def _counted(row: pd.Series) -> str:
    """'94 photographs', or '94 photographs of 5 objects' where some show the same one."""
    text = several(row["n"], "photograph")
    return text if row["tracks"] == row["n"] else f"{text} of {several(row['tracks'], 'object')}"


def drawn_and_real(table: pd.DataFrame, labels: Mapping[str, str]) -> Iterator[Line]:
    """Whether drawn stickers cost what real ones do. table: of `drawn_and_real.drawn_and_real`."""
    rows = table[(table["class_id"] < 0) & (table["sticker"] == ANY)]
    real = table[(table["class_id"] < 0) & (table["method"] == REAL)]
    if real.empty or real["difference"].isna().all():
        return
    for _, row in rows.iterrows():
        if row["gap_high"] < -STEADY:
            level, told = BAD, "so drawn ones understate what real ones cost"
        elif row["gap_low"] >= -STEADY and row["gap_high"] <= STEADY:
            level, told = GOOD, "so drawn ones cost about what real ones do"
        else:
            level, told = (
                UNKNOWN,
                "so it is not known whether drawn ones cost what real ones do",
            )
        text = f"Real stickers cost {points_lost(real.iloc[0])}, and drawn ones, placed by"
        text += f" {labels[row['method']]} on clean signs of the same classes, {points_lost(row)}, {told}"
        yield Line("Drawn stickers", level, f"{text}; {_by_class(table, row['method'])}.")


def _by_class(table: pd.DataFrame, method: str) -> str:
    """Whether the classes that drawn stickers harm are those that real ones harm."""
    own = table[table["class_id"] >= 0]
    real = own[own["method"] == REAL].set_index("class_id")["difference"]
    drawn = own[(own["method"] == method) & (own["sticker"] == ANY)].set_index("class_id")["difference"]
    if len(real) < FEW_CLASSES:
        count = f"{len(real)} classes are" if len(real) > 1 else "one class is"
        return f"{count} too few to say whether drawn ones show which classes suffer"
    tau = kendall(real.to_numpy(), drawn.loc[real.index].to_numpy())
    return f"over {len(real)} classes the two agree with Kendall's tau {tau:.2f}"


def on_sticker(
    table: pd.DataFrame, labels: Mapping[str, str], controls: Collection[str], confidence: float
) -> Iterator[Line]:
    """Whether maps point at the stickers. table: of `on_sticker.on_sticker`."""
    own = table[~table["method"].isin(list(controls)) & (table["n"] > 0)]
    if own.empty:
        return
    first = own.loc[own["share"].idxmax()]
    text = f"On the stickers of {_counted(first)} lies at most {percent(first['share'])} of the relevance"
    text += f" (by {labels[first['method']]}), {first['ratio']:.1f} times their share of the area"
    pointing = own[(own["p_other"] <= 1 - confidence) & (own["gap_other"] > 0)]
    if len(pointing):
        names = listed([labels[name] for name in pointing["method"]])
        told = f"by {names} it is more than maps of other photographs have there, so these point at stickers"
        yield Line("On stickers", CAUTION, f"{text}; {told}.")
        return
    if own["gap_other"].isna().all():
        yield Line("On stickers", UNKNOWN, f"{text}; there is no other photograph to compare it with.")
        return
    gap = points_within(*(first[f"gap_other{end}"] for end in ("", "_low", "_high")))
    told = f"no map is shown to point at them: the gap to maps of other photographs there is {gap} points"
    yield Line("On stickers", UNKNOWN, f"{text}; {told}.")
