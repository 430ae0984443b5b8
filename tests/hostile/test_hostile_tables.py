"""Tables of `listed` that are damaged, odd or hostile: each ends in its sentence."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from case import Case, fault_of, table
from made_of import FOLDER, STAGE, png, with_keys
from rules_alone import Run, Step

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


def every(file: str, data: bytes) -> Edit:
    """The edit that replaces the files of a pattern."""
    return lambda root: [one.write_bytes(data) for one in root.glob(file)]


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
]


@table(CASES)
def test_tables(case: Case, tmp_path: Path) -> None:
    assert fault_of(case, tmp_path) == ""
