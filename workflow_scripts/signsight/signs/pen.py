"""A pen for signs: polygons, thick lines, curves, drawn at once as picture and as label."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

Point = tuple[float, float]
UNITS = 1000  # a sign is drawn in a square of 1000 x 1000 units, x to the right, y down
BACKGROUND, SIGN, SYMBOL = 0, 1, 2  # the labels of the mask


class Ink(NamedTuple):
    """A colour and the label that it leaves in the mask."""

    colour: tuple[int, int, int]
    label: int

    def symbol(self) -> Ink:
        """The same colour as part of the symbol."""
        return Ink(self.colour, SYMBOL)


WHITE = Ink((246, 247, 245), SIGN)
RED = Ink((190, 24, 26), SIGN)
BLUE = Ink((14, 84, 168), SIGN)
YELLOW = Ink((247, 183, 20), SIGN)
BLACK = Ink((20, 20, 22), SIGN)
GREY = Ink((112, 115, 118), SIGN)
GREEN = Ink((0, 122, 84), SIGN)


class Drawing(NamedTuple):
    """A finished drawing: rgb (S, S, 3) uint8, alpha (S, S) uint8 coverage, mask (S, S) uint8."""

    rgb: np.ndarray
    alpha: np.ndarray
    mask: np.ndarray


@dataclass(frozen=True)
class Pen:
    """Draws on a canvas in units; `matrix` (a, b, c, d, e, f) maps x, y to ax + by + c, dx + ey + f.

    All pens made from one another draw on the same canvas.
    """

    picture: Image.Image
    labels: Image.Image
    supersample: int
    matrix: tuple[float, float, float, float, float, float]

    @staticmethod
    def on_canvas(size: int, backdrop: tuple[int, int, int], supersample: int = 4) -> Pen:
        """A pen on a new canvas of `size` x `size` pixels, drawn `supersample` times finer."""
        side = size * supersample
        scale = side / UNITS
        return Pen(
            Image.new("RGB", (side, side), backdrop),
            Image.new("L", (side, side), BACKGROUND),
            supersample,
            (scale, 0.0, 0.0, 0.0, scale, 0.0),
        )

    def at(self, x: float, y: float, scale: float = 1.0, degrees: float = 0.0, mirror: bool = False) -> Pen:
        """A pen whose origin is at (x, y), scaled, turned clockwise, and mirrored left-right."""
        cos, sin = math.cos(math.radians(degrees)) * scale, math.sin(math.radians(degrees)) * scale
        a, b, c, d, e, f = self.matrix
        side = -1.0 if mirror else 1.0
        p, q, r, s = cos * side, -sin, sin * side, cos
        return replace(
            self,
            matrix=(
                *(a * p + b * r, a * q + b * s, a * x + b * y + c),
                *(d * p + e * r, d * q + e * s, d * x + e * y + f),
            ),
        )

    def polygon(self, points: Iterable[Point], ink: Ink) -> None:
        """Fill a polygon."""
        a, b, c, d, e, f = self.matrix
        # Pillow's polygons hold pixel centres: the edge at x units lies between two pixels.
        path = [(a * x + b * y + c - 0.5, d * x + e * y + f - 0.5) for x, y in points]
        ImageDraw.Draw(self.picture).polygon(path, fill=ink.colour)
        ImageDraw.Draw(self.labels).polygon(path, fill=ink.label)

    def disc(self, x: float, y: float, radius: float, ink: Ink) -> None:
        """Fill a circle."""
        self.polygon(arc(x, y, radius, radius, 0, 360), ink)

    def rectangle(
        self, left: float, top: float, right: float, bottom: float, ink: Ink, radius: float = 0.0
    ) -> None:
        """Fill a rectangle, with rounded corners where `radius` is positive."""
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        self.polygon(rounded(corners, radius) if radius else corners, ink)

    def line(self, points: Sequence[Point], width: float, ink: Ink, round_ends: bool = True) -> None:
        """A line of `width` through `points` with round joints; its ends are round or cut square."""
        half = width / 2
        before: tuple[float, float] | None = None  # half the width, across the piece before
        for (x0, y0), (x1, y1) in pairwise(points):
            if math.hypot(x1 - x0, y1 - y0) < 1e-6:
                continue
            ux, uy = _direction((x0, y0), (x1, y1))
            nx, ny = -uy * half, ux * half
            # Pieces overlap a little where they meet: a polygon's fill may miss its very edge.
            lap = 0.03 * width
            back = 0.0 if before is None else lap
            on = 0.0 if (x1, y1) == tuple(points[-1]) else lap
            ax, ay, bx, by = x0 - ux * back, y0 - uy * back, x1 + ux * on, y1 + uy * on
            self.polygon(
                [(ax + nx, ay + ny), (bx + nx, by + ny), (bx - nx, by - ny), (ax - nx, ay - ny)],
                ink,
            )
            if before is not None:
                self._joint((x0, y0), before, (nx, ny), ink)
            before = nx, ny
        for x, y in (points[0], points[-1]) if round_ends else ():
            self.polygon(arc(x, y, half, half, 0, 360, 24), ink)

    def _joint(self, at: Point, before: Point, after: Point, ink: Ink) -> None:
        (x, y), (px, py), (qx, qy) = at, before, after
        half = math.hypot(px, py)
        if px * qx + py * qy < 0.94 * half * half:
            self.polygon(arc(x, y, half, half, 0, 360, 24), ink)
        else:  # along a curve: a disc here would stick out of a square end nearby
            self.polygon([at, (x + px, y + py), (x + qx, y + qy)], ink)
            self.polygon([at, (x - px, y - py), (x - qx, y - qy)], ink)

    def finish(self) -> Drawing:
        """The canvas at its size; a mask pixel belongs to what covers at least half of it."""
        labels = np.asarray(self.labels)
        alpha = self._coverage(labels >= SIGN)
        symbol = self._coverage(labels == SYMBOL)
        mask = np.where(symbol >= 128, SYMBOL, np.where(alpha >= 128, SIGN, BACKGROUND))
        rgb = np.asarray(self.picture.reduce(self.supersample))
        return Drawing(rgb, alpha, mask.astype(np.uint8))

    def _coverage(self, where: np.ndarray) -> np.ndarray:
        return np.asarray(Image.fromarray(where.astype(np.uint8) * 255).reduce(self.supersample))


def arc(x: float, y: float, rx: float, ry: float, start: float, stop: float, steps: int = 0) -> list[Point]:
    """Points on an ellipse from `start` to `stop` degrees (0 = right, 90 = down)."""
    steps = steps or max(8, round(abs(stop - start) / 3))
    angles = [math.radians(start + (stop - start) * k / steps) for k in range(steps + 1)]
    return [(x + rx * math.cos(angle), y + ry * math.sin(angle)) for angle in angles]


def bezier(*controls: Point, steps: int = 24) -> list[Point]:
    """Points on the Bezier curve of any degree with these control points (de Casteljau)."""
    out = []
    for k in range(steps + 1):
        t, level = k / steps, list(controls)
        while len(level) > 1:
            level = [(p[0] + (q[0] - p[0]) * t, p[1] + (q[1] - p[1]) * t) for p, q in pairwise(level)]
        out.append(level[0])
    return out


def smooth(points: Sequence[Point], closed: bool = True, steps: int = 8) -> list[Point]:
    """A Catmull-Rom curve through `points`, for outlines of people and animals."""
    count = len(points)

    def at(index: int) -> np.ndarray:
        index = index % count if closed else min(max(index, 0), count - 1)
        return np.array(points[index], dtype=float)

    out: list[Point] = []
    for k in range(count if closed else count - 1):
        p, q, r, s = at(k - 1), at(k), at(k + 1), at(k + 2)
        for step in range(steps):
            t = step / steps
            value = (
                2 * q + (r - p) * t + (2 * p - 5 * q + 4 * r - s) * t**2 + (3 * q - p - 3 * r + s) * t**3
            ) / 2
            out.append((float(value[0]), float(value[1])))
    return out if closed else [*out, points[-1]]


def rounded(corners: Sequence[Point], radius: float) -> list[Point]:
    """The convex polygon `corners` with its corners rounded by circles of `radius`."""
    out: list[Point] = []
    for before, here, after in zip(
        [corners[-1], *corners[:-1]], corners, [*corners[1:], corners[0]], strict=True
    ):
        u = _direction(here, before)
        v = _direction(here, after)
        half = math.acos(max(-1.0, min(1.0, u[0] * v[0] + u[1] * v[1]))) / 2
        away = radius / math.sin(half)
        bisector = _direction((0.0, 0.0), (u[0] + v[0], u[1] + v[1]))
        centre = (here[0] + bisector[0] * away, here[1] + bisector[1] * away)
        cut = radius / math.tan(half)
        start, stop = (
            math.degrees(math.atan2(here[1] + w[1] * cut - centre[1], here[0] + w[0] * cut - centre[0]))
            for w in (u, v)
        )
        turn = (stop - start + 180) % 360 - 180
        out += arc(*centre, radius, radius, start, start + turn, 12)
    return out


def _direction(start: Point, stop: Point) -> Point:
    length = math.hypot(stop[0] - start[0], stop[1] - start[1])
    return ((stop[0] - start[0]) / length, (stop[1] - start[1]) / length)
