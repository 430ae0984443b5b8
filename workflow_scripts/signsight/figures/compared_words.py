"""Networks compared, in `summary.md`: the numbers behind what the verdict says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from signsight.figures.compared_names import group_name, quantity_name
from signsight.figures.numbers import count, fixed, markdown, points_within, within
from signsight.figures.style import interval_name, method_label


def compared(tables: Mapping[str, pd.DataFrame], apart: Sequence[Sequence[str]], confidence: float) -> str:
    """The part of the summary on networks compared, as Markdown.

    tables: of `evaluation.compared`, by the names of their files; those that are not made are left out.
    apart: [what, names, the experiments that have them] of what not all experiments have.
    """
    networks, accuracy, answers = (tables[f"compared_{name}"] for name in ("networks", "accuracy", "answers"))
    losses, maps, metrics, left_out = (
        tables.get(f"compared_{name}") for name in ("losses", "maps", "metrics", "left_out")
    )
    first, *others = networks["network"]
    parts = [f"## {', '.join(others)} compared with {first}"]
    parts.append(
        f"Brackets hold {interval_name(confidence)} intervals, paired over the images for differences, which "
        f"are from `{first}`. Where an interval holds zero, the two cannot be told apart."
    )
    parts += [_networks(networks), _accuracy(accuracy), _answers(answers)]
    parts += [_losses(losses), _maps(maps), _metrics(metrics, 1 - confidence), _left_out(left_out, apart)]
    return "\n\n".join(part for part in parts if part)


def _networks(table: pd.DataFrame) -> str:
    rows = []
    for r in table.itertuples():
        names = [f"`{name}`" for name in (r.network, r.folder, r.architecture)]
        rows.append([*names, f"{r.size} px", count(r.images), count(r.common)])
    return markdown(["Experiment", "Folder", "Network", "Pictures", "Test images", "In common"], rows, False)


def _accuracy(table: pd.DataFrame) -> str:
    rows = [
        [f"`{r['network']}`", within(r["accuracy"], r["low"], r["high"], 2), _difference(r)]
        for r in table.to_dict("records")
    ]
    return "### Accuracy\n\n" + markdown(["Experiment", "Accuracy", "Difference (points)"], rows)


def _difference(row: Mapping[str, float]) -> str:
    return points_within(*(row[key] for key in ("difference", "difference_low", "difference_high")))


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
    rows = []
    for r in table.to_dict("records"):
        method = str(r["method"]) if pd.notna(r["method"]) else ""
        name = group_name(r["kind"], r["target"], method and method_label(method))
        loss = points_within(r["loss"], r["low"], r["high"])
        rows.append([name, f"`{r['network']}`", str(r["sets"]), loss, _difference(r)])
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
