"""Imagenette, ten classes of ImageNet: its archive read in one pass, and its classes by name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import pandas as pd

from signsight.core.errors import UserError
from signsight.core.registry import data_sets
from signsight.data.class_table import named_classes
from signsight.data.dataset import DataSet, Options, Part
from signsight.data.imageset import COLUMNS
from signsight.data.tar import StreamedTar, files

IMAGENETTE = "imagenette2-320.tgz"
# Folder of a class (its WordNet id) -> its name, as torchvision's ImageNet weights have it.
CLASS_NAMES = {
    "n01440764": "tench",
    "n02102040": "English springer",
    "n02979186": "cassette player",
    "n03000684": "chain saw",
    "n03028079": "church",
    "n03394916": "French horn",
    "n03417042": "garbage truck",
    "n03425413": "gas pump",
    "n03445777": "golf ball",
    "n03888257": "parachute",
}
MEMBER = re.compile(r"(?:.*/)?(train|val)/([^/]+)/([^/.][^/]*\.jpe?g)", re.IGNORECASE)
FOLDERS = {"train": "train", "test": "val"}


@data_sets.register(
    "imagenette",
    label="Imagenette",
    about="Ten classes of ImageNet, downloaded: 9,469 training and 3,925 test pictures (its `val`).",
    source="archives",
    server="https://s3.amazonaws.com/fast-ai-imageclas/",
    archives={IMAGENETTE: "md5:3df6f0d01a2c9592104656642f5e78a3"},
    inputs={"train": {"images": IMAGENETTE}, "test": {"images": IMAGENETTE}},
    holds={"train": 9_469, "test": 3_925},
    fits=("stretch", "centre_crop"),
    symmetric=True,
    model_classes=True,
    published={"samek_replication": "samek_replication.csv"},
)
class Imagenette(DataSet):
    """The ten classes, numbered as the network numbers them where it is used as it is."""

    def part(self, name: Literal["train", "test"], files: Mapping[str, Path], options: Options) -> Part:
        """files: `images`."""
        names = options.class_names or list(CLASS_NAMES.values())
        records = imagenette_records(name, files["images"], names, allow_empty=options.allow_empty_classes)
        return Part(records, StreamedTar(files["images"], set(records["source"])))

    def class_table(self, options: Options) -> pd.DataFrame:
        """The ten classes, or those of the network."""
        return named_classes(options.class_names or list(CLASS_NAMES.values()))


def imagenette_records(
    part: Literal["train", "test"], archive: Path | str, names: Sequence[str], *, allow_empty: bool = False
) -> pd.DataFrame:
    """image_id, class_id, track and source of a part's pictures, in the archive's order; test is `val`.

    names: the classes of the model by class id; `class_id` is the place there of each picture's
    class, so 0..999 for an ImageNet network and 0..9 for one that was trained on these ten.
    UserError for a fault of the archive, a folder that is none of the ten classes, a name that the
    model does not have, and a class without pictures (unless `allow_empty`).
    """
    ids = _class_ids(names)
    rows, seen = [], set()
    for source, _ in files(archive):
        found = MEMBER.fullmatch(source)
        if found is None or found[1].lower() != FOLDERS[part]:
            continue
        folder, image_id = found[2], f"{found[2]}/{found[3]}"
        if folder not in ids:
            raise UserError(
                f"{archive} has the class folder {folder!r}, which is not one of the ten of Imagenette; "
                "use the archive of imagenette2-320."
            )
        if image_id in seen:
            raise UserError(f"{archive} has the picture {image_id} twice; download the archive again.")
        seen.add(image_id)
        rows.append((image_id, ids[folder], image_id, source))
    records = pd.DataFrame(rows, columns=list(COLUMNS))
    _check_classes(archive, part, records, ids, allow_empty)
    return records


def _class_ids(names: Sequence[str]) -> dict[str, int]:
    places = {name: place for place, name in reversed(list(enumerate(names)))}
    for name in CLASS_NAMES.values():
        if name not in places:
            raise UserError(
                f"The model has no class {name!r}, which data.name 'imagenette' needs; take a network "
                "with ImageNet's classes or one that was trained on Imagenette."
            )
    return {folder: places[name] for folder, name in CLASS_NAMES.items()}


def _check_classes(
    archive: Path | str, part: str, records: pd.DataFrame, ids: dict[str, int], allow_empty: bool
) -> None:
    there = set(records["class_id"])
    for folder, class_id in ids.items():
        if class_id not in there and not (allow_empty and there):
            raise UserError(
                f"{archive} has no picture in {FOLDERS[part]}/{folder} ({CLASS_NAMES[folder]}); complete it "
                "or set 'data.allow_empty_classes: true'."
            )
