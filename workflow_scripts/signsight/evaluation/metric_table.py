"""Results of the metrics as tidy tables: a number, and the points of the curves, with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from signsight.core.errors import UserError
from signsight.core.registry import methods
from signsight.core.stored import stored
from signsight.evaluation.nulls import NULLS
from signsight.evaluation.statistics import bootstrap, mean_interval, wilson

Results = Mapping[str, Mapping[str, Path | str]]  # metric -> method -> .npz
About = Mapping[str, Mapping[str, Any]]  # metric -> what its registration says

MAX_POINTS = 201  # of a curve in the table; longer ones are thinned evenly, the ends kept

METRIC_COLUMNS = [
    "metric", "quantity", "method", "n", "left_out", "value", "low", "high", "direction", "chance",
]  # fmt: skip
CURVE_COLUMNS = [
    "metric", "curve", "method", "point", "x", "label", "n", "value", "low", "high",
    "relative", "relative_low", "relative_high",
]  # fmt: skip


@dataclass(frozen=True)
class MetricResult:
    """What one metric says of one method on n images.

    ids: (n,) str. values: quantity -> (n,) float64, NaN where undefined. curves: name -> (n, K)
    float32. x: (K,) float64 places of the points, labels: their names, or none.
    """

    ids: np.ndarray
    values: dict[str, np.ndarray]
    curves: dict[str, np.ndarray]
    x: np.ndarray
    labels: list[str]


def read_result(path: Path | str, curves: bool = True) -> MetricResult:
    """The result in the `.npz` of a metric and a method; without `curves` these are left unread.

    UserError when the file cannot be read.
    """
    with stored(path) as file:
        values = {n[6:]: file[n].astype(np.float64) for n in file if n.startswith("value_")}
        drawn = {n[6:]: file[n] for n in file if n.startswith("curve_") and curves}
        labels = [str(label) for label in file["labels"]]
        return MetricResult(file["ids"].astype(str), values, drawn, file["x"], labels)


def read_nulls(path: Path | str) -> dict[str, dict[str, np.ndarray]]:
    """Kind of null map -> quantity -> (n,) float64, from the `.npz` of a metric and a method.

    NaN where a null map was not measured. UserError when the file cannot be read.
    """
    found: dict[str, dict[str, np.ndarray]] = {}
    with stored(path) as file:
        for kind in NULLS:
            start = f"null_{kind}_"
            own = {n.removeprefix(start): file[n].astype(np.float64) for n in file if n.startswith(start)}
            found |= {kind: own} if own else {}
    return found


def read_values(metric: str, files: Mapping[str, Path | str]) -> dict[str, np.ndarray]:
    """Quantity -> (n, methods) float64, the methods in the order of `files`.

    A quantity that no method has a value of, since it was not asked for, is left out beside others.
    UserError when the methods were not measured on the same images.
    """
    read = {method: read_result(path, curves=False) for method, path in files.items()}
    first, *others = read
    for other in others:
        refuse_other_images(metric, (first, read[first].ids), (other, read[other].ids))
    quantities = read[first].values
    values = {q: np.stack([result.values[q] for result in read.values()], axis=1) for q in quantities}
    return {q: one for q, one in values.items() if np.isfinite(one).any()} or values


def refuse_other_images(metric: str, one: tuple[str, np.ndarray], two: tuple[str, np.ndarray]) -> None:
    """UserError unless both (method, ids) hold the same images in the same order."""
    if not np.array_equal(one[1], two[1]):
        raise UserError(
            f"Metric {metric!r} was measured on other images for {two[0]!r} than for {one[0]!r}; "
            "delete its results for both and run again."
        )


def metric_table(results: Results, about: About, confidence: float, seed: int) -> pd.DataFrame:
    """Mean of every quantity of every metric by method, with its interval over images.

    Columns METRIC_COLUMNS. n images have a value, left_out have none. The interval is Wilson's where
    every value is 0 or 1, else a bootstrap (see `statistics.bootstrap`). direction: "higher" or
    "lower" is better, empty where neither is. chance: a number, the mean of `random`, or of the area
    of the quantity's region in the images; NaN where nothing is declared or `random` was not run.
    """
    tables = [_numbers(m, files, about[m]["quantities"], confidence, seed) for m, files in results.items()]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=METRIC_COLUMNS)


def _numbers(
    metric: str, files: Mapping[str, Path | str], quantities: Mapping[str, Any], confidence: float, seed: int
) -> pd.DataFrame:
    values = read_values(metric, files)
    names = [name for name in quantities if name in values]
    stack = np.stack([values[name] for name in names], axis=1)  # (n, quantities, methods)
    mean, low, high = means(stack, confidence, seed)
    counts = np.isfinite(stack).sum(axis=0)
    rows = []
    for i, name in enumerate(names):
        by_method = dict(zip(files, mean[i], strict=True))
        chance = _chance(name, quantities, by_method, {q: mean[j] for j, q in enumerate(names)})
        direction = quantities[name].get("direction") or ""
        for j, method in enumerate(files):
            n = int(counts[i, j])
            number = (n, len(stack) - n, mean[i, j], low[i, j], high[i, j])
            rows.append((metric, name, method, *number, direction, chance))
    return pd.DataFrame(rows, columns=METRIC_COLUMNS)


def means(values: np.ndarray, confidence: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean over the images and its interval: (n, ...) -> three arrays (...); NaN are left out.

    The interval is Wilson's where every value is 0 or 1, else a bootstrap.
    """
    mean, low, high = bootstrap(values, confidence, seed)
    counts = np.isfinite(values).sum(axis=0)
    binary = (np.isnan(values) | (values == 0) | (values == 1)).all(axis=0) & (counts > 0)
    for place in zip(*np.nonzero(binary), strict=True):
        right = round(np.nansum(values[:, *place]))
        low[place], high[place] = wilson(right, int(counts[place]), confidence)
    return mean, low, high


