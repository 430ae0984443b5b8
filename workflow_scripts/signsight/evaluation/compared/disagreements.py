"""The images that some networks recognise and others do not, with the maps of each network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from signsight.core.files import atomic, read_csv
from signsight.core.stored import stored_arrays
from signsight.data.imageset import open_image_set
from signsight.evaluation.compared.answers import right_answers
from signsight.evaluation.compared.maps import open_maps
from signsight.evaluation.compared.matching import Matched

MOST = 12  # pictures on a sheet


def contested_rows(correct: Mapping[str, np.ndarray], confidence: np.ndarray, count: int) -> np.ndarray:
    """Rows of at most `count` images that are recognised by some networks and not by others, (k,) int64.

    correct: network -> (n,) bool; confidence: (E, n), how sure each network is of its answer. As many of
    them as can be are recognised by the first network alone and by others alone, the surest errors first.
    """
    right = np.stack(list(correct.values()))
    contested = right.any(axis=0) & ~right.all(axis=0)
    error = np.where(right, -np.inf, confidence).max(axis=0)
    surest = np.flatnonzero(contested)[np.argsort(-error[contested], kind="stable")]
    sides = [surest[right[0, surest]], surest[~right[0, surest]]]
    taken = [min(len(side), count // 2) for side in sides]
    taken = [min(len(side), count - taken[1 - i]) for i, side in enumerate(sides)]
    return np.concatenate([side[:k] for side, k in zip(sides, taken, strict=True)])


def save_disagreements(
    out: Path | str,
    matched: Matched,
    folders: Sequence[Path],
    scores: Sequence[str],
    classes: Sequence[str],
    maps: Sequence[str],
    method: str,
    signed: bool | None,
) -> None:
    """Write the contested pictures to `out` (.npz).

    folders, scores, classes, maps: of each network, in the order of `matched.labels`; maps can be empty.
    The file has `ids` (k,), `pictures` (k, H, W, 3) at the largest size that a network has, `truth` (k,)
    names by the first network, `predicted` (E, k) names, `confidence` and `right` (E, k), `networks` (E,),
    `method`, `signed`, and `maps_0`, `maps_1`, ... (k, h, w) of each network.
    """
    read = [stored_arrays(path) for path in scores]
    predicted = [one["predicted"][0][rows] for one, rows in zip(read, matched.rows, strict=True)]
    confidence = np.stack([one["confidence"][0][rows] for one, rows in zip(read, matched.rows, strict=True)])
    correct = right_answers(matched, scores)
    rows = contested_rows(correct, confidence, MOST)
    names = [read_csv(path).set_index("class_id")["name"] for path in classes]
    largest = int(np.argmax(matched.sizes))
    arrays = {
        "ids": matched.ids[rows],
        "networks": matched.labels,
        "pictures": open_image_set(folders[largest]).take(matched.rows[largest][rows]),
        "truth": names[0].loc[matched.class_ids[0][rows]].to_numpy(str),
        "predicted": np.stack(
            [own.reindex(p[rows]).fillna("a class without a name").to_numpy(str)
             for own, p in zip(names, predicted, strict=True)]
        ),
        "confidence": confidence[:, rows],
        "right": np.stack(list(correct.values()))[:, rows],
        "method": np.array(method),
    }  # fmt: skip
    taken = [
        open_maps(path, count, size).take(own[rows])
        for path, count, size, own in zip(maps, matched.counts, matched.sizes, matched.rows, strict=False)
    ]
    arrays |= {f"maps_{i}": own for i, own in enumerate(taken)}
    arrays["signed"] = np.array(any((own < 0).any() for own in taken) if signed is None else signed)
    with atomic(out) as part, part.open("wb") as file:
        np.savez(file, **arrays)
