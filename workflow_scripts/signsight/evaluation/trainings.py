"""What of a ranking survives another training of the network, and how far trainings move the numbers."""

from __future__ import annotations

import pandas as pd

COLUMNS = [
    "metric", "quantity", "trainings", "first", "pairs", "kept", "over_trainings", "half_interval",
]  # fmt: skip


def trainings_table(seeds: pd.DataFrame, pairs: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """How steady each quantity is over several trainings.

    seeds: `seed` and the columns of `metric_table`, one set of rows a training; pairs: of
    `ranking.pair_table`, for the first training; both without methods that repeat another one's maps.

    Columns COLUMNS, a row for each quantity with a better direction. first: the best method in each
    training, by name, each once, joined by commas. pairs: of methods that differ significantly in the first
    training (Holm's correction); kept: those of them in the same order in every training. over_trainings:
    standard deviation of a method's value between trainings (n - 1), the median of the methods;
    half_interval: half the width of its interval over images, likewise. The intervals hold what another draw
    of images would change, not what another training does, so the two stand beside each other.
    """
    rows = []
    told = seeds[seeds["direction"].isin(["higher", "lower"]) & (seeds["metric"] != "accuracy")]
    for (metric, quantity), own in told.groupby(["metric", "quantity"], sort=False):
        values = own.pivot(index="method", columns="seed", values="value").dropna()
        if values.empty:
            continue
        order = dict.fromkeys(own["method"])
        values = values.loc[[method for method in order if method in values.index]]
        higher = own["direction"].iloc[0] == "higher"
        best = values.idxmax() if higher else values.idxmin()
        chosen = (pairs["metric"] == metric) & (pairs["quantity"] == quantity)
        chosen &= (pairs["p_holm"] <= 1 - confidence) & pairs["method_a"].isin(values.index)
        apart = pairs[chosen & pairs["method_b"].isin(values.index)]
        gaps = values.loc[apart["method_a"]].to_numpy() - values.loc[apart["method_b"]].to_numpy()
        kept = ((gaps > 0).all(axis=1) | (gaps < 0).all(axis=1)).sum()
        half = ((own["high"] - own["low"]) / 2).groupby(own["method"]).mean()
        rows.append(
            (
                metric, quantity, values.shape[1], ",".join(dict.fromkeys(best)), len(apart), int(kept),
                values.std(axis=1, ddof=1).median(), half[values.index].median(),
            )
        )  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)
