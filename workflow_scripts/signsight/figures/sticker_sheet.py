"""The sheet of stickered images: first those that are taken for something else because of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from signsight.core.files import ArrayFile
from signsight.core.registry import figures
from signsight.data.imageset import ImageSet
from signsight.data.regions import sign_shares
from signsight.figures.choice import changed_rows, class_names
from signsight.figures.numbers import count
from signsight.figures.sheet import Block, sheets
from signsight.figures.stickers import TARGETS, size_label
from signsight.figures.style import RIGHT, WRONG, method_label, styled
from signsight.perturbation import stickering


@figures.register("sticker_sheet", category="Stickers", subcategory="Examples", pages=True)
def sticker_sheet(
    sticker_bases: Mapping[str, ImageSet],
    sticker_scores: Mapping[str, Mapping[str, np.ndarray]],
    sticker_cells: ArrayFile,
    images: ImageSet,
    classes: pd.DataFrame,
    *,
    sticker_sets: Mapping[str, Sequence[str]],
    designs: Mapping[str, Mapping[str, Any]],
    sign_widths: Mapping[str, Mapping[str, float]],
    grid: int,
    sticker_method: str,
    sheet_images: int,
    cropped: bool,
) -> list[Figure]:
    """A few stock signs and test images without and with every sticker, on the most relevant cell.

    First those whose prediction changes with a sticker. sticker_bases: target -> its pictures, of which
    `test` are the test images; sticker_cells: (N, K) ranked cells of the test images by `sticker_method`;
    sticker_scores: target -> `sets` and `predicted` (sets, N); sticker_sets: name of a set -> its design and
    size of sign; cropped: whether pictures with a ROI are cut to it.
    """
    first = sticker_cells.read(0, len(images))[:, 0]
    names, shapes = (classes.set_index("class_id")[key].to_dict() for key in ("name", "shape"))
    looks = [(designs[design], sign_widths[size]) for design, size in sticker_sets.values()]
    conditions = [("", "none"), *map(tuple, sticker_sets.values())]
    pictures, titles, notes, heads = {}, {}, {}, {}
    for target, base in sticker_bases.items():
        seen = dict(
            zip(map(str, sticker_scores[target]["sets"]), sticker_scores[target]["predicted"], strict=True)
        )
        predicted = np.stack([seen[name] for name in ("none", *sticker_sets)])
        changed = predicted[1:] != predicted[0]
        rows = changed_rows(base.index, changed, sheet_images)
        truth = base.class_ids[rows]
        own = (
            first
            if target == "test"
            else stickering.sticker_cells(base.class_ids, images.class_ids, first, len(names))
        )
        plain, shape = base.take(rows), [shapes[one] for one in truth]
        shares = sign_shares(base.index, base.size[1], cropped)[rows]
        stickered = stickering.stickered_examples(plain, own[rows], shape, looks, grid, shares)
        pictures[target] = np.concatenate([plain[:, None], stickered], axis=1)
        titles[target] = class_names(classes, truth)
        notes[target] = sticker_notes(truth, predicted[:, rows].T, names)
        heads[target] = _heading(target, sticker_method, int(changed.any(0).sum()), len(base))
    return sticker_blocks(pictures, conditions, titles, notes, heads)


def _heading(target: str, method: str, changed: int, total: int) -> str:
    """What stands above the pictures of a target."""
    found = f"changes the prediction of {count(changed) if changed else 'none'} of {count(total)}"
    return f"{TARGETS[target]}: a sticker on the most relevant cell by {method_label(method)} {found}"


@styled
def sticker_blocks(
    images: Mapping[str, np.ndarray],
    stickers: Sequence[Sequence[str]],
    titles: Mapping[str, Sequence[str]],
    notes: Mapping[str, np.ndarray],
    headings: Mapping[str, str],
) -> list[Figure]:
    """A block a target: rows are pictures, columns the stickers and sizes of sign.

    images: target ('stock', 'user_stock', 'test') -> (n, k, H, W, 3) uint8; stickers: k pairs
    (sticker, sign_size); titles: target -> n texts; notes: target -> (n, k) str below each picture;
    headings: target -> what stands above.
    """
    heads = [_sticker_head(sticker, size) for sticker, size in stickers]
    blocks = [
        Block(pictures, titles[name], heads, headings[name], notes[name]) for name, pictures in images.items()
    ]
    return sheets(blocks, cell=1.1, left=1.7)


def sticker_notes(truth: np.ndarray, seen: np.ndarray, names: Mapping[int, str]) -> np.ndarray:
    """(n, k) notes for `sticker_blocks`: the mark for right, or that for wrong with the predicted class.

    truth: (n,) int class ids; seen: (n, k) int predicted ids; names: class names by id.
    """
    notes = np.full(seen.shape, RIGHT, object)
    for place in zip(*np.nonzero(seen != np.asarray(truth)[:, None]), strict=True):
        notes[place] = f"{WRONG} {names[seen[place]]}"
    return notes


def _sticker_head(sticker: str, size: str) -> str:
    return "without" if size == "none" else f"{sticker},\n{size_label(size)} sign"
