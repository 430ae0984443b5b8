"""Where the sign is in each image of a set, from the annotated regions of interest (ROI)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from signsight.core.errors import UserError

if TYPE_CHECKING:
    import pandas as pd


def roi_regions(index: pd.DataFrame, size: int, cropped: bool) -> np.ndarray:
    """Regions 0 outside and 1 in the ROI of the pictures that `index` lists, (n, size, size) uint8.

    index: columns width, height and roi_x1, roi_y1, roi_x2, roi_y2 in pixels of the source
    pictures; the last column and row belong to the ROI (see data/crop.py). The picture as a whole
    was stretched to size x size, and a pixel belongs to the ROI when its centre does.
    UserError when the images were `cropped` to their ROI, so that nothing lies outside of it.
    """
    if cropped:
        raise UserError(
            "Config key 'data.crop_to_roi' is true, so that the images show nothing outside the ROI and "
            "localisation in it says nothing; set it to false, or take a data set with truth masks."
        )
    inside = {
        axis: _inside(*(index[name].to_numpy(np.float64) for name in names), size)
        for axis, names in {
            "x": ("roi_x1", "roi_x2", "width"),
            "y": ("roi_y1", "roi_y2", "height"),
        }.items()
    }
    return (inside["y"][:, :, None] & inside["x"][:, None, :]).astype(np.uint8)


def _inside(first: np.ndarray, last: np.ndarray, length: np.ndarray, size: int) -> np.ndarray:
    """(n, size) bool: which of `size` pixels along one axis have their centre in first..last."""
    centres = (np.arange(size) + 0.5) / size * length[:, None]
    return (first[:, None] <= centres) & (centres < last[:, None] + 1)
