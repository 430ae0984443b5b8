"""The metrics of the methods on two or more networks: values side by side, and whether methods rank alike."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from signsight.evaluation.metric_table import MetricResult, means, read_result
from signsight.evaluation.ranking import rounded
from signsight.evaluation.statistics import (
    LEAST_DRAWS,
    holm,
    kendall,
    mean_interval,
    resampled_means,
    sign_flip,
)

VALUE_COLUMNS = [
    "metric", "quantity", "method", "network", "n", "value", "low", "high", "place", "difference",
    "difference_low", "difference_high", "p", "p_holm", "direction",
]  # fmt: skip
TAU_COLUMNS = [
    "metric", "quantity", "network", "methods", "n", "tau", "low", "high", "best_of_first", "best",
]  # fmt: skip
RESAMPLES = 1000
Files = Mapping[str, Mapping[str, Path | str]]  # network -> method -> .npz of one metric


@dataclass(frozen=True)
class Values:
    """One quantity of several methods on several networks and the same images.

    networks: E names, methods: M names; values: (n, E, M) float64, NaN where a method has no value
    for an image on some network.
    """

    networks: list[str]
    methods: list[str]
    values: np.ndarray


def compare_values(
    files: Mapping[str, Files],
    ids: Collection[str],
    metrics: pd.DataFrame,
    controls: Collection[str],
    confidence: float,
    seed: int,
) -> dict[str, pd.DataFrame]:
    """The tables `metrics` (VALUE_COLUMNS), `rankings` (TAU_COLUMNS) and `left_out` (metric, reason).

    files: metric -> network -> method -> answers; ids: the images that may count; metrics: the metric
    table of the first network, which says what is measured and which direction is better.
    """
    numbers, taus, left_out = [], [], []
    for metric, own in files.items():
        found = read_metric(own, ids)
        told = metrics[metrics["metric"] == metric].drop_duplicates("quantity")
        directions = dict(zip(told["quantity"], told["direction"], strict=True))
        if isinstance(found, str) or not directions:
            left_out.append((metric, found if isinstance(found, str) else "it is in no table of the first"))
            continue
        for quantity, values in found.items():
            if quantity not in directions:
                continue
            named, direction = {"metric": metric, "quantity": quantity}, directions[quantity]
            numbers.append(value_table(values, direction, confidence, seed).assign(**named))
            if direction:
                taus.append(tau_table(values, direction, controls, confidence, seed).assign(**named))
    return {
        "metrics": _joined(numbers, VALUE_COLUMNS),
        "rankings": _joined(taus, TAU_COLUMNS),
        "left_out": pd.DataFrame(left_out, columns=["metric", "reason"]),
    }


def _joined(tables: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    tables = [table for table in tables if not table.empty]
    return pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)


def read_metric(files: Files, ids: Collection[str]) -> dict[str, Values] | str:
    """Quantity -> values of one metric on those of the images `ids` that all networks measured.

    A sentence instead where the networks were measured in different ways, or on no image in common.
    """
    networks, methods = list(files), list(next(iter(files.values())))
    read = {(e, m): read_result(files[e][m], curves=False) for e in networks for m in methods}
    first, *others = read.values()
    if any(_measured_otherwise(first, other) for other in others):
        return "it was measured in other steps"
    common = sorted(set(ids).intersection(*(one.ids for one in read.values())))
    if not common:
        return "no image was measured on all networks"
    rows = {key: _rows(one.ids, common) for key, one in read.items()}
    found = {}
    for quantity in first.values:
        if all(quantity in one.values for one in others):
            table = [[read[e, m].values[quantity][rows[e, m]] for m in methods] for e in networks]
            values = np.moveaxis(np.array(table), 2, 0)
            there = np.isfinite(values).all(axis=1, keepdims=True)
            found[quantity] = Values(networks, methods, np.where(there, values, np.nan))
    return found


def _measured_otherwise(one: MetricResult, two: MetricResult) -> bool:
    """Whether the points of the curves differ; where they have names, these are the network's own layers."""
    named = one.labels or two.labels
    return not named and not np.array_equal(one.x, two.x)


