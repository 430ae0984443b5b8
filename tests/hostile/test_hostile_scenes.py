"""Scenes in the layout of PASCAL VOC, in a folder or a tar archive: annotations, masks and members."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from case import Case, fault_of, table
from rules_alone import Run, Step
from synthetic_voc import TOP, annotation, encoded, picture, tree, write_folder, write_tar

DETECTION: dict[str, Any] = {
    "device": "cpu",
    "data": {"name": "none"},
    "model": {"name": "resnet18", "train": False},
    "detection": {"pictures": "own", "classes": ["cat", "dog"], "training": {"split": "test"}},
}
Members = dict[str, bytes]
XML = f"{TOP}/Annotations/a.xml"
BOX = (
    "<object><name>dog</name><bndbox>"
    "<xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox></object>"
)
PLACE = "own/VOCdevkit/VOC2007/Annotations/a.xml"


def scenes(name: str, edit: Callable[[Members], object], sentence: str | None, **detection: Any) -> Case:
    """The folder after an edit of its files, all of whose pictures are read."""

    def make(folder: Path) -> Step:
        found = tree()
        del found[f"{TOP}/ImageSets/Main/test.txt"]
        edit(found)
        write_folder(folder / "own", found)
        config = DETECTION | {"detection": DETECTION["detection"] | detection}
        return Run(config, ("scene_pictures/test",))

    return Case(name, make, sentence)


def xml(name: str, text: str | bytes, sentence: str | None) -> Case:
    """The annotation of the picture a, which is 40 x 30 pixels."""
    data = text if isinstance(text, bytes) else text.encode()
    return scenes(f"XML: {name}", lambda found: found.update({XML: data}), sentence)


def box(name: str, edges: tuple[Any, Any, Any, Any], sentence: str | None) -> Case:
    """A box in it: xmin, ymin, xmax, ymax."""
    return xml(f"box {name}", f"<annotation>{BOX.format(*edges)}</annotation>", sentence)


def tar(name: str, make_tar: Callable[[Path], object], sentence: str | None) -> Case:
    """The archive."""

    def make(folder: Path) -> Step:
        (folder / "own").mkdir()
        make_tar(folder / "own/voc.tar")
        config = DETECTION | {"detection": DETECTION["detection"] | {"pictures": "own/voc.tar"}}
        return Run(config, ("scene_pictures/test",))

    return Case(f"tar: {name}", make, sentence)


def with_member(info: tarfile.TarInfo, data: bytes = b"") -> Callable[[Path], object]:
    """The archive with one more member at its end."""

    def write(path: Path) -> None:
        write_tar(path, tree())
        with tarfile.open(path, "a") as archive:
            archive.addfile(info, io.BytesIO(data) if data else None)

    return write


def member(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, link: str = "") -> tarfile.TarInfo:
    """A member of an archive."""
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, link
    return info


def damaged(path: Path) -> None:
    """The archive with a damaged header in its middle."""
    write_tar(path, tree())
    path.write_bytes(path.read_bytes().replace(b"Annotations/b.xml", b"Annotations/\xff.xml"))


def cut(share: float) -> Callable[[Path], object]:
    """The first part of the archive."""
    return lambda path: (
        write_tar(path, tree()),
        path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size) // 512 * 512]),
    )


def with_header(header: bytes) -> Callable[[Path], object]:
    """The archive with a header before its end."""

    def write(path: Path) -> None:
        write_tar(path, tree())
        data = path.read_bytes().rstrip(b"\0")
        data += bytes(-len(data) % 512)
        path.write_bytes(data + header + bytes(1024))

    return write


LAUGHS = (
    "<!DOCTYPE a [<!ENTITY a0 'ha'>"
    + "".join(f"<!ENTITY a{n} '&a{n - 1};&a{n - 1};'>" for n in range(1, 40))
    + "]><annotation>&a39;</annotation>"
)
ENTITIES = (
    f"{PLACE} has entities, a document type or UTF-16, which are not read; save it as plain XML in UTF-8."
)
OUT = "which leads out of the archive, so it is refused; get the archive from a source that you trust."
LEAVES = f"of object 1 in {PLACE} leaves its picture of 40 x 30 pixels; correct it."
CASES = [
    scenes("right", lambda found: None, None),
    scenes(
        "with what systems leave",
        lambda found: found.update(
            {
                f"{TOP}/JPEGImages/._a.png": b"x",
                f"{TOP}/JPEGImages/Thumbs.db": b"x",
                f"{TOP}/Annotations/.a.xml.swp": b"x",
            }
        ),
        None,
    ),
    scenes("picture without an annotation", lambda found: found.pop(XML), None),
    scenes(
        "annotation without a picture",
        lambda found: found.pop(f"{TOP}/JPEGImages/a.png"),
        "Annotations of own/VOCdevkit/VOC2007 names 'a', of which JPEGImages has no picture (1 are "
        "missing); add the pictures or delete what names them.",
    ),
    scenes(
        "a stem twice",
        lambda found: found.update({f"{TOP}/JPEGImages/a.jpg": picture("a")}),
        "has ...JPEGImages/a.jpg and ...JPEGImages/a.png, which have one name; delete one of them.",
    ),
    scenes(
        "no pictures",
        lambda found: [found.clear(), found.update({f"{TOP}/JPEGImages/x.txt": b""})],
        "own/VOCdevkit/VOC2007 has no pictures in JPEGImages; put them there.",
    ),
    scenes(
        "two trees",
        lambda found: found.update({"VOCdevkit/VOC2012/JPEGImages/a.png": picture("a")}),
        "own has VOCdevkit/VOC2007 and VOCdevkit/VOC2012, which both have JPEGImages; name one of them.",
    ),
    scenes(
        "broken picture",
        lambda found: found.update({f"{TOP}/JPEGImages/a.png": picture("a")[:60]}),
        "JPEGImages/a.png is a broken picture (image file is truncated); replace it.",
    ),
    scenes(
        "PostScript as a picture",
        lambda found: found.update({f"{TOP}/JPEGImages/a.png": b"%!PS-Adobe-3.0 EPSF-3.0\n"}),
        "JPEGImages/a.png is a broken picture (text that begins with '%!PS-Adobe-3.0",
    ),
    scenes(
        "mask of another size",
        lambda found: found.update({f"{TOP}/SegmentationObject/b.png": encoded(np.zeros((9, 9), np.uint8))}),
        "SegmentationObject/b.png is 9 x 9 pixels and its picture 40 x 30; make both again.",
    ),
    scenes(
        "mask in colours",
        lambda found: found.update({f"{TOP}/SegmentationObject/b.png": picture("m")}),
        "SegmentationObject/b.png has mode RGB; a mask is a PNG with one 8-bit label per pixel.",
    ),
    scenes(
        "mask that is text",
        lambda found: found.update({f"{TOP}/SegmentationObject/b.png": b"hello"}),
        "SegmentationObject/b.png is a broken picture (text that begins with 'hello'); replace it.",
    ),
    scenes(
        "list of missing pictures",
        lambda found: found.update({f"{TOP}/ImageSets/Main/test.txt": b"a\ngone\n"}),
        "names 'gone', of which JPEGImages has no picture (1 are missing); add the pictures or delete "
        "what names them.",
    ),
    scenes(
        "binary list",
        lambda found: found.update({f"{TOP}/ImageSets/Main/test.txt": bytes(range(256))}),
        "of which JPEGImages has no picture",
    ),
    scenes(
        "empty list",
        lambda found: found.update({f"{TOP}/ImageSets/Main/test.txt": b"\n"}),
        "has no pictures in JPEGImages; put them there.",
    ),
    scenes(
        "list that is missing",
        lambda found: None,
        "has no ImageSets/Main/val.txt, so it is not known which pictures it stands for; add that list, "
        "or correct 'detection.split' or 'detection.training.split'.",
        split="val",
    ),
    xml("empty", "", f"{PLACE} is broken XML (no element found: line 1, column 0); correct it."),
    xml("not closed", "<annotation><object>", f"{PLACE} is broken XML ("),
    xml(
        "HTML",
        "<html><body>404</body></html>",
        f"{PLACE} is XML, but no annotation (it begins with <html>); replace it.",
    ),
    xml("JSON", "{}", f"{PLACE} is broken XML ("),
    xml("billion laughs", LAUGHS, ENTITIES),
    xml(
        "entity of a file",
        "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><annotation>&x;</annotation>",
        ENTITIES,
    ),
    xml("document type of a server", "<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/x.dtd'><annotation/>", ENTITIES),
    xml("UTF-16", "<annotation/>".encode("utf-16"), ENTITIES),
    xml(
        "unknown encoding", "<?xml version='1.0' encoding='x-none'?><annotation/>", f"{PLACE} is broken XML ("
    ),
    xml("UTF-7", "<?xml version='1.0' encoding='utf-7'?>+ADw-annotation/>", f"{PLACE} is broken XML ("),
    xml(
        "EBCDIC",
        "<?xml version='1.0' encoding='cp037'?><annotation/>".encode("cp037"),
        f"{PLACE} is broken XML (",
    ),
    xml(
        "Latin-1 said to be UTF-8",
        "<annotation><folder>\xe9</folder></annotation>".encode("latin-1"),
        f"{PLACE} is broken XML (",
    ),
    xml("deep nesting", "<annotation>" + "<a>" * 100_000 + "</a>" * 100_000 + "</annotation>", None),
    xml(
        "5 MB",
        "<annotation>" + " " * 5_000_000 + "</annotation>",
        "has 5 MB, more than the limit of 4 MB; make it smaller.",
    ),
    xml("no objects", "<annotation/>", None),
    xml(
        "no name",
        "<annotation><object><bndbox/></object></annotation>",
        f"There is no <name> in object 1 in {PLACE}; add it or delete the object.",
    ),
    xml(
        "no box",
        "<annotation><object><name>dog</name></object></annotation>",
        f"There is no <bndbox> in object 1 in {PLACE}; add it or delete the object.",
    ),
    xml(
        "half a box",
        "<annotation><object><name>dog</name><bndbox><xmin>1</xmin></bndbox></object></annotation>",
        f"<ymin> of object 1 in {PLACE} is '', where a number belongs; correct it.",
    ),
    xml(
        "class that is not known",
        annotation([("cow", 1, 1, 9, 9)]),
        f"The class 'cow' of object 1 in {PLACE} is not known; ",
    ),
    xml(
        "class in capitals",
        annotation([("Dog", 1, 1, 9, 9)]),
        f"The class 'Dog' of object 1 in {PLACE} is not known; did you mean 'dog'",
    ),
    xml(
        "size of another picture",
        annotation([], size=(9, 9)),
        f"{PLACE} is for a picture of 9 x 9 pixels, but it has 40 x 30",
    ),
    xml(
        "size nan",
        "<annotation><size><width>nan</width><height>30</height></size></annotation>",
        f"<width> of the size in {PLACE} is 'nan', where a number belongs; correct it.",
    ),
    xml(
        "size 1e300",
        "<annotation><size><width>1e300</width><height>30</height></size></annotation>",
        f"{PLACE} is for a picture of 1000",
    ),
    xml(
        "flag that is none",
        annotation([("dog", 1, 1, 9, 9)]).replace(b"<difficult>0", b"<difficult>maybe"),
        f"<difficult> of object 1 in {PLACE} is 'maybe'; write 0 or 1.",
    ),
    box("within", (1, 1, 40, 30), None),
    box("of decimals", (1.5, 1.5, 39.5, 29.5), None),
    box("a pixel outside", (0, 0, 41, 31), None),
    box("outside", (1, 1, 400, 30), f"The box (xmin 1, ymin 1, xmax 400, ymax 30) {LEAVES}"),
    box("negative", (-9, 1, 20, 20), f"The box (xmin -9, ymin 1, xmax 20, ymax 20) {LEAVES}"),
    box(
        "reversed",
        (20, 20, 10, 10),
        f"The box (xmin 20, ymin 20, xmax 10, ymax 10) of object 1 in {PLACE} is empty; correct it or "
        "delete the object.",
    ),
    box("empty", (9, 9, 8, 8), "is empty; correct it or delete the object."),
    box(
        "nan",
        ("nan", 1, 20, 20),
        f"<xmin> of object 1 in {PLACE} is 'nan', where a number belongs; correct it.",
    ),
    box(
        "inf",
        (1, 1, "inf", 20),
        f"<xmax> of object 1 in {PLACE} is 'inf', where a number belongs; correct it.",
    ),
    box(
        "1e999",
        (1, 1, "1e999", 20),
        f"<xmax> of object 1 in {PLACE} is '1e999', where a number belongs; correct it.",
    ),
    box(
        "of words",
        ("left", 1, 20, 20),
        f"<xmin> of object 1 in {PLACE} is 'left', where a number belongs; correct it.",
    ),
    box("of 5,000 digits", ("1" * 5000, 1, 20, 20), "where a number belongs; correct it."),
    box("1_0", ("1_0", 1, 20, 20), "<xmin> of object 1 in ...is '1_0', where a number belongs; correct it."),
    tar("right", lambda path: write_tar(path, tree()), None),
    tar("member above", with_member(member("../evil")), f"has the member '../evil', {OUT}"),
    tar("absolute member", with_member(member("/etc/evil")), f"has the member '/etc/evil', {OUT}"),
    tar(
        "links and devices",
        with_member(member(f"{TOP}/JPEGImages/z.png", tarfile.SYMTYPE, link="/etc/passwd")),
        None,
    ),
    tar("device", with_member(member(f"{TOP}/JPEGImages/z.png", tarfile.CHRTYPE)), None),
    tar(
        "no archive",
        lambda path: path.write_bytes(b"<html>"),
        "own/voc.tar is not a complete .tar archive without compression (",
    ),
    tar(
        "empty file",
        lambda path: path.write_bytes(b""),
        "own/voc.tar is not a complete .tar archive without compression (",
    ),
    tar(
        "compressed",
        lambda path: path.write_bytes(b"\x1f\x8b" + bytes(600)),
        "own/voc.tar is not a complete .tar archive without compression (",
    ),
    tar("cut off", cut(0.3), "own/voc.tar is not a complete .tar archive without compression ("),
    tar("without its end", cut(0.9), "own/voc.tar "),
    tar(
        "damaged header",
        damaged,
        "own/voc.tar is not a complete .tar archive without compression (bad checksum)",
    ),
    tar(
        "negative size",
        with_header(member("x", size=-512).tobuf(tarfile.GNU_FORMAT)),
        "own/voc.tar is not a complete .tar archive without compression (a member of negative size)",
    ),
    tar(
        "size of 1 TB",
        with_header(member(f"{TOP}/JPEGImages/z.png", size=1 << 40).tobuf(tarfile.GNU_FORMAT)),
        "own/voc.tar ",
    ),
    tar(
        "size of 2^80",
        with_header(member(f"{TOP}/JPEGImages/z.png", size=1 << 80).tobuf(tarfile.GNU_FORMAT)),
        "own/voc.tar ",
    ),
    tar(
        "sparse file",
        with_header(member("x", tarfile.GNUTYPE_SPARSE, 512).tobuf(tarfile.GNU_FORMAT)),
        "own/voc.tar has a sparse file; get the archive from a source that you trust.",
    ),
    tar(
        "long name of 1 TB",
        with_header(member("x", tarfile.GNUTYPE_LONGNAME, 1 << 40).tobuf(tarfile.GNU_FORMAT)),
        "own/voc.tar has a header of 1099512 MB; get the archive from a source that you trust.",
    ),
    tar(
        "other files alone",
        lambda path: write_tar(path, {"readme": b"x"}),
        "own/voc.tar has no pictures in JPEGImages; put them there.",
    ),
]


@table(CASES)
def test_scenes(case: Case, tmp_path: Path) -> None:
    assert fault_of(case, tmp_path) == ""
