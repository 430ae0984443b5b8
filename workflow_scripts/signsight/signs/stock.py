"""The clean sign of every class, seen from the front.

What the mask calls the symbol (2); all else of the plate, rim and edge included, is sign (1):

| classes | symbol |
|---|---|
| 0-5, 7, 8 | the numerals |
| 6, 32, 41, 42 | the strokes, and the numerals, cars or lorry under them |
| 9, 10, 16 | the vehicles |
| 11, 18-31 | the black pictogram (26: the three lamps) |
| 12 | the yellow field with its black line inside |
| 13, 15 | the white field inside the red rim |
| 14 | the letters |
| 17 | the white bar |
| 33-40 | the white arrows |
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from signsight.signs import arrows, figures, plates, vehicles
from signsight.signs.lettering import write
from signsight.signs.pen import BLACK, GREY, WHITE, Drawing, Pen

BACKDROP = (150, 152, 154)  # neutral, and parted in brightness from the white edge and every rim

# Classes whose drawing is another one's mirror image: the same drawing, flipped.
_MIRRORED = {19: 20, 34: 33, 37: 36, 39: 38}

_LIMITS = {0: 20, 1: 30, 2: 50, 3: 60, 4: 70, 5: 80, 7: 100, 8: 120}  # km/h


def _speed_limit(pen: Pen, text: str) -> None:
    plates.prohibition(pen)
    height, width, gap = (410, 226, 40) if len(text) == 2 else (372, 176, 26)
    write(pen, text, height, width, gap, BLACK.symbol())


def _end_of_speed_limit(pen: Pen) -> None:
    plates.end_plate(pen)
    write(pen, "80", 470, 280, 50, GREY.symbol())
    plates.end_strokes(pen)


def _stop(pen: Pen) -> None:
    plates.stop_plate(pen)
    write(pen, "STOP", 356, 172, 32, WHITE.symbol())


def _on(plate: Callable[[Pen], None], *parts: Callable[[Pen], None]) -> Callable[[Pen], None]:
    """A sign: a plate and what is drawn on it."""

    def draw(pen: Pen) -> None:
        for part in (plate, *parts):
            part(pen)

    return draw


_DRAW: dict[int, Callable[[Pen], None]] = {
    **{class_id: partial(_speed_limit, text=str(limit)) for class_id, limit in _LIMITS.items()},
    6: _end_of_speed_limit,
    9: _on(plates.prohibition, vehicles.no_overtaking),
    10: _on(plates.prohibition, vehicles.no_lorry_overtaking),
    11: _on(plates.danger, arrows.next_junction),
    12: plates.priority_road,
    13: plates.give_way,
    14: _stop,
    15: partial(plates.prohibition, centre=WHITE.symbol()),
    16: _on(plates.prohibition, vehicles.lorry_side),
    17: plates.no_entry,
    18: _on(plates.danger, vehicles.exclamation),
    20: _on(plates.danger, arrows.curve_right),
    21: _on(plates.danger, arrows.double_curve),
    22: _on(plates.danger, vehicles.bumpy_road),
    23: _on(plates.danger, vehicles.slippery_road),
    24: _on(plates.danger, vehicles.road_narrows_right),
    25: _on(plates.danger, figures.worker),
    26: _on(plates.danger, vehicles.traffic_light),
    27: _on(plates.danger, figures.pedestrian),
    28: _on(plates.danger, figures.children),
    29: _on(plates.danger, figures.bicycle),
    30: _on(plates.danger, figures.snow_crystal),
    31: _on(plates.danger, figures.deer),
    32: _on(plates.end_plate, plates.end_strokes),
    33: _on(plates.mandatory, arrows.turn_right),
    35: _on(plates.mandatory, arrows.ahead),
    36: _on(plates.mandatory, arrows.straight_or_right),
    38: _on(plates.mandatory, arrows.keep_right),
    40: _on(plates.mandatory, arrows.roundabout),
    41: _on(plates.end_plate, vehicles.end_no_overtaking, plates.end_strokes),
    42: _on(plates.end_plate, vehicles.end_no_lorry_overtaking, plates.end_strokes),
}


def drawing(class_id: int, size: int, backdrop: tuple[int, int, int] = BACKDROP) -> Drawing:
    """The sign of `class_id` (0..42) on a plain backdrop, `size` x `size` pixels.

    The sign is as wide as the picture; a triangle stands in its middle.
    """
    if class_id in _MIRRORED:
        return Drawing(*(part[:, ::-1] for part in drawing(_MIRRORED[class_id], size, backdrop)))
    pen = Pen.on_canvas(size, backdrop)
    _DRAW[class_id](pen)
    return pen.finish()


def stock_sign(class_id: int, size: int = 800) -> tuple[np.ndarray, np.ndarray]:
    """The clean sign of `class_id` (0..42) from the front, as wide as the picture, on plain grey.

    Returns rgb (size, size, 3) uint8 and mask (size, size) uint8 with 0 = background, 1 = sign,
    2 = symbol (this module's table says what that is). Raises KeyError for another class.
    """
    made = drawing(class_id, size)
    return np.ascontiguousarray(made.rgb), np.ascontiguousarray(made.mask)
