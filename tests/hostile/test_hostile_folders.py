"""Folders of pictures that hold anything else, or too little: it is left out, or ends in a sentence."""

from __future__ import annotations

import os
import shutil
import socket
import stat
from pathlib import Path

import pandas as pd

from case import Case, fault_of, table
from made_of import Edit, class_folders, one_more, own_pictures, png

BROKEN = "1 of 9 pictures in own cannot be used (cat/9.png"


def refused(name: str, edit: Edit, sentence: str, **keys: object) -> Case:
    """Class folders after an edit, and what is said of them."""
    return Case(name, own_pictures(edit, **keys), sentence)


def skipped(name: str, edit: Edit, *told: str) -> Case:
    """Something beside the pictures is left out, as the table of findings says."""

    def truth(folder: Path) -> None:
        found = pd.read_csv(folder / "made/x/crop/pictures_report.csv", keep_default_na=False)
        lines = [" ".join(line) for line in found[["kind", "file", "reason"]].to_numpy().tolist()]
        for line in told:
            assert f"skipped {line}" in lines, lines
        sizes = [len(pd.read_csv(folder / f"made/x/crop/{part}/index.csv")) for part in ("train", "test")]
        assert sum(sizes) == 8

    return Case(name, own_pictures(edit), truth=truth)


def node(kind: int, device: int = 0) -> Edit:
    """The edit that adds a FIFO or a device as cat/9.png."""
    return lambda root: os.mknod(root / "cat/9.png", kind | 0o666, device)


def listening(root: Path) -> None:
    """A socket."""
    place = Path.cwd()
    os.chdir(root / "cat")  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("9.png")
    os.chdir(place)


def link(name: str, to: str) -> Edit:
    """The edit that adds a link."""
    return lambda root: (root / name).symlink_to(to)


def removed(*names: str) -> Edit:
    """The edit that removes files or folders."""

    def edit(root: Path) -> None:
        for name in names:
            shutil.rmtree(root / name) if (root / name).is_dir() else (root / name).unlink()

    return edit


def emptied(name: str) -> Edit:
    """The edit that leaves an empty folder."""
    return lambda root: (shutil.rmtree(root / name), (root / name).mkdir())


def locked(name: str) -> Edit:
    """The edit that takes all permissions from a file or folder."""
    return lambda root: (root / name).chmod(0)


def parts(train: tuple[str, ...] = ("cat", "dog"), **others: tuple[str, ...]) -> Edit:
    """The edit that makes parts with class folders, in place of classes."""

    def edit(root: Path) -> None:
        shutil.rmtree(root)
        for number, (name, classes) in enumerate({"train": train, **others}.items()):
            class_folders(root / name, classes, first=10 * number)

    return edit


def bytes_named(name: bytes) -> Edit:
    """The edit that adds a picture whose name is no text."""
    return lambda root: Path(os.fsdecode(os.fsencode(root) + b"/" + name)).write_bytes(png(9))


def deep(root: Path) -> None:
    """A tree of 300 folders."""
    folder = root / "cat" / "/".join("d" * 300)
    folder.mkdir(parents=True)
    (folder / "9.png").write_bytes(png(9))


def alike(root: Path) -> None:
    """All pictures are one."""
    for file in root.glob("*/*.png"):
        file.write_bytes(png(1))


def shared(root: Path) -> None:
    """The test pictures are those of the training."""
    parts()(root)
    shutil.copytree(root / "train", root / "test")


def many_classes(root: Path) -> None:
    """Hundreds of classes, of which one has a single picture."""
    class_folders(root, tuple(f"c{number}" for number in range(500)), 1, first=2)


def linked_class(root: Path) -> None:
    """A class folder, and a picture, that are links to what lies elsewhere."""
    (root / "dog").rename(root.parent / "elsewhere")
    (root / "dog").symlink_to("../elsewhere")
    (root / "cat/1.png").rename(root.parent / "one.png")
    (root / "cat/1.png").symlink_to("../../one.png")


