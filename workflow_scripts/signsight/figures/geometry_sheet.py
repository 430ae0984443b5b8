"""The sheet of images that are rotated or seen in perspective."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from signsight.core.registry import figures
from signsight.data.imageset import ImageSet
from signsight.figures.choice import class_names, example_rows, spread_degrees
from signsight.figures.numbers import MINUS
from signsight.figures.sheet import Block, sheets
from signsight.figures.style import styled
from signsight.perturbation.geometry import warped_examples

TRANSFORMS = {
    "rotation": "Rotation in the plane",
    "perspective_vertical": "Turned about the vertical axis, in perspective",
    "perspective_horizontal": "Turned about the horizontal axis, in perspective",
}


@figures.register(
    "geometry_sheet",
    category="Rotation and perspective",
    subcategory="Examples",
    pages=True,
    when={"stage": "geometry"},
)
def geometry_sheet(
    images: ImageSet,
    classes: pd.DataFrame,
    *,
    degrees: Mapping[str, Sequence[int]],
    fill: str,
    sheet_images: int,
) -> list[Figure]:
    """A few test images at some of the degrees, transform -> degrees."""
    rows = example_rows(images.index, sheet_images)
    shown = {name: spread_degrees(own) for name, own in degrees.items() if own}
    pictures = {name: warped_examples(images.take(rows), name, own, fill) for name, own in shown.items()}
    return warp_sheet(pictures, shown, class_names(classes, images.class_ids[rows]))


@styled
def warp_sheet(
    images: Mapping[str, np.ndarray],
    degrees: Mapping[str, Sequence[int]],
    titles: Sequence[str],
) -> list[Figure]:
    """A block a transform: rows are pictures, columns the degrees.

    images: transform -> (n, k, H, W, 3) uint8; degrees: transform -> k angles; titles: n texts.
    """
    blocks = [
        Block(pictures, titles, [degree_label(d) for d in degrees[name]], TRANSFORMS[name])
        for name, pictures in images.items()
    ]
    return sheets(blocks, cell=0.75, left=1.6)


def degree_label(degree: int) -> str:
    """'−45°'."""
    return f"{MINUS if degree < 0 else ''}{abs(degree)}°"
