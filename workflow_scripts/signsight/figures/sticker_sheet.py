"""The sheet of stickered images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from signsight.core.files import ArrayFile
from signsight.core.registry import figures
from signsight.data.imageset import ImageSet
from signsight.figures.choice import class_names, example_rows
from signsight.figures.sheet import Block, sheet
from signsight.figures.stickers import TARGETS, size_label
from signsight.figures.style import RIGHT, WRONG, styled
from signsight.perturbation import stickering


@figures.register("sticker_sheet", category="Stickers", subcategory="Examples")
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
    sheet_images: int,
) -> Figure:
    """A few stock signs and test images with every sticker, on the most relevant cell by one method.

    sticker_bases: target -> its pictures, of which `test` are the test images; sticker_cells: (N, K)
    ranked cells of the test images; sticker_scores: target -> `sets` and `predicted` (sets, N);
    sticker_sets: name of a set -> its design and size of sign.
    """
    first = sticker_cells.read(0, len(images))[:, 0]
    names, shapes = (classes.set_index("class_id")[key].to_dict() for key in ("name", "shape"))
    looks = [(designs[design], sign_widths[size]) for design, size in sticker_sets.values()]
    pictures, titles, notes = {}, {}, {}
    for target, base in sticker_bases.items():
        rows = example_rows(base.index, sheet_images)
        truth = base.class_ids[rows]
        own = (
            first
            if target == "test"
            else stickering.sticker_cells(base.class_ids, images.class_ids, first, len(names))
        )
        pictures[target] = stickering.stickered_examples(
            base.take(rows), own[rows], [shapes[one] for one in truth], looks, grid
        )
        scores = sticker_scores[target]
        seen = dict(zip(map(str, scores["sets"]), scores["predicted"], strict=True))
        predicted = np.stack([seen[name][rows] for name in sticker_sets], axis=1)
        titles[target] = class_names(classes, truth)
        notes[target] = sticker_notes(truth, predicted, names)
    return sticker_blocks(pictures, list(sticker_sets.values()), titles, notes)


@styled
def sticker_blocks(
    images: Mapping[str, np.ndarray],
    stickers: Sequence[Sequence[str]],
    titles: Mapping[str, Sequence[str]],
    notes: Mapping[str, np.ndarray],
) -> Figure:
    """A block a target: rows are pictures, columns the stickers and sizes of sign.

    images: target ('stock', 'user_stock', 'test') -> (n, k, H, W, 3) uint8; stickers: k pairs
    (sticker, sign_size); titles: target -> n texts; notes: target -> (n, k) str below each picture.
    """
    heads = [_sticker_head(sticker, size) for sticker, size in stickers]
    blocks = [
        Block(pictures, titles[name], heads, TARGETS[name], notes[name]) for name, pictures in images.items()
    ]
    return sheet(blocks, cell=1.15, left=1.7)


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
