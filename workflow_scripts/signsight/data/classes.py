"""The 43 classes of GTSRB: names, shapes, rim colours, and what mirroring makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Shape = Literal["circle", "triangle", "inverted_triangle", "diamond", "octagon"]
Colour = Literal["red", "blue", "yellow", "grey"]


@dataclass(frozen=True)
class SignClass:
    """One class: its GTSRB number, a short English name, the shape and the colour of its rim."""

    class_id: int
    name: str
    shape: Shape
    colour: Colour


_NAMES = (
    "Speed limit 20",
    "Speed limit 30",
    "Speed limit 50",
    "Speed limit 60",
    "Speed limit 70",
    "Speed limit 80",
    "End of speed limit 80",
    "Speed limit 100",
    "Speed limit 120",
    "No overtaking",
    "No overtaking by lorries",
    "Right of way at next junction",
    "Priority road",
    "Give way",
    "Stop",
    "No vehicles",
    "No lorries",
    "No entry",
    "General danger",
    "Curve left",
    "Curve right",
    "Double curve",
    "Bumpy road",
    "Slippery road",
    "Road narrows on the right",
    "Road works",
    "Traffic lights",
    "Pedestrians",
    "Children",
    "Bicycles",
    "Snow or ice",
    "Wild animals",
    "End of all limits",
    "Turn right ahead",
    "Turn left ahead",
    "Ahead only",
    "Straight or right",
    "Straight or left",
    "Keep right",
    "Keep left",
    "Roundabout",
    "End of no overtaking",
    "End of no overtaking by lorries",
)


def _shape(class_id: int) -> Shape:
    if class_id == 11 or 18 <= class_id <= 31:
        return "triangle"
    special: dict[int, Shape] = {12: "diamond", 13: "inverted_triangle", 14: "octagon"}
    return special.get(class_id, "circle")


def _colour(class_id: int) -> Colour:
    if 33 <= class_id <= 40:
        return "blue"
    if class_id in (6, 32, 41, 42):
        return "grey"
    return "yellow" if class_id == 12 else "red"


GTSRB_CLASSES: tuple[SignClass, ...] = tuple(
    SignClass(number, name, _shape(number), _colour(number)) for number, name in enumerate(_NAMES)
)

# Class -> class of the picture flipped left-right; a class that is missing has no flipped class.
FLIP_LR: dict[int, int] = {
    **{number: number for number in (11, 12, 13, 15, 17, 18, 22, 26, 30, 35, 40)},
    **{19: 20, 20: 19, 33: 34, 34: 33, 36: 37, 37: 36, 38: 39, 39: 38},
}
# Class -> class of the picture flipped top-bottom.
FLIP_TB: dict[int, int] = {number: number for number in (1, 5, 12, 15, 17)}
