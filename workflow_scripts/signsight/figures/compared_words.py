"""Networks compared, in `summary.md`: what can be said of them in words, and the numbers behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from signsight.figures.compared import DIFFERENCE, group_name
from signsight.figures.compared_methods import quantity_name
from signsight.figures.numbers import count, fixed, markdown, percent, points, within
from signsight.figures.style import interval_name, method_label

SAME, ALIKE = 0.999, 0.9  # rank correlation from which maps are called the same, and much alike


def compared(tables: Mapping[str, pd.DataFrame], apart: Sequence[Sequence[str]], confidence: float) -> str:
    """The part of the summary on networks compared, as Markdown.

    tables: of `evaluation.compared`, by the names of their files; those that are not made are left out.
    apart: [what, names, the experiments that have them] of what not all experiments have.
    """
    networks, accuracy, answers = (tables[f"compared_{name}"] for name in ("networks", "accuracy", "answers"))
    losses, maps, metrics, rankings, left_out = (
        tables.get(f"compared_{name}") for name in ("losses", "maps", "metrics", "rankings", "left_out")
    )
    first, *others = networks["network"]
    parts = [f"## Compared with {first}: {', '.join(others)}"]
    for other in others:
        said = _sentences(first, other, accuracy, answers, losses, maps, rankings)
        parts.append("\n".join(f"- {sentence}" for sentence in said))
    parts.append(
        f"Brackets hold {interval_name(confidence)} intervals, paired over the images for differences, which "
        f"are from `{first}`. Where an interval holds zero, the two cannot be told apart."
    )
    parts += [_networks(networks), _accuracy(accuracy), _answers(answers)]
    parts += [_losses(losses), _maps(maps), _metrics(metrics, 1 - confidence), _left_out(left_out, apart)]
    return "\n\n".join(part for part in parts if part)


def _sentences(
    first: str,
    other: str,
    accuracy: pd.DataFrame,
    answers: pd.DataFrame,
    losses: pd.DataFrame | None,
    maps: pd.DataFrame | None,
    rankings: pd.DataFrame | None,
) -> Iterator[str]:
    """What can be said of two networks, each sentence on one question."""
    yield _which_is_better(first, other, accuracy, answers)
    both = accuracy[accuracy["network"].isin([first, other])]
    guessing = [f"`{row.network}`" for row in both.itertuples() if row.low <= row.chance]
    if guessing:
        yield (
            f"**Caution**: {_listed(guessing)} cannot be told from always answering the commonest class, so "
            "what follows says nothing of what it has learned."
        )
    own = [None if table is None else table[table["network"] == other] for table in (losses, maps, rankings)]
    losses, maps, rankings = (None if table is None or table.empty else table for table in own)
    if losses is not None:
        yield _which_is_steadier(first, other, losses, both)
    if maps is not None:
        yield _same_places(maps)
    if rankings is not None:
        yield _same_order(rankings)


def _which_is_better(first: str, other: str, accuracy: pd.DataFrame, answers: pd.DataFrame) -> str:
    rows = accuracy.set_index("network")
    a, b, cells = rows.loc[first], rows.loc[other], answers.set_index("network").loc[other]
    images = f"on the {count(b['n'])} test images that they have in common"
    if cells["only_first"] == cells["only_this"] == 0:
        return f"**Accuracy**: `{first}` and `{other}` are right {images} alike, {percent(a['accuracy'])}."
    numbers = f"{percent(b['accuracy'])} against {percent(a['accuracy'])}, {_points(b)} points"
    if not _differs(b):
        return f"**Accuracy**: `{other}` and `{first}` cannot be told apart {images}: {numbers}."
    better, worse = (other, first) if b["difference"] > 0 else (first, other)
    return f"**Accuracy**: `{better}` is more accurate than `{worse}` {images}; `{other}` has {numbers}."


def _which_is_steadier(first: str, other: str, losses: pd.DataFrame, accuracy: pd.DataFrame) -> str:
    """Which network loses less to each group of changed pictures; a less accurate one has less to lose."""
    rows = accuracy.set_index("network")
    weaker = "" if not _differs(rows.loc[other]) else rows["accuracy"].idxmin()
    said: dict[str, list[str]] = {other: [], first: [], "": []}
    for row in losses.to_dict("records"):
        name = group_name(row["kind"], row["target"], row["method"])
        name = name[:1].lower() + name[1:]
        winner = "" if not _differs(row) else other if row["difference"] < 0 else first
        size = f" ({_points(row)})" if winner else ""
        said[winner].append(name + size)
    found = [
        f"`{name}`{', which has less to lose,' if name == weaker else ''} loses fewer points to "
        f"{_listed(said[name])}"
        for name in (other, first)
        if said[name]
    ]
    if said[""]:
        found.append(f"the two cannot be told apart by what they lose to {_listed(said[''])}")
    return f"**Robustness**: {'; '.join(found)}."


def _same_places(maps: pd.DataFrame) -> str:
    """Whether maps of one image are more alike than maps of two images."""
    own = maps[maps["measure"] == "rank_correlation"].dropna(subset=["value"])
    if own.empty:
        return "**Maps**: no map of either network can be compared."
    above = own[own["above_low"] > 0]
    low, high = own["value"].min(), own["value"].max()
    span = fixed(low, 2) if fixed(low, 2) == fixed(high, 2) else f"{fixed(low, 2)} to {fixed(high, 2)}"
    chance = f"{fixed(own['chance'].min(), 2)} to {fixed(own['chance'].max(), 2)}"
    numbers = f"rank correlation {span}, of maps of different images {chance}"
    if low >= SAME:
        return f"**Maps**: the two have the same maps ({numbers})."
    if above.empty:
        return f"**Maps**: by no method do the two look at the same places more than by chance ({numbers})."
    many = "every method" if len(above) == len(own) else f"{len(above)} of {len(own)} methods"
    how = "much" if low >= ALIKE else "partly"
    best = own.loc[own["value"].idxmax()]
    most = f", most by {method_label(best['method'])}" if len(own) > 1 else ""
    return (
        f"**Maps**: by {many} the two look at {how} the same places, more than by chance{most} ({numbers})."
    )


def _same_order(rankings: pd.DataFrame) -> str:
    """Whether the methods rank alike, by each quantity."""
    alike, reverse, open_ = [], [], []
    for row in rankings.to_dict("records"):
        name = quantity_name(row["metric"], row["quantity"])
        text = f"{name} (τ {fixed(row['tau'], 2)} [{fixed(row['low'], 2)}, {fixed(row['high'], 2)}])"
        (alike if row["low"] > 0 else reverse if row["high"] < 0 else open_).append(text)
    said = [f"the methods rank alike on both by {_listed(alike)}"] if alike else []
    said += [f"in reverse by {_listed(reverse)}"] if reverse else []
    said += [f"no agreement of their order can be told from none by {_listed(open_)}"] if open_ else []
    return f"**Rankings** of {rankings['methods'].max():.0f} methods: {'; '.join(said)}."


def _differs(row: pd.Series | dict[str, float]) -> bool:
    """Whether the interval of a difference leaves out zero."""
    return row["difference_low"] > 0 or row["difference_high"] < 0


def _points(row: pd.Series | dict[str, float], name: str = "difference") -> str:
    """'+1.9 [+0.8, +3.1]'."""
    value, low, high = (row[key] for key in (DIFFERENCE if name == "difference" else (name, "low", "high")))
    return points(value) if pd.isna(low) else f"{points(value)} [{points(low)}, {points(high)}]"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _networks(table: pd.DataFrame) -> str:
    rows = [
        [
            f"`{r.network}`",
            f"`{r.folder}`",
            f"`{r.architecture}`",
            f"{r.size} px",
            count(r.images),
            count(r.common),
        ]
        for r in table.itertuples()
    ]
    return markdown(["Experiment", "Folder", "Network", "Pictures", "Test images", "In common"], rows, False)


def _accuracy(table: pd.DataFrame) -> str:
    rows = [
        [f"`{r['network']}`", within(r["accuracy"], r["low"], r["high"], 2), _points(r)]
        for r in table.to_dict("records")
    ]
    return "### Accuracy\n\n" + markdown(["Experiment", "Accuracy", "Difference (points)"], rows)


def _answers(table: pd.DataFrame) -> str:
    cells = ("both_right", "only_first", "only_this", "both_wrong")
    rows = [
        [f"`{r['network']}`", *(count(r[c]) for c in cells), _p(r["p"])] for r in table.to_dict("records")
    ]
    head = [
        "Experiment",
        "Both right",
        "Only the first right",
        "Only this right",
        "Both wrong",
        "p (McNemar)",
    ]
    return markdown(head, rows)


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else fixed(p)


def _losses(table: pd.DataFrame | None) -> str:
    if table is None or table.empty:
        return ""
    rows = [
        [group_name(r["kind"], r["target"], r["method"]), f"`{r['network']}`", str(r["sets"]),
         _points(r, "loss"), _points(r)]
        for r in table.to_dict("records")
    ]  # fmt: skip
    head = ["Changed pictures", "Experiment", "Sets", "Points lost, mean over the sets", "Difference"]
    return "### Robustness\n\n" + markdown(head, rows, right=False)


def _maps(table: pd.DataFrame | None) -> str:
    if table is None or table.empty:
        return ""
    own = table[table["measure"] == "rank_correlation"]
    rows = [
        [method_label(r["method"]), f"`{r['network']}`", _between(r, "value"), _between(r, "chance"),
         _between(r, "above")]
        for r in own.to_dict("records")
    ]  # fmt: skip
    head = ["Method", "Experiment", "Same image", "Different images", "Difference"]
    return "### Rank correlation of the maps\n\n" + markdown(head, rows)


def _between(row: dict[str, float], name: str) -> str:
    ends = ("low", "high") if name == "value" else (f"{name}_low", f"{name}_high")
    low, high = (fixed(row[end], 2) for end in ends)
    return f"{fixed(row[name], 2)} [{low}, {high}]"


def _metrics(table: pd.DataFrame | None, alpha: float) -> str:
    """How many methods differ by each quantity; the values themselves are in the figure and the table."""
    if table is None or table.empty:
        return ""
    rows = []
    there = table[table["difference"].notna() & (table["direction"] != "")]
    for (metric, quantity, network), own in there.groupby(["metric", "quantity", "network"], sort=False):
        differ = own[own["p_holm"] <= alpha]
        names = ", ".join(
            f"{method_label(r['method'])} ({fixed(r['difference'], 2)})" for r in differ.to_dict("records")
        )
        label = quantity_name(str(metric), str(quantity))
        rows.append([label, f"`{network}`", f"{len(differ)} of {len(own)}", names or "none"])
    head = ["Metric", "Experiment", "Methods that differ", "Which, and by how much"]
    return "### Metrics of the methods\n\n" + markdown(head, rows, right=False)


def _left_out(table: pd.DataFrame | None, apart: Sequence[Sequence[str]]) -> str:
    lines = [f"- {what} of {having} alone: {names}." for what, names, having in apart]
    if table is not None:
        lines += [f"- The metric {row.metric}: {row.reason}." for row in table.itertuples()]
    return "### Not compared\n\n" + "\n".join(lines) if lines else ""
