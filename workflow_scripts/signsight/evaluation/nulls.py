"""Null maps: they know nothing of the image that they stand for, and a method's own map has to beat them.

Noise is a weak opponent: where the objects lie in the middle, any round map in the middle is far better than
noise by every metric that hides pixels. Null maps keep what is typical of the method and of the data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from signsight.core.files import ArrayFile
from signsight.core.rng import generator

FITTED_ON = 200  # maps that a width is fitted on
FALLBACK = 0.25  # standard deviation as a share of the side, where no other map has a value but 0

# rows (n,) int64 of the test set -> maps (n, H, W) float32 of the null for them
NullMaps = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Null:
    """A kind of null map.

    label: its name in figures and sentences. means: what it is, and unbeaten: what holds of a method that
    does not beat it, for the docs. make: from the method's maps of all test images, their true classes (N,)
    int and the seed to the rows that have a null map, (m,) int64, and what makes those of some of them.
    """

    label: str
    means: str
    unbeaten: str
    make: Callable[[ArrayFile, np.ndarray, int], tuple[np.ndarray, NullMaps]]


def same_class(maps: ArrayFile, classes: np.ndarray, seed: int) -> tuple[np.ndarray, NullMaps]:
    """The method's map of another image of the same true class; none for the only image of a class."""
    donors = donor_rows(classes, seed)
    return np.flatnonzero(donors >= 0), lambda rows: maps.take(donors[rows])


def any_class(maps: ArrayFile, classes: np.ndarray, seed: int) -> tuple[np.ndarray, NullMaps]:
    """The method's map of another image, of whatever class; none for the only image there is."""
    donors = donor_rows(np.zeros_like(classes), seed)
    return np.flatnonzero(donors >= 0), lambda rows: maps.take(donors[rows])


def centre_prior(maps: ArrayFile, classes: np.ndarray, seed: int) -> tuple[np.ndarray, NullMaps]:
    """A Gaussian about the image's centre, as wide as the method's maps of the images of the other half.

    The images are cut into two halves at random, and each half gets the width of the other one.
    """
    half = halves(len(classes), seed)
    fitted = [np.flatnonzero(half != side)[:FITTED_ON] for side in (0, 1)]
    bumps = [gaussian(maps.shape[1:], width(maps.take(rows))) for rows in fitted]
    return np.arange(len(classes)), lambda rows: np.stack([bumps[half[row]] for row in rows])


NULLS = {
    "centre_prior": Null(
        "centre prior",
        "a Gaussian about the centre of the image, as wide as the method's maps of other images",
        "does not find the object better than by pointing at the middle",
        centre_prior,
    ),
    "any_class": Null(
        "map of any other image",
        "the method's own map of another image, drawn at random",
        "has maps that are equal for all images, as far as the metric can tell",
        any_class,
    ),
    "same_class": Null(
        "map of another image of the class",
        "the method's own map of another image of the same true class, drawn at random",
        "has maps that are those of a class, not of the image",
        same_class,
    ),
}


def null_labels(thing: str = "image") -> dict[str, str]:
    """Kind of null map -> its name, for maps of an "image" or of a "box"."""
    return {kind: null.label.replace("image", thing) for kind, null in NULLS.items()}


def halves(count: int, seed: int) -> np.ndarray:
    """(count,) int64, 0 or 1: a random half of each row, of which the other one gives a width."""
    place = generator(seed, "halves of the centre prior", count).permutation(count)
    return (place < count // 2).astype(np.int64)


def donor_rows(groups: np.ndarray, seed: int) -> np.ndarray:
    """For each of N images the row of another one of its group, which each image lends once; -1 where alone.

    groups: (N,) int; of unknown ones (below 0) no map is lent. The images of a group stand in a ring in
    random order, and each gets the map of the next one: nobody its own, and no map twice, so that a null has
    the very values of the method's maps.
    """
    donors = np.full(len(groups), -1, np.int64)
    shuffled = generator(seed, "ring of null maps", len(groups)).permutation(len(groups))
    for group in np.unique(groups[groups >= 0]):
        ring = shuffled[groups[shuffled] == group]
        if len(ring) > 1:
            donors[ring] = np.roll(ring, -1)
    return donors


def width(maps: np.ndarray) -> float:
    """Standard deviation of the size of maps (n, H, W) about the centre, per axis, as a share of the side."""
    size = np.abs(np.nan_to_num(maps.astype(np.float64)))
    total = size.sum(axis=(1, 2))
    size = size[total > 0] / total[total > 0, None, None]
    if not len(size):
        return FALLBACK
    down, across = (((np.arange(side) + 0.5) / side - 0.5) ** 2 for side in size.shape[1:])
    return float(np.sqrt((size * (down[:, None] + across)).sum(axis=(1, 2)).mean() / 2))


def gaussian(size: tuple[int, ...], sd: float) -> np.ndarray:
    """(H, W) float32 in (0, 1]: a Gaussian about the centre; sd as a share of the sides."""
    down, across = (np.exp(-0.5 * (((np.arange(s) + 0.5) / s - 0.5) / sd) ** 2) for s in size)
    return (down[:, None] * across).astype(np.float32)
