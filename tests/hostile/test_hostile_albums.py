"""Galleries, masks and stock pictures that are damaged, odd or hostile: each ends in its sentence."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from case import Case, fault_of, table
from made_of import FOLDER, STAGE, class_folders, encoded, png, with_keys
from rules_alone import Album, Run, Step

Edit = Callable[[Path], object]


def gallery(name: str, text: str | bytes, sentence: str | None, **album: Any) -> Case:
    """A table of photographs, and what is said of it or of them."""

    def make(folder: Path) -> Step:
        class_folders(folder / "own", ("cat", "dog"), 2)
        (folder / "own/list.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
        return Album(**{"source": "own/list.csv", **album})

    return Case(f"gallery: {name}", make, sentence)


def photographs(
    name: str,
    edit: Edit,
    sentence: str | None,
    source: str = "own",
    truth: Callable[[Path], None] | None = None,
) -> Case:
    """A source of photographs that is no table."""

    def make(folder: Path) -> Step:
        edit(class_folders(folder / "own", ("cat", "dog"), 2))
        return Album(source)

    return Case(f"gallery: {name}", make, sentence, truth)


def masks(name: str, edit: Edit, sentence: str | None, truth: Callable[[Path], None] | None = None) -> Case:
    """Class folders with masks, of which the left half is the object, after an edit of the masks."""

    def make(folder: Path) -> Step:
        class_folders(folder / "own")
        half = np.zeros((12, 12), np.uint8)
        half[:, :6] = 255
        for file in sorted((folder / "own").glob("*/*")):
            (folder / "masks" / file.parent.name).mkdir(parents=True, exist_ok=True)
            (folder / "masks" / file.parent.name / file.name).write_bytes(encoded(Image.fromarray(half)))
        edit(folder / "masks")
        return Run(with_keys(FOLDER, data={"masks": "masks"}), (*STAGE, "regions"))

    return Case(f"masks: {name}", make, sentence, truth)


def stock(name: str, edit: Edit, sentence: str | None) -> Case:
    """Stock pictures of two classes after an edit."""

    def make(folder: Path) -> Step:
        class_folders(folder / "own")
        (folder / "stock").mkdir()
        for number in range(2):
            (folder / f"stock/{number}.png").write_bytes(png(number, 40, 40))
        edit(folder / "stock")
        keys = {
            "stages": ["stickers"],
            "stickers": {"stock": "stock", "stock_size": 64},
            "attribution": {"methods": ["random", "saliency"]},
        }
        return Run(with_keys(FOLDER, **keys), ("classes", "stock/user_stock"))

    return Case(f"stock: {name}", make, sentence)


def every(file: str, data: bytes) -> Edit:
    """The edit that replaces the files of a pattern."""
    return lambda root: [one.write_bytes(data) for one in root.glob(file)]


def grey(value: int, size: int = 12) -> bytes:
    """A mask of one value."""
    return encoded(Image.fromarray(np.full((size, size), value, np.uint8)))


def left_half(folder: Path) -> None:
    """The regions are the left half."""
    regions = np.load(folder / "made/x/regions/regions.npy")
    assert regions[:, :, :8].all() and not regions[:, :, 8:].any()


CASES = [
    gallery("right", "file,class_id\ncat/1.png,0\ndog/1.png,\ncat/2.png,1.0\n", None),
    gallery("empty", "", "own/list.csv is empty; give it a header with the column 'file', and rows."),
    gallery(
        "blank file", "\n\n", "own/list.csv is empty; give it a header with the column 'file', and rows."
    ),
    gallery(
        "header alone",
        "file\n",
        "own/list.csv names no photographs; put pictures there or correct 'gallery.source'.",
    ),
    gallery("no column", "name\ncat/1.png\n", "own/list.csv lacks the column 'file'; correct its header."),
    gallery(
        "Latin-1",
        "file\n\xe9.png\n".encode("latin-1"),
        "own/list.csv is not UTF-8 text; save it as a CSV in UTF-8.",
    ),
    gallery("binary", png(1), "own/list.csv is not UTF-8 text; save it as a CSV in UTF-8."),
    gallery(
        "ragged",
        "file,class_id\ncat/1.png\n",
        "Line 2 of own/list.csv has 1 fields, but the header has 2; correct that line.",
    ),
    gallery(
        "no name",
        "file,class_id\n,1\n",
        "Line 2 of own/list.csv names no file; give it one or delete that line.",
    ),
    *(
        gallery(
            f"class {text}",
            f"file,class_id\ncat/1.png,{text}\n",
            f"Line 2 of own/list.csv gives cat/1.png the class_id {text!r}; write a number from 0 to 1, "
            "or nothing where the class is not known.",
        )
        for text in ("-5", "stop", "1.7", "1e30", "inf", "nan", "2", "0x1", "1_0", "\u0661", "٣")
    ),
    gallery(
        "picture that is missing",
        "file\ngone.png\n",
        "1 of 1 pictures in own/list.csv cannot be used (gone.png cannot be read (No such file or "
        "directory))",
    ),
    gallery(
        "picture that is a folder",
        "file\ncat\n",
        "1 of 1 pictures in own/list.csv cannot be used (cat is not a regular file and is not read)",
    ),
    gallery(
        "picture that is a device",
        "file\n/dev/zero\n",
        "1 of 1 pictures in own/list.csv cannot be used (/dev/zero is not a regular file and is not read)",
    ),
    gallery(
        "picture that is the list",
        "file\nlist.csv\n",
        "1 of 1 pictures in own/list.csv cannot be used (list.csv is a broken picture (text that begins "
        "with 'file",
    ),
    gallery("name of 5,000 letters", f"file\n{'n' * 5000}.png\n", "cannot be read (File name too long)"),
    gallery(
        "name with a null",
        "file\na\0b.png\n",
        "own/list.csv is binary data, not text; save it as a CSV in UTF-8.",
    ),
    *(
        gallery(
            f"{column} {text!r}",
            f'file,{column}\ncat/1.png,"{text}"\n',
            f"Line 2 of own/list.csv gives cat/1.png the box {text!r} in the column {column!r}; write 'x0",
            boxes="stuck" if column == "stuck" else None,
        )
        for column in ("roi", "stuck")
        for text in ("1,2,3,4", "0,0,0,1", "nan,0,1,1", "0,0,1", "left", "0,0,1,1e300")
    ),
    gallery("boxes", 'file,stuck\ncat/1.png,"0,0,.5,.5; .5,.5,1,1"\ndog/1.png,\n', None, boxes="stuck"),
    gallery(
        "no column of boxes",
        "file\ncat/1.png\n",
        "own/list.csv lacks the column 'stuck', which config key 'real_examples.boxes' names; correct",
        boxes="stuck",
    ),
    photographs(
        "nothing there",
        lambda root: None,
        "Config key 'gallery.source': gone does not exist; correct its path.",
        "gone",
    ),
    photographs(
        "no pictures",
        lambda root: shutil.rmtree(root / "cat") or shutil.rmtree(root / "dog"),
        "own names no photographs; put pictures there or correct 'gallery.source'.",
    ),
    photographs(
        "FIFO in its place",
        lambda root: None,
        "is not a regular file or folder; correct its path.",
        "/dev/null",
    ),
    photographs(
        "text in place of a table",
        lambda root: (root / "list.txt").write_text("hello"),
        "Config key 'gallery.source': own/list.txt has the ending of neither a picture nor a table; ",
        "own/list.txt",
    ),
    photographs("one picture", lambda root: None, None, "own/cat/1.png"),
    photographs("class folders", lambda root: None, None),
    photographs("folder of pictures", lambda root: None, None, "own/cat"),
    masks("right", lambda root: None, None, left_half),
    masks(
        "with other suffixes",
        lambda root: [one.rename(one.with_suffix(".PNG")) for one in root.glob("*/*")],
        None,
        left_half,
    ),
    masks(
        "missing",
        lambda root: [one.unlink() for one in root.glob("cat/*")],
        "Config key 'data.masks': masks has no mask of ",
    ),
    masks(
        "none",
        lambda root: shutil.rmtree(root),
        "Config key 'data.masks': masks does not exist; correct its path.",
    ),
    masks(
        "a file in place of the folder",
        lambda root: (shutil.rmtree(root), root.write_bytes(b"")),
        "Config key 'data.masks': masks is not a folder; correct its path.",
    ),
    masks(
        "of another size",
        every("*/*", grey(255, 11)),
        "is 11 x 11 pixels and its picture 12 x 12; give it the size of the picture.",
    ),
    masks("empty masks", every("*/*", grey(0)), "No mask in masks has a pixel brighter than "),
    masks(
        "masks of everything",
        every("*/*", grey(255)),
        "Every mask in masks covers its whole picture, so that there is no background; make what is no "
        "object black or transparent, or correct 'data.masks'.",
    ),
    masks(
        "labels 0 and 1",
        every("*/*", encoded(Image.fromarray(np.eye(12, dtype=np.uint8)))),
        "No mask in masks has a pixel brighter than 16 (of 255), so that there is no object; lower "
        "'data.mask_threshold' or correct 'data.masks'.",
    ),
    masks("broken", every("*/*", png(1)[:50]), "is a broken picture"),
    masks("text", every("*/*", b"{}"), "is a broken picture (text that begins with '{}')"),
    masks(
        "floats",
        every("*/*", encoded(Image.fromarray(np.ones((12, 12), np.float32)), "TIFF")),
        "has 32-bit pixels without a known range",
    ),
    masks(
        "huge",
        every("*/*", b"P5 1000000000 1000000000 255\n"),
        "is too large: a picture may have 179 million pixels; scale it down.",
    ),
    stock("right", lambda root: None, None),
    stock("one is missing", lambda root: (root / "1.png").unlink(), None),
    stock("named as no number", lambda root: (root / "1.png").rename(root / "2\u00b2.png"), None),
    stock(
        "a class beyond",
        lambda root: (root / "1.png").rename(root / "7.png"),
        "stock/7.png names class 7, which is none of the 2 classes; rename or remove it.",
    ),
    stock(
        "a class twice",
        lambda root: (root / "01.png").write_bytes(png(1, 40, 40)),
        "names class 1, which is there twice; rename or remove it.",
    ),
    stock("broken", every("1.png", b""), "stock/1.png is empty (0 bytes); replace it."),
]


@table(CASES)
def test_albums(case: Case, tmp_path: Path) -> None:
    assert fault_of(case, tmp_path) == ""
