"""`detection.pictures`: what it stands for and needs, known before any job; without torch or pandas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from signsight.core.errors import UserError
from signsight.core.words import nearest
from signsight.data.classes import GTSRB_CLASSES
from signsight.data.detector_names import COCO_CATEGORIES, UNUSED, VOC_NAMES
from signsight.data.listing import SUFFIXES, contents
from signsight.data.source import is_address, local_folder

KEY = "detection.pictures"
Kind = Literal["scenes", "voc2007", "voc_tar", "voc_folder", "pictures"]
Part = Literal["train", "test"]
# Archives of drawn street scenes, by part; they have the layout of PASCAL VOC.
SCENES: Mapping[Part, str] = {"train": "VOCtrainval_scenes.tar", "test": "VOCtest_scenes.tar"}
SPLITS: Mapping[Part, str] = {"train": "trainval", "test": "test"}  # as VOC names its lists of pictures


@dataclass(frozen=True)
class Official:
    """An archive of a public server: the server's folder, the file in it, and its checksum.

    The server of PASCAL VOC speaks http alone; it is the checksum that vouches for the file.
    """

    server: str
    name: str
    checksum: str


VOC2007 = Official(
    "http://host.robots.ox.ac.uk/pascal/VOC/voc2007/",
    "VOCtest_06-Nov-2007.tar",
    "md5:b6e924de25625d8de591ea690078ad9f",
)


def kind_of(value: str) -> Kind:
    """What `detection.pictures` is: drawn "scenes", "voc2007", or a path to pictures.

    A path is a tar archive ("voc_tar") or a folder ("voc_folder") in the layout of PASCAL VOC, or
    ("pictures") a folder of pictures, a CSV that lists them, or one picture. UserError for anything else.
    """
    if value in ("scenes", "voc2007"):
        return value
    if is_address(value):
        raise UserError(
            f"Config key {KEY!r}: {value!r} is an address, and only paths are read; download it and name the "
            "file (`voc2007` downloads PASCAL's own archive)."
        )
    path = local_folder(value)
    if path.is_dir():
        return "pictures" if voc_root(path) is None else "voc_folder"
    if not path.is_file():
        reason = "is not a regular file or folder" if path.exists() else "does not exist"
        hint = nearest(value, ("scenes", "voc2007"))
        raise UserError(f"Config key {KEY!r}: {path} {reason}; {hint} Or correct its path.")
    suffix = path.suffix.lower()
    if suffix == ".tar":
        return "voc_tar"
    if suffix == ".csv" or suffix in SUFFIXES:
        return "pictures"
    raise UserError(
        f"Config key {KEY!r}: {path} is no .tar archive, picture or CSV; unpack it if it is another kind of "
        "archive, and name the folder."
    )


def voc_root(folder: Path) -> Path | None:
    """The folder that has JPEGImages: `folder` itself, or one that is one or two levels below it (VOC2007,
    VOCdevkit/VOC2007). None when there is none. UserError when there are several."""
    if (folder / "JPEGImages").is_dir():
        return folder
    near = _folders(folder)
    below = [*near, *(two for one in near for two in _folders(one))]
    found = [path for path in below if (path / "JPEGImages").is_dir()]
    if len(found) > 1:
        named = " and ".join(str(path.relative_to(folder)) for path in found[:2])
        raise UserError(
            f"Config key {KEY!r}: {folder} has {named}, which both have JPEGImages; name one of them."
        )
    return found[0] if found else None


def _folders(folder: Path) -> list[Path]:
    return [path for path in contents(folder) if path.is_dir() and not path.name.startswith(".")]


def class_names(classes: str | Sequence[str]) -> tuple[str, ...]:
    """The names of the classes of truth, by class id, that `detection.classes` stands for.

    "signs": the 43 of GTSRB; "shapes": the five shapes of signs, in the order in which GTSRB's classes
    show them; "voc": the 20 of PASCAL VOC; "coco": the 80 of COCO; or the names themselves. UserError
    for another word, an empty list, or a name that is there twice.
    """
    if isinstance(classes, str):
        known = {
            "signs": tuple(sign.name for sign in GTSRB_CLASSES),
            "shapes": tuple(dict.fromkeys(sign.shape for sign in GTSRB_CLASSES)),
            "voc": VOC_NAMES,
            "coco": tuple(name for name in COCO_CATEGORIES[1:] if name != UNUSED),
        }
        if classes not in known:
            raise UserError(f"Config key 'detection.classes' is {classes!r}; {nearest(classes, known)}")
        return known[classes]
    twice = next((name for place, name in enumerate(classes) if name in classes[:place]), None)
    if twice is not None or not classes:
        reason = f"names {twice!r} twice" if classes else "is empty"
        raise UserError(f"Config key 'detection.classes' {reason}; name every class once.")
    return tuple(classes)


def renamed_classes(classes: str | Sequence[str]) -> dict[str, str]:
    """Name in an annotation -> name of the class that it counts as, where they differ.

    With "shapes" a drawn sign counts as its shape: {"Stop": "octagon", ...}.
    """
    return {sign.name: sign.shape for sign in GTSRB_CLASSES} if classes == "shapes" else {}
