"""Pictures that a CSV lists with their classes: one-hot columns, as Plant Pathology has them, or names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, NamedTuple

import pandas as pd

from signsight.core.errors import UserError
from signsight.core.parameters import Limits
from signsight.core.registry import data_sets
from signsight.data.class_table import named_classes, network_numbers
from signsight.data.dataset import DataSet, Options, Part
from signsight.data.imageset import COLUMNS
from signsight.data.listing import LeftOut, contents, is_picture, leads_outside, left_out
from signsight.data.pictures import FolderPictures
from signsight.data.rows import Row, read_rows
from signsight.data.source import local_folder
from signsight.data.split import held_out_tracks

MARKS = {"0": False, "0.0": False, "1": True, "1.0": True}


class Listed(NamedTuple):
    """A row of the table: where it stands, the id of its picture, its class, and its track."""

    where: str
    image_id: str
    name: str
    track: str


@data_sets.register(
    "listed",
    seeded=True,
    label="listed pictures",
    about="Pictures in a folder with a CSV of their classes, as the leaves of Plant Pathology 2020: a column "
    "with 0 or 1 for each class, or one with the name of the class.",
    source="folder",
    read=("{table}", "{pictures}/*"),
    fits=("stretch", "centre_crop"),
    symmetric=True,
    model_classes=True,
)
class ListedPictures(DataSet):
    """The pictures that `<root>/<table>` lists and `<root>/<pictures>` has.

    A part of them, drawn class by class, is held out for the test. Rows without a picture and pictures
    without a row are left out and reported.
    """

    def __init__(
        self,
        table: Annotated[str, "The CSV, within the folder `data.source`."] = "train.csv",
        pictures: Annotated[str, "The folder of the pictures, within the folder `data.source`."] = "images",
        id_column: Annotated[
            str,
            "Column that names a row's picture: the name of its file, with or without its suffix, or its "
            "path within `data.source`.",
        ] = "image_id",
        class_column: Annotated[
            str | None,
            "Column that names a row's class; null makes every other column a class, with a 1 in that of the "
            "row and a 0 in the others.",
        ] = None,
        track_column: Annotated[
            str | None,
            "Column that says which pictures are of one physical object, which stay together when some are "
            "held out; null makes every picture its own.",
        ] = None,
        test_fraction: Annotated[
            float, Limits(above=0, below=1), "Share of each class that becomes the test set."
        ] = 0.3,
    ) -> None:
        self.table, self.pictures = _inside("table", table), _inside("pictures", pictures)
        self.id_column, self.class_column, self.track_column = id_column, class_column, track_column
        self.test_fraction = test_fraction

    def part(self, name: Literal["train", "test"], files: Mapping[str, Path], options: Options) -> Part:
        """The training or test pictures of the folder `options.source`."""
        root = local_folder(options.source)
        table = root / self.table
        rows, names = self._read(root)
        records, others = _records(rows, names, _files(root, self.pictures), table)
        _check_classes(table, records, names, options.allow_empty_classes)
        if len(names) == 1 and not options.class_names:
            raise UserError(
                f"{table} has the class {names[0]!r} only, and a classifier needs two classes to tell "
                "apart; add "
                "another one."
            )
        held = held_out_tracks(records, self.test_fraction, options.seed, "test split")
        if not held.any():
            raise UserError(
                f"Every class of {table} is one track, so that none can be held out for the test; correct "
                "'data.listed.track_column' or add pictures."
            )
        records = records[held == (name == "test")].reset_index(drop=True)
        if options.class_names:
            numbers = network_numbers(str(table), "class", names, options.class_names)
            records = records.assign(class_id=[numbers[one] for one in records["class_id"]])
        others += _no_pictures(root, self.pictures)
        return Part(records, FolderPictures(root), left_out=others)

    def class_table(self, options: Options) -> pd.DataFrame:
        """Classes in the order of their columns, or by name, or those of the network."""
        return named_classes(options.class_names or self._read(local_folder(options.source))[1])

    def _read(self, root: Path) -> tuple[list[Listed], list[str]]:
        """The rows of the table, and the names of the classes. UserError for a faulty table."""
        path = root / self.table
        named = [self.id_column, self.class_column, self.track_column]
        rows = list(read_rows(path, [column for column in named if column]))
        if not rows:
            raise UserError(f"{path} lists no pictures; add rows to it.")
        classes = [column for column in rows[0][1] if column not in named]
        if self.class_column is None and "" in classes:
            raise UserError(
                f"{path} has a column without a name; name it, or remove it with the commas before it."
            )
        if self.class_column is None and len(classes) < 2:
            raise UserError(
                f"{path} has {len(classes)} columns beside {self.id_column!r}, and a classifier needs two "
                "classes; add a column for each class, or name the column of their names in "
                "'data.listed.class_column'."
            )
        found = [
            Listed(
                where,
                _named(row, self.id_column, where),
                _marked(row, classes, where)
                if self.class_column is None
                else _named(row, self.class_column, where),
                _named(row, self.track_column or self.id_column, where),
            )
            for where, row in rows
        ]
        _check_ids(found)
        return found, classes if self.class_column is None else sorted({row.name for row in found})


def _inside(key: str, path: str) -> str:
    if leads_outside(path):
        raise UserError(
            f"Config key 'data.listed.{key}' is {path!r}; name what lies within the folder 'data.source'."
        )
    return path


def _named(row: Row, column: str, where: str) -> str:
    text = row[column].strip()
    if not text:
        raise UserError(f"{where} has nothing in the column {column!r}; fill it in or delete that line.")
    return text


def _marked(row: Row, classes: Sequence[str], where: str) -> str:
    """The class that has the row's only 1."""
    marks = {name: MARKS.get(row[name].strip()) for name in classes}
    for name, mark in marks.items():
        if mark is None:
            raise UserError(
                f"{where} has {row[name]!r} in the column {name!r}; write 0 or 1, or remove the "
                "column if it is no class."
            )
    chosen = [name for name, mark in marks.items() if mark]
    if len(chosen) != 1:
        told = f"several classes ({', '.join(chosen)})" if chosen else "no class"
        raise UserError(
            f"{where} marks {told}; write 1 in the column of one class and 0 in the others, or delete "
            "that line."
        )
    return chosen[0]