def _chance(
    name: str,
    quantities: Mapping[str, Any],
    means: Mapping[str, float],
    others: Mapping[str, np.ndarray],
) -> float:
    """The chance level of a quantity as a number."""
    declared = quantities[name].get("chance")
    if declared == "random":
        return float(means.get(chance_method(means), np.nan))
    if declared == "area":
        area = others.get(f"area_{name.rsplit('_', 1)[-1]}")
        return float("nan") if area is None else float(area[0])  # the same for every method
    return float("nan") if declared is None else float(declared)


def chance_method(names: Iterable[str]) -> str | None:
    """The one of the methods that shows what a map gets by chance, with which others are compared."""
    return next((name for name in names if name in methods and methods.about(name).get("chance")), None)


def curve_table(results: Results, about: About, confidence: float) -> pd.DataFrame:
    """Mean of every curve at every point by method, with its interval over images (normal).

    Columns CURVE_COLUMNS. Where the metric declares areas so far (`aopc`), their last point is the quantity
    of that name. relative: the paired difference from `random` on the images that both have, NaN where
    `random` was not run; label: empty where x is a
    number. The normal interval: a bootstrap of every point would say the same for its price, because
    a point is the mean over hundreds of images.
    """
    tables = []
    for metric, files in results.items():
        control = chance_method(files)
        random = read_result(files[control]) if control else None
        areas = {
            name: told["area"] for name, told in about[metric].get("curves", {}).items() if "area" in told
        }
        controls = _curves(areas, random) if random else {}
        for method, path in files.items():
            result = read_result(path)
            if random:
                refuse_other_images(metric, (control, random.ids), (method, result.ids))
            for name, curve in _curves(areas, result).items():
                rows = _points(curve, controls.get(name), result, confidence)
                tables.append(rows.assign(metric=metric, curve=name, method=method)[CURVE_COLUMNS])
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=CURVE_COLUMNS)


def _curves(areas: Mapping[str, tuple[str, str | None]], result: MetricResult) -> dict[str, np.ndarray]:
    """The curves of a result, and the areas so far between the curve that is added and the one taken away."""
    curves = dict(result.curves)
    for area, (added, taken) in areas.items():
        if added in result.curves and (taken is None or taken in result.curves):
            falls = result.curves[added].astype(np.float64)
            falls -= 0 if taken is None else result.curves[taken]
            curves[area] = np.cumsum(falls, axis=1) / np.arange(1, falls.shape[1] + 1)
    return curves


def _points(
    curve: np.ndarray, control: np.ndarray | None, result: MetricResult, confidence: float
) -> pd.DataFrame:
    """The points of one curve (n, K), thinned to MAX_POINTS; NaN are left out point by point."""
    count = curve.shape[1]
    kept = np.unique(np.round(np.linspace(0, count - 1, min(count, MAX_POINTS))).astype(int))
    value, low, high = mean_interval(curve[:, kept], confidence)
    relative = [np.nan] * 3
    if control is not None:
        relative = mean_interval(curve[:, kept].astype(np.float64) - control[:, kept], confidence)
    labels = [result.labels[i] for i in kept] if result.labels else ""
    return pd.DataFrame(
        {
            "point": kept, "x": result.x[kept], "label": labels,
            "n": np.isfinite(curve[:, kept]).sum(axis=0), "value": value, "low": low, "high": high,
            "relative": relative[0], "relative_low": relative[1], "relative_high": relative[2],
        }
    )  # fmt: skip
