"""What changed pictures cost several networks: turned, masked, with stickers, with other backgrounds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from signsight.core.errors import UserError
from signsight.core.stored import stored
from signsight.data.imageset import read_index
from signsight.evaluation.accuracy import load_correct, load_masking
from signsight.evaluation.compared.answers import rows_of
from signsight.evaluation.compared.matching import Matched
from signsight.evaluation.statistics import bootstrap

GROUP = ("kind", "target", "method")
Group = tuple[str, str, str]  # what a table is told of sets that belong together: the columns GROUP
MASKING_KIND = "masking"  # whose answers are those of a metric
UNTOUCHED = {"none", "0"}  # names of sets in which nothing was changed


@dataclass(frozen=True)
class Answers:
    """Answers of one network to a group of sets.

    untouched: (n,) float, 1 where the unchanged picture is recognised, 0 where it is not, NaN where
    the image does not count. sets: name -> the same of the changed pictures.
    """

    untouched: np.ndarray
    sets: dict[str, np.ndarray]


Networks = Mapping[str, Answers]  # network -> its answers, the one first that others are compared with


def read_groups(
    groups: Iterable[Sequence[Any]],
    matched: Mapping[str, Matched],
    indices: Mapping[str, Mapping[str, str]],
    clean: Mapping[str, str],
) -> dict[str, dict[Group, Networks]]:
    """Part of the robustness -> group -> answers of every network.

    groups: each part, kind, target, method, and label -> files; matched and indices: by target, the
    latter by label; clean: label -> predictions for the untouched test images.
    """
    truth = {
        target: {label: read_index(path)["class_id"].to_numpy() for label, path in own.items()}
        for target, own in indices.items()
    }
    found: dict[str, dict[Group, Networks]] = {}
    for part, kind, target, method, files in groups:
        networks, images = {}, matched[target]
        for label, paths in files.items():
            if kind == MASKING_KIND:
                networks[label] = read_masked(paths[0], images.ids)
                continue
            own, rows = truth[target][label], images.rows_of(label)
            untouched = None
            if kind != "stickers":
                untouched = load_correct(clean[label], own)["test"][rows].astype(np.float64)
            networks[label] = read_sets(paths, own, rows, untouched)
        found.setdefault(part, {})[kind, target, method] = networks
    return found


def read_sets(
    files: Iterable[Path | str], truth: np.ndarray, rows: np.ndarray, clean: np.ndarray | None = None
) -> Answers:
    """From files of predictions: truth (N,) of all images; rows (n,), those that count.

    clean: (n,) float, the answers to the untouched pictures, where the files do not hold them.
    UserError when two files say different things of a set: one is left from an earlier run.
    """
    found: dict[str, np.ndarray] = {}
    places: dict[str, Path | str] = {}
    for path in files:
        for name, correct in load_correct(path, truth).items():
            own = correct[rows].astype(np.float64)
            if name in found and not np.array_equal(found[name], own):
                raise UserError(
                    f"{path} and {places[name]} hold different answers to the set {name!r}, so one of them "
                    "is left from an earlier config; delete the older one."
                )
            found[name], places[name] = own, path
    untouched = found["none"] if clean is None else clean
    return Answers(untouched, {name: own for name, own in found.items() if name != "none"})


def read_masked(path: Path | str, ids: np.ndarray) -> Answers:
    """From the answers of the metric `grid_masking`, for the images `ids`; NaN where a map is empty."""
    with stored(path) as arrays:
        place = {one: row for row, one in enumerate(arrays["ids"].astype(str))}
    missing = [one for one in ids if one not in place]
    if missing:
        raise UserError(f"{path} has no answers for the image {str(missing[0])!r}; delete it and run again.")
    rows = np.array([place[one] for one in ids], np.int64)
    sets, empty = load_masking(path)
    found = {name: np.where(empty, np.nan, correct)[rows] for name, correct in sets.items()}
    return Answers(found["0"], found)


def set_table(
    groups: Mapping[Group, Networks], truth: Mapping[str, np.ndarray], confidence: float
) -> pd.DataFrame:
    """Accuracy of every network on every set that all measured, with the paired difference from the first.

    Columns kind, target, method, set, network and those of `accuracy_row`. Only images count that all
    networks have an answer for. truth: target -> (n,) classes of its images. Sets stand in the order of
    the first network, numbers ascending.
    """
    rows = []
    for group, networks in groups.items():
        classes = truth[group[1]]
        for name in _common_sets(networks):
            values = {label: answers.sets[name] for label, answers in networks.items()}
            there = np.isfinite(list(values.values())).all(axis=0)
            correct = {label: own[there] == 1 for label, own in values.items()}
            told = dict(zip(GROUP, group, strict=True)) | {"set": name}
            rows += [
                {**told, "network": label, **row}
                for label, row in rows_of(correct, classes[there], confidence)
            ]
    return pd.DataFrame(rows)


def _common_sets(networks: Networks) -> list[str]:
    first, *others = networks.values()
    names = [name for name in first.sets if all(name in one.sets for one in others)]
    numbers = all(name.lstrip("-").isdigit() for name in names)
    return sorted(names, key=int) if numbers else names


def loss_table(groups: Mapping[Group, Networks], confidence: float, seed: int) -> pd.DataFrame:
    """The accuracy that a group of sets costs each network: untouched minus the mean over its sets.

    Columns kind, target, method, network, sets, n, loss, low, high, difference (of the losses, from
    the first network's) and its interval. Bootstrap over images, the same for all networks.
    """
    rows = []
    for group, networks in groups.items():
        names = [name for name in _common_sets(networks) if name not in UNTOUCHED]
        if not names:
            continue
        losses = np.stack(
            [one.untouched - np.mean([one.sets[name] for name in names], axis=0) for one in networks.values()]
        )
        losses = losses[:, np.isfinite(losses).all(axis=0)]
        gaps = losses - losses[:1]
        found = bootstrap(np.concatenate([losses, gaps]).T, confidence, seed)
        value, low, high = (part.reshape(2, len(networks)) for part in found)
        for i, label in enumerate(networks):
            row = dict(zip(GROUP, group, strict=True))
            row |= {"network": label, "sets": len(names), "n": losses.shape[1]}
            row |= {"loss": value[0, i], "low": low[0, i], "high": high[0, i]}
            own = (value[1, i], low[1, i], high[1, i]) if i else (np.nan,) * 3
            keys = ("difference", "difference_low", "difference_high")
            rows.append(row | dict(zip(keys, own, strict=True)))
    return pd.DataFrame(rows)