def _check_ids(rows: Sequence[Listed]) -> None:
    first: dict[str, str] = {}
    for row in rows:
        line = row.where.partition(" of ")[0]
        if row.image_id in first:
            raise UserError(
                f"{row.where} lists {row.image_id!r}, as does {first[row.image_id]}; delete one of them."
            )
        first[row.image_id] = line.lower()


def _files(root: Path, pictures: str) -> list[str]:
    """The pictures in the folder, relative to the root."""
    folder = root / pictures
    if not folder.is_dir():
        raise UserError(
            f"{folder} is not a folder of pictures; correct 'data.listed.pictures' or put them there."
        )
    return [path.relative_to(root).as_posix() for path in contents(folder) if is_picture(path)]


def _no_pictures(root: Path, pictures: str) -> list[LeftOut]:
    """What else lies in the folder of the pictures."""
    return [left_out(path, root) for path in contents(root / pictures) if not is_picture(path)]


def _records(
    rows: Sequence[Listed], names: Sequence[str], files: Sequence[str], table: Path
) -> tuple[pd.DataFrame, list[LeftOut]]:
    """Records of the rows whose picture is there, and what is left out."""
    listed, unlisted = _matched(rows, files, table)
    missing = f"is listed in {table.name}, but is not there"
    others = [LeftOut(row.image_id, row.name, missing) for row, file in listed if file is None]
    others += [LeftOut(file, "", f"is not listed in {table.name}") for file in unlisted]
    found = [(row.image_id, names.index(row.name), row.track, file) for row, file in listed if file]
    return pd.DataFrame(found, columns=list(COLUMNS)), others


def _matched(
    rows: Sequence[Listed], files: Sequence[str], table: Path
) -> tuple[list[tuple[Listed, str | None]], list[str]]:
    """Every row with its file, or None, and the files that no row has."""
    whole = {PurePosixPath(file).name: file for file in files} | {file: file for file in files}
    stems: dict[str, list[str]] = {}
    for file in files:
        stems.setdefault(PurePosixPath(file).stem, []).append(file)
    found: list[tuple[Listed, str | None]] = []
    for row in rows:
        same = [whole[row.image_id]] if row.image_id in whole else stems.get(row.image_id, [])
        if len(same) > 1:
            raise UserError(
                f"{row.where} lists {row.image_id!r}, which may be {same[0]} or {same[1]}; write the "
                "name with its suffix or remove one of them."
            )
        found.append((row, same[0] if same else None))
    taken = {file for _, file in found if file}
    if not taken:
        raise UserError(
            f"None of the {len(rows)} pictures that {table} lists is there ({rows[0].image_id}, ...); "
            "correct 'data.listed.pictures' or 'data.listed.id_column'."
        )
    return found, [file for file in files if file not in taken]


def _check_classes(table: Path, records: pd.DataFrame, names: Sequence[str], allow_empty: bool) -> None:
    """Every class needs a picture for the training and one for the test."""
    counts = Counter(records["class_id"])
    for class_id, name in enumerate(names):
        few = counts[class_id] < 2
        if few and not allow_empty:
            what = "one picture" if counts[class_id] else "no picture"
            raise UserError(
                f"The class {name!r} of {table} has {what}, but needs one for the training and one for the "
                "test; add pictures, or set 'data.allow_empty_classes: true'."
            )
