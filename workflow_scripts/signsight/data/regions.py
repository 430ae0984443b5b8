"""Where the sign is in each image of a set, and how wide, from the annotated regions of interest (ROI)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from signsight.core.errors import UserError
from signsight.data.field import PLACE, places

if TYPE_CHECKING:
    import pandas as pd


def roi_regions(index: pd.DataFrame, size: int, cropped: bool) -> np.ndarray:
    """Regions 0 outside and 1 in the ROI of the pictures that `index` lists, (n, size, size) uint8.

    index: columns width, height and roi_x1, roi_y1, roi_x2, roi_y2 in pixels of the source
    pictures; the last column and row belong to the ROI (see data/crop.py). The picture as a whole
    was stretched to size x size, or to its place in a field of that size (columns `field.PLACE`), and a
    pixel belongs to the ROI when its centre does. What of the images was `cropped` to their ROI is the ROI as
    a whole; UserError when that is all there is, so that nothing lies outside of it.
    """
    if cropped and PLACE[0] not in index:
        raise UserError(
            "Config key 'data.crop_to_roi' is true, so that the images show nothing outside the ROI and "
            "localisation in it says nothing; set it to false, or take a data set with truth masks."
        )
    left, top, side = np.array(places(index, size), np.float64).reshape(-1, 3).T
    inside = {}
    for axis, start, length in (("x", left, "width"), ("y", top, "height")):
        whole = index[length].to_numpy(np.float64)
        first, last = (index[f"roi_{axis}{end}"].to_numpy(np.float64) for end in (1, 2))
        if cropped:
            first, last = np.zeros_like(whole), whole - 1
        # centres of the pixels, in pixels of the source picture
        centres = (np.arange(size) + 0.5 - start[:, None]) / side[:, None] * whole[:, None]
        inside[axis] = (first[:, None] <= centres) & (centres < last[:, None] + 1)
    return (inside["y"][:, :, None] & inside["x"][:, None, :]).astype(np.uint8)


def sign_shares(index: pd.DataFrame, size: int, cropped: bool) -> np.ndarray:
    """How wide the sign is in each picture of `index`, as a share of the picture: (n,) float64 in ]0, 1].

    Of pictures without an annotated ROI, and of those `cropped` to it, the sign is the picture as a whole; in
    a field of size x size pixels it has the side of its place.
    """
    shares = np.array([place.side for place in places(index, size)], np.float64) / size
    if cropped or "roi_x1" not in index:
        return shares
    roi = index["roi_x2"] + 1 - index["roi_x1"]
    return shares * (roi / index["width"]).to_numpy(np.float64)
