"""What the metrics say of single images and of all of them: values, quantiles, curves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from signsight.evaluation.metric_table import MetricResult, read_result
from signsight.evaluation.statistics import mean_interval, wilson
from signsight.explorer.blobs import encoded

QUANTILES = np.linspace(0, 1, 21)
Files = Mapping[str, Mapping[str, Path | str]]  # metric -> method -> .npz


@dataclass(frozen=True)
class Measured:
    """The results of all metrics of one network, read one by one: those of all methods may be large."""

    files: Files

    def first(self, metric: str) -> MetricResult:
        """The result of a metric for the first method."""
        return read_result(next(iter(self.files[metric].values())))

    def counts(self) -> Counter[str]:
        """Id of an image -> how many metrics saw it."""
        return Counter(str(name) for metric in self.files for name in self.first(metric).ids)

    def values(self, ids: Sequence[str]) -> dict[str, Any]:
        """metric -> quantity -> method -> the value of each image, NaN where it has none."""
        found: dict[str, Any] = {}
        for metric, method, result in self._each():
            places, there = _places(result, ids)
            for quantity, values in result.values.items():
                if np.isfinite(values).any():
                    own = np.where(there, values[places], np.nan)
                    found.setdefault(metric, {}).setdefault(quantity, {})[method] = own
        return found

    def population(self) -> dict[str, Any]:
        """metric -> quantity -> method -> quantiles (0, 5, ..., 100 %) of all n images with a value."""
        found: dict[str, Any] = {}
        for metric, method, result in self._each():
            for quantity, values in result.values.items():
                known = values[np.isfinite(values)]
                if len(known):
                    told = {"quantiles": np.quantile(known, QUANTILES), "n": len(known)}
                    found.setdefault(metric, {}).setdefault(quantity, {})[method] = told
        return found

    def curves(self, ids: Sequence[str], confidence: float) -> dict[str, Any]:
        """metric -> curve -> x, labels, and method -> mean and interval of all, curves of the images."""
        found: dict[str, Any] = {}
        for metric, method, result in self._each(curves=True):
            places, there = _places(result, ids)
            for name, curve in result.curves.items():
                own = found.setdefault(metric, {}).setdefault(
                    name, {"x": result.x, "labels": result.labels or None, "methods": {}}
                )
                images = np.where(there[:, None], curve[places], np.float32("nan")).astype(np.float32)
                mean, low, high = curve_interval(curve, confidence)
                told = {"mean": mean, "low": low, "high": high, "images": encoded(images)}
                own["methods"][method] = told
        return found

    def _each(self, curves: bool = False) -> Iterator[tuple[str, str, MetricResult]]:
        """Metric, method and result, one at a time."""
        for metric, files in self.files.items():
            for method, file in files.items():
                yield metric, method, read_result(file, curves)


def _places(result: MetricResult, ids: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Where the images with these ids stand in a result (0 for others), and whether they do."""
    known = {str(name): place for place, name in enumerate(result.ids)}
    found = np.array([known.get(str(name), -1) for name in ids], np.int64)
    return np.maximum(found, 0), found >= 0


def curve_interval(curve: np.ndarray, confidence: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean over images of a curve (n, K) and its interval at each point: Wilson's of 0 and 1, else normal."""
    mean, low, high = mean_interval(curve, confidence)
    there = np.isfinite(curve)
    if np.isin(curve[there], (0, 1)).all():
        counts, sums = there.sum(axis=0), np.where(there, curve, 0).sum(axis=0)
        limits = [wilson(round(s), int(n), confidence) for s, n in zip(sums, counts, strict=True)]
        low, high = (np.array(side) for side in zip(*limits, strict=True))
    return mean, low, high
