"""The vehicles, the road, and the things beside it on the signs."""

from __future__ import annotations

from signsight.signs.pen import (
    BLACK,
    GREEN,
    GREY,
    RED,
    WHITE,
    YELLOW,
    Ink,
    Pen,
    Point,
    arc,
    bezier,
    smooth,
)

_BLACK = BLACK.symbol()
_RED = RED.symbol()


def car_rear(pen: Pen, ink: Ink) -> None:
    """A car seen from behind, 200 wide and 170 high, its middle at the origin."""
    pen.polygon([(-84, -18), (-58, -85), (58, -85), (84, -18)], ink)
    pen.polygon([(-66, -22), (-46, -72), (46, -72), (66, -22)], WHITE)
    pen.rectangle(-100, -24, 100, 50, ink, 14)
    for side in (-1, 1):
        pen.at(0, 0, mirror=side < 0).rectangle(52, 40, 86, 85, ink, 5)
        pen.at(0, 0, mirror=side < 0).rectangle(58, -4, 88, 12, WHITE, 3)
    pen.rectangle(-96, 36, 96, 42, WHITE)


def lorry_rear(pen: Pen, ink: Ink) -> None:
    """A lorry seen from behind, 220 wide and 260 high, its middle at the origin."""
    pen.rectangle(-110, -130, 110, 72, ink, 4)
    pen.rectangle(-110, 82, 110, 100, ink)
    for side in (-1, 1):
        pen.at(0, 0, mirror=side < 0).rectangle(58, 95, 100, 130, ink, 4)
    pen.rectangle(-26, 95, 26, 116, ink, 6)


def no_overtaking(pen: Pen) -> None:
    """A red car on the left of a black one."""
    car_rear(pen.at(327, 505, 1.42), _RED)
    car_rear(pen.at(673, 505, 1.42), _BLACK)


def no_lorry_overtaking(pen: Pen) -> None:
    """A red lorry on the left of a black car."""
    lorry_rear(pen.at(322, 488, 1.22), _RED)
    car_rear(pen.at(663, 541, 1.24), _BLACK)


def end_no_overtaking(pen: Pen) -> None:
    """Two grey cars (the strokes come over them)."""
    car_rear(pen.at(295, 505, 1.6), GREY.symbol())
    car_rear(pen.at(705, 505, 1.6), GREY.symbol())


def end_no_lorry_overtaking(pen: Pen) -> None:
    """A grey lorry and a grey car (the strokes come over them)."""
    lorry_rear(pen.at(298, 480, 1.4), GREY.symbol())
    car_rear(pen.at(700, 548, 1.36), GREY.symbol())


def lorry_side(pen: Pen) -> None:
    """A lorry seen from its left side: box, cab with window, two wheels."""
    pen.rectangle(385, 365, 800, 572, _BLACK, 4)
    cab = [(204, 600), (204, 530), (232, 440), (368, 440), (368, 600)]
    pen.polygon(cab, _BLACK)
    pen.polygon([(230, 528), (254, 462), (312, 462), (312, 528)], WHITE)
    pen.rectangle(196, 582, 800, 612, _BLACK, 6)
    for x in (282, 672):
        pen.disc(x, 618, 62, WHITE)
        pen.disc(x, 618, 52, _BLACK)
        pen.disc(x, 618, 20, WHITE)


def exclamation(pen: Pen) -> None:
    """A tapered bar over a dot."""
    bar = [*arc(500, 386, 48, 44, 180, 360), *arc(500, 640, 25, 22, 0, 180)]
    pen.polygon(bar, _BLACK)
    pen.disc(500, 742, 47, _BLACK)


def bumpy_road(pen: Pen) -> None:
    """A road with two humps."""
    pen.rectangle(255, 735, 745, 785, _BLACK)
    for x in (392, 608):
        left = bezier((x - 120, 736), (x - 66, 730), (x - 66, 642), (x, 642))
        right = [(2 * x - px, py) for px, py in reversed(left)]
        pen.polygon(left + right, _BLACK)


def slippery_road(pen: Pen) -> None:
    """A tilted car above two winding skid marks."""
    car_rear(pen.at(506, 512, 1.3, degrees=14), _BLACK)
    mark = [(60, 0), (58, 26), (8, 44), (-46, 66), (-30, 94), (40, 106), (56, 130), (0, 158)]
    for dx, dy in ((395, 618), (577, 640)):
        points = [(dx + 1.15 * x, dy + y) for x, y in mark]
        pen.line(smooth(points, closed=False), 28, _BLACK, round_ends=False)


def road_narrows_right(pen: Pen) -> None:
    """Two edges of a road; the right one steps inwards on its way up."""
    pen.rectangle(402, 440, 460, 785, _BLACK)
    edge: list[Point] = [(516, 440), (574, 440), (574, 530), (644, 618), (644, 785)]
    pen.polygon([*edge, (586, 785), (586, 640), (516, 552)], _BLACK)


def traffic_light(pen: Pen) -> None:
    """Three lamps one above the other: red, yellow, green, each with a black rim."""
    for y, ink in ((430, RED), (574, YELLOW), (718, GREEN)):
        pen.disc(500, y, 66, _BLACK)
        pen.disc(500, y, 55, ink.symbol())
