"""What a CSV of photographs says beside file and class: the object's place, boxes of stickers, groups."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from signsight.core.errors import UserError
from signsight.data.rows import Row, read_rows

Box = tuple[float, float, float, float]  # left, upper, right, lower
ROI = "roi"  # the column of the part of a picture that is used
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
NUMBER = re.compile(r"\d+\.?\d*|\.\d+", re.ASCII)


class Columns(NamedTuple):
    """Columns of a CSV of photographs, by the names that they have there.

    boxes: of stickers on the object; original: the image of the data set that a photograph is; track: the
    physical object that it shows; groups: by which the photographs are told apart.
    """

    boxes: str | None = None
    original: str | None = None
    track: str | None = None
    groups: Sequence[str] = ()

    @property
    def named(self) -> list[tuple[str, str]]:
        """Config key and column, of all that are named."""
        one = {"boxes": self.boxes, "original": self.original, "track": self.track}
        pairs = [*one.items(), *(("groups", name) for name in self.groups)]
        return [(f"real_examples.{key}", name) for key, name in pairs if name]


class Told(NamedTuple):
    """What a row says of its photograph, in shares of its width and height.

    roi: the part that is used; boxes: those of stickers; original: the image of the data set that it is, or
    ''; track: the physical object that it shows, or ''; groups: column -> text.
    """

    roi: Box = WHOLE
    boxes: Sequence[Box] = ()
    original: str = ""
    track: str = ""
    groups: Mapping[str, str] = {}


def columns_of(config: Mapping[str, Any]) -> Columns:
    """The columns that `real_examples` of a config names."""
    return Columns(**{key: config[key] for key in Columns._fields})


def read_told(table: Path, columns: Columns) -> list[Told]:
    """What every row says. UserError for a column that is not there and for a faulty box, with its line."""
    found = []
    for where, row in read_rows(table, ["file"]):
        _refuse_missing(table, row, columns)
        roi = boxes_of(row, ROI, where) if row.get(ROI, "").strip() else [WHOLE]
        if len(roi) > 1:
            raise UserError(f"{where} has {len(roi)} boxes in the column {ROI!r}; name one, or nothing.")
        boxes = boxes_of(row, columns.boxes, where) if columns.boxes else []
        texts = (row[name].strip() if name else "" for name in (columns.original, columns.track))
        found.append(Told(roi[0], boxes, *texts, {name: row[name].strip() for name in columns.groups}))
    return found


def table_of(source: Path) -> Path | None:
    """The CSV that lists the photographs of a source, if there is one."""
    table = source / "labels.csv" if source.is_dir() else source
    return table if table.is_file() and table.suffix.lower() == ".csv" else None


def refuse_wrong_columns(source: Path, columns: Columns) -> None:
    """UserError where a source of photographs does not hold what the config says of it."""
    table = table_of(source)
    if table is not None:
        read_told(table, columns)
        return
    for key, name in columns.named:
        raise UserError(
            f"Config key {key!r} names the column {name!r}, but {source} has no CSV; name a CSV in "
            "'real_examples.source', or leave the key out."
        )


def _refuse_missing(table: Path, row: Row, columns: Columns) -> None:
    for key, name in columns.named:
        if name not in row:
            raise UserError(
                f"{table} lacks the column {name!r}, which config key {key!r} names; correct one of them."
            )


def boxes_of(row: Row, column: str, where: str) -> list[Box]:
    """The boxes in a column of a row, 'x0,y0,x1,y1; ...' as shares of the picture; none in an empty one.

    UserError, which begins with `where`, for anything else.
    """
    found = []
    for text in filter(None, (part.strip() for part in row[column].split(";"))):
        numbers = [part.strip() for part in text.split(",")]
        box = tuple(float(one) for one in numbers if NUMBER.fullmatch(one))
        if not len(box) == len(numbers) == 4 or max(box) > 1 or box[0] >= box[2] or box[1] >= box[3]:
            raise UserError(
                f"{where} gives {row['file']} the box {text!r} in the column {column!r}; write "
                "'x0,y0,x1,y1' as shares of the picture from 0 to 1, left before right and upper before "
                "lower, with ';' between boxes, or nothing."
            )
        found.append(box)
    return found


def within(boxes: Sequence[Box], part: Box) -> list[Box]:
    """Boxes as shares of a part of the picture, cut off at its edges; those that lie outside are left out."""
    wide, high = part[2] - part[0], part[3] - part[1]
    found = []
    for box in boxes:
        across = [min(max((box[i] - part[0]) / wide, 0.0), 1.0) for i in (0, 2)]
        down = [min(max((box[i] - part[1]) / high, 0.0), 1.0) for i in (1, 3)]
        if across[0] < across[1] and down[0] < down[1]:
            found.append((across[0], down[0], across[1], down[1]))
    return found


def boxes_text(boxes: Sequence[Box]) -> str:
    """Boxes as `parse_boxes` reads them again."""
    return ";".join(",".join(f"{edge:.6f}" for edge in box) for box in boxes)


def parse_boxes(text: str) -> list[Box]:
    """The boxes that `boxes_text` wrote."""
    return [tuple(float(edge) for edge in one.split(",")) for one in text.split(";") if one]
