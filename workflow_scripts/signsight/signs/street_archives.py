"""Street scenes as two archives in the layout of PASCAL VOC 2007, with instance and class masks."""

from __future__ import annotations

import io
import math
import tarfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple
from xml.etree import ElementTree

import numpy as np
from PIL import Image

from signsight.core.errors import UserError
from signsight.core.files import atomic
from signsight.core.rng import generator
from signsight.data.classes import GTSRB_CLASSES
from signsight.data.scene_sources import SCENES
from signsight.signs.atlas import Atlas, make_atlas
from signsight.signs.pool import in_order
from signsight.signs.street_frame import Scene, Seen, render_street
from signsight.signs.streets import Part, StreetLook, draw_street

STREET_ARCHIVES = (SCENES["train"], SCENES["test"])

_BASE = "VOCdevkit/VOC2007"
_TIME = 1262304000  # 1 January 2010, of every member
_ATTEMPTS = 10  # drawings of one scene until enough signs are seen


class _Task(NamedTuple):
    """Scene `number` of a part, counted from 0."""

    part: Part
    number: int


class _Maker(NamedTuple):
    """What every task needs; `first` is the VOC number of the first scene of each part."""

    seed: int
    look: StreetLook
    atlas: Atlas
    first: dict[Part, int]


def render_streets(
    folder: Path | str,
    *,
    seed: int,
    training: int,
    test: int,
    width: int,
    height: int,
    fewest: int,
    most: int,
    min_px: int,
    max_px: int,
    jpeg: tuple[int, int] = (70, 95),
    validation: float = 0.1,
    even: Literal["signs", "shapes"] = "signs",
    workers: int = 1,
) -> list[Path]:
    """Render street scenes into `folder` and return the paths of its two archives (STREET_ARCHIVES).

    training, test: scenes in each archive, numbered from 000001 and on; validation: share of the
    training scenes that `val.txt` lists instead of `train.txt` (at least one). For the other
    settings see `StreetLook`: a scene gets `fewest` to `most` signs, and of a sign of which nothing
    is to be seen there is no trace in the truth. Each archive holds, below `VOCdevkit/VOC2007`,
    `JPEGImages/NNNNNN.jpg`, `Annotations/NNNNNN.xml` (boxes of what is seen, from 1, inclusive;
    `name` as in GTSRB_CLASSES), `SegmentationObject/NNNNNN.png` (k = k-th object of the
    annotation), `SegmentationClass/NNNNNN.png` (class id + 1), both with VOC's palette and 0 =
    background or what hides a sign, and the lists in `ImageSets/Main` and `ImageSets/Segmentation`.
    The bytes depend on the settings and the seed, not on `workers` (processes).
    UserError when a setting is out of its range.
    """
    look = StreetLook(width, height, fewest, most, min_px, max_px, jpeg, even)
    _check(look, training, test, validation)
    maker = _Maker(seed, look, make_atlas(seed), {"trainval": 1, "test": training + 1})
    tasks = [_Task("trainval", k) for k in range(training)] + [_Task("test", k) for k in range(test)]
    folder = Path(folder)
    paths = [folder / name for name in STREET_ARCHIVES]
    with ExitStack() as stack:
        parts = [stack.enter_context(atomic(path)) for path in paths]
        tars = [stack.enter_context(tarfile.open(part, "w", format=tarfile.USTAR_FORMAT)) for part in parts]
        archives: dict[Part, tarfile.TarFile] = dict(zip(("trainval", "test"), tars, strict=True))
        made = stack.enter_context(in_order(partial(_members, maker), tasks, workers))
        for task, members in zip(tasks, made, strict=True):
            for name, content in members:
                _add(archives[task.part], name, content)
        for name, numbers in _lists(training, test, validation).items():
            text = "".join(f"{number:06d}\n" for number in numbers)
            for kind in ("Main", "Segmentation"):
                archive = archives["test" if name == "test" else "trainval"]
                _add(archive, f"ImageSets/{kind}/{name}.txt", text.encode())
    return paths


def _check(look: StreetLook, training: int, test: int, validation: float) -> None:
    for key, value, low, high in (
        ("training", training, 2, 99_999),
        ("test", test, 1, 99_999),
        ("width", look.width, 64, 1024),
        ("height", look.height, 64, 1024),
        ("most", look.most, 1, 20),
        ("fewest", look.fewest, 1, look.most),
        ("max_px", look.max_px, 8, min(look.width, look.height)),
        ("min_px", look.min_px, 8, look.max_px),
    ):
        if not low <= value <= high:
            raise UserError(f"detection.scenes.{key} is {value}; give a number from {low} to {high}.")
    if not 10 <= look.jpeg[0] <= look.jpeg[1] <= 100:
        raise UserError(
            f"detection.scenes.jpeg is {list(look.jpeg)}; give two qualities in order from 10 to 100."
        )
    if not 0 < validation <= 0.5:
        raise UserError(f"detection.scenes.validation is {validation}; give a share above 0 and up to 0.5.")


