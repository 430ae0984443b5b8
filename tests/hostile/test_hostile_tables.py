"""Tables of the user's own: listed data sets and galleries; masks and stock pictures that match or do not."""

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

NAMES = with_keys(FOLDER, data={"name": "listed", "listed": {"class_column": "class", "test_fraction": 0.5}})
MARKS = with_keys(FOLDER, data={"name": "listed", "listed": {"test_fraction": 0.5}})
ROWS = [f"{name}{one},{name}" for name in ("cat", "dog") for one in range(4)]
HEAD = "image_id,class"
ONE_HOT = [
    "image_id,cat,dog",
    *(
        f"{name}{one},{int(name == 'cat')},{int(name == 'dog')}"
        for name in ("cat", "dog")
        for one in range(4)
    ),
]
Edit = Callable[[Path], object]


def listed(
    name: str,
    text: str | bytes | list[str],
    sentence: str | None,
    config: dict[str, Any] = NAMES,
    edit: Edit = lambda root: None,
    **keys: Any,
) -> Case:
    """A folder of pictures with this table, and what is said of it."""

    def make(folder: Path) -> Step:
        images = folder / "own/images"
        images.mkdir(parents=True)
        for number, row in enumerate(ROWS):
            (images / f"{row.partition(',')[0]}.png").write_bytes(png(number))
        data = "\n".join([*text, ""]) if isinstance(text, list) else text
        (folder / "own/train.csv").write_bytes(data if isinstance(data, bytes) else data.encode())
        edit(folder / "own")
        return Run(with_keys(config, **keys), STAGE)

    return Case(f"listed: {name}", make, sentence)


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


def row(text: str) -> list[str]:
    """The table with one more row."""
    return [HEAD, *ROWS, text]


