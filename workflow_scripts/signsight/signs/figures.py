"""The people, the animal, the bicycle and the snow crystal of the danger signs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from signsight.signs.pen import BLACK, Pen, Point, arc, smooth

_BLACK = BLACK.symbol()


def _limb(pen: Pen, points: Sequence[Point], thick: float, thin: float) -> None:
    """A limb that tapers from `thick` to `thin` along `points`, with round joints."""
    count = len(points) - 1
    widths = [thick + (thin - thick) * k / count for k in range(count + 1)]
    for (x, y), width in zip(points, widths, strict=True):
        pen.disc(x, y, width / 2, _BLACK)
    for k in range(count):
        (x0, y0), (x1, y1) = points[k], points[k + 1]
        length = math.hypot(x1 - x0, y1 - y0)
        nx, ny = (y0 - y1) / length / 2, (x1 - x0) / length / 2
        a, b = widths[k], widths[k + 1]
        pen.polygon(
            [
                (x0 + nx * a, y0 + ny * a),
                (x1 + nx * b, y1 + ny * b),
                (x1 - nx * b, y1 - ny * b),
                (x0 - nx * a, y0 - ny * a),
            ],
            _BLACK,
        )


def pedestrian(pen: Pen) -> None:
    """A person who walks."""
    pen.disc(505, 392, 38, _BLACK)
    pen.polygon(smooth([(476, 446), (540, 446), (556, 520), (550, 600), (478, 600), (466, 520)]), _BLACK)
    _limb(pen, [(482, 462), (432, 540), (408, 606)], 36, 26)
    _limb(pen, [(540, 462), (592, 532), (578, 602)], 36, 26)
    _limb(pen, [(500, 590), (470, 690), (404, 790)], 52, 34)
    _limb(pen, [(530, 590), (566, 690), (612, 790)], 52, 34)


def _child(pen: Pen, front_hand: float, back_hand: float) -> None:
    """A child who runs to the left, 350 units high, its hip at the origin, hands at these y."""
    pen.disc(-8, -172, 36, _BLACK)
    pen.polygon(smooth([(-34, -122), (24, -124), (34, -60), (36, 6), (-30, 6), (-32, -60)]), _BLACK)
    _limb(pen, [(-18, -108), (-72, -66), (-106, front_hand)], 30, 22)
    _limb(pen, [(14, -108), (68, -74), (100, back_hand)], 30, 22)
    _limb(pen, [(-10, -4), (-34, 66), (-30, 138), (-56, 142)], 44, 22)
    _limb(pen, [(14, -4), (62, 56), (118, 82), (128, 58)], 44, 22)


def children(pen: Pen) -> None:
    """Two children who run hand in hand, the smaller one in front."""
    _child(pen.at(548, 640, 1.0), -50, -74)
    _child(pen.at(372, 690, 0.74), -88, -135)


def worker(pen: Pen) -> None:
    """A worker who digs beside a heap."""
    pen.disc(505, 418, 40, _BLACK)
    pen.polygon(
        smooth([(468, 448), (412, 462), (364, 540), (346, 616), (418, 630), (450, 560), (482, 480)]),
        _BLACK,
    )
    _limb(pen, [(462, 478), (492, 566), (462, 642)], 38, 28)
    _limb(pen, [(390, 610), (404, 700), (440, 786)], 52, 36)
    _limb(pen, [(376, 606), (346, 700), (302, 786)], 52, 36)
    pen.line([(408, 600), (566, 736)], 20, _BLACK)
    pen.polygon([(552, 704), (590, 742), (610, 790), (560, 776), (530, 738)], _BLACK)
    heap = [(512, 790), (572, 752), (636, 672), (668, 660), (706, 690), (782, 790)]
    pen.polygon(heap, _BLACK)


def bicycle(pen: Pen) -> None:
    """A bicycle that goes to the left."""
    back, front, crank = (632.0, 694.0), (368.0, 694.0), (508.0, 694.0)
    head, saddle = (424.0, 556.0), (572.0, 560.0)
    for x, y in (back, front):
        wheel = arc(x, y, 86, 86, 0, 360)
        pen.line([*wheel, wheel[1]], 22, _BLACK)
    for tube in ((front, head), (head, saddle), (head, crank), (saddle, crank), (saddle, back)):
        pen.line(tube, 22, _BLACK)
    pen.line([crank, back], 20, _BLACK)
    pen.line([head, (410, 512), (446, 500), (478, 506)], 20, _BLACK)
    pen.line([saddle, (580, 530)], 20, _BLACK)
    pen.line([(544, 522), (616, 522)], 26, _BLACK)
    pen.disc(*crank, 28, _BLACK)


def snow_crystal(pen: Pen) -> None:
    """A crystal with six branched arms."""
    for turn in range(0, 360, 60):
        arm = pen.at(500, 610, degrees=turn)
        arm.line([(0, 0), (0, -182)], 32, _BLACK, round_ends=False)
        for start, length in ((-84, 76), (-136, 62)):
            for side in (-1, 1):
                end = (side * length * math.sin(0.95), start - length * math.cos(0.95))
                arm.line([(0, start), end], 27, _BLACK, round_ends=False)


def deer(pen: Pen) -> None:
    """A deer that leaps to the left."""
    body: list[Point] = [
        (392, 462), (420, 436), (452, 428), (476, 436), (492, 470), (506, 524), (556, 560),
        (612, 584), (662, 600), (692, 588), (690, 622), (682, 656), (648, 676), (602, 672),
        (552, 668), (506, 650), (462, 608), (458, 540), (450, 488), (420, 484), (392, 482),
    ]  # fmt: skip
    pen.polygon(smooth(body), _BLACK)
    _limb(pen, [(652, 636), (706, 694), (730, 722), (766, 800)], 64, 18)
    _limb(pen, [(622, 636), (672, 708), (690, 738), (716, 802)], 56, 18)
    _limb(pen, [(490, 620), (412, 616), (364, 592)], 46, 18)
    _limb(pen, [(500, 636), (420, 654), (390, 692), (378, 716)], 46, 18)
    pen.polygon([(464, 440), (500, 400), (506, 424), (482, 450)], _BLACK)
    pen.line([(452, 436), (470, 386), (516, 352)], 15, _BLACK)
    pen.line([(440, 434), (446, 384), (482, 334)], 15, _BLACK)
    pen.line([(462, 396), (446, 366)], 13, _BLACK)
    pen.line([(492, 368), (500, 344)], 13, _BLACK)
