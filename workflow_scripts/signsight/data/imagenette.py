"""Imagenette, ten classes of ImageNet: its archive read in one pass, and its classes by name."""

from __future__ import annotations

import gzip
import re
import tarfile
import threading
import zlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Literal

import pandas as pd

from signsight.core.errors import UserError
from signsight.data.folder import COLUMNS
from signsight.data.pictures import leads_outside

IMAGENETTE_SOURCE = "https://s3.amazonaws.com/fast-ai-imageclas/"
IMAGENETTE = "imagenette2-320.tgz"
IMAGENETTE_CHECKSUMS = {IMAGENETTE: "md5:3df6f0d01a2c9592104656642f5e78a3"}
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


class StreamedTar:
    """A .tar.gz archive whose files are read in its own order and never unpacked to disk.

    Gzip knows no way back, so the archive runs by once, and files in `wanted` that come before the
    one that is asked for wait in memory: ask for each once, roughly in the archive's order.
    """

    def __init__(self, path: Path | str, wanted: Collection[str]) -> None:
        self.path = Path(path)
        self._wanted, self._passed = frozenset(wanted), dict[str, bytes]()
        self._lock, self._files = threading.Lock(), self._stream()

    def read(self, source: str) -> bytes:
        """The bytes of a file. UserError when it is missing or damaged."""
        with self._lock:
            while source not in self._passed:
                try:
                    name, data = next(self._files)
                except StopIteration:
                    raise UserError(
                        f"{self.path} has no member {source!r}; download the archive again."
                    ) from None
                self._passed[name] = data
            return self._passed.pop(source)

    def place(self, source: str) -> str:
        """'member in archive'."""
        return f"{source} in {self.path}"

    def _stream(self) -> Iterator[tuple[str, bytes]]:
        for name, data in files(self.path, self._wanted):
            if data is not None:
                yield name, data


def files(path: Path | str, wanted: Collection[str] = ()) -> Iterator[tuple[str, bytes | None]]:
    """The plain files of a .tar.gz archive in its order: their names and, of those in `wanted`, the bytes.

    UserError when it is missing, no whole archive, or has a member that leads out of it.
    """
    try:
        # Not tarfile's own gzip: that takes a file that is cut off for its end.
        with gzip.open(path) as unpacked, tarfile.open(fileobj=unpacked, mode="r|") as tar:
            while member := tar.next():
                if leads_outside(member.name):
                    raise UserError(
                        f"{path} has the member {member.name!r}, which leads out of the archive, so it "
                        "is refused; get the archive from a source that you trust."
                    )
                content = tar.extractfile(member) if member.isreg() else None
                if content:
                    yield member.name, content.read() if member.name in wanted else None
            while unpacked.read(1 << 20):
                continue  # to the end, where gzip's own checksum is
    except FileNotFoundError as fault:
        raise UserError(f"The archive {path} does not exist; download it.") from fault
    except (tarfile.TarError, zlib.error, EOFError, OSError) as fault:
        raise UserError(
            f"{path} is no whole .tgz archive ({fault}); delete it and download it again."
        ) from fault


def imagenette_records(
    part: Literal["train", "test"], archive: Path | str, names: Sequence[str], *, allow_empty: bool = False
) -> pd.DataFrame:
    """Records of a part of Imagenette (columns as in `data.folder`), in the archive's order; test is `val`.

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
                f"{archive} has the class folder {folder!r}, which is none of the ten of Imagenette; "
                "take the archive of imagenette2-320."
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
