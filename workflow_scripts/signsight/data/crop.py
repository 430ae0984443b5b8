"""From records and pictures to an image set: cut out the sign, resample, stream to disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from PIL import Image

from signsight.core.errors import UserError
from signsight.core.files import ArrayWriter, together
from signsight.data.centre import Mode
from signsight.data.dataset import ROI, Part
from signsight.data.field import PLACE, Field, Place, in_field, labels_in_field, place_of
from signsight.data.fit import fit
from signsight.data.imageset import COLUMNS, image_writer, write_index
from signsight.data.pictures import Pictures, open_labels, open_rgb
from signsight.data.progress import progress
from signsight.data.threads import in_order

LABELS = 3  # of a truth mask: background, sign, symbol
BATCH = 64  # pictures a task: some 0.5 MB of output at 48 x 48
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Cut:
    """How a picture becomes a row of the image set.

    size: edge of the square result in pixels. to_roi: cut to the sign, or keep the whole picture.
    roi_outside: a ROI beyond the picture is clamped to it, or refused with a UserError.
    fit: how the cut becomes a square (see `data.fit`); truth masks are for `stretch` only.
    field: what lies around that square, which then lies somewhere in the result; None: nothing.
    """

    size: int
    to_roi: bool = True
    roi_outside: Literal["clamp", "refuse"] = "clamp"
    fit: Mode = "stretch"
    field: Field | None = None


@dataclass
class Batch:
    """Consecutive rows: images (n, size, size, 3) uint8, masks (n, size, size) uint8 or None,
    shapes [(width, height, ROI)] in pixels of the source pictures, places in those of the result."""

    images: np.ndarray
    masks: np.ndarray | None
    shapes: list[tuple[int, int, Box]]
    places: list[Place]


def crop(part: Part, folder: Path | str, cut: Cut, *, workers: int = 1) -> None:
    """Write the image set of a part of a data set to `folder`, in the order of its records; all or nothing.

    The index has the ROI of every picture; without one it is the whole picture. Pictures become
    size x size pixels as `cut.fit` says (`stretch` is what the study did); in a `cut.field` the index also
    has their places there, columns PLACE. Truth masks are cut alike and written as `masks.npy`
    (N, size, size) uint8.
    Memory is that of some batches, not growing with the number of records.

    The ROI's last column and row, X2 and Y2, belong to the sign: the box is x1 <= x < x2 + 1. Seen
    in the data: mirror-symmetric signs (classes 12, 13, 15, 17 of GTSRB) have their axis 0.6 px
    right of (x1 + x2) / 2 (pixel x spans x to x + 1, so 0.5 is expected), and the rim's edge lies
    as far inside x1 as inside x2 + 1 (some 1.6 px).
    """
    folder = Path(folder)
    with together(folder) as made:
        shapes, places = _write_arrays(part, made, cut, workers)
        write_index(made, _index(part.records, shapes, places if cut.field else None))
        (folder / "masks.npy").unlink(missing_ok=True)


def _write_arrays(
    part: Part, folder: Path, cut: Cut, workers: int
) -> tuple[list[tuple[int, int, Box]], list[Place]]:
    shapes: list[tuple[int, int, Box]] = []
    places: list[Place] = []
    count = len(part.records)
    with ExitStack() as stack:
        images_file = stack.enter_context(image_writer(folder, count, cut.size, cut.size))
        masks_file = None
        if part.masks is not None:
            shape = (count, cut.size, cut.size)
            masks_file = stack.enter_context(ArrayWriter(folder / "masks.npy", shape, np.uint8))
        step = stack.enter_context(progress("crop", count, "images", step=BATCH))
        for batch in _batches(part, cut, workers):
            images_file.append(batch.images)
            if masks_file is not None and batch.masks is not None:
                masks_file.append(batch.masks)
            shapes.extend(batch.shapes)
            places.extend(batch.places)
            step(len(batch.images))
    return shapes, places


def _batches(part: Part, cut: Cut, workers: int) -> Iterator[Batch]:
    """The batches of all records in order."""
    starts = range(0, len(part.records), BATCH)
    pieces = (part.records.iloc[start : start + BATCH] for start in starts)
    return in_order(lambda rows: _cut_rows(rows, part.pictures, cut, part.masks), pieces, workers)


def _cut_rows(records: pd.DataFrame, pictures: Pictures, cut: Cut, masks: Pictures | None) -> Batch:
    images = np.empty((len(records), cut.size, cut.size, 3), np.uint8)
    labels = None if masks is None else np.empty((len(records), cut.size, cut.size), np.uint8)
    shapes, places = [], []
    for row, record in enumerate(records.to_dict("records")):
        source = str(record["source"])
        picture = open_rgb(pictures, source)
        roi = _roi(record, picture.size, pictures.place(source), cut)
        box = (roi[0], roi[1], roi[2] + 1, roi[3] + 1) if cut.to_roi else (0, 0, *picture.size)
        name = str(record["image_id"])
        place = place_of(name, cut.size, cut.field)
        square = fit(picture, place.side, cut.fit, box)
        images[row] = square if cut.field is None else in_field(square, place, cut.size, cut.field, name)
        if masks is not None and labels is not None:
            mask = _cut_mask(masks, str(record["mask"]), picture.size, box, place.side)
            labels[row] = labels_in_field(mask, place, cut.size)
        shapes.append((*picture.size, roi))
        places.append(place)
    return Batch(images, labels, shapes, places)


def _roi(record: dict[str, object], size: tuple[int, int], place: str, cut: Cut) -> Box:
    """The ROI of `record` (x1, y1, x2, y2, inclusive) within a picture of `size` (width, height)."""
    width, height = size
    if "roi_x1" not in record:
        return 0, 0, width - 1, height - 1
    if (record["width"], record["height"]) != size:
        raise UserError(
            f"{place} is {width} x {height} pixels, but its CSV says {record['width']} x "
            f"{record['height']}, so that its ROI cannot be trusted; correct one of them."
        )
    x1, y1, x2, y2 = (int(str(record[name])) for name in ROI)
    if x2 < x1 or y2 < y1 or x1 >= width or y1 >= height or x2 < 0 or y2 < 0:
        raise UserError(
            f"The ROI ({x1}, {y1})-({x2}, {y2}) of {place} holds no pixel of its {width} x "
            f"{height}; correct the CSV."
        )
    clamped = (max(x1, 0), max(y1, 0), min(x2, width - 1), min(y2, height - 1))
    if clamped != (x1, y1, x2, y2) and cut.roi_outside == "refuse":
        raise UserError(
            f"The ROI ({x1}, {y1})-({x2}, {y2}) of {place} leaves its {width} x {height} pixels; "
            "correct the CSV or set 'data.roi_outside: clamp'."
        )
    return clamped


def _cut_mask(masks: Pictures, source: str, size: tuple[int, int], box: Box, edge: int) -> np.ndarray:
    """The mask `source`, cut to `box`, (edge, edge) uint8."""
    labels = open_labels(masks, source)
    if labels.shape[::-1] != size:
        raise UserError(
            f"{masks.place(source)} is {labels.shape[1]} x {labels.shape[0]} pixels and its "
            f"picture {size[0]} x {size[1]}; make both again."
        )
    if labels.max() >= LABELS:
        raise UserError(
            f"{masks.place(source)} has the label {labels.max()}; a mask has 0 background, 1 sign, 2 symbol."
        )
    return resize_labels(labels, box, edge)


def resize_labels(labels: np.ndarray, box: Box, edge: int, mode: Mode = "stretch") -> np.ndarray:
    """`labels` (height, width) uint8 below 3, cut to `box` (x1, y1, x2, y2; exclusive): (edge, edge).

    Every label's membership (0 or 255) is made a square as the picture is (`mode`), and the label
    with the most wins, the lower one on a tie. So borders stay where they are in the picture, and
    areas are kept. Picking the nearest pixel drops or doubles thin strokes of a symbol by chance
    (on random bars in a disc: IoU with the exact symbol 0.65 against 0.70 from 25 to 48 px, 0.79
    against 0.80 from 90); interpolating label numbers would put a "sign" between background and
    symbol.
    """
    shares = [
        fit(Image.fromarray(np.where(labels == label, np.uint8(255), np.uint8(0))), edge, mode, box)
        for label in range(LABELS)
    ]
    return np.argmax(shares, axis=0).astype(np.uint8)


def _index(
    records: pd.DataFrame, shapes: list[tuple[int, int, Box]], places: list[Place] | None
) -> pd.DataFrame:
    index = records[list(COLUMNS)].reset_index(drop=True)
    index["width"] = [width for width, _, _ in shapes]
    index["height"] = [height for _, height, _ in shapes]
    for place, name in enumerate(ROI):
        index[name] = [roi[place] for _, _, roi in shapes]
    if places is not None:
        index[list(PLACE)] = np.array(places).reshape(-1, len(PLACE))
    return index
