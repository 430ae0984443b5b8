"""The GTSRB archives, read in place: one record an image, from the official names and CSV files."""

from __future__ import annotations

import csv
import difflib
import io
import logging
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pandas as pd

from signsight.core.errors import UserError
from signsight.data.pictures import Archive

log = logging.getLogger("signsight")

TRAINING_IMAGES = "GTSRB_Final_Training_Images.zip"
TEST_IMAGES = "GTSRB_Final_Test_Images.zip"
TEST_TRUTH = "GTSRB_Final_Test_GT.zip"
TRUTH_MASKS = "GTSRB_Truth_Masks.zip"

ROI = ("roi_x1", "roi_y1", "roi_x2", "roi_y2")
_NUMBERS = {
    "width": "Width",
    "height": "Height",
    "roi_x1": "Roi.X1",
    "roi_y1": "Roi.Y1",
    "roi_x2": "Roi.X2",
    "roi_y2": "Roi.Y2",
    "class_id": "ClassId",
}
CSV_COLUMNS = ("Filename", *_NUMBERS.values())
COLUMNS = ("image_id", "class_id", "track", "source", "width", "height", *ROI)
Row = dict[str, str | int]


def training_records(
    path: Path | str, *, n_classes: int = 43, allow_empty_classes: bool = False
) -> pd.DataFrame:
    """Records of the training archive `path`, in the order of its classes and CSV rows.

    Layout: `.../000NN/GT-000NN.csv` beside the pictures that it lists.
    Columns: `image_id` ('00014/00000_00001'), `class_id`, `track` ('00014/00000': the frames of
    one physical sign), `source` (member of the archive), `width`, `height` (pixels) and the ROI
    `roi_x1, roi_y1, roi_x2, roi_y2` (pixels from 0, the last ones belong to the sign: inclusive).
    UserError for a fault of the archive, a CSV, a class without images (unless
    `allow_empty_classes`) or a class id not below `n_classes`.
    """
    archive = Archive(path)
    rows: list[Row] = []
    for folder, members in sorted(_class_folders(archive).items()):
        name = f"GT-{folder.name}.csv"
        if f"{folder}/{name}" not in members:
            raise UserError(
                f"{archive.path} has no {folder}/{name}, which names the signs in that folder; "
                "download the archive again."
            )
        rows.extend(_class_rows(archive, folder, name, members, n_classes))
    _check_classes(archive.path, rows, n_classes, allow_empty_classes)
    return _table(rows)


def test_records(
    images: Path | str,
    truth: Path | str,
    *,
    n_classes: int = 43,
    allow_empty_classes: bool = False,
) -> pd.DataFrame:
    """Records of the test archives: pictures in `images`, `GT-final_test.csv` in `truth`.

    Columns as in `training_records`, with `image_id` '00000', and every image its own `track`.
    UserError for the same faults.
    """
    archive, answers = Archive(images), Archive(truth)
    table = next((name for name in answers.members if name.endswith("GT-final_test.csv")), None)
    if table is None:
        raise UserError(
            f"{answers.path} has no GT-final_test.csv, which has the classes of the test images; "
            "download the archive again."
        )
    pictures = {PurePosixPath(name).name: name for name in archive.members if _is_picture(name)}
    rows: list[Row] = []
    for name, numbers in _read_csv(answers, table, n_classes):
        if name not in pictures:
            raise _no_image(answers.place(table), name, archive)
        stem = PurePosixPath(name).stem
        rows.append({"image_id": stem, "track": stem, "source": pictures[name], **numbers})
    _check_listed(archive, answers.place(table), len(pictures), rows)
    _check_classes(answers.path, rows, n_classes, allow_empty_classes)
    return _table(rows)


def mask_source(source: str) -> str:
    """The member of the truth-mask archive that belongs to the image `source`."""
    return str(PurePosixPath(source.replace("/Images/", "/Masks/")).with_suffix(".png"))


def _class_folders(archive: Archive) -> dict[PurePosixPath, set[str]]:
    """Members of every folder that is named by five digits."""
    folders: dict[PurePosixPath, set[str]] = {}
    for member in archive.members:
        folder = PurePosixPath(member).parent
        if re.fullmatch(r"\d{5}", folder.name):
            folders.setdefault(folder, set()).add(member)
    if not folders:
        raise UserError(f"{archive.path} has no class folders 00000, 00001, ...; is it {TRAINING_IMAGES}?")
    return folders


