"""What stands in a street besides the signs: ground, cars, boards, lamps, and what hangs before it all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from signsight.signs.atlas import Rgb
from signsight.signs.pen import Point, arc

EYE = 2.2  # height of the camera above the ground, in widths of a sign (0.6 m)


class Box(NamedTuple):
    """A rectangle in pixels; x1 and y1 are its right and lower edge."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def area(self) -> float:
        """In square pixels."""
        return max(self.x1 - self.x0, 0.0) * max(self.y1 - self.y0, 0.0)

    def common(self, other: Box) -> Box:
        """What two boxes share; its area is 0 where they share nothing."""
        return Box(
            max(self.x0, other.x0), max(self.y0, other.y0), min(self.x1, other.x1), min(self.y1, other.y1)
        )


@dataclass(frozen=True)
class Patch:
    """A plane piece of one colour, in pixels of the picture; it has no truth and hides what is behind."""

    outline: tuple[Point, ...]
    fill: Rgb
    edge: Rgb | None = None

    @property
    def box(self) -> Box:
        """The box around it."""
        xs, ys = zip(*self.outline, strict=True)
        return Box(min(xs), min(ys), max(xs), max(ys))


def rectangle(x0: float, y0: float, x1: float, y1: float, fill: Rgb, edge: Rgb | None = None) -> Patch:
    """An upright rectangle."""
    return Patch(((x0, y0), (x1, y0), (x1, y1), (x0, y1)), fill, edge)


def disc(x: float, y: float, radius: float, fill: Rgb, edge: Rgb | None = None) -> Patch:
    """A circle."""
    return Patch(tuple(arc(x, y, radius, radius, 0, 360, 24)), fill, edge)


def pole(x: float, top: float, foot: float, width: float, grey: int) -> Patch:
    """An upright pole, at least a pixel wide."""
    half = max(width, 1.0) / 2
    return rectangle(x - half, top, x + half, foot, (grey, grey, grey))


_VERGES: tuple[Rgb, ...] = (
    (88, 112, 52),
    (64, 92, 44),
    (120, 116, 70),
    (104, 92, 72),
    (150, 146, 138),
    (120, 122, 124),
    (168, 160, 146),
)


class Ground(NamedTuple):
    """The plane below the horizon, and the road on it.

    size (W, H) of the picture; horizon: its row; vanishing: column at which the road ends; middle,
    half: column and half width of the road in the lowest row; patches: verge, road and its lines,
    in the colours of white light.
    """

    size: tuple[int, int]
    horizon: float
    vanishing: float
    middle: float
    half: float
    patches: tuple[Patch, ...]

    def foot(self, px: float) -> float:
        """Row at which a thing stands that is as far away as a sign `px` pixels wide."""
        return self.horizon + EYE * px

    def beside_road(self, x: float, px: float) -> float:
        """`x`, or the nearer edge of the road where a post at `x` would stand on it."""
        height = self.size[1]
        foot = self.foot(px)
        if foot >= height:
            return x  # it stands outside the picture
        middle, half = _road_at(self, (foot - self.horizon) / (height - self.horizon))
        half += 0.3 * px
        return x if abs(x - middle) > half else middle + math.copysign(half, x - middle)


def _road_at(ground: Ground, depth: float) -> tuple[float, float]:
    """Middle and half width of the road from the horizon (0) to the lowest row (1)."""
    return ground.vanishing + (ground.middle - ground.vanishing) * depth, ground.half * depth


def draw_ground(rng: np.random.Generator, width: int, height: int) -> Ground:
    """A horizon, and below it a verge with a road towards it."""
    horizon = height * rng.uniform(0.52, 0.74)
    bare = Ground(
        (width, height),
        horizon,
        vanishing=width * rng.uniform(-0.1, 1.1),
        middle=width * rng.uniform(0.0, 1.0),
        half=width * rng.uniform(0.22, 0.6),
        patches=(),
    )
    verge = _dimmed(_VERGES[rng.integers(len(_VERGES))], rng.uniform(0.7, 1.15))
    path = _dimmed((160, 158, 152), rng.uniform(0.7, 1.15))
    grey = int(rng.integers(62, 128))
    white = _dimmed((226, 226, 220), rng.uniform(0.75, 1.05))
    patches = [rectangle(-1, horizon, width, height, verge)]
    if rng.random() < 0.5:
        patches.append(_strip(bare, -1.35, 1.35, 0, 1, path))
    patches.append(_strip(bare, -1, 1, 0, 1, (grey, grey, grey + 3)))
    if rng.random() < 0.6:
        patches += [_strip(bare, side * 0.93, side * 0.89, 0, 1, white) for side in (-1, 1)]
    if rng.random() < 0.8:
        # Dashes of one length on the road: rows go as one over the distance.
        first = rng.uniform(1.0, 1.8)
        ends = [1 / (first + 0.75 * k) for k in range(12)]
        patches += [_strip(bare, -0.025, 0.025, far, min(near, 1), white)
                    for near, far in zip(ends[::2], ends[1::2], strict=True)]  # fmt: skip
    return bare._replace(patches=tuple(patches))


