"""The embedded data set `signs`: a drawing of the 43 German signs of GTSRB, and its renderer."""

from signsight.signs.archives import ARCHIVES, render_archives
from signsight.signs.stock import stock_sign

__all__ = ["ARCHIVES", "render_archives", "stock_sign"]