T = "own/train.csv"
CASES = [
    listed("right", [HEAD, *ROWS], None),
    listed("right, with a BOM", "\ufeff" + "\n".join([HEAD, *ROWS]), None),
    listed(
        "right, with quotes, blank lines and returns",
        "\r\n\r\n".join([HEAD, *(f'"{one.replace(",", chr(34) + "," + chr(34))}"' for one in ROWS)]),
        None,
    ),
    listed("right, one-hot", ONE_HOT, None, MARKS),
    listed(
        "right, in another file",
        [],
        None,
        edit=lambda root: (root / "labels.tab").write_text("\n".join([HEAD, *ROWS])),
        data={"listed": {"table": "labels.tab"}},
    ),
    listed(
        "right, in a hidden folder",
        [HEAD, *ROWS],
        None,
        edit=lambda root: (root / "images").rename(root / ".p"),
        data={"listed": {"pictures": ".p"}},
    ),
    listed("empty", "", f"{T} is empty; give it a header with the column 'image_id', and rows."),
    listed("blank", "\n \n,\n", f"{T} is empty; give it a header with the column 'image_id', and rows."),
    listed("a header alone", [HEAD], f"{T} lists no pictures; add rows to it."),
    listed(
        "no table",
        "",
        f"{T} cannot be read (No such file or directory); correct its path or permissions.",
        edit=lambda root: (root / "train.csv").unlink(),
    ),
    listed(
        "folder in its place",
        "",
        f"{T} is not a regular file and is not read; correct its path.",
        edit=lambda root: ((root / "train.csv").unlink(), (root / "train.csv").mkdir()),
    ),
    listed(
        "link to nothing",
        "",
        f"{T} cannot be read (No such file or directory); correct its path or permissions.",
        edit=lambda root: ((root / "train.csv").unlink(), (root / "train.csv").symlink_to("gone")),
    ),
    listed(
        "not to be read", [HEAD, *ROWS], "Permission denied", edit=lambda root: (root / "train.csv").chmod(0)
    ),
    listed(
        "semicolons",
        [one.replace(",", ";") for one in (HEAD, *ROWS)],
        f"{T} lacks the column 'image_id' (perhaps it is the one named 'image_id;class'); correct its "
        "header.",
    ),
    listed("tabs", [one.replace(",", "\t") for one in (HEAD, *ROWS)], f"{T} lacks the column 'image_id'"),
    listed(
        "another name of the column",
        ["Image_ID,class", *ROWS],
        f"{T} lacks the column 'image_id' (perhaps it is the one named 'Image_ID'); correct its header.",
    ),
    listed(
        "a column twice",
        ["image_id,class,class", *(f"{one},cat" for one in ROWS)],
        f"{T} has two columns 'class'; rename or remove one of them.",
    ),
    listed("one column", ["image_id", "cat1"], f"{T} lacks the column 'class'; correct its header."),
    listed("ragged", row("cat9"), f"Line 10 of {T} has 1 fields, but the header has 2; correct that line."),
    listed(
        "a field too many",
        row("cat9,cat,dog"),
        f"Line 10 of {T} has 3 fields, but the header has 2; correct that line.",
    ),
    listed(
        "a comma at the end of every row",
        [HEAD, *(f"{one}," for one in ROWS)],
        f"Line 2 of {T} has 3 fields, but the header has 2; correct that line.",
    ),
    listed("quote that does not end", row('"cat9,cat'), f"Line 10 of {T} "),
    listed(
        "null byte",
        "\n".join([HEAD, *ROWS]) + "\0",
        f"{T} is binary data, not text; save it as a CSV in UTF-8.",
    ),
    listed(
        "Latin-1",
        "\n".join(row("cat9,é")).encode("latin-1"),
        f"{T} is not UTF-8 text; save it as a CSV in UTF-8.",
    ),
    listed(
        "UTF-16",
        "\n".join(row("cat9,cat")).encode("utf-16"),
        f"{T} is not UTF-8 text; save it as a CSV in UTF-8.",
    ),
    listed("a picture", png(1), f"{T} is not UTF-8 text; save it as a CSV in UTF-8."),
    listed(
        "a field of 200,000 letters",
        row(f"{'c' * 200_000},cat"),
        f"Line 10 of {T} is not CSV (field larger than field limit (131072)); correct it.",
    ),
    listed("a name of 100,000 letters", row(f"{'c' * 100_000},cat"), None),
    listed(
        "a picture twice", row(ROWS[0]), f"Line 10 of {T} lists 'cat0', as does line 2; delete one of them."
    ),
    listed(
        "a picture in two classes",
        row("cat0,dog"),
        f"Line 10 of {T} lists 'cat0', as does line 2; delete one of them.",
    ),
    listed(
        "no name",
        row(",cat"),
        f"Line 10 of {T} has nothing in the column 'image_id'; fill it in or delete that line.",
    ),
    listed(
        "no class",
        row("cat9, "),
        f"Line 10 of {T} has nothing in the column 'class'; fill it in or delete that line.",
    ),
    listed("picture above the folder", [HEAD, *ROWS[1:], "../cat0,cat"], None),
    listed(
        "none is there",
        [HEAD, "x,cat", "y,dog"],
        f"None of the 2 pictures that {T} lists is there (x, ...); correct 'data.listed.pictures' or "
        "'data.listed.id_column'.",
    ),
    listed(
        "one class",
        [HEAD, *ROWS[:4]],
        f"{T} has the class 'cat' only, and a classifier needs two classes to tell apart; add another one.",
    ),
    listed(
        "one picture of a class",
        [HEAD, *ROWS[:5]],
        f"The class 'dog' of {T} has one picture, but needs one for the training and one for the test; "
        "add pictures, or set 'data.allow_empty_classes: true'.",
    ),
    listed(
        "two files of a name",
        [HEAD, *ROWS],
        f"Line 2 of {T} lists 'cat0', which may be images/cat0.jpg or images/cat0.png; write the name "
        "with its suffix or remove one of them.",
        edit=lambda root: (root / "images/cat0.jpg").write_bytes(png(9)),
    ),
    listed(
        "no folder of pictures",
        [HEAD, *ROWS],
        "own/images is not a folder of pictures; correct 'data.listed.pictures' or put them there.",
        edit=lambda root: shutil.rmtree(root / "images"),
    ),
    listed(
        "table outside",
        [HEAD, *ROWS],
        "Config key 'data.listed.table' is '../train.csv'; name what lies within the folder 'data.source'.",
        data={"listed": {"table": "../train.csv"}},
    ),
    listed(
        "pictures outside",
        [HEAD, *ROWS],
        "Config key 'data.listed.pictures' is '/etc'; name what lies within the folder 'data.source'.",
        data={"listed": {"pictures": "/etc"}},
    ),
    listed(
        "column without a name",
        ["image_id,cat,dog,", *(f"{one}," for one in ONE_HOT[1:])],
        f"{T} has a column without a name; name it, or remove it with the commas before it.",
        MARKS,
    ),
    listed(
        "two marks",
        [*ONE_HOT, "x,1,1"],
        f"Line 10 of {T} marks several classes (cat, dog); write 1 in the column of one class and 0 in "
        "the others, or delete that line.",
        MARKS,
    ),
    listed(
        "no mark",
        [*ONE_HOT, "x,0,0"],
        f"Line 10 of {T} marks no class; write 1 in the column of one class and 0 in the others, or "
        "delete that line.",
        MARKS,
    ),
    listed(
        "share in place of a mark",
        [*ONE_HOT, "x,0.7,0.3"],
        f"Line 10 of {T} has '0.7' in the column 'cat'; write 0 or 1, or remove the column if it is no "
        "class.",
        MARKS,
    ),
    listed(
        "nan in place of a mark",
        [*ONE_HOT, "x,nan,1"],
        f"Line 10 of {T} has 'nan' in the column 'cat'; write 0 or 1",
        MARKS,
    ),
    listed(
        "names in place of marks",
        [HEAD, *ROWS],
        f"{T} has 1 columns beside 'image_id', and a classifier needs two classes",
        MARKS,
    ),
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
def test_tables(case: Case, tmp_path: Path) -> None:
    assert fault_of(case, tmp_path) == ""