def _strip(ground: Ground, left: float, right: float, far: float, near: float, fill: Rgb) -> Patch:
    """A strip along the road between two parts of its half width and two depths."""
    corners = []
    for across, depth in ((left, far), (right, far), (right, near), (left, near)):
        middle, half = _road_at(ground, depth)
        row = ground.horizon + (ground.size[1] - ground.horizon) * depth
        corners.append((middle + across * half, row))
    return Patch(tuple(corners), fill)


def _dimmed(colour: Rgb, factor: float) -> Rgb:
    r, g, b = (min(255, round(part * factor)) for part in colour)
    return r, g, b


_CARS: tuple[Rgb, ...] = (
    (228, 228, 226),
    (170, 172, 174),
    (40, 42, 46),
    (90, 94, 100),
    (150, 26, 28),
    (30, 60, 116),
    (60, 84, 66),
    (196, 178, 140),
)


def car(rng: np.random.Generator, ground: Ground, x: float, px: float) -> list[Patch]:
    """A car at column `x`, from behind or from its side; 2.4 signs high."""
    foot = ground.foot(px)
    paint = _dimmed(_CARS[rng.integers(len(_CARS))], rng.uniform(0.7, 1.1))
    glass, tyre = _dimmed((52, 62, 74), rng.uniform(0.6, 1.8)), (22, 22, 24)
    behind = rng.random() < 0.5
    half, cabin = (1.5, 1.2) if behind else (3.6, 1.9)

    def upright(x0: float, y0: float, x1: float, y1: float, fill: Rgb) -> Patch:
        return rectangle(x + px * x0, foot - px * y1, x + px * x1, foot - px * y0, fill)

    def cab(low: float, high: float, wide: float, narrow: float, fill: Rgb) -> Patch:
        corners = ((-wide, low), (-narrow, high), (narrow, high), (wide, low))
        return Patch(tuple((x + px * a, foot - px * b) for a, b in corners), fill)

    body = [
        cab(1.3, 2.4, cabin + 0.3, cabin - 0.1, paint),
        cab(1.4, 2.25, cabin + 0.12, cabin - 0.2, glass),
        cab(0.35, 1.4, half, half - 0.05, paint),
    ]
    if not behind:
        wheels = (disc(x + a * px, foot - 0.5 * px, 0.5 * px, tyre, (120, 122, 124)) for a in (-2.2, 2.2))
        return [*body, *wheels]
    wheels = [upright(a, 0, a + 0.45, 0.4, tyre) for a in (-1.3, 0.85)]
    lamps = [upright(a, 0.9, a + 0.35, 1.15, (150, 20, 22)) for a in (-1.42, 1.07)]
    return [*wheels, *body, *lamps, upright(-0.4, 0.6, 0.4, 0.85, (226, 226, 222))]


_BOARDS: tuple[tuple[Rgb, Rgb], ...] = (
    ((236, 190, 40), (30, 30, 30)),
    ((20, 76, 156), (240, 240, 238)),
    ((236, 236, 232), (30, 30, 30)),
    ((30, 110, 70), (240, 240, 238)),
    ((196, 60, 40), (240, 240, 238)),
    ((60, 62, 66), (220, 220, 216)),
)
_LAMPS: tuple[Rgb, ...] = ((226, 40, 30), (244, 180, 40), (60, 210, 130))


def no_sign(rng: np.random.Generator, ground: Ground, x: float, px: float) -> list[Patch]:
    """What is none of the 43 signs, on a pole: a board, the back of a sign, or a traffic light."""
    x, y = ground.beside_road(x, px), ground.horizon - px * rng.uniform(0.2, 1.9)
    grey = int(rng.integers(60, 180))
    stand = pole(x, y, ground.foot(px), px * rng.uniform(0.06, 0.12), int(rng.integers(40, 170)))
    kind = rng.random()
    if kind < 0.5:
        return [stand, *_lettered(rng, x, y, px)]
    if kind < 0.75:
        back, rim = (grey, grey, grey + 2), (min(grey + 40, 255),) * 3
        if rng.random() < 0.6:
            return [disc(x, y, px / 2, back, rim), stand]
        corners = ((x - px / 2, y + 0.43 * px), (x, y - 0.43 * px), (x + px / 2, y + 0.43 * px))
        return [Patch(corners, back, rim), stand]
    half = 0.24 * px
    box = rectangle(x - half, y - 3 * half, x + half, y + 3 * half, (26, 28, 28))
    burning = int(rng.integers(3))
    lamps = [
        disc(x, y + (k - 1) * 1.9 * half, 0.72 * half, colour if k == burning else (48, 46, 44))
        for k, colour in enumerate(_LAMPS)
    ]
    return [stand, box, *lamps]