def _class_rows(
    archive: Archive, folder: PurePosixPath, table: str, members: set[str], n_classes: int
) -> list[Row]:
    """The records of one class folder of the training archive."""
    place = archive.place(f"{folder}/{table}")
    rows: list[Row] = []
    for name, numbers in _read_csv(archive, f"{folder}/{table}", n_classes):
        source = f"{folder}/{name}"
        if source not in members:
            raise _no_image(place, name, archive)
        if numbers["class_id"] != int(folder.name):
            raise UserError(
                f"{place} gives {name} the class {numbers['class_id']}, but its folder is that of "
                f"class {int(folder.name)}; mend the archive."
            )
        image_id = f"{folder.name}/{PurePosixPath(name).stem}"
        track = image_id.rsplit("_", 1)[0]
        rows.append({"image_id": image_id, "track": track, "source": source, **numbers})
    _check_listed(archive, place, sum(map(_is_picture, members)), rows)
    return rows


def _read_csv(archive: Archive, member: str, n_classes: int) -> Iterator[tuple[str, dict[str, int]]]:
    """File name and numbers of every row of a `;`-separated GTSRB CSV, the first row included."""
    place = archive.place(member)
    try:
        text = archive.read(member).decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise UserError(f"{place} is no text; download the archive again.") from fault
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=";")
    header = [name.strip() for name in reader.fieldnames or []]
    reader.fieldnames = header
    for column in CSV_COLUMNS:
        if column not in header:
            raise UserError(
                f"{place} lacks the column {column!r}{_renamed(column, header)}; mend its header or download "
                "the archive again."
            )
    for row in reader:
        where = f"Line {reader.line_num} of {place}"
        numbers = {key: _integer(row[column], column, where) for key, column in _NUMBERS.items()}
        if not 0 <= numbers["class_id"] < n_classes:
            raise UserError(
                f"{where} has the class id {numbers['class_id']}, which is not in "
                f"0..{n_classes - 1}; mend that line."
            )
        yield row["Filename"] or "", numbers


def _renamed(column: str, header: list[str]) -> str:
    """The unknown column of `header` that may be `column` under another name, in words."""
    unknown = {name.lower(): name for name in header if name not in CSV_COLUMNS}
    near = difflib.get_close_matches(column.lower(), unknown, n=1)
    return f" (perhaps it is the one named {unknown[near[0]]!r})" if near else ""


def _integer(text: str | None, column: str, where: str) -> int:
    if text is None or not re.fullmatch(r"\s*-?\d{1,9}\s*", text, re.ASCII):
        raise UserError(
            f"{where} has {text or 'nothing'!r} under {column}, where a whole number belongs; mend that line."
        )
    return int(text)


def _is_picture(member: str) -> bool:
    return member.lower().endswith((".ppm", ".png", ".jpg", ".jpeg"))


def _no_image(place: str, name: str, archive: Archive) -> UserError:
    return UserError(
        f"{place} lists {name!r}, which {archive.path} does not have; download the archive again."
    )


def _check_listed(archive: Archive, place: str, pictures: int, rows: list[Row]) -> None:
    """Refuse a picture that is listed twice; log how many pictures are not listed."""
    seen: set[str | int] = set()
    for row in rows:
        if row["image_id"] in seen:
            raise UserError(f"{place} lists {row['image_id']!r} twice; delete one of the lines.")
        seen.add(row["image_id"])
    if pictures > len(rows):
        log.info(
            "%s has %d pictures that %s does not list; left out",
            archive.path,
            pictures - len(rows),
            place,
        )


def _check_classes(path: Path, rows: list[Row], n_classes: int, allow_empty: bool) -> None:
    empty = sorted(set(range(n_classes)) - {int(row["class_id"]) for row in rows})
    if not empty:
        return
    names = ", ".join(map(str, empty))
    if not rows or not allow_empty:
        raise UserError(
            f"{path} has no image of class {names}; complete it or set allow_empty_classes: true."
        )
    log.info("%s has no image of class %s", path, names)


def _table(rows: list[Row]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(COLUMNS))
