"""Pictures at a random place and size in a larger field, so that nothing is known of where the object is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from PIL import Image, ImageFilter

from signsight.core.rng import generator

if TYPE_CHECKING:
    import pandas as pd

PLACE = ("field_x", "field_y", "field_side")  # columns of the index of an image set: a `Place`, in its pixels
BLUR = 1 / 16  # standard deviation of the blur of a background, as a share of the field's side


@dataclass(frozen=True)
class Field:
    """What lies around pictures.

    scale: the least and the greatest side of the field in sides of the picture, each at least 1; a picture
    gets one between them at random. background: what is around it: its own `border`, drawn out and blurred,
    its `mean` colour, or `noise`. seed: of the experiment.
    """

    scale: Sequence[float]
    background: Literal["border", "mean", "noise"]
    seed: int


class Place(NamedTuple):
    """Where a square picture lies in its field: its left and upper edge and its side, in pixels."""

    left: int
    top: int
    side: int

    @property
    def inside(self) -> tuple[slice, slice]:
        """Its rows and columns."""
        return slice(self.top, self.top + self.side), slice(self.left, self.left + self.side)


def place_of(image_id: str, size: int, field: Field | None) -> Place:
    """The place of an image in its field of size x size pixels, by the seed and its id alone."""
    if field is None:
        return Place(0, 0, size)
    rng = generator(field.seed, "field", image_id)
    side = max(round(size / rng.uniform(*field.scale)), 1)
    left, top = rng.integers(0, size - side + 1, 2)
    return Place(int(left), int(top), side)


def in_field(picture: np.ndarray, place: Place, size: int, field: Field, image_id: str) -> np.ndarray:
    """`picture` (side, side, 3) uint8 at its place in a field (size, size, 3) uint8."""
    if field.background == "noise":
        rng = generator(field.seed, "background of the field", image_id)
        whole = rng.integers(0, 256, (size, size, 3), np.uint8)
    elif field.background == "mean":
        whole = np.empty((size, size, 3), np.uint8)
        whole[:] = np.round(picture.mean(axis=(0, 1)))
    else:
        whole = _drawn_out(picture, place, size)
    whole[place.inside] = picture
    return whole


def _drawn_out(picture: np.ndarray, place: Place, size: int) -> np.ndarray:
    """The picture's edge, repeated outwards and blurred; (size, size, 3) uint8."""
    before, after = (place.top, place.left), (size - place.top - place.side, size - place.left - place.side)
    around = [*zip(before, after, strict=True), (0, 0)]
    drawn = Image.fromarray(np.pad(picture, around, mode="edge"))
    return np.array(drawn.filter(ImageFilter.GaussianBlur(BLUR * size)))


def labels_in_field(labels: np.ndarray, place: Place, size: int) -> np.ndarray:
    """`labels` (side, side) at their place in (size, size) uint8; 0 around them."""
    whole = np.zeros((size, size), np.uint8)
    whole[place.inside] = labels
    return whole


def places(index: pd.DataFrame, size: int) -> list[Place]:
    """The places of the images of an image set, which its index has where they lie in a field."""
    if PLACE[0] not in index:
        return [Place(0, 0, size)] * len(index)
    return [Place(*map(int, row)) for row in index[list(PLACE)].to_numpy()]
