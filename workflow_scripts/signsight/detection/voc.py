"""Pictures, boxes and masks in the layout of PASCAL VOC, from a tar archive or a folder alike."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Protocol

import numpy as np

from signsight.core.errors import UserError
from signsight.data.listing import SUFFIXES, is_leftover
from signsight.data.pictures import FolderPictures, Pictures, open_labels, open_rgb
from signsight.data.scene_sources import voc_root
from signsight.detection.plain_tar import PlainTar
from signsight.detection.scene import Scene
from signsight.detection.voc_xml import LARGEST, fitted_objects, parse_annotation

log = logging.getLogger("signsight")

PARTS = ("JPEGImages", "Annotations", "SegmentationObject", "ImageSets/Main")
MEMBER = re.compile(rf"((?:.*/)?)({'|'.join(PARTS)})/([^/]+)")
VOID = 255  # label of a mask's pixels that belong to no object for sure
SHOWN = 3


class VocFiles(Pictures, Protocol):
    """An archive or a folder: the names of its files, and their bytes."""

    path: Path

    @property
    def members(self) -> list[str]:
        """Names of the files."""
        ...

    def read(self, source: str, largest: int = ...) -> bytes:
        """The bytes of a file of at most `largest` bytes."""
        ...


class VocScenes:
    """The scenes of a tree `JPEGImages, Annotations, SegmentationObject, ImageSets/Main`; a `SceneSource`.

    ids: stems of the pictures, in the order of the split's list, else sorted. Pictures without an
    annotation are kept, without truth, and reported in one line of the log.
    """

    def __init__(
        self,
        files: VocFiles,
        classes: Sequence[str],
        *,
        renamed: Mapping[str, str] | None = None,
        split: str | None = None,
        needs_split: bool = False,
    ) -> None:
        """files: of `open_voc`; classes: names that objects may have; renamed: name in the annotations ->
        class, where they differ; split: a list in ImageSets/Main ('test'), of which only the pictures are
        taken; where the tree has no such list, all are, unless `needs_split`.

        UserError when there are no pictures, one has two files, or one that is annotated or listed is
        missing.
        """
        self._files, self._classes, self._renamed = files, frozenset(classes), dict(renamed or {})
        tree = _sorted_in(files)
        self._pictures = _by_stem(tree["JPEGImages"], files)
        self._annotations = _by_stem(tree["Annotations"], files)
        self._masks = _by_stem(tree["SegmentationObject"], files)
        self.ids = self._listed(split, tree["ImageSets/Main"], needs_split)
        bare = [picture for picture in self.ids if picture not in self._annotations]
        if bare:
            log.info("%s: %d pictures have no annotation (%s)", files.path, len(bare), shown(bare))

    def scene(self, picture: str) -> Scene:
        """The scene of that name. UserError for a fault of its picture, annotation or mask."""
        source = self._pictures[picture]
        image = open_rgb(self._files, source)
        objects = None
        if annotation := self._annotations.get(picture):
            place = self._files.place(annotation)
            read = parse_annotation(self._files.read(annotation, LARGEST), place)
            objects = fitted_objects(read, image.size, place, self._classes, self._renamed)
        mask = None
        if objects is not None and (labels := self._masks.get(picture)):
            mask = self._mask(labels, image.size)
        return Scene(picture, np.asarray(image), objects, mask)

    def _mask(self, source: str, size: tuple[int, int]) -> np.ndarray:
        labels = open_labels(self._files, source)
        height, width = labels.shape
        if (width, height) != size:
            raise UserError(
                f"{self._files.place(source)} is {width} x {height} pixels and its picture {size[0]} x "
                f"{size[1]}; make both again."
            )
        return np.where(labels == VOID, np.uint8(0), labels)

    def _listed(self, split: str | None, lists: Iterable[str], needed: bool) -> list[str]:
        """The pictures of a split, or all. UserError when one that is named has no file."""
        source = next((name for name in lists if PurePosixPath(name).name == f"{split}.txt"), None)
        if source is None and needed:
            raise UserError(
                f"{self._files.path} has no ImageSets/Main/{split}.txt, so it is not known which pictures it "
                "stands for; add that list, or correct 'detection.split' or 'detection.training.split'."
            )
        if source is None:
            named, by = sorted(self._annotations), "Annotations"
            found = sorted(self._pictures)
            if split is not None:
                log.info("%s has no ImageSets/Main/%s.txt: all pictures are taken", self._files.path, split)
        else:
            text = self._files.read(source, LARGEST).decode("utf-8", errors="replace")
            named, by = [line.split()[0] for line in text.splitlines() if line.strip()], source
            found = list(dict.fromkeys(named))
        missing = [picture for picture in named if picture not in self._pictures]
        if missing:
            raise UserError(
                f"{by} of {self._files.path} names {missing[0]!r}, of which JPEGImages has no picture "
                f"({len(missing)} are missing); add the pictures or delete what names them."
            )
        if not found:
            raise UserError(f"{self._files.path} has no pictures in JPEGImages; put them there.")
        return found


def open_voc(path: Path) -> VocFiles:
    """The files of a tree: of a .tar archive, or of a folder (VOC2007, the VOCdevkit above, or above that).

    UserError when there is no such tree.
    """
    if not path.is_dir():
        return PlainTar(path)
    root = voc_root(path)
    if root is None:
        raise UserError(
            f"{path} has no folder JPEGImages, and none below it has; name the folder that has it."
        )
    return FolderPictures(root)


def shown(names: Sequence[str]) -> str:
    """The first of some names, for one line of the log."""
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")


def _sorted_in(files: VocFiles) -> dict[str, list[str]]:
    """Part of the tree -> its files. UserError when there are several trees, or a name is no text."""
    tree: dict[str, list[str]] = {part: [] for part in PARTS}
    tops: set[str] = set()
    for name in files.members:
        found = MEMBER.fullmatch(name)
        if found is None or is_leftover(Path(found[3])):
            continue
        if any("\ud800" <= letter <= "\udfff" for letter in name):
            raise UserError(f"The name of {name!a} in {files.path} is not UTF-8 text; rename it.")
        tree[found[2]].append(name)
        tops.add(found[1])
    if len(tops) > 1:
        first, second = sorted(tops)[:2]
        raise UserError(
            f"{files.path} has two sets of pictures, {first or './'} and {second}; unpack it and name the "
            "folder of one."
        )
    return tree


def _by_stem(names: Iterable[str], files: VocFiles) -> dict[str, str]:
    """Stem -> file of pictures, masks or annotations. UserError when two have the same stem."""
    found: dict[str, str] = {}
    for name in sorted(names):
        path = PurePosixPath(name)
        if path.suffix.lower() not in (*SUFFIXES, ".xml"):
            continue
        if path.stem in found:
            raise UserError(
                f"{files.path} has {found[path.stem]} and {name}, which have one name; delete one of them."
            )
        found[path.stem] = name
    return found
