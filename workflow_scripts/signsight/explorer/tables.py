"""What the document says of all images together: ranking, agreement, verdict, and the words for methods."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from signsight.core.files import read_csv
from signsight.evaluation.guessing import no_ranking
from signsight.evaluation.nulls import null_labels

RANKED = ("ranking", "agreement")  # tables of the classifier's explanations that say which is better
RANKING = {"value": "mean"}  # column of the table -> key of the document
RANKING_KEYS = ["metric", "quantity", "method", "n", "mean", "low", "high", "rank", "group"]
NULL_KEYS = ["null", "gap", "gap_low", "gap_high", "against_null"]  # against the strongest null map


def ranking(file: Path | str | None, confidence: float, thing: str = "image") -> dict[str, Any] | None:
    """The rows of the table of ranks, keys RANKING_KEYS, and NULL_KEYS where null maps were measured.

    `nulls` has the names of the null maps that are not methods of the run; thing: what maps are of, "image"
    or "box".
    """
    if file is None:
        return None
    table = read_csv(file).rename(columns=RANKING)
    rows = [
        row if row["against_null"] else {key: row[key] for key in RANKING_KEYS}
        for row in records(table[RANKING_KEYS + NULL_KEYS])
    ]
    return {"rows": rows, "confidence": confidence, "nulls": null_labels(thing)}


def agreement(file: Path | str | None) -> dict[str, Any] | None:
    """The rows of the table of agreement between quantities, as they are."""
    return None if file is None else {"rows": records(read_csv(file))}


def without_refused(files: Mapping[str, Path | str]) -> dict[str, Path | str]:
    """The files of tables, without those that rank where the network is no better than guessing."""
    refused = "clean" in files and no_ranking(read_csv(files["clean"]))
    return {name: file for name, file in files.items() if not (refused and name in RANKED)}


def verdict(file: Path | str | None) -> list[dict[str, Any]]:
    """The sentences on the run: topic, level, text."""
    return [] if file is None else records(read_csv(file)[["topic", "level", "text"]])


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as dicts; a missing value becomes None."""
    rows = table.to_dict("records")
    return [{key: None if _is_missing(value) else value for key, value in row.items()} for row in rows]


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float | np.floating) and np.isnan(value))


def with_chance(metrics: list[dict[str, Any]], file: Path | str | None) -> list[dict[str, Any]]:
    """The metrics with the chance level of each quantity as a number, where all methods have the same."""
    if file is None:
        return metrics
    levels = {
        (metric, quantity): float(own["chance"].iloc[0])
        for (metric, quantity), own in read_csv(file).groupby(["metric", "quantity"], sort=False)
        if own["chance"].nunique(dropna=False) == 1
    }
    return [
        one
        | {
            "quantities": [
                q | {"chance": levels.get((one["id"], q["id"]), q["chance"])} for q in one["quantities"]
            ]
        }
        for one in metrics
    ]


def with_repeats(methods: list[dict[str, Any]], file: Path | str | None) -> list[dict[str, Any]]:
    """The methods with `same_as`, the one whose maps each repeats, or None."""
    if file is None:
        return methods
    table = read_csv(file)
    same = dict(zip(table["method"], table["same_as"], strict=True))
    return [one | {"same_as": same.get(one["id"])} for one in methods]


def classes(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Number and name of every class: from the table of the data set, the network, or the boxes."""
    if given.get("classes"):
        names = read_csv(given["classes"])["name"].tolist()
    elif given.get("model"):
        names = json.loads(Path(given["model"][0]).read_text(encoding="utf-8"))["classes"]
    else:
        names = read_csv(Path(given["detection"]["scenes"], "classes.csv"))["name"].tolist()
    return [{"id": number, "name": name} for number, name in enumerate(names)]
