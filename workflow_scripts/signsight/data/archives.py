"""GTSRB's own layout, in archives or a folder: one record an image, from the official names and CSVs."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import pandas as pd

from signsight.core.errors import UserError
from signsight.data.dataset import ROI
from signsight.data.pictures import Archive, FolderPictures
from signsight.data.rows import LARGEST, rows

log = logging.getLogger("signsight")

TRAINING_IMAGES = "GTSRB_Final_Training_Images.zip"
TEST_IMAGES = "GTSRB_Final_Test_Images.zip"
TEST_TRUTH = "GTSRB_Final_Test_GT.zip"
TRUTH_MASKS = "GTSRB_Truth_Masks.zip"

NUMBERS = {
    "width": "Width",
    "height": "Height",
    "roi_x1": "Roi.X1",
    "roi_y1": "Roi.Y1",
    "roi_x2": "Roi.X2",
    "roi_y2": "Roi.Y2",
    "class_id": "ClassId",
}
COLUMNS = ("image_id", "class_id", "track", "source", "width", "height", *ROI)
Files = Archive | FolderPictures
Row = dict[str, str | int]


def training_records(
    images: Files, *, n_classes: int = 43, allow_empty_classes: bool = False
) -> pd.DataFrame:
    """Records of the training images, in the order of their classes and CSV rows.

    Layout: `.../000NN/GT-000NN.csv` beside the pictures that it lists.
    Columns: `image_id` ('00014/00000_00001'), `class_id`, `track` ('00014/00000': the frames of
    one physical sign), `source` (member of `images`), `width`, `height` (pixels) and the ROI
    `roi_x1, roi_y1, roi_x2, roi_y2` (pixels from 0, the last ones belong to the sign: inclusive).
    UserError for a fault of the archive, a CSV, a class without images (unless
    `allow_empty_classes`) or a class id not below `n_classes`.
    """
    found: list[Row] = []
    for folder, members in sorted(_class_folders(images).items()):
        name = f"GT-{folder.name}.csv"
        if f"{folder}/{name}" not in members:
            raise UserError(
                f"{images.path} has no {folder}/{name}, which names the signs in that folder; "
                "download the archive again."
            )
        found.extend(_class_rows(images, folder, name, members, n_classes))
    return table_of(images.path, found, n_classes, allow_empty_classes)


def test_records(
    images: Files,
    truth: Files,
    *,
    n_classes: int = 43,
    allow_empty_classes: bool = False,
) -> pd.DataFrame:
    """Records of the test pictures in `images`, which `GT-final_test.csv` in `truth` lists.

    Columns as in `training_records`, with `image_id` '00000', and every image its own `track`.
    UserError for the same faults.
    """
    table = next((name for name in truth.members if name.endswith("GT-final_test.csv")), None)
    if table is None:
        raise UserError(
            f"{truth.path} has no GT-final_test.csv, which has the classes of the test images; "
            "download the archive again."
        )
    pictures = {PurePosixPath(name).name: name for name in images.members if _is_picture(name)}
    found: list[Row] = []
    for name, numbers in numbered_rows(truth, table, "Filename", n_classes):
        if name not in pictures:
            raise no_image(truth.place(table), name, images)
        stem = PurePosixPath(name).stem
        found.append({"image_id": stem, "track": stem, "source": pictures[name], **numbers})
    check_listed(images, truth.place(table), len(pictures), found)
    return table_of(truth.path, found, n_classes, allow_empty_classes)


def mask_source(source: str) -> str:
    """The member of the truth-mask archive that belongs to the image `source`."""
    return str(PurePosixPath(source.replace("/Images/", "/Masks/")).with_suffix(".png"))


def _class_folders(archive: Files) -> dict[PurePosixPath, set[str]]:
    """Members of every folder that is named by five digits."""
    folders: dict[PurePosixPath, set[str]] = {}
    for member in archive.members:
        folder = PurePosixPath(member).parent
        if re.fullmatch(r"\d{5}", folder.name):
            folders.setdefault(folder, set()).add(member)
    if not folders:
        raise UserError(
            f"{archive.path} has no class folders 00000, 00001, ...; put {TRAINING_IMAGES} in its place."
        )
    return folders


def _class_rows(
    archive: Files, folder: PurePosixPath, table: str, members: set[str], n_classes: int
) -> list[Row]:
    """The records of one class folder of the training images."""
    place = archive.place(f"{folder}/{table}")
    found: list[Row] = []
    for name, numbers in numbered_rows(archive, f"{folder}/{table}", "Filename", n_classes):
        source = f"{folder}/{name}"
        if source not in members:
            raise no_image(place, name, archive)
        if numbers["class_id"] != int(folder.name):
            raise UserError(
                f"{place} gives {name} the class {numbers['class_id']}, but its folder is that of "
                f"class {int(folder.name)}; correct the archive."
            )
        image_id = f"{folder.name}/{PurePosixPath(name).stem}"
        track = image_id.rsplit("_", 1)[0]
        found.append({"image_id": image_id, "track": track, "source": source, **numbers})
    check_listed(archive, place, sum(map(_is_picture, members)), found)
    return found


def numbered_rows(
    files: Files, table: str, name: str, n_classes: int, delimiter: str = ";"
) -> Iterator[tuple[str, dict[str, int]]]:
    """File name (of the column `name`) and numbers of every row of a GTSRB CSV."""
    place = files.place(table)
    data = files.read(table, LARGEST)
    for where, row in rows(data, place, (name, *NUMBERS.values()), delimiter):
        numbers = {key: _integer(row[column], column, where) for key, column in NUMBERS.items()}
        if not 0 <= numbers["class_id"] < n_classes:
            raise UserError(
                f"{where} has the class id {numbers['class_id']}, which is not in "
                f"0..{n_classes - 1}; correct that line."
            )
        yield row[name], numbers


def _integer(text: str, column: str, where: str) -> int:
    if not re.fullmatch(r"\s*-?\d{1,9}\s*", text, re.ASCII):
        raise UserError(
            f"{where} has {text!r} under {column}, where a whole number belongs; correct that line."
        )
    return int(text)


def _is_picture(member: str) -> bool:
    return member.lower().endswith((".ppm", ".png", ".jpg", ".jpeg"))


def no_image(place: str, name: str, archive: Files) -> UserError:
    """The error for a picture that a table lists and the files lack."""
    return UserError(
        f"{place} lists {name!r}, which {archive.path} does not have; download the archive again."
    )


def check_listed(archive: Files, place: str, pictures: int, found: Iterable[Row]) -> None:
    """Refuse a picture that is listed twice; log how many pictures are not listed."""
    seen: set[str | int] = set()
    for row in found:
        if row["image_id"] in seen:
            raise UserError(f"{place} lists {row['image_id']!r} twice; delete one of the lines.")
        seen.add(row["image_id"])
    if pictures > len(seen):
        log.info(
            "%s has %d pictures that %s does not list; left out", archive.path, pictures - len(seen), place
        )


def table_of(path: Path, found: list[Row], n_classes: int, allow_empty: bool) -> pd.DataFrame:
    """The rows as a table. UserError for a class without images, unless `allow_empty`."""
    empty = sorted(set(range(n_classes)) - {int(row["class_id"]) for row in found})
    names = ", ".join(map(str, empty))
    if empty and not (found and allow_empty):
        raise UserError(
            f"{path} has no image of class {names}; complete it or set 'data.allow_empty_classes: true'."
        )
    if empty:
        log.info("%s has no image of class %s", path, names)
    return pd.DataFrame(found, columns=list(COLUMNS))