def _lettered(rng: np.random.Generator, x: float, y: float, px: float) -> list[Patch]:
    """A board with one to three lines of something that could be writing."""
    fill, ink = _BOARDS[rng.integers(len(_BOARDS))]
    half, lines = px * rng.uniform(0.5, 1.1), int(rng.integers(1, 4))
    high = px * (0.14 + 0.14 * lines)
    patches = [rectangle(x - half, y - high, x + half, y + high, fill, ink)]
    for line in range(lines):
        row = y - high + (line + 1) * 2 * high / (lines + 1)
        left, right = x - 0.8 * half, x + half * rng.uniform(-0.1, 0.8)
        patches.append(rectangle(left, row - 0.05 * px, right, row + 0.05 * px, ink))
    return patches


def plate_under(rng: np.random.Generator, x: float, top: float, px: float) -> list[Patch]:
    """A supplementary plate whose upper edge is at `top`."""
    fill = (232, 232, 228) if rng.random() < 0.75 else (236, 190, 40)
    half, high = px * rng.uniform(0.3, 0.5), px * rng.uniform(0.2, 0.45)
    plate = rectangle(x - half, top, x + half, top + high, fill, (30, 30, 30))
    row = top + high * rng.uniform(0.4, 0.6)
    return [plate, rectangle(x - 0.7 * half, row - 0.03 * px, x + 0.6 * half, row + 0.03 * px, (40, 40, 42))]


def trunk(rng: np.random.Generator, box: Box, height: int) -> list[Patch]:
    """A near trunk or lamp post from top to bottom of the picture, over a part of `box`."""
    grey = int(rng.integers(20, 120))
    colour = (grey, int(grey * rng.uniform(0.85, 1)), int(grey * rng.uniform(0.7, 1)))
    half = (box.x1 - box.x0) * rng.uniform(0.07, 0.19)
    x, lean = rng.uniform(box.x0 + half, box.x1 - half), rng.normal(0, 0.03) * height
    top, foot = x - lean, x + lean
    return [Patch(((top - half, -1), (top + half, -1), (foot + half, height), (foot - half, height)), colour)]


_GREENS: tuple[Rgb, ...] = ((24, 44, 16), (56, 84, 30), (86, 104, 40), (92, 66, 34), (40, 60, 36))


def leaves(rng: np.random.Generator, box: Box, height: int) -> list[Patch]:
    """A twig with leaves that comes in over one edge of `box`."""
    side = box.x1 - box.x0
    turn = rng.uniform(0, 2 * math.pi)
    reach = side * rng.uniform(0.1, 0.35)
    mx, my = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    tip = (mx + reach * math.cos(turn), my + reach * math.sin(turn))
    root = (mx + 1.5 * side * math.cos(turn), my + 1.5 * side * math.sin(turn))
    nx, ny = -math.sin(turn) * side * 0.015, math.cos(turn) * side * 0.015
    bark = Patch(((root[0] + nx, root[1] + ny), tip, (root[0] - nx, root[1] - ny)), (54, 44, 34))
    green = _GREENS[rng.integers(len(_GREENS))]
    patches = [bark]
    for along in np.linspace(0, 1, int(rng.integers(5, 11))):
        spread = rng.normal(0, 0.1, 2) * side
        x = tip[0] + (root[0] - tip[0]) * along + spread[0]
        y = tip[1] + (root[1] - tip[1]) * along + spread[1]
        half, colour = side * rng.uniform(0.07, 0.15), _dimmed(green, rng.uniform(0.6, 1.5))
        patches.append(_leaf(rng, x, y, half, colour))
    return patches


def _leaf(rng: np.random.Generator, x: float, y: float, half: float, colour: Rgb) -> Patch:
    turn, width = rng.uniform(0, math.pi), rng.uniform(0.4, 0.7)
    shape: Sequence[Point] = ((-1, 0), (-0.4, 0.8), (0.3, 0.8), (1, 0), (0.3, -0.8), (-0.4, -0.8))
    cos, sin = half * math.cos(turn), half * math.sin(turn)
    points = ((a, b * width) for a, b in shape)
    return Patch(tuple((x + a * cos - b * sin, y + a * sin + b * cos) for a, b in points), colour)
