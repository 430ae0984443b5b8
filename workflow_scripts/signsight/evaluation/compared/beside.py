"""What an experiment and published tables both have: the answers to each image beside published shares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from signsight.data.imageset import read_index
from signsight.evaluation.accuracy import load_correct
from signsight.evaluation.compared.gaps import Beside, Quantity
from signsight.evaluation.compared.robustness import read_masked, read_sets

RANGES = ((0, 30), (31, 60), (61, 90))  # of the absolute angle in degrees, both ends included
TURNED = ("rotation", "perspective_vertical", "perspective_horizontal")
CELLS = (1, 3, 5, 10)  # masked cells that have a row of their own
MEAN = "mean"  # over all numbers of masked cells
Tables = Mapping[str, pd.DataFrame]
Measured = Iterator[tuple[Quantity, Beside]]


def read_beside(files: Mapping[str, Any], published: Tables) -> dict[Quantity, Beside]:
    """The quantities of one experiment that are published, too; those without an image are left out.

    files: `index` and `clean` (predictions) of the test images; `crop`, the row of the published table
    `clean` that they are like; a list of predictions for each transform; `masking`, published name of a
    method -> answers of the metric `grid_masking`; `stickers`, predictions on stock pictures, and `stock`,
    their index; what the experiment does not have is missing or empty. published: part -> table, as
    `config.compare.published_tables` names them.
    """
    index = read_index(files["index"]).sort_values("image_id", kind="stable")
    rows = index.index.to_numpy()
    test = Images(index["image_id"].to_numpy(str), index["class_id"].to_numpy(np.int64), rows)
    found = [*_clean(files, published, test), *_turned(files, published, test)]
    found += [*_masked(files, published, test), *_stickered(files, published)]
    return {quantity: own for quantity, own in found if len(own.ids)}


class Images:
    """Images by ascending ids: ids (n,) str, class_ids (n,) int64, rows (n,) where files have them."""

    def __init__(self, ids: np.ndarray, class_ids: np.ndarray, rows: np.ndarray) -> None:
        self.ids, self.class_ids, self.rows = ids, class_ids, rows
        self.truth = class_ids[np.argsort(rows)]  # in the order of the files

    def beside(self, answers: Sequence[np.ndarray], published: Sequence[float]) -> Beside:
        """A quantity of these images; answers: for each cell (n,), NaN where an image does not count."""
        columns = np.stack([np.asarray(own, np.float64) for own in answers], axis=1)
        there = np.isfinite(columns).all(1)
        shares = np.asarray(published, np.float64)
        return Beside(self.ids[there], self.class_ids[there], columns[there], shares)


def _clean(files: Mapping[str, Any], published: Tables, test: Images) -> Measured:
    shares = _shares(published, "clean", "images")
    if files["crop"] in shares:
        correct = load_correct(files["clean"], test.truth)["test"][test.rows]
        yield ("clean", "", "", ""), test.beside([correct], [shares[files["crop"]]])


def _turned(files: Mapping[str, Any], published: Tables, test: Images) -> Measured:
    """By ranges of the angle, over the angles that both have."""
    for part in TURNED:
        shares = _shares(published, part, "degree")
        if not shares or not files.get(part):
            continue
        sets = read_sets(files[part], test.truth, test.rows, np.empty(0)).sets
        for low, high in RANGES:
            degrees = sorted(d for d in shares if low <= abs(d) <= high and str(d) in sets)
            if degrees:
                own = test.beside([sets[str(d)] for d in degrees], [shares[d] for d in degrees])
                yield (part, "", "", f"{low}-{high}"), own


def _masked(files: Mapping[str, Any], published: Tables, test: Images) -> Measured:
    """By method, on the images that it has a map for and on those that every published method has one for."""
    known = {m for part in ("masking", "maps") if part in published for m in published[part]["method"]}
    paths = {method: path for method, path in files.get("masking", {}).items() if method in known}
    sets = {method: read_masked(path, test.ids).sets for method, path in paths.items()}
    if not sets:
        return
    mapped = {method: np.isfinite(own["0"]) for method, own in sets.items()}
    yield from _mapped(mapped, published, test)
    table = published.get("masking")
    common = np.logical_and.reduce(list(mapped.values()))
    for method, own in sets.items() if table is not None else ():
        for subset, chosen in (("all", mapped[method]), ("common", common)):
            rows = table[(table["method"] == method) & (table["subset"] == subset)]
            theirs = dict(zip(rows["masked_cells"].astype(int), rows["accuracy"], strict=True))
            both = sorted(k for k in theirs if k > 0 and str(k) in own)
            answers = {k: np.where(chosen, own[str(k)], np.nan) for k in both}
            for k in CELLS:
                if k in both:
                    quantity = ("masking", method, subset, str(k))
                    yield quantity, test.beside([answers[k]], [theirs[k]])
            if both:
                own_mean = test.beside([answers[k] for k in both], [theirs[k] for k in both])
                yield ("masking", method, subset, MEAN), own_mean


def _mapped(mapped: Mapping[str, np.ndarray], published: Tables, test: Images) -> Measured:
    """The share of the images that a method has a map for, one with a positive value."""
    table = published.get("maps")
    for row in () if table is None else table.itertuples():
        if row.method in mapped:
            share = row.with_map / row.images
            yield ("maps", row.method, "", ""), test.beside([mapped[row.method]], [share])


def _stickered(files: Mapping[str, Any], published: Tables) -> Measured:
    """By design, over the sizes of signs that both have, on stock pictures."""
    table, path = published.get("stickers"), files.get("stickers")
    if table is None or not path:
        return
    index = read_index(files["stock"])
    stock = Images(*(index[key].to_numpy(kind) for key, kind in (("image_id", str), ("class_id", np.int64))),
                   np.arange(len(index)))  # fmt: skip
    sets = load_correct(path, stock.truth)
    for design, own in table[table["sign_size"] != "none"].groupby("sticker", sort=False):
        named = {f"{design}_{row.sign_size}": row.accuracy for row in own.itertuples()}
        both = [name for name in named if name in sets]
        if both:
            beside = stock.beside([sets[name] for name in both], [named[name] for name in both])
            yield ("stickers", "", "", str(design)), beside


def _shares(published: Tables, part: str, key: str) -> dict[Any, float]:
    """Key -> accuracy of a published table; none where there is no such table."""
    table = published.get(part)
    return {} if table is None else dict(zip(table[key].tolist(), table["accuracy"], strict=True))