def _rows(ids: np.ndarray, wanted: list[str]) -> np.ndarray:
    place = {one: row for row, one in enumerate(ids)}
    return np.array([place[one] for one in wanted], np.int64)


def value_table(found: Values, direction: str, confidence: float, seed: int) -> pd.DataFrame:
    """Value of every method on every network, and its difference from the first network.

    direction: "higher" or "lower" is better, "" if neither is. Columns VALUE_COLUMNS without metric and
    quantity. Means are over the images that have a value on all networks. place: 1 for the best method
    on the network. The difference is the mean of the paired differences with its normal interval, p a
    sign-flip test of it, p_holm corrected for the number of methods.
    """
    values, count = found.values, len(found.methods)
    mean, low, high = means(values, confidence, seed)
    draws = max(LEAST_DRAWS, math.ceil(4 * count / (1 - confidence)))
    tables = []
    for e, network in enumerate(found.networks):
        table = pd.DataFrame(
            {
                "method": found.methods, "network": network, "n": np.isfinite(values[:, e]).sum(axis=0),
                "value": mean[e], "low": low[e], "high": high[e], "place": _places(mean[e], direction),
            }
        )  # fmt: skip
        gap = mean_interval(values[:, e] - values[:, 0], confidence) if e else np.full((3, count), np.nan)
        table["difference"], table["difference_low"], table["difference_high"] = gap
        p = [sign_flip(values[:, [0, e], m], seed, draws)[0, 1] if e else np.nan for m in range(count)]
        tables.append(table.assign(p=p, p_holm=holm(np.array(p)), direction=direction))
    return pd.concat(tables, ignore_index=True)


def _places(mean: np.ndarray, direction: str) -> pd.Series:
    """1, 2, .. by value, the best first; none without a better direction or a value."""
    if not direction:
        return pd.Series([None] * len(mean), dtype="Int64")
    return pd.Series(mean).rank(ascending=direction == "lower", method="min").astype("Int64")


def tau_table(
    found: Values, direction: str, controls: Collection[str], confidence: float, seed: int
) -> pd.DataFrame:
    """Do the methods rank alike on each further network and on the first? Kendall's tau-b of their means.

    controls: methods that do not look at the network, left out. Columns TAU_COLUMNS without metric and
    quantity. The interval is that of the tau of resampled images (percentiles), the same images for
    both networks. Empty with less than two methods.
    """
    kept = [m for m, name in enumerate(found.methods) if name not in controls]
    values = found.values[:, :, kept]
    kept = [m for m, there in zip(kept, np.isfinite(values).any(axis=(0, 1)), strict=True) if there]
    if len(kept) < 2:
        return pd.DataFrame(columns=TAU_COLUMNS[2:])
    values = found.values[:, :, kept]
    there = np.isfinite(values)
    flat = np.where(there, values, 0).reshape(len(values), -1), there.reshape(len(values), -1)
    with np.errstate(invalid="ignore"):
        drawn = resampled_means(*flat, seed, RESAMPLES).reshape(RESAMPLES, *values.shape[1:])
    mean = np.nansum(values, axis=0) / there.sum(axis=0)
    names = np.array(found.methods)[kept]
    best = names[np.argmax(mean if direction == "higher" else -mean, axis=1)]
    rows = []
    for e, network in enumerate(found.networks[1:], 1):
        taus = [kendall(rounded(draw[0]), rounded(draw[e])) for draw in drawn]
        ends = np.nanquantile(taus, [(1 - confidence) / 2, (1 + confidence) / 2])
        tau = kendall(rounded(mean[0]), rounded(mean[e]))
        rows.append((network, len(kept), len(values), tau, *ends, best[0], best[e]))
    return pd.DataFrame(rows, columns=TAU_COLUMNS[2:])
