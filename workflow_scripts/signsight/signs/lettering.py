"""Numerals and letters of road signs as thick strokes, in the manner of DIN 1451."""

from __future__ import annotations

from signsight.signs.pen import Ink, Pen, Point, arc, bezier

# A glyph stands in a box 100 high and `width` wide; STROKE is the thickness of its lines.
STROKE = 14.0
_TOP, _FOOT = STROKE / 2, 100 - STROKE / 2

Strokes = list[list[Point]]


def _zero(w: float) -> Strokes:
    rx, ry, x = w / 2 - _TOP, min(w / 2 - _TOP + 6, 30), w / 2
    loop = arc(x, _TOP + ry, rx, ry, 180, 360) + arc(x, _FOOT - ry, rx, ry, 0, 180)
    return [[*loop, *loop[:2]]]


def _one(w: float) -> Strokes:
    stem = w - _TOP
    return [[(stem, 0), (stem, 100)], [(stem - 2, 5), (stem - 12, 15.5), (stem - 26, 23)]]


def _two(w: float) -> Strokes:
    rx, x = w / 2 - _TOP, w / 2
    head = arc(x, 30, rx, 23, 188, 385)
    return [[*head, (_TOP + 1.5, _FOOT)], [(0, _FOOT), (w, _FOOT)]]


def _three(w: float) -> Strokes:
    rx, x = w / 2 - _TOP, w / 2
    upper = arc(x, 28.5, rx - 1.5, 21.5, 196, 425)
    lower = arc(x, 70.5, rx, 22.5, -72, 166)
    return [upper, lower, [(x - 5, 48.5), (x + 9, 48.5)]]


def _five(w: float) -> Strokes:
    rx, x = w / 2 - _TOP, w / 2
    bowl = arc(x, 66.5, rx, 26.5, 218, 510)
    return [[(w - 2, _TOP), (_TOP + 1, _TOP)], [(_TOP + 2, 0), (_TOP + 1, 50)], bowl]


def _six(w: float) -> Strokes:
    rx, x = w / 2 - _TOP, w / 2
    loop = arc(x, 67, rx, 26, 0, 360)
    stem = bezier((w * 0.68, -2), (w * 0.42, 22), (_TOP, 42), (_TOP, 67))
    return [[*loop, *loop[:2]], stem]


def _seven(w: float) -> Strokes:
    stem = bezier((w - _TOP, _TOP + 1), (w - _TOP, 26), (w * 0.44, 55), (w * 0.38, 100))
    return [[(1, _TOP), (w, _TOP)], stem]


def _eight(w: float) -> Strokes:
    rx, x = w / 2 - _TOP, w / 2
    upper = arc(x, 27, rx - 2.5, 20, 0, 360)
    lower = arc(x, 70, rx, 23, 0, 360)
    return [[*upper, *upper[:2]], [*lower, *lower[:2]]]


def _letter_s(w: float) -> Strokes:
    rx, x = w / 2 - _TOP, w / 2
    upper = arc(x, 28, rx - 0.5, 21, -14, -180)
    lower = arc(x, 72, rx, 21, 0, 168)
    middle = bezier(upper[-1], (_TOP + 0.5, 47), (w - _TOP, 53), lower[0])
    return [upper + middle + lower]


def _letter_t(w: float) -> Strokes:
    return [[(0, _TOP), (w, _TOP)], [(w / 2, 0), (w / 2, 100)]]


def _letter_p(w: float) -> Strokes:
    bowl = arc(w - _TOP - 22, 30.5, 22, 23.5, -90, 90)
    return [[(_TOP, 0), (_TOP, 100)], [(_TOP, _TOP), *bowl, (_TOP, 54)]]


_GLYPHS = {
    "0": _zero,
    "1": _one,
    "2": _two,
    "3": _three,
    "5": _five,
    "6": _six,
    "7": _seven,
    "8": _eight,
    "S": _letter_s,
    "T": _letter_t,
    "O": _zero,
    "P": _letter_p,
}
_NARROW = {"1": 0.74}  # of the width of the others


def write(pen: Pen, text: str, height: float, width: float, gap: float, ink: Ink) -> None:
    """Write `text` in the middle of the sign.

    height, width, gap: of a glyph, in units; the strokes are 14 % of the height.
    """
    widths = [width * _NARROW.get(glyph, 1.0) for glyph in text]
    x = 500 - (sum(widths) + gap * (len(text) - 1)) / 2
    scale = height / 100
    for glyph, own in zip(text, widths, strict=True):
        part = pen.at(x, 500 - height / 2, scale)
        for stroke in _GLYPHS[glyph](own / scale):
            part.line(stroke, STROKE, ink, round_ends=False)
        x += own + gap
