"""The arrows of the blue signs and of the curve warnings."""

from __future__ import annotations

import math
from collections.abc import Sequence

from signsight.signs.pen import BLACK, WHITE, Ink, Pen, Point, arc, bezier

_WHITE = WHITE.symbol()
_BLACK = BLACK.symbol()


def _head(pen: Pen, tip: Point, degrees: float, points: Sequence[Point], ink: Ink) -> None:
    """A head whose `points` are given for an arrow that points right with its tip at (0, 0)."""
    pen.at(*tip, degrees=degrees).polygon(points, ink)


def _chevron(reach: float, width: float) -> list[Point]:
    """An open head: two bars of `width` at 45 degrees that go back by `reach`."""
    q = width / math.sqrt(2)
    r = reach - q
    return [(0, 0), (-r, r), (-reach, r - q), (-2 * q, 0), (-reach, q - r), (-r, -r)]


def _barbed(length: float, half: float, notch: float = 0.8) -> list[Point]:
    """A solid head; its barbs reach back `length`, the shaft meets it at `notch` of that."""
    return [(0, 0), (-length, half), (-length * notch, 0), (-length, -half)]


def ahead(pen: Pen) -> None:
    """Ahead only: an arrow straight up."""
    pen.line([(500, 880), (500, 180)], 100, _WHITE, round_ends=False)
    _head(pen, (500, 110), -90, _chevron(310, 100), _WHITE)


def turn_right(pen: Pen) -> None:
    """Turn right ahead: up, then to the right."""
    bend = arc(510, 565, 175, 175, 180, 270)
    pen.line([(335, 850), *bend, (790, 390)], 102, _WHITE, round_ends=False)
    _head(pen, (890, 390), 0, _chevron(290, 102), _WHITE)


def straight_or_right(pen: Pen) -> None:
    """Straight on or right: a tall arrow and a branch to the right."""
    pen.line([(395, 905), (395, 300)], 88, _WHITE, round_ends=False)
    _head(pen, (395, 80), -90, _barbed(290, 138), _WHITE)
    branch = bezier((395, 790), (405, 640), (510, 585), (700, 585))
    pen.line([(395, 850), *branch], 84, _WHITE, round_ends=False)
    _head(pen, (915, 585), 0, _barbed(270, 135), _WHITE)


def keep_right(pen: Pen) -> None:
    """Keep right: an arrow down to the right."""
    arrow = pen.at(500, 500, degrees=45)
    arrow.line([(-400, 0), (180, 0)], 108, _WHITE, round_ends=False)
    _head(arrow, (405, 0), 0, _barbed(315, 178, 0.85), _WHITE)


def roundabout(pen: Pen) -> None:
    """Roundabout: three arrows that go round anticlockwise."""
    for turn in (0, 120, 240):
        part = pen.at(500, 500, degrees=turn)
        part.line(arc(0, 0, 285, 285, 12, -58), 82, _WHITE, round_ends=False)
        angle = math.radians(-58)
        base = (285 * math.cos(angle), 285 * math.sin(angle))
        head = part.at(*base, degrees=-155)
        head.polygon([(118, 0), (-50, 138), (-12, 0), (-50, -138)], _WHITE)


def curve_right(pen: Pen) -> None:
    """Curve to the right: a thick black arrow with a notched tail."""
    bend = arc(484, 663, 95, 95, 180, 270)
    pen.line([(389, 720), *bend, (580, 568)], 90, _BLACK, round_ends=False)
    pen.polygon([(344, 710), (434, 710), (434, 795), (389, 748), (344, 795)], _BLACK)
    _head(pen, (662, 568), 0, [(0, 0), (-100, 68), (-100, -68)], _BLACK)


def double_curve(pen: Pen) -> None:
    """Double curve, first to the left: a thick black arrow that bends twice."""
    path = [(444, 500), (450, 668), (586, 592), (596, 700)]
    pen.line(path, 92, _BLACK, round_ends=False)
    _head(pen, (436, 388), -92, [(0, 0), (-124, 62), (-124, -62)], _BLACK)
    pen.polygon([(550, 690), (642, 688), (650, 800), (601, 750), (556, 804)], _BLACK)


def next_junction(pen: Pen) -> None:
    """Right of way at the next junction: a broad arrow up, crossed by a thin bar."""
    pen.rectangle(330, 580, 670, 634, _BLACK)
    pen.polygon([(500, 345), (606, 470), (394, 470)], _BLACK)
    pen.polygon([(434, 460), (566, 460), (566, 785), (500, 728), (434, 785)], _BLACK)
