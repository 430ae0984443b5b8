"""The metrics in `summary.md`: which explanation is to be trusted, and by how much."""

from __future__ import annotations

import pandas as pd

from signsight.figures.metric_words import metric_words
from signsight.figures.numbers import MINUS, NONE, markdown, percent
from signsight.figures.ranking import AGAINST_NULL
from signsight.figures.style import method_label

ARROWS = {"higher": "↑", "lower": "↓"}
HEADINGS = {
    "images": "## Which explanation is to be trusted",
    "boxes": "## Which explanation of a box is to be trusted",
}


def trust(metrics: pd.DataFrame, ranking: pd.DataFrame, things: str = "images") -> str:
    """One table a metric, methods in the order of its first quantity, as Markdown.

    metrics, ranking: the tables of `evaluation.metric_table` and `evaluation.ranking`; things: what they are
    of, a key of HEADINGS. Each cell has the mean, its interval and the rank; methods that no other one beats
    significantly are bold.
    """
    if not (metrics["direction"] != "").any():
        return ""
    head = (
        f"{HEADINGS[things]}\n\nMean over {things} with its interval; arrows "
        "say which way is better. A method's rank is one more than the number of methods that are "
        "significantly better (paired tests, Holm's correction); **bold**: none is."
    )
    if (ranking["against_null"] != "").any():
        thing, nothing = ("box", "what is in the box") if things == "boxes" else ("image", "the image")
        head += (
            f" ▲: significantly better than every null map, which knows nothing of {nothing} (a centre "
            f"prior, the method's own maps of other {things}, the controls); ▼: worse than one; without "
            f"either, it is not known that the method says anything of the single {thing}."
        )
    parts = [
        _table(metric, rows, ranking[ranking["metric"] == metric], things)
        for metric, rows in metrics[metrics["direction"] != ""].groupby("metric", sort=False)
    ]
    return "\n\n".join([head, *parts])


def _table(metric: str, rows: pd.DataFrame, ranking: pd.DataFrame, things: str) -> str:
    about = metric_words(metric)
    told = about["quantities"]
    quantities = list(dict.fromkeys(rows["quantity"]))
    first = ranking[ranking["quantity"] == quantities[0]].sort_values("place", na_position="last")
    head = ["Method", *(f"{told[q]['label']} {ARROWS[told[q]['direction']]}" for q in quantities)]
    cells = {(r.method, r.quantity): r for r in rows.itertuples()}
    ranks = {(r.method, r.quantity): r for r in ranking.itertuples()}
    body = [
        [method_label(m), *(_cell(cells[m, q], ranks.get((m, q))) for q in quantities)]
        for m in first["method"]
    ]
    chances = [rows[rows["quantity"] == q]["chance"].iloc[0] for q in quantities]
    if any(pd.notna(c) for c in chances):
        body.append(["*Chance*", *(NONE if pd.isna(c) else _number(c) for c in chances)])
    left = int(rows["left_out"].max())
    out = f", at most {left:,} of them left out" if left else ""
    count = int((rows["n"] + rows["left_out"]).max())
    name = about.get("label") or metric.replace("_", " ").capitalize()
    title = f"### {name}: {count:,} {things}{out}"
    return "\n\n".join([title, markdown(head, body)])


def _cell(row: object, ranked: object | None) -> str:
    if pd.isna(row.value):
        return NONE
    text = f"{_number(row.value)} [{_number(row.low)}, {_number(row.high)}]"
    if ranked is None or pd.isna(ranked.rank):
        return text
    text = f"{text} ({int(ranked.rank)})"
    text = f"**{text}**" if int(ranked.rank) == 1 else text
    return f"{text} {AGAINST_NULL.get(ranked.against_null, '')}".rstrip()


def _number(value: float) -> str:
    return NONE if pd.isna(value) else f"{round(value, 3) + 0.0:.3f}".replace("-", MINUS)


def spread_over_seeds(seeds: pd.DataFrame, trainings: pd.DataFrame | None = None) -> str:
    """What models of other seeds say: accuracy of each, and the range of every number, as Markdown.

    seeds: the table of rule seed_table: `seed` and the columns of the metric table. trainings: of
    `evaluation.trainings.trainings_table`, what of the ranking is the same in all of them.
    """
    clean = seeds[seeds["metric"] == "accuracy"]
    accuracies = [f"seed {row.seed}: {percent(row.value, 2)}" for row in clean.itertuples()]
    head = f"## Models of {len(clean)} seeds\n\nTest accuracy by seed: {', '.join(accuracies)}."
    rows = seeds[(seeds["metric"] != "accuracy") & (seeds["direction"] != "")]
    if rows.empty:
        return head
    told = {metric: metric_words(metric)["quantities"] for metric in rows["metric"].unique()}
    columns = list(dict.fromkeys(zip(rows["metric"], rows["quantity"], strict=True)))
    numbers = rows.groupby(["method", "metric", "quantity"], sort=False)["value"].agg(["mean", "min", "max"])
    body = [
        [method_label(method), *(_range(numbers.loc[(method, *column)]) for column in columns)]
        for method in dict.fromkeys(rows["method"])
    ]
    words = "Mean over the models, with the lowest and the highest of them:"
    parts = [head, words, markdown(["Method", *(told[m][q]["label"] for m, q in columns)], body)]
    if trainings is not None and len(trainings):
        parts.append(_survives(trainings))
    return "\n\n".join(parts)


def _survives(trainings: pd.DataFrame) -> str:
    """What another training leaves as it is, a row a measure, as Markdown."""
    rows = []
    for row in trainings.itertuples():
        label = metric_words(row.metric)["quantities"][row.quantity]["label"]
        first = ", ".join(method_label(name) for name in row.first.split(","))
        kept = f"{row.kept} of {row.pairs}" if row.pairs else NONE
        rows.append([label, first, kept, _number(row.over_trainings), _number(row.half_interval)])
    head = ["Measure", "First in a training", "Order kept", "Over trainings", "Half interval"]
    words = (
        "What another training leaves as it is. Order kept: of the pairs of methods that differ "
        "significantly in the first training, those in the same order in all. Over trainings: the standard "
        "deviation of a method's value; beside it, half the width of its interval over images (medians of "
        "the methods). Where the first is the greater one, the intervals say too little."
    )
    return f"{words}\n\n{markdown(head, rows)}"


def _range(row: pd.Series) -> str:
    if pd.isna(row["mean"]):
        return NONE
    return f"{_number(row['mean'])} ({_number(row['min'])} to {_number(row['max'])})"