def _lists(training: int, test: int, validation: float) -> dict[str, list[int]]:
    """The lists of image sets by name. Scenes are drawn independently, so any may validate."""
    trainval = list(range(1, training + 1))
    # Evenly spread, so that more scenes leave the first ones in their list.
    val = [k for k in trainval if math.ceil(k * validation) > math.ceil((k - 1) * validation)]
    return {
        "train": sorted(set(trainval) - set(val)),
        "val": val,
        "trainval": trainval,
        "test": list(range(training + 1, training + test + 1)),
    }


def _members(maker: _Maker, task: _Task) -> list[tuple[str, bytes]]:
    """The members of one scene: names below VOC2007, and bytes."""
    stem = f"{maker.first[task.part] + task.number:06d}"
    scene, quality = _scene(maker, task)
    classes = np.array([0, *(sign.class_id + 1 for sign in scene.signs)], np.uint8)
    return [
        (f"JPEGImages/{stem}.jpg", _jpeg(scene.picture, quality)),
        (f"Annotations/{stem}.xml", _annotation(f"{stem}.jpg", scene)),
        (f"SegmentationObject/{stem}.png", _png(scene.instances)),
        (f"SegmentationClass/{stem}.png", _png(classes[scene.instances])),
    ]


def _scene(maker: _Maker, task: _Task) -> tuple[Scene, int]:
    """A scene and its JPEG quality; drawn anew while fewer signs are seen than should be."""
    for attempt in range(_ATTEMPTS):
        street = draw_street(maker.seed, task.part, task.number, maker.look, maker.atlas, attempt)
        grain = generator(maker.seed, "street grain", task.part, task.number, attempt)
        scene = render_street(street, maker.atlas, grain)
        if len(scene.signs) >= maker.look.fewest:
            break
    return scene, street.jpeg


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def voc_palette() -> bytes:
    """VOC's 256 colours, (r, g, b) of one after the other.

    Of a number's bits, three at a time from the lowest, one goes to red, one to green and one to
    blue, the first three to the highest bit of the channels, and so on down.
    """
    numbers, channels = np.arange(256)[:, None], np.arange(3)
    colours = sum((numbers >> 3 * k + channels & 1) << 7 - k for k in range(3))
    return np.asarray(colours, np.uint8).tobytes()


def _png(labels: np.ndarray) -> bytes:
    image = Image.fromarray(labels)
    image.putpalette(voc_palette())
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _annotation(filename: str, scene: Scene) -> bytes:
    """VOC's annotation of a scene, in the order of its instance numbers."""
    root = ElementTree.Element("annotation")
    _fill(root, folder="VOC2007", filename=filename)
    _fill(ElementTree.SubElement(root, "source"), database="Signsight street scenes", image="drawn")
    width, height = scene.picture.size
    _fill(ElementTree.SubElement(root, "size"), width=width, height=height, depth=3)
    _fill(root, segmented=1)
    for sign in scene.signs:
        _object(root, sign)
    ElementTree.indent(root, "\t")
    return ElementTree.tostring(root) + b"\n"


def _object(root: ElementTree.Element, sign: Seen) -> None:
    part = ElementTree.SubElement(root, "object")
    _fill(
        part,
        name=GTSRB_CLASSES[sign.class_id].name,
        pose="Unspecified",
        truncated=int(sign.truncated),
        occluded=int(sign.occluded),
        difficult=int(sign.difficult),
    )
    x0, y0, x1, y1 = sign.box
    box = ElementTree.SubElement(part, "bndbox")
    _fill(box, xmin=x0 + 1, ymin=y0 + 1, xmax=x1 + 1, ymax=y1 + 1)


def _fill(element: ElementTree.Element, **texts: str | int) -> None:
    for name, text in texts.items():
        ElementTree.SubElement(element, name).text = str(text)


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    """Add a file below VOC2007 whose header does not depend on the clock or the user."""
    member = tarfile.TarInfo(f"{_BASE}/{name}")
    member.size, member.mtime, member.mode = len(content), _TIME, 0o644
    archive.addfile(member, io.BytesIO(content))
