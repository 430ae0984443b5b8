"""Methods in order of each quantity, with ties where paired tests see no difference; agreement."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from signsight.evaluation.metric_table import About, Results, read_values
from signsight.evaluation.null_table import strongest
from signsight.evaluation.statistics import LEAST_DRAWS, holm, kendall, mean_interval, sign_flip

PAIR_COLUMNS = [
    "metric", "quantity", "method_a", "method_b", "n", "difference", "low", "high", "p", "p_holm",
]  # fmt: skip
RANK_COLUMNS = [
    "metric", "quantity", "method", "place", "rank", "group", "tied_with", "value", "low", "high", "n",
    "null", "gap", "gap_low", "gap_high", "against_null",
]  # fmt: skip
AGREEMENT_COLUMNS = ["metric_a", "quantity_a", "metric_b", "quantity_b", "methods", "tau"]


def pair_table(results: Results, about: About, confidence: float, seed: int) -> pd.DataFrame:
    """Every two methods compared on the images that both have a value for, quantity by quantity.

    Columns PAIR_COLUMNS. difference: mean of a - b with its normal interval; p: sign-flip test of
    it; p_holm: corrected for all pairs of the quantity, controls included. Only quantities that have
    a better direction.
    """
    tables = []
    for metric, files in results.items():
        values = read_values(metric, files)
        for name, told in about[metric]["quantities"].items():
            if name in values and told.get("direction"):
                pairs = _pairs(values[name], list(files), confidence, seed)
                tables.append(pairs.assign(metric=metric, quantity=name)[PAIR_COLUMNS])
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=PAIR_COLUMNS)


def _pairs(values: np.ndarray, methods: Sequence[str], confidence: float, seed: int) -> pd.DataFrame:
    pairs = list(combinations(range(len(methods)), 2))
    # So many that even the smallest p times the number of tests can be significant.
    draws = max(LEAST_DRAWS, math.ceil(4 * len(pairs) / (1 - confidence)))
    p = sign_flip(values, seed, draws)
    rows = []
    for a, b in pairs:
        gaps = values[:, a] - values[:, b]
        gaps = gaps[np.isfinite(gaps)]
        interval = map(float, mean_interval(gaps, confidence)) if len(gaps) else (np.nan,) * 3
        rows.append((methods[a], methods[b], len(gaps), *interval, p[a, b]))
    table = pd.DataFrame(rows, columns=[*PAIR_COLUMNS[2:-1]])
    return table.assign(p_holm=holm(table["p"].to_numpy()))


def ranking_table(
    table: pd.DataFrame, pairs: pd.DataFrame, confidence: float, nulls: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The order of the methods for each quantity with a better direction, best first.

    table: of `metric_table`; pairs: of `pair_table`. Columns RANK_COLUMNS. place: 1, 2, .. by value
    alone. rank: one more than the number of methods that are significantly better, so methods that
    no other one beats share rank 1. group: letters, where two methods share one if and only if they
    do not differ significantly (compact letter display). tied_with: those methods, in order. A method
    without a value has no place, rank and group. nulls: of `null_table`; null, gap, gap_low, gap_high and
    against_null ("better", "worse" or "open") are the method's row against its strongest null there, and
    empty where null maps were not measured.
    """
    ranked = []
    for (metric, quantity), rows in table[table["direction"] != ""].groupby(
        ["metric", "quantity"], sort=False
    ):
        own = pairs[(pairs["metric"] == metric) & (pairs["quantity"] == quantity)]
        ranked.append(_rank(rows, own, 1 - confidence))
    if not ranked:
        return pd.DataFrame(columns=RANK_COLUMNS)
    return _with_nulls(pd.concat(ranked, ignore_index=True), nulls)[RANK_COLUMNS]


