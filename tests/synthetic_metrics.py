"""Tables of metrics as the evaluation writes them, made up for figures: methods from good to bad."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from signsight.core.registry import methods
from signsight.evaluation.metric_table import CURVE_COLUMNS, METRIC_COLUMNS
from signsight.evaluation.ranking import ranking_table

FOUR = ["random", "saliency", "grad_cam", "lrp_epsilon"]
MANY = ["random", *sorted(set(methods.names()) - {"random", "sobel", "smooth_grad_cam_pp"})[:22]]
LAYERS = ["fc2", "fc1", "features.12.conv", "features.8.conv", "features.4.conv", "features.0.conv"]
QUANTITIES = [
    ("region_perturbation", "aopc", "higher", 0.15),
    ("region_perturbation", "abpc", "higher", 0.0),
    ("deletion", "deletion_auc", "lower", 0.2),
    ("insertion", "insertion_auc", "higher", 0.4),
    ("road", "road", "higher", 0.0),
    ("randomisation", "randomisation_rank", "lower", 0.0),
    ("localisation", "pointing_game_object", "higher", 0.45),
    ("localisation", "mass_symbol", "higher", 0.12),
    ("localisation", "mass_sign", "", 0.33),
    ("localisation", "mass_outside", "lower", 0.55),
]


def goodness(methods: Sequence[str]) -> dict[str, float]:
    """0 for random, up to 1 for the others, many of them close together."""
    others = [name for name in methods if name != "random"]
    values = 1 - np.linspace(0, 1.1, max(len(others), 2)) ** 2
    return {"random": 0.0, **dict(zip(others, values, strict=False))}


def _rows(
    metric: str, curve: str, method: str, x: np.ndarray, value: np.ndarray, base: np.ndarray
) -> pd.DataFrame:
    width = 0.015 * (value != value[0])
    relative, narrow = value - base, 0.0 if method == "random" else width * 0.6
    columns = {
        "metric": metric, "curve": curve, "method": method, "point": np.arange(len(x)), "x": x, "label": "",
        "n": 500, "value": value, "low": value - width, "high": value + width, "relative": relative,
        "relative_low": relative - narrow, "relative_high": relative + narrow,
    }  # fmt: skip
    return pd.DataFrame(columns)[CURVE_COLUMNS]


def curves(methods: Sequence[str], steps: int = 100) -> pd.DataFrame:
    """The curve table of region perturbation, deletion, insertion, ROAD and randomisation."""
    tables, x = [], np.arange(steps + 1)
    share = x / steps
    part = np.linspace(0.1, 0.9, 9)
    for name, good in goodness(methods).items():
        base = 0.6 * (1 - np.exp(-2 * share))
        morf, lerf = (0.6 * (1 - np.exp(-share * 2 * np.exp(s * 1.5 * good))) for s in (1, -1))
        for curve, value, zero in (
            ("morf", morf, base),
            ("lerf", lerf, base),
            ("aopc", np.cumsum(morf) / (x + 1), np.cumsum(base) / (x + 1)),
            ("abpc", np.cumsum(morf - lerf) / (x + 1), 0 * base),
        ):
            tables.append(_rows("region_perturbation", curve, name, x, value, zero))
        tables.append(_rows("deletion", "deletion", name, share, np.exp(-share * 3 * np.exp(good)), base))
        tables.append(_rows("insertion", "insertion", name, share, share ** np.exp(-good), base))
        for curve, sign in (("morf", 1), ("lerf", -1)):
            value = np.exp(-part * 1.5 * np.exp(sign * good))
            tables.append(_rows("road", curve, name, part, value, np.exp(-part * 1.5)))
        layer = np.arange(1.0, len(LAYERS) + 1)
        for curve, least in (("cascading", 0.0), ("cascading_ssim", 0.3), ("independent", 0.5)):
            value = least + (1 - least) * np.exp(-layer * (0.2 + abs(good)))
            tables.append(_rows("randomisation", curve, name, layer, value, 0 * value).assign(label=LAYERS))
    return pd.concat(tables, ignore_index=True)


def numbers(methods: Sequence[str]) -> pd.DataFrame:
    """The metric table of QUANTITIES."""
    rows = []
    for place, (metric, quantity, direction, chance) in enumerate(QUANTITIES):
        for i, (name, good) in enumerate(goodness(methods).items()):
            turn = -1 if direction == "lower" else 1
            shift = turn * 0.3 * good + 0.04 * np.sin(3 * i + place) * (name != "random")
            value = chance + shift
            rows.append(
                (metric, quantity, name, 490, 10, value, value - 0.02, value + 0.02, direction, chance)
            )
    return pd.DataFrame(rows, columns=METRIC_COLUMNS)


def ranking_rows(table: pd.DataFrame, width: float = 0.03) -> pd.DataFrame:
    """The ranking of a metric table in which methods differ when they are more than `width` apart."""
    pairs = [
        (metric, quantity, a.method, b.method, 0.0 if abs(a.value - b.value) > width else 1.0)
        for (metric, quantity), rows in table.groupby(["metric", "quantity"], sort=False)
        for a, b in combinations(rows.itertuples(), 2)
    ]
    columns = ["metric", "quantity", "method_a", "method_b", "p_holm"]
    return ranking_table(table, pd.DataFrame(pairs, columns=columns), 0.95)
