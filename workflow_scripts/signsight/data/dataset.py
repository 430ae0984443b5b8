"""What a data set has and does: its facts, which the rules and the config ask for, and its methods, for jobs.

A set is a class in a file of its own in `data/sets` (or in a plugin), with `@data_sets.register(name, ...)`;
the parameters in its `__init__` become config keys. Nothing here imports torch, pandas or requests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from signsight.core.errors import UserError
from signsight.core.registry import data_sets

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from signsight.data.listing import LeftOut
    from signsight.data.pictures import Pictures

ROI = ("roi_x1", "roi_y1", "roi_x2", "roi_y2")
DEFAULTS: dict[str, Any] = {
    # label: its name for people; about: one sentence for the docs; pictures: whether it has any.
    "label": "",
    "about": "",
    "pictures": True,
    # What `data.source` is: "archives", an address or a folder that holds them; "folder", that of the
    # pictures, which has to be named; "none", not allowed.
    "source": "none",
    # server: official address of the archives; archives: name of each -> checksum; unpacked: any of these in
    # a folder `data.source` that has none of the archives means that the set reads that folder.
    "server": None,
    "archives": {},
    "unpacked": (),
    # read: patterns of what the set reads in a folder beside pictures and CSV files, so that a change of it
    # is seen; `{name}` is that of a parameter.
    "read": (),
    # drawn: archives that the set draws itself; inputs: part -> {key: archive that it is made from}.
    "seeded": False,  # whether its parts depend on the seed
    "drawn": (),
    "inputs": {},
    # holds: how many pictures are in "train" and in "test", and how many "classes", as far as that is known
    # before any job: numbers, or lists of numbers and parameters to multiply. Jobs on a cluster ask for time
    # by it.
    "holds": {},
    # truth: from what it is known where the object is: "masks", the "roi" (where pictures are not cropped to
    # it) or None; roi: whether pictures have an annotated region of interest that they can be cropped to.
    "truth": None,
    "roi": False,
    # mirror: whether there are classes whose mirror image is a class; symmetric: whether every picture keeps
    # its class when it is flipped left-right, so that a training may do so at random; stock: whether it can
    # draw a stock picture of each class; fits: values of `data.fit` that it allows.
    "mirror": False,
    "symmetric": False,
    "stock": False,
    # signs: whether its pictures show signs, which get stickers where the config does not name the stages.
    "signs": False,
    "fits": ("stretch",),
    # Whether it takes the numbers of the classes from a network that is used as it is.
    "model_classes": False,
    # class_count: how many classes there are, where all have them; read before any job.
    "class_count": None,
    # published: figure -> CSV in config/published that it is compared with; ascending: pairs of parameters,
    # of which the first must not be above the second.
    "published": {},
    "ascending": (),
}


def facts(name: str) -> dict[str, Any]:
    """All facts of a data set: those of DEFAULTS, with what its source file says."""
    return DEFAULTS | data_sets.about(name)


def data_set(choice: Mapping[str, Any]) -> DataSet:
    """The data set that the params of a rule name: {"data_set": name, "parameters": {...}}."""
    return data_sets.get(choice["data_set"])(**choice["parameters"])


@dataclass(frozen=True)
class Options:
    """What a set is told of the config: `data.source`, `data.allow_empty_classes`, the seed, and, where a
    network is used as it is, the names of its classes by class id."""

    source: str | None = None
    allow_empty_classes: bool = False
    class_names: Sequence[str] | None = None
    seed: int = 0


@dataclass(frozen=True)
class Part:
    """Training or test pictures.

    records: one row a picture: `image_id` (str, unique), `class_id` (int), `track` (str: pictures of
    one physical object share it), `source` (str, for `pictures.read`); with a ROI also `width`,
    `height`, `roi_x1`, `roi_y1`, `roi_x2`, `roi_y2` (int, pixels, the last ones inclusive); with
    truth masks also `mask` (str, for `masks.read`).
    masks: 8-bit pictures of the size of their picture: 0 background, 1 object, 2 symbol on it.
    left_out: what lies beside the pictures and is not read, of the user's own pictures.
    """

    records: pd.DataFrame
    pictures: Pictures
    masks: Pictures | None = None
    left_out: Sequence[LeftOut] = ()


class DataSet:
    """The behaviour that a set has unless it says otherwise."""

    # Class -> class of the picture flipped left-right, and top-bottom; a class may be missing.
    flips: ClassVar[tuple[Mapping[int, int], Mapping[int, int]]] = ({}, {})

    def part(self, name: Literal["train", "test"], files: Mapping[str, Path], options: Options) -> Part:
        """The training or test pictures. files: archives by their key in the fact `inputs`."""
        raise self._lacking("part")

    def class_table(self, options: Options) -> pd.DataFrame:
        """class_id (int, 0, 1, ...), name (str) and shape (str) of every class."""
        from signsight.data.class_table import named_classes

        return named_classes(options.class_names or ())

    def stock_picture(self, class_id: int, size: int) -> np.ndarray:
        """A clean picture of a class, (size, size, 3) uint8; only with the fact `stock`."""
        raise self._lacking("stock_picture")

    def draw(self, folder: Path, *, workers: int, seed: int) -> None:
        """Write the archives of the fact `drawn` to `folder`."""
        raise self._lacking("draw")

    def _lacking(self, method: str) -> UserError:
        return UserError(
            f"The data set {type(self).__name__} has no method '{method}', which the facts of its "
            "declaration promise; write it, or correct the facts (docs/adding.md)."
        )
