"""The plates that signs are drawn on: outlines, rims, and the strokes of the end signs."""

from __future__ import annotations

import math

from signsight.data.classes import Shape
from signsight.signs.pen import (
    BLACK,
    BLUE,
    RED,
    WHITE,
    YELLOW,
    Ink,
    Pen,
    Point,
    arc,
    rounded,
)

CENTRE = 500.0
EDGE = 13.0  # the white edge around every rim
# An equilateral triangle with corners of radius 55 whose rounded outline is 1000 units wide.
_CORNER, _INRADIUS = 55.0, 311.8
_TRIANGLE_Y = 628.4  # its centre, so that it stands in the middle of the square


def outline(shape: Shape, inset: float = 0.0, corner: float | None = None) -> list[Point]:
    """The outline of a plate, moved inwards by `inset`; the outermost is 1000 units wide."""
    if shape == "circle":
        return arc(CENTRE, CENTRE, CENTRE - inset, CENTRE - inset, 0, 360)
    if shape == "triangle":
        radius = max(_CORNER - inset, 1.0) if corner is None else corner
        return rounded(_regular(3, 2 * (_INRADIUS - inset), -90, _TRIANGLE_Y), radius)
    if shape == "inverted_triangle":
        return [(x, 1000 - y) for x, y in outline("triangle", inset, corner)]
    if shape == "diamond":
        radius = max(40 - inset, 8.0) if corner is None else corner
        # The rounded corners, not the sharp ones, touch the picture's border.
        reach = CENTRE + 40 * (math.sqrt(2) - 1) - inset * math.sqrt(2)
        return rounded(_regular(4, reach, -90, CENTRE), radius)
    return _regular(8, (CENTRE - inset) / math.cos(math.pi / 8), 22.5, CENTRE)


def _regular(corners: int, radius: float, start: float, y: float) -> list[Point]:
    return arc(CENTRE, y, radius, radius, start, start + 360, corners)[:-1]


def prohibition(pen: Pen, centre: Ink = WHITE) -> None:
    """A white disc with a red ring."""
    pen.polygon(outline("circle"), WHITE)
    pen.polygon(outline("circle", EDGE), RED)
    pen.polygon(outline("circle", 136), centre)


def danger(pen: Pen) -> None:
    """A white triangle, point up, with a red rim."""
    pen.polygon(outline("triangle"), WHITE)
    pen.polygon(outline("triangle", EDGE), RED)
    pen.polygon(outline("triangle", 112, 8), WHITE)


def give_way(pen: Pen) -> None:
    """A triangle, point down, with a red rim; its white field is the symbol."""
    pen.polygon(outline("inverted_triangle"), WHITE)
    pen.polygon(outline("inverted_triangle", EDGE), RED)
    pen.polygon(outline("inverted_triangle", 122, 6), WHITE.symbol())


def priority_road(pen: Pen) -> None:
    """A white diamond with a thin black line near its edge and a yellow field, the symbol."""
    pen.polygon(outline("diamond"), WHITE)
    pen.polygon(outline("diamond", 11), BLACK)
    pen.polygon(outline("diamond", 21), WHITE)
    pen.polygon(outline("diamond", 148, 8), BLACK)
    pen.polygon(outline("diamond", 158, 4), YELLOW.symbol())


def stop_plate(pen: Pen) -> None:
    """A red octagon with a white edge."""
    pen.polygon(outline("octagon"), WHITE)
    pen.polygon(outline("octagon", 34), RED)


def no_entry(pen: Pen) -> None:
    """A red disc with a white bar, the symbol."""
    pen.polygon(outline("circle"), WHITE)
    pen.polygon(outline("circle", EDGE), RED)
    pen.rectangle(66, 415, 934, 585, WHITE.symbol())


def mandatory(pen: Pen) -> None:
    """A blue disc with a white edge."""
    pen.polygon(outline("circle"), WHITE)
    pen.polygon(outline("circle", 16), BLUE)


def end_plate(pen: Pen) -> None:
    """A white disc with a thin black line near its edge."""
    pen.polygon(outline("circle"), WHITE)
    pen.polygon(outline("circle", 22), BLACK)
    pen.polygon(outline("circle", 39), WHITE)


def end_strokes(pen: Pen) -> None:
    """Five black strokes from the lower left to the upper right, parted by white ones."""
    for offset in range(-80, 81, 40):
        for width, inset, ink in ((42, 39, WHITE), (23, 30, BLACK)):
            pen.polygon(_chord(offset, width, CENTRE - inset), ink.symbol())


def _chord(offset: float, width: float, radius: float) -> list[Point]:
    """A strip across the disc at 45 degrees, `offset` beside its centre, ending on the circle."""
    near, far = (math.degrees(math.asin((offset + s * width / 2) / radius)) for s in (-1, 1))
    upper = arc(CENTRE, CENTRE, radius, radius, -45 + near, -45 + far, 6)
    lower = arc(CENTRE, CENTRE, radius, radius, 135 - far, 135 - near, 6)
    return upper + lower
