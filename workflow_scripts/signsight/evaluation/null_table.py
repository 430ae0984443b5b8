"""Methods against null maps: how far each is above the strongest of them, and whether that may be chance."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from signsight.evaluation.metric_table import About, Results, read_nulls, read_values
from signsight.evaluation.nulls import null_labels
from signsight.evaluation.statistics import LEAST_DRAWS, holm, mean_interval, sign_flip

COLUMNS = [
    "metric", "quantity", "method", "null", "n", "value", "of_null", "gap", "low", "high", "p", "strongest",
    "p_holm", "outcome",
]  # fmt: skip
BETTER, WORSE, OPEN = "better", "worse", "open"
FEWEST = 10  # images on which a null has to be measured to count, where another one is


def null_table(
    results: Results, about: About, controls: Collection[str], confidence: float, seed: int
) -> pd.DataFrame:
    """Every method against every null map, quantity by quantity, on the images where null maps were measured.

    Columns COLUMNS. controls: methods that do not look at the network; those of the run are null maps, too,
    by their names. value, of_null: means on the n images that both have; gap: the mean difference, positive
    where the method is better, with its normal interval; p: sign-flip test of it. strongest: "yes" for the
    null with the smallest gap. In its row, p_holm is the p of the method against all nulls at once, corrected
    for the number of methods, and outcome says what it comes to: "better" than every null, "worse" than the
    strongest, or "open". To be better than all, a method has to be better than each, so the largest p is that
    of the whole claim (an intersection-union test, Berger 1982); for "worse", where the strongest was picked,
    the p is multiplied by the number of nulls. A null that was measured on fewer than FEWEST images where
    others have more (maps of other images of the class, where few classes have several) is listed and counts
    for nothing: its p could not become significant, and its gap is one of a few images.
    """
    tables = []
    for metric, files in results.items():
        values = read_values(metric, files)
        nulls = {method: read_nulls(path) for method, path in files.items() if method not in controls}
        given = [method for method in files if method in controls]
        for quantity, told in about[metric]["quantities"].items():
            if quantity not in values or not told.get("direction"):
                continue
            columns = dict(zip(files, values[quantity].T, strict=True))
            sign = 1.0 if told["direction"] == "higher" else -1.0
            rows = []
            for method, own in nulls.items():
                opponents = {kind: one[quantity] for kind, one in own.items() if quantity in one}
                if opponents:
                    seen = np.any([np.isfinite(one) for one in opponents.values()], axis=0)
                    opponents |= {name: np.where(seen, columns[name], np.nan) for name in given}
                    rows.append(
                        _against(columns[method], opponents, sign, confidence, seed).assign(method=method)
                    )
            if rows:
                table = _judged(pd.concat(rows, ignore_index=True), 1 - confidence)
                tables.append(table.assign(metric=metric, quantity=quantity)[COLUMNS])
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)


def _against(
    own: np.ndarray, opponents: Mapping[str, np.ndarray], sign: float, confidence: float, seed: int
) -> pd.DataFrame:
    """One method's values (n,) against those of each null, one row a null."""
    rows = []
    for null, values in opponents.items():
        both = np.isfinite(own) & np.isfinite(values)
        pair = np.stack([own, values], axis=1)[both]
        gap, low, high = mean_interval(sign * (pair[:, :1] - pair[:, 1:]), confidence)
        p = float(sign_flip(pair, seed, LEAST_DRAWS)[0, 1])
        mean = pair.mean(axis=0) if len(pair) else (np.nan, np.nan)
        rows.append((null, len(pair), *map(float, mean), float(gap[0]), float(low[0]), float(high[0]), p))
    return pd.DataFrame(rows, columns=COLUMNS[3:11])


def _judged(table: pd.DataFrame, alpha: float) -> pd.DataFrame:
    """The rows of one quantity with the strongest null of each method, and what comes of it."""
    most = table.groupby("method")["n"].transform("max")
    known = table[table["gap"].notna() & (table["n"] >= most.clip(upper=FEWEST))]
    first = known.groupby("method", sort=False)["gap"].idxmin()
    own = known.groupby("method", sort=False)["p"]
    gap = known.loc[first].set_index("method")["gap"]
    picked = known.loc[first].set_index("method")["p"] * own.size()
    p = own.max().where(gap > 0, picked.clip(upper=1.0)).reindex(gap.index)
    corrected = pd.Series(holm(p.to_numpy()), index=gap.index)
    outcome = pd.Series(OPEN, index=gap.index)
    outcome[(corrected <= alpha) & (gap > 0)] = BETTER
    outcome[(corrected <= alpha) & (gap < 0)] = WORSE
    table = table.assign(strongest="", p_holm=np.nan, outcome="")
    table.loc[first, "strongest"] = "yes"
    table.loc[first, "p_holm"] = corrected.loc[table.loc[first, "method"]].to_numpy()
    table.loc[first, "outcome"] = outcome.loc[table.loc[first, "method"]].to_numpy()
    return table


def labels_of_nulls(labels: Mapping[str, str], thing: str = "image") -> dict[str, str]:
    """Null -> its name in figures and sentences; labels: those of the methods, the controls among them.

    thing: what a map is of, "image" or "box".
    """
    return {**labels, **null_labels(thing)}


def strongest(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a null table (`null_table`) in which each method stands against its strongest null."""
    return table[table["strongest"] == "yes"]
