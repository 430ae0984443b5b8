"""The sheet of masked images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from signsight.core.files import ArrayFile
from signsight.core.registry import figures
from signsight.data.imageset import ImageSet
from signsight.figures.choice import class_names, example_rows
from signsight.figures.pages import METHODS, pages
from signsight.figures.sheet import Block, sheets
from signsight.figures.style import RIGHT, WRONG, method_style, styled
from signsight.perturbation.masking import masked_steps


@figures.register("masked_sheet", category="Masking", subcategory="Examples", pages=True)
def masked_sheet(
    images: ImageSet,
    cells: Mapping[str, ArrayFile],
    masking_scores: Mapping[str, Mapping[str, np.ndarray]],
    classes: pd.DataFrame,
    *,
    masked_cells: Sequence[int],
    grid: int,
    colour: Sequence[float],
    sheet_images: int,
) -> list[Figure]:
    """A few test images with their most relevant cells masked, by every method.

    cells: method -> (N, K) ranked cells; masking_scores: method -> results of the metric `grid_masking`.
    """
    rows = example_rows(images.index, sheet_images)
    pictures, right = {}, {}
    for method, scores in masking_scores.items():
        ranked = cells[method].take(rows)[:, : max(masked_cells)]
        pictures[method] = masked_steps(images.take(rows), ranked, grid=grid, colour=colour)
        places = [scores["x"].tolist().index(number) for number in masked_cells]
        right[method] = scores["curve_masked_accuracy"][rows][:, places] == 1
    return mask_sheet(pictures, masked_cells, class_names(classes, images.class_ids[rows]), right)


@styled
def mask_sheet(
    images: Mapping[str, np.ndarray],
    masked_cells: Sequence[int],
    titles: Sequence[str],
    right: Mapping[str, np.ndarray],
) -> list[Figure]:
    """A block an image, or more for many methods: rows are methods, columns the number of masked cells.

    images: method -> (n, k, H, W, 3) uint8 for n images and k = len(masked_cells); titles: n texts.
    right: method -> (n, k) bool, whether the prediction still holds, marked below each picture.
    """
    heads = [f"{k} masked" if k == masked_cells[0] else str(k) for k in masked_cells]
    blocks = []
    for place, title in enumerate(titles):
        for part in pages(len(images), METHODS):
            names = list(images)[part]
            cells = np.stack([images[name][place] for name in names])
            notes = np.array([[RIGHT if x else WRONG for x in right[name][place]] for name in names])
            labels = [method_style(name).label for name in names]
            blocks.append(Block(cells, labels, heads, title, notes))
    return sheets(blocks, cell=0.75, left=1.75)
