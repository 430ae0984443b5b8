"""The images that several experiments have in common, found by their ids and checked by their pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import numpy as np
from PIL import Image

from signsight.core.errors import UserError
from signsight.core.files import atomic
from signsight.core.stored import stored
from signsight.data.imageset import ImageSet, open_image_set

BATCH = 256  # images that are compared at a time
ALIKE = 0.8  # correlation of the pixels of a picture at two sizes, which other pictures hardly reach


@dataclass(frozen=True)
class Matched:
    """The same n images in E experiments.

    labels: E names of the experiments. ids: (n,) str, ascending. rows: (E, n) int64, where each
    image stands in an experiment. class_ids: (E, n) int64, its true class by the numbers of the
    experiment. counts, sizes: (E,) int64, how many images an experiment has, and their side in pixels.
    """

    labels: np.ndarray
    ids: np.ndarray
    rows: np.ndarray
    class_ids: np.ndarray
    counts: np.ndarray
    sizes: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def rows_of(self, label: str) -> np.ndarray:
        """(n,) int64: the rows of the images in the experiment called `label`."""
        return self.rows[list(self.labels).index(label)]

    def save(self, path: Path | str) -> None:
        """Write it as `.npz`."""
        with atomic(path) as part, part.open("wb") as file:
            np.savez(file, **vars(self))


def read_matched(path: Path | str) -> Matched:
    """What `Matched.save` wrote."""
    with stored(path) as file:
        return Matched(**{name: file[name] for name in file})


def match(folders: Mapping[str, Path | str]) -> Matched:
    """The images that all of these image sets hold; folders: label of an experiment -> image set.

    Pictures of one size must be equal pixel by pixel. Pictures of two sizes, as networks of two
    input sizes have them, are taken for the same where they look alike at the smaller one. UserError
    when no id is in all sets, when pictures or their classes differ.
    """
    sets = {label: open_image_set(folder) for label, folder in folders.items()}
    places = [dict(zip(one.index["image_id"], range(len(one)), strict=True)) for one in sets.values()]
    ids = sorted(reduce(lambda a, b: a & b, (set(own) for own in places)))
    if not ids:
        raise UserError(
            f"Config key 'compare': {_named(sets)} have no test image in common (none has the same id); "
            "compare experiments on the same data set."
        )
    rows = np.array([[own[one] for one in ids] for own in places], np.int64)
    class_ids = np.stack([one.class_ids[r] for one, r in zip(sets.values(), rows, strict=True)])
    (first, base), *others = sets.items()
    for place, (label, one) in enumerate(others, 1):
        _refuse_other_pictures((first, base, rows[0]), (label, one, rows[place]), ids)
        _refuse_other_classes((first, class_ids[0]), (label, class_ids[place]), ids)
    counts = np.array([len(one) for one in sets.values()])
    sizes = np.array([max(one.size) for one in sets.values()])
    return Matched(np.array(list(sets)), np.array(ids), rows, class_ids, counts, sizes)


def _named(labels: Mapping[str, ImageSet]) -> str:
    *most, last = (repr(label) for label in labels)
    return f"{', '.join(most)} and {last}"


def _refuse_other_pictures(
    one: tuple[str, ImageSet, np.ndarray], two: tuple[str, ImageSet, np.ndarray], ids: list[str]
) -> None:
    """UserError unless the rows of both sets show the same pictures."""
    (first, base, mine), (label, other, theirs) = one, two
    alike = []
    for start in range(0, len(ids), BATCH):
        batch = slice(start, start + BATCH)
        a, b = base.take(mine[batch]), other.take(theirs[batch])
        if a.shape == b.shape:
            differs = (a != b).any(axis=(1, 2, 3))
            if differs.any():
                raise UserError(
                    f"Config key 'compare': the test image {ids[start + int(differs.argmax())]!r} is another "
                    f"picture in {label!r} than in {first!r}; compare experiments whose pictures come from "
                    "the same source and are drawn, cut and fitted alike."
                )
        else:
            alike.append(likeness_of_pictures(a, b))
    if alike and float(np.median(np.concatenate(alike))) < ALIKE:
        raise UserError(
            f"Config key 'compare': the test images of {label!r} ({max(other.size)} px) show other things "
            f"than those of {first!r} ({max(base.size)} px) under the same ids; compare experiments whose "
            "pictures come from the same source and are drawn, cut and fitted alike."
        )


def likeness_of_pictures(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Correlation of the pixels of each pair at the smaller size: (n, H, W, 3), (n, h, w, 3) uint8 -> (n,).

    1 for two pictures of one colour each, 0 where one of the two is.
    """
    small, large = sorted((a, b), key=lambda images: images.shape[1] * images.shape[2])
    size = small.shape[2], small.shape[1]
    shrunk = [np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX)) for image in large]
    x, y = (np.asarray(images, np.float64).reshape(len(small), -1) for images in (small, np.stack(shrunk)))
    x, y = x - x.mean(1, keepdims=True), y - y.mean(1, keepdims=True)
    spread = np.sqrt((x * x).sum(1)), np.sqrt((y * y).sum(1))
    scale = spread[0] * spread[1]
    plain = (spread[0] == 0) & (spread[1] == 0)
    return np.divide((x * y).sum(1), scale, out=plain.astype(np.float64), where=scale > 0)


def _refuse_other_classes(one: tuple[str, np.ndarray], two: tuple[str, np.ndarray], ids: list[str]) -> None:
    """UserError unless images of one class in the first set are of one class in the second too, and back."""
    (first, mine), (label, theirs) = one, two
    partner: dict[tuple[int, int], int] = {}
    for place, (a, b) in enumerate(zip(mine.tolist(), theirs.tolist(), strict=True)):
        if partner.setdefault((0, a), b) != b or partner.setdefault((1, b), a) != a:
            raise UserError(
                f"Config key 'compare': {label!r} sorts the test image {ids[place]!r} into another class "
                f"than {first!r} does; compare experiments with the same classes."
            )
