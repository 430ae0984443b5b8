"""Stickers of a physical size on pictures of signs of a physical size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from signsight.perturbation.grid import cell_edges

FINE = 1600  # pixels along a side of the canvas on which a sticker's edges are drawn


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels; edges may lie between pixels."""

    left: float
    top: float
    width: float
    height: float


def draw_sticker(picture: str, width: int, height: int) -> Image.Image:
    """One of our two drawings, `stripes` or `badge`, filling width x height pixels (RGB)."""
    image = Image.new("RGB", (width, height), (250, 250, 250))
    {"stripes": _stripes, "badge": _badge}[picture](ImageDraw.Draw(image), width, height)
    return image


def _stripes(draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
    """Slanting dark stripes on white above a solid foot, as on a poster's torn strip."""
    step = max(height // 7, 2)
    for top in range(-width, height, 2 * step):
        corners = [
            (0, top + width // 2),
            (width, top),
            (width, top + step),
            (0, top + step + width // 2),
        ]
        draw.polygon(corners, fill=(25, 30, 40))
    draw.rectangle((0, height * 4 // 5, width, height), fill=(240, 130, 0))


def _badge(draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
    """A dark disc with a light ring and a bolt."""
    draw.ellipse((width * 0.04, height * 0.04, width * 0.96, height * 0.96), fill=(20, 60, 120))
    draw.ellipse((width * 0.14, height * 0.14, width * 0.86, height * 0.86), fill=(250, 200, 40))
    bolt = [(0.58, 0.2), (0.3, 0.56), (0.48, 0.56), (0.42, 0.8), (0.7, 0.42), (0.52, 0.42)]
    draw.polygon([(x * width, y * height) for x, y in bolt], fill=(20, 60, 120))


def sticker_box(cell: int, grid: int, size: int, width: float, height: float) -> Box:
    """Where a sticker of width x height pixels goes: centred on a cell, kept inside the picture.

    cell: row-major index in a grid x grid raster over a size x size picture.
    """
    edges = cell_edges(size, grid)
    row, column = divmod(cell, grid)
    middle = (edges[column] + edges[column + 1]) / 2, (edges[row] + edges[row + 1]) / 2
    width, height = min(width, size), min(height, size)
    left = np.clip(middle[0] - width / 2, 0, size - width)
    top = np.clip(middle[1] - height / 2, 0, size - height)
    return Box(float(left), float(top), width, height)


def sticker_layer(picture: str, box: Box, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The sticker on an empty size x size picture, with smooth edges.

    Returns colour (size, size, 3) float32 in [0, 255], premultiplied, and cover (size, size, 1)
    float32 in [0, 1].
    """
    fine = max(FINE // size, 1)
    corner, extent = _fine_edges(box, fine)
    left, top, right, bottom = touched(box, size)
    colour = Image.new("RGB", ((right - left) * fine, (bottom - top) * fine))
    cover = Image.new("L", colour.size)
    inner = corner[0] - left * fine, corner[1] - top * fine
    colour.paste(draw_sticker(picture, *extent), inner)
    cover.paste(255, (*inner, inner[0] + extent[0], inner[1] + extent[1]))
    layers = np.zeros((size, size, 3), np.float32), np.zeros((size, size, 1), np.float32)
    for layer, image in zip(layers, (colour, cover), strict=True):
        small = np.asarray(image.reduce(fine) if fine > 1 else image, np.float32)
        layer[top:bottom, left:right] = small.reshape(bottom - top, right - left, -1)
    return layers[0], layers[1] / 255


def touched(box: Box, size: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the whole pixels of a size x size picture that a sticker touches."""
    fine = max(FINE // size, 1)
    corner, extent = _fine_edges(box, fine)
    ends = (min(-(-(start + length) // fine), size) for start, length in zip(corner, extent, strict=True))
    return corner[0] // fine, corner[1] // fine, *ends


def _fine_edges(box: Box, fine: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Corner and extent of a box on a canvas with `fine` pixels for each of the picture's."""
    corner = round(box.left * fine), round(box.top * fine)
    return corner, (max(round(box.width * fine), 1), max(round(box.height * fine), 1))


def put_sticker(images: np.ndarray, layer: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Lay a sticker on each image: (n, H, W, 3) uint8 -> the same shape and dtype."""
    colour, cover = layer
    return np.round(images * (1 - cover) + colour).astype(np.uint8)


def sticker_pixels(design: dict, width_mm: float, size: int) -> tuple[float, float]:
    """Width and height in pixels of a design (mm) where `size` pixels show so many mm."""
    scale = size / width_mm
    return design["width"] * scale, design["height"] * scale


def sign_width(widths: dict[str, float], shape: str) -> float:
    """Width in mm of a sign of a shape (`circle`, `triangle`, `inverted_triangle`, `diamond`, ...)."""
    kin = {"inverted_triangle": "triangle", "diamond": "square"}
    return widths[kin.get(shape, shape)]


def picture_widths(widths: dict[str, float], shapes: Sequence[str], shares: np.ndarray) -> np.ndarray:
    """Width in mm of what each picture shows: (n,) float64.

    widths: of a sign, in mm, by shape; shapes: of the sign in each picture; shares: how wide it is in it
    (`data.regions.sign_shares`).
    """
    return np.array([sign_width(widths, shape) for shape in shapes], np.float64) / shares


def put_stickers(
    images: np.ndarray, cells: np.ndarray, widths_mm: np.ndarray, design: dict, grid: int
) -> np.ndarray:
    """Lay a design on each image at the image's own cell, in the size that its sign asks for.

    images: (n, S, S, 3) uint8; cells: (n,) int, -1 leaves the image as it is; widths_mm: (n,) float,
    width of what the picture shows (`picture_widths`). Returns new images.
    """
    out, size = images.copy(), images.shape[1]
    for cell, width in sorted({(int(c), float(w)) for c, w in zip(cells, widths_mm, strict=True) if c >= 0}):
        chosen = (cells == cell) & (widths_mm == width)
        box = sticker_box(cell, grid, size, *sticker_pixels(design, width, size))
        out[chosen] = put_sticker(images[chosen], sticker_layer(design["picture"], box, size))
    return out


def class_cells(class_ids: np.ndarray, first_cells: np.ndarray, classes: int) -> np.ndarray:
    """The most frequent first cell of each class: (classes,) int, of equally frequent ones the lowest.

    class_ids, first_cells: (n,) int; cells of -1 (empty maps) do not count; a class without any has -1.
    """
    cells = np.full(classes, -1, np.int64)
    for c in range(classes):
        own = first_cells[(class_ids == c) & (first_cells >= 0)]
        if len(own):
            cells[c] = np.bincount(own).argmax()
    return cells
