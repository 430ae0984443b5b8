"""Annotations of PASCAL VOC: from the XML of a picture to its objects, with every fault in a sentence."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from signsight.core.errors import UserError
from signsight.core.words import nearest
from signsight.detection.scene import Box, SceneObject

LARGEST = 4 << 20  # bytes of an annotation
SLACK = 1.0  # pixels by which a box may leave its picture: tools count from 0 or from 1
EDGES = ("xmin", "ymin", "xmax", "ymax")


@dataclass(frozen=True)
class Annotation:
    """The objects of a picture, and its size (width, height) in pixels where the annotation has one.

    The boxes are as the file gives them, but as edges; `fitted_objects` checks them.
    """

    size: tuple[int, int] | None
    objects: tuple[SceneObject, ...]


def parse_annotation(data: bytes, place: str) -> Annotation:
    """The annotation in the XML `data`, which lies at `place` (for messages).

    PASCAL VOC counts pixels from 1 and includes the last ones, so a box has the edges x0 = xmin - 1,
    y0 = ymin - 1, x1 = xmax, y1 = ymax. UserError for what is no XML or no annotation, for entities
    (a few bytes of them can stand for gigabytes), and for numbers that are missing or none.
    """
    root = _root(data, place)
    size = root.find("size")
    found = None
    if size is not None:
        width, height = (_number(size, name, f"the size in {place}") for name in ("width", "height"))
        found = round(width), round(height)
    objects = tuple(
        _object(element, f"object {number} in {place}")
        for number, element in enumerate(root.findall("object"), start=1)
    )
    return Annotation(found, objects)


def fitted_objects(
    annotation: Annotation,
    size: tuple[int, int],
    place: str,
    classes: Collection[str],
    renamed: Mapping[str, str],
) -> tuple[SceneObject, ...]:
    """The objects by their class in `classes`, their boxes within a picture of `size` (width, height).

    renamed: name in the annotation -> class, where they differ. A box that leaves the picture by no
    more than a pixel is cut at its edge. UserError for a box that leaves it further or is empty, a
    class that is not known, or an annotation of a picture of another size.
    """
    if annotation.size not in (None, size):
        width, height = annotation.size
        raise UserError(
            f"{place} is for a picture of {width} x {height} pixels, but it has {size[0]} x {size[1]} "
            "(turned as its EXIF says); correct one of them."
        )
    found = []
    for number, one in enumerate(annotation.objects, start=1):
        where = f"object {number} in {place}"
        label = renamed.get(one.label, one.label)
        if label not in classes:
            known = renamed or classes
            raise UserError(
                f"The class {one.label!r} of {where} is not known; {nearest(one.label, known)} Correct it "
                "or 'detection.classes'."
            )
        box = _within(one.box, size, where)
        found.append(SceneObject(label, box, one.difficult, one.truncated))
    return tuple(found)


def _root(data: bytes, place: str) -> ElementTree.Element:
    # A null byte: UTF-16, in which these words would not be found.
    plain = data.lower()
    if b"\0" in data or b"<!doctype" in plain or b"<!entity" in plain:
        raise UserError(
            f"{place} has entities, a document type or UTF-16, which are not read; save it as plain XML in "
            "UTF-8."
        )
    try:
        root = ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError) as fault:
        raise UserError(f"{place} is broken XML ({fault}); correct it.") from fault
    if root.tag != "annotation":
        raise UserError(f"{place} is XML, but no annotation (it begins with <{root.tag}>); replace it.")
    return root


def _object(element: ElementTree.Element, where: str) -> SceneObject:
    label = (element.findtext("name") or "").strip()
    bounds = element.find("bndbox")
    if not label or bounds is None:
        lacking = "<bndbox>" if label else "<name>"
        raise UserError(f"There is no {lacking} in {where}; add it or delete the object.")
    left, top, right, bottom = (_number(bounds, name, where) for name in EDGES)
    difficult, truncated = (_flag(element, name, where) for name in ("difficult", "truncated"))
    return SceneObject(label, (left - 1, top - 1, right, bottom), difficult, truncated)


def _number(element: ElementTree.Element, name: str, where: str) -> float:
    text = (element.findtext(name) or "").strip()
    try:
        number = math.nan if "_" in text else float(text)  # 1_0 is a number in Python alone
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UserError(f"<{name}> of {where} is {text!r}, where a number belongs; correct it.")
    return number


def _flag(element: ElementTree.Element, name: str, where: str) -> bool:
    text = (element.findtext(name) or "0").strip()
    if text not in ("0", "1"):
        raise UserError(f"<{name}> of {where} is {text!r}; write 0 or 1.")
    return text == "1"


def _within(box: Box, size: tuple[int, int], where: str) -> Box:
    x0, y0, x1, y1 = box
    width, height = size
    written = f"(xmin {x0 + 1:g}, ymin {y0 + 1:g}, xmax {x1:g}, ymax {y1:g})"
    if min(x0, y0) < -SLACK or x1 > width + SLACK or y1 > height + SLACK:
        raise UserError(
            f"The box {written} of {where} leaves its picture of {width} x {height} pixels; correct it."
        )
    cut = max(x0, 0.0), max(y0, 0.0), min(x1, float(width)), min(y1, float(height))
    if cut[2] <= cut[0] or cut[3] <= cut[1]:
        raise UserError(f"The box {written} of {where} is empty; correct it or delete the object.")
    return cut
