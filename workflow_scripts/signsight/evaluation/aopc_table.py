"""The AOPC of every method as a tidy table, from the falls of the score (see evaluation/aopc.py)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from signsight.evaluation.statistics import mean_interval


def aopc_table(drops: dict[str, np.ndarray], confidence: float) -> pd.DataFrame:
    """AOPC by method and step with intervals over images, and the paired difference from `random`.

    drops: method -> (n, L + 1) of f(x0) - f(x_k); must hold `random`. Columns: method, step, n,
    mean_drop, aopc, low, high, relative, relative_low, relative_high.
    """
    areas = {
        m: np.cumsum(d, axis=1, dtype=np.float64) / np.arange(1, d.shape[1] + 1) for m, d in drops.items()
    }
    tables = []
    for method, area in areas.items():
        aopc, low, high = mean_interval(area, confidence)
        relative, relative_low, relative_high = mean_interval(area - areas["random"], confidence)
        columns = {
            "method": method, "step": np.arange(area.shape[1]), "n": len(area),
            "mean_drop": drops[method].mean(axis=0, dtype=np.float64),
            "aopc": aopc, "low": low, "high": high,
            "relative": relative, "relative_low": relative_low, "relative_high": relative_high,
        }  # fmt: skip
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)
