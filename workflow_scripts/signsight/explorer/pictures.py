"""Pictures inside the explorer's document, as data URIs: lossless where they are small, JPEG where not."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from typing import Any

import numpy as np
from PIL import Image

LOSSLESS = 96  # pixels of the longer side up to which a picture is kept as PNG
QUALITY = 90  # of JPEG
MADE = 144  # pixels of the longer side, at most, of pictures that are looked at and not worked on


def href(image: np.ndarray, lossless: bool | None = None) -> str:
    """A picture (H, W, 3) uint8 as a data URI; `lossless` None: PNG for a small one, JPEG for a large one."""
    if lossless is None:
        lossless = max(image.shape[:2]) <= LOSSLESS
    out = io.BytesIO()
    if lossless:
        Image.fromarray(image).save(out, "PNG", optimize=True)
    else:
        Image.fromarray(image).save(out, "JPEG", quality=QUALITY, optimize=True)
    kind = "png" if lossless else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(out.getvalue()).decode()}"


def picture(image: np.ndarray, longest: int | None = None) -> dict[str, Any]:
    """A picture (H, W, 3) uint8 as the document has it; one longer than `longest` pixels is shrunk."""
    height, width = image.shape[:2]
    if longest and max(height, width) > longest:
        share = longest / max(height, width)
        size = max(round(width * share), 1), max(round(height * share), 1)
        image = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS))
    return {"href": href(image), "width": image.shape[1], "height": image.shape[0]}


def sprites(
    images: Iterable[np.ndarray], size: tuple[int, int], lossless: bool | None = None
) -> dict[str, Any]:
    """Pictures of one size (H, W), (H, W, 3) uint8 each.

    A file a picture, so that pictures can be left out without coding the others again.
    """
    tiles = [
        {"href": href(image, lossless), "columns": 1, "first": n, "count": 1}
        for n, image in enumerate(images)
    ]
    return {"sprites": tiles, "size": list(size)}


def without(stored: dict[str, Any], rows: Iterable[int]) -> dict[str, Any]:
    """The sprites of `rows`, in that order."""
    tiles = [stored["sprites"][row] | {"first": n} for n, row in enumerate(rows)]
    return stored | {"sprites": tiles}