CASES = [
    skipped("FIFO", node(stat.S_IFIFO), "cat/9.png is not a regular file"),
    skipped("socket", listening, "cat/9.png is not a regular file"),
    refused("link to nothing", link("cat/9.png", "gone.png"), f"{BROKEN} is a link that leads nowhere); "),
    refused("link to itself", link("cat/9.png", "9.png"), f"{BROKEN} is a link that leads nowhere); "),
    skipped(
        "folder named as a picture",
        lambda root: (root / "cat/9.png").mkdir(),
        "cat/9.png is a folder of no pictures",
    ),
    skipped("link to /", link("cat/root", "/"), "cat/root is a link to a folder, which is not read"),
    skipped(
        "link to the folder itself",
        link("cat/loop", ".."),
        "cat/loop is a link to a folder, which is not read",
    ),
    refused(
        "class that is a link to /",
        link("root", "/"),
        "own/root is a link to /, a folder that it lies in itself; remove it.",
    ),
    refused(
        "class that is a link to its folder",
        link("loop", "."),
        "own/loop is a link to ..., a folder that it lies in itself; remove it.",
    ),
    skipped(
        "what systems leave",
        lambda root: [
            one_more(name, b"x")(root)
            for name in (
                "cat/._1.png",
                "cat/Thumbs.db",
                "cat/desktop.ini",
                "cat/.DS_Store",
                "__MACOSX/cat/._1.png",
                ".ipynb_checkpoints/1.png",
                "cat/.ipynb_checkpoints/1.png",
            )
        ],
        "cat/._1.png is hidden, or another system left it",
        "cat/Thumbs.db is hidden, or another system left it",
        "__MACOSX is hidden, or another system left it",
    ),
    skipped(
        "folder in a class folder",
        one_more("cat/more/9.png", png(9)),
        "cat/more is a folder, whose pictures (1) are not read",
    ),
    skipped("deep tree", deep, "cat/d is a folder of no pictures"),
    skipped(
        "picture beside the class folders", one_more("9.png", png(9)), "9.png lies beside the class folders"
    ),
    skipped("no ending", one_more("cat/9", png(9)), "cat/9 has no ending"),
    refused(
        "file that may not be read",
        lambda root: (one_more("cat/9.png", png(9))(root), locked("cat/9.png")(root)),
        f"{BROKEN} cannot be read (Permission denied)",
    ),
    refused(
        "folder that may not be read",
        locked("cat"),
        "The folder own/cat cannot be read (Permission denied); correct its path or permissions.",
    ),
    refused("root that may not be read", locked("."), "own"),
    refused(
        "name that is no text",
        bytes_named(b"cat/\xff.png"),
        "The name of 'own/cat/\\udcff.png' is not UTF-8 text; rename it.",
    ),
    refused(
        "class name that is no text",
        lambda root: (root / "dog").rename(os.fsdecode(os.fsencode(root) + b"/d\xe9")),
        "The name of 'own/d\\udce9' is not UTF-8 text; rename it.",
    ),
    refused(
        "no folder",
        lambda root: shutil.rmtree(root),
        "Config key 'data.source': own does not exist; correct its path.",
    ),
    refused(
        "file in place of the folder",
        lambda root: (shutil.rmtree(root), root.write_bytes(b"")),
        "Config key 'data.source': own is not a folder; correct its path.",
    ),
    refused(
        "empty folder",
        removed("cat", "dog"),
        "own has no class folders; sort the pictures as <class>/<picture>",
    ),
    refused(
        "pictures without classes",
        lambda root: (removed("cat", "dog")(root), one_more("1.png", png(1))(root)),
        "own has no class folders; sort the pictures as <class>/<picture>",
    ),
    refused(
        "one class",
        removed("dog"),
        "own has the class folder 'cat' only, and a classifier needs two classes to tell apart; add "
        "another one.",
    ),
    refused("empty class", emptied("dog"), "The class folder own/dog has no picture (.png, .jpg"),
    refused(
        "class of other files",
        lambda root: (emptied("dog")(root), one_more("dog/a.txt", b"x")(root)),
        "The class folder own/dog has no picture (a.txt has the ending '.txt', which is none of a "
        "picture's); put some in it or remove it.",
    ),
    refused(
        "one picture in a class",
        removed("cat/1.png", "cat/2.png", "cat/3.png"),
        "The class folder own/cat has one picture, but needs one for the training and one for the test; "
        "add pictures or remove it",
    ),
    refused("500 classes of one picture", many_classes, "The class folder own/c0 has one picture"),
    refused(
        "train and val",
        parts(val=("cat", "dog")),
        "own has train/ and val/, but no test/; rename val/ to test/",
    ),
    refused(
        "train and Validation",
        parts(Validation=("cat", "dog")),
        "own has train/ and Validation/, but no test/; rename Validation/ to test/",
    ),
    refused("train alone", parts(), "own has train/, but no test/; "),
    refused(
        "Train and Test",
        lambda root: (
            parts(test=("cat", "dog"))(root),
            (root / "train").rename(root / "Train"),
            (root / "test").rename(root / "Test"),
        ),
        "own has Train/ and Test/; rename them to train/ and test/",
    ),
    refused(
        "unknown class in test",
        parts(test=("cat", "cow")),
        "own/test/cow is a class that train/ does not have; add it there or remove it.",
    ),
    refused(
        "empty class in test",
        lambda root: (parts(test=("cat", "dog"))(root), emptied("test/dog")(root)),
        "The class folder own/test/dog has no picture",
    ),
    refused(
        "test alone, to be trained on",
        lambda root: (parts(test=("cat", "dog"))(root), removed("train")(root)),
        "own has test/ but no train/, so there is nothing to train on; add train/<class>/ or set "
        "'model.train: false'.",
    ),
    refused(
        "all pictures are one",
        alike,
        "All 8 pictures in own are one file, so nothing can be learned; replace them.",
    ),
    refused(
        "test pictures of the training",
        shared,
        "Every test picture in own is the same file as a training picture (test/cat/1.png and "
        "train/cat/1.png, ...), so the accuracy would say nothing; take other pictures for the test.",
    ),
    refused(
        "all broken",
        lambda root: [file.write_bytes(b"") for file in root.glob("*/*")],
        "8 of 8 pictures in own cannot be used (cat/...png is empty (0 bytes)",
    ),
    refused(
        "all broken and skipped",
        lambda root: [file.write_bytes(b"") for file in root.glob("*/*")],
        "No training picture of the class 'cat' is left, since all are broken (cat/...png, ...); "
        "replace them or remove the class.",
        data={"broken": "skip"},
    ),
    refused(
        "pattern of tracks that is not found",
        lambda root: None,
        "Config key 'data.folder.track_pattern': '(x)' is not found in the name of own/cat/1.png; "
        "correct the pattern or the name.",
        data={"folder": {"track_pattern": "(x)"}},
    ),
    refused(
        "one track",
        lambda root: None,
        "Every class in own is one track, so that none can be held out for the test; correct "
        "'data.folder.track_pattern' or add pictures.",
        data={"folder": {"track_pattern": "^()"}},
    ),
    Case("address of the disk", own_pictures(lambda root: None, data={"source": "file:own"})),
    Case("a path with a bar at its end", own_pictures(lambda root: None, data={"source": "./own/"})),
    Case("class that is a link", own_pictures(linked_class)),
    Case(
        "names that differ in capitals",
        own_pictures(
            lambda root: (
                one_more("cat/A.png", png(8))(root),
                one_more("cat/a.png", png(9))(root),
                class_folders(root, ("Cat",), first=4),
            )
        ),
    ),
    refused(
        "two pictures in each class",
        removed("cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png"),
        "No class has two training images of different tracks, so that none can be held out for the "
        "validation; add images.",
    ),
]


@table(CASES)
def test_folders(case: Case, tmp_path: Path) -> None:
    assert fault_of(case, tmp_path) == ""
