"""Any folder of pictures, sorted in class folders; the whole picture is used."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
import pandas as pd

from signsight.core.errors import UserError
from signsight.core.parameters import Limits
from signsight.core.registry import data_sets
from signsight.data.class_folders import class_folder, folders, layout
from signsight.data.class_table import named_classes, network_numbers
from signsight.data.dataset import DataSet, Options, Part
from signsight.data.imageset import COLUMNS
from signsight.data.listing import SUFFIXES, LeftOut, contents, left_out
from signsight.data.pictures import FolderPictures
from signsight.data.source import local_folder
from signsight.data.split import held_out_tracks

log = logging.getLogger("signsight")


class FolderData(NamedTuple):
    """Records of training and test pictures (`image_id, class_id, track, source`; `source` is
    relative to the root), the class names by class id, and what is not read."""

    training: pd.DataFrame
    test: pd.DataFrame
    class_names: tuple[str, ...]
    left_out: Sequence[LeftOut]


@data_sets.register(
    "folder",
    seeded=True,
    label="own pictures",
    about="Your own pictures in class folders, or in `train` and `test` with class folders.",
    source="folder",
    fits=("stretch", "centre_crop"),
    symmetric=True,
    model_classes=True,
)
class Folder(DataSet):
    """The pictures of `<root>/<class>/`, or of `<root>/train/<class>/` and `<root>/test/<class>/`; for a
    network that is used as it is also of `<root>/test/<class>/` alone, numbered as the network does."""

    def __init__(
        self,
        test_fraction: Annotated[
            float,
            Limits(above=0, below=1),
            "Share of each class that becomes the test set, where the folder has no `train` and `test`.",
        ] = 0.3,
        track_pattern: Annotated[
            str | None,
            "Regular expression with one group that takes the track from a file's stem; null makes every "
            "picture its own track.",
        ] = None,
    ) -> None:
        self.test_fraction, self.pattern = test_fraction, _compiled(track_pattern)

    def part(self, name: Literal["train", "test"], files: Mapping[str, Path], options: Options) -> Part:
        """The pictures of the folder `options.source`."""
        root = local_folder(options.source)
        data = self.read(root, options.seed)
        records = data.training if name == "train" else data.test
        if name == "train" and records.empty:
            raise UserError(
                f"{root} has test/ but no train/, so there is nothing to train on; add train/<class>/ or set "
                "'model.train: false'."
            )
        if options.class_names:
            numbers = network_numbers(str(root), "class folder", data.class_names, options.class_names)
            records = records.assign(class_id=[numbers[one] for one in records["class_id"]])
        return Part(records, FolderPictures(root), left_out=data.left_out)

    def class_table(self, options: Options) -> pd.DataFrame:
        """Classes named by their folders, or those of the network."""
        return named_classes(options.class_names or _names(*layout(local_folder(options.source))))

    def read(self, root: Path, seed: int) -> FolderData:
        """All records. Class ids follow the sorted folder names, numbers by value ('2' before '10').

        Without train/ and test/, `test_fraction` of every class becomes the test set, in whole
        tracks, drawn from `seed`; pictures of a class whose names share the group of the pattern are
        one track. With test/ alone there are no training pictures. UserError when there are not two
        classes, one is empty, one in test/ is not in train/, or there is too little to split.
        """
        training, test = layout(root)
        names, kept = _names(training, test), (training, test)
        others = [] if test is None else [left_out(p, root) for p in contents(root) if p not in kept]
        if training is None:
            tested = _records(root, test, names, self.pattern, others)
            return FolderData(tested.iloc[:0], tested, tuple(names), others)
        records = _records(root, training, names, self.pattern, others)
        if test is None:
            held = held_out_tracks(records, self.test_fraction, seed, "test split")
            _check_split(root, records, held, names)
            records, tested = records[~held], records[held]
        else:
            _check_test_classes(test, names)
            tested = _records(root, test, names, self.pattern, others)
        training_records, test_records = (part.reset_index(drop=True) for part in (records, tested))
        return FolderData(training_records, test_records, tuple(names), others)


def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    if pattern is None:
        return None
    where = f"Config key 'data.folder.track_pattern' is {pattern!r}, which"
    try:
        compiled = re.compile(pattern)
    except re.error as fault:
        raise UserError(f"{where} is not a regular expression ({fault}); correct it.") from fault
    if compiled.groups != 1:
        raise UserError(f"{where} has {compiled.groups} groups; write exactly one (...).")
    return compiled


def _names(training: Path | None, test: Path | None) -> list[str]:
    """The names of the classes of a layout."""
    return _class_folders(test) if training is None else _class_names(training)


def _class_names(parent: Path) -> list[str]:
    names = _class_folders(parent)
    if len(names) == 1:
        raise UserError(
            f"{parent} has the class folder {names[0]!r} only, and a classifier needs two classes to tell "
            "apart; add another one."
        )
    return names


def _class_folders(parent: Path) -> list[str]:
    names = [path.name for path in folders(parent)]
    if not names:
        raise UserError(
            f"{parent} has no class folders; sort the pictures as <class>/<picture>, or "
            "train/<class>/<picture> and test/<class>/<picture>."
        )
    return names


def _check_test_classes(test: Path, names: list[str]) -> None:
    for name in _class_folders(test):
        if name not in names:
            raise UserError(f"{test / name} is a class that train/ does not have; add it there or remove it.")


def _check_split(root: Path, records: pd.DataFrame, held: np.ndarray, names: list[str]) -> None:
    counts = records["class_id"].value_counts()
    for class_id, name in enumerate(names):
        if counts[class_id] < 2:
            raise UserError(
                f"The class folder {root / name} has one picture, but needs one for the training and one "
                "for the test; add pictures or remove it, or, where nothing is trained, move the class "
                f"folders to {root / 'test'}."
            )
    tested = set(records["class_id"][held])
    missing = [name for number, name in enumerate(names) if number not in tested]
    if len(missing) == len(names):
        raise UserError(
            f"Every class in {root} is one track, so that none can be held out for the test; correct "
            "'data.folder.track_pattern' or add pictures."
        )
    if missing:
        log.info("no test pictures of these classes, which are one track: %s", ", ".join(missing))


def _records(
    root: Path,
    parent: Path,
    names: list[str],
    pattern: re.Pattern[str] | None,
    others: list[LeftOut],
) -> pd.DataFrame:
    """Records of `parent/<class>/` for the classes that are there; what is no picture goes to `others`."""
    others.extend(left_out(path, root) for path in contents(parent) if path.name not in names)
    rows = []
    for class_id, name in enumerate(names):
        folder = parent / name
        if not folder.is_dir():
            log.info("%s is not there: no pictures of that class in %s", folder, parent.name)
            continue
        found = class_folder(root, folder)
        others.extend(found.left_out)
        if not found.pictures:
            raise UserError(_hollow(folder, found.left_out))
        for path in found.pictures:
            image_id = f"{name}/{path.name}"
            track = image_id if pattern is None else f"{name}/{_group(pattern, path)}"
            rows.append((image_id, class_id, track, path.relative_to(root).as_posix()))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _hollow(folder: Path, others: Sequence[LeftOut]) -> str:
    """Why a class folder has no picture, and what to do."""
    found = f"{Path(others[0].file).name} {others[0].reason}" if others else ", ".join(SUFFIXES)
    return f"The class folder {folder} has no picture ({found}); put some in it or remove it."


def _group(pattern: re.Pattern[str], path: Path) -> str:
    match = pattern.search(path.stem)
    if match is None or match.group(1) is None:
        raise UserError(
            f"Config key 'data.folder.track_pattern': {pattern.pattern!r} is not found in the name of "
            f"{path}; correct the pattern or the name."
        )
    return match.group(1)