def _with_nulls(ranked: pd.DataFrame, nulls: pd.DataFrame | None) -> pd.DataFrame:
    """The ranking with what each method gets against its strongest null."""
    names = {"null": "null", "gap": "gap", "low": "gap_low", "high": "gap_high", "outcome": "against_null"}
    keys = ["metric", "quantity", "method"]
    own = pd.DataFrame(columns=[*keys, *names]) if nulls is None else strongest(nulls)[[*keys, *names]]
    joined = ranked.merge(own.rename(columns=names), on=keys, how="left")
    return joined.fillna({"null": "", "against_null": ""})


def _rank(rows: pd.DataFrame, pairs: pd.DataFrame, alpha: float) -> pd.DataFrame:
    """The rows of one quantity in order, with places, ranks and groups."""
    descending = rows["direction"].iloc[0] == "higher"
    rows = rows.sort_values("value", ascending=not descending, kind="stable", na_position="last")
    known = rows["method"][rows["value"].notna()].tolist()
    place = {method: i for i, method in enumerate(known)}
    differ = np.zeros((len(known), len(known)), bool)
    for pair in pairs[pairs["p_holm"] <= alpha].itertuples():
        a, b = place[pair.method_a], place[pair.method_b]
        differ[a, b] = differ[b, a] = True
    beaten = [1 + int(differ[i, :i].sum()) for i in range(len(known))]
    ties = [
        " ".join(m for j, m in enumerate(known) if j != i and not differ[i, j]) for i in range(len(known))
    ]
    missing = len(rows) - len(known)
    return rows.assign(
        place=pd.array([*range(1, len(known) + 1), *[None] * missing], "Int64"),
        rank=pd.array([*beaten, *[None] * missing], "Int64"),
        group=[*letter_groups(differ), *[""] * missing],
        tied_with=[*ties, *[""] * missing],
    )


def letter_groups(differ: np.ndarray) -> list[str]:
    """Letters for m methods in order: two share a letter if and only if they do not differ.

    differ: (m, m) bool, symmetric. Insert and absorb (Piepho 2004): a group that holds a differing
    pair is split in two, and a group within another is dropped. 'a' goes to the first methods.
    """
    groups = [frozenset(range(len(differ)))] if len(differ) else []
    for i, j in zip(*np.nonzero(np.triu(differ)), strict=True):
        split = {
            part for group in groups for part in ([group - {i}, group - {j}] if {i, j} <= group else [group])
        }
        groups = [group for group in split if not any(group < other for other in split)]
    groups.sort(key=sorted)
    return ["".join(_letter(k) for k, group in enumerate(groups) if i in group) for i in range(len(differ))]


def _letter(number: int) -> str:
    """a, b, .. z, A, .. Z, then numbers in brackets."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    letters += letters.upper()
    return letters[number] if number < len(letters) else f"({number})"


def agreement_table(table: pd.DataFrame, controls: Collection[str] = ()) -> pd.DataFrame:
    """Do two quantities put the methods in the same order? Kendall's tau-b for every two of them.

    table: of `metric_table`; values are turned so that higher is better. `controls` are left out:
    that everything puts noise last is no agreement about methods. Columns AGREEMENT_COLUMNS, both
    triangles and the diagonal; methods: how many have both values; tau in [-1, 1], NaN below two.
    """
    rows = table[(table["direction"] != "") & ~table["method"].isin(list(controls))]
    better = rows["value"].where(rows["direction"] == "higher", -rows["value"])
    wide = rows.assign(better=better).pivot(index="method", columns=["metric", "quantity"], values="better")
    found = []
    order = list(dict.fromkeys(zip(rows["metric"], rows["quantity"], strict=True)))
    for one in order:
        for two in order:
            a, b = (rounded(wide[quantity].to_numpy(float)) for quantity in (one, two))
            both = int((np.isfinite(a) & np.isfinite(b)).sum())
            found.append((*one, *two, both, kendall(a, b)))
    return pd.DataFrame(found, columns=AGREEMENT_COLUMNS)


def rounded(values: np.ndarray) -> np.ndarray:
    """Values of one quantity without what float32 rounding adds to them, which would be an order too."""
    size = np.nanmax(np.abs(values), initial=0.0)
    return np.round(values / (size or 1.0), 6)
