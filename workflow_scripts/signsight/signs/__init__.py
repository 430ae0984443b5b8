"""The embedded data sets: drawings of the 43 German signs of GTSRB, alone and in street scenes."""

from signsight.signs.archives import ARCHIVES, render_archives
from signsight.signs.stock import stock_sign
from signsight.signs.street_archives import STREET_ARCHIVES, render_streets

__all__ = ["ARCHIVES", "STREET_ARCHIVES", "render_archives", "render_streets", "stock_sign"]
