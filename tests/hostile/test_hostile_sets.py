"""Known data sets as hands, torchvision or Kaggle unpack them, whole or with a fault; pickled batches."""

from __future__ import annotations

import csv
import io
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import synthetic
import tiny_cifar10
from case import Case, fault_of, table
from made_of import FOLDER, encoded, with_keys
from rules_alone import Run, Step
from synthetic import TEST_ZIP, TRAINING_ZIP, TRUTH_ZIP

SET: dict[str, Any] = with_keys(FOLDER, data={"name": "gtsrb", "allow_empty_classes": True})
Edit = Callable[[Path], object]
JOBS = ("classes", "crop/train", "crop/test", "examples")


def kaggle(root: Path) -> None:
    """Kaggle's Train/, Test/, Train.csv and Test.csv of three classes."""
    archives = synthetic.gtsrb(n_classes=3, tracks=2, frames=1, test=1)
    tables: dict[str, list[str]] = {"Train": [], "Test": []}
    for name, data in (archives[TRAINING_ZIP] | archives[TRUTH_ZIP]).items():
        if not name.endswith(".csv"):
            continue
        for row in csv.DictReader(io.StringIO(data.decode()), delimiter=";"):
            stem, part = row.pop("Filename")[:-4], "Train" if "Training" in name else "Test"
            number = f"{int(row['ClassId']):05d}"
            here = f"Train/{int(number)}/{number}_{stem}.png" if part == "Train" else f"Test/{stem}.png"
            source = name.rpartition("/")[0] if part == "Train" else f"{synthetic.TEST}/Images"
            (root / here).parent.mkdir(parents=True, exist_ok=True)
            with Image.open(
                io.BytesIO((archives[TRAINING_ZIP] | archives[TEST_ZIP])[f"{source}/{stem}.ppm"])
            ) as one:
                one.save(root / here)
            tables[part].append(",".join([*row.values(), here]))
    header = "Width,Height,Roi.X1,Roi.Y1,Roi.X2,Roi.Y2,ClassId,Path"
    for part, rows in tables.items():
        (root / f"{part}.csv").write_text("\n".join([header, *rows]) + "\n")


def unpacked(root: Path) -> None:
    """The three archives, unpacked into one folder."""
    for found in synthetic.gtsrb(n_classes=3, tracks=2, frames=1, test=1).values():
        for name, data in found.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(data)


def gtsrb(name: str, layout: Edit, edit: Edit, sentence: str | None, **keys: Any) -> Case:
    """A folder after an edit."""

    def make(folder: Path) -> Step:
        (folder / "own").mkdir()
        layout(folder / "own")
        edit(folder / "own")
        return Run(with_keys(SET, **keys), JOBS)

    return Case(name, make, sentence)


def field(file: str, old: str, new: str) -> Edit:
    """The edit that replaces the first such text in a table."""
    return lambda root: (root / file).write_text((root / file).read_text().replace(old, new, 1))


def cifar(name: str, data: Callable[[], bytes] | None, sentence: str | None) -> Case:
    """CIFAR-10, unpacked, whose first batch is something else."""

    def make(folder: Path) -> Step:
        root = tiny_cifar10.write_folder(folder / "own")
        if data:
            (root / "data_batch_1").write_bytes(data())
        return Run(with_keys(FOLDER, data={"name": "cifar10", "size": 32}), JOBS)

    return Case(f"CIFAR-10: {name}", make, sentence)


class Command:
    """A pickle that calls a program."""

    def __reduce__(self) -> tuple[Any, ...]:
        """What is called."""
        import os

        return os.system, ("touch own/called",)


def doubled(depth: int) -> list[Any]:
    """Lists in lists, each twice the one before: few bytes that stand for 2^depth numbers."""
    found: list[Any] = [0, 0]
    for _ in range(depth):
        found = [found, found]
    return found


def batch(**parts: Any) -> bytes:
    """A pickled batch with other parts."""
    pixels, labels = tiny_cifar10.batch(0)
    return pickle.dumps({"data": pixels, "labels": labels} | parts, 2)


NO_BATCH = "data_batch_1 is not a batch of CIFAR-10"
CASES = [
    gtsrb("unpacked", unpacked, lambda root: None, None),
    gtsrb("as Kaggle packs it", kaggle, lambda root: None, None),
    gtsrb(
        "as Kaggle packs it, taken for class folders",
        kaggle,
        lambda root: None,
        "Config key 'data.name' is 'folder', but own has Train.csv as GTSRB has; set 'data.name: gtsrb'.",
        data={"name": "folder"},
    ),
    gtsrb(
        "unpacked, taken for class folders",
        unpacked,
        lambda root: None,
        "Config key 'data.name' is 'folder', but own has GTSRB/Final_Training as GTSRB has; set "
        "'data.name: gtsrb'.",
        data={"name": "folder"},
    ),
    gtsrb(
        "nothing of GTSRB",
        lambda root: (root / "cat").mkdir(),
        lambda root: None,
        f"Config key 'data.source': own lacks {TRUTH_ZIP}, ",
    ),
    gtsrb(
        "Kaggle: picture missing",
        kaggle,
        lambda root: (root / "Test/00000.png").unlink(),
        "own/Test.csv lists 'Test/00000.png', which own does not have",
    ),
    gtsrb(
        "Kaggle: picture above the folder",
        kaggle,
        lambda root: (
            (root.parent / "x.png").write_bytes(encoded(Image.new("RGB", (30, 30)))),
            field("Test.csv", "Test/00000.png", "../x.png")(root),
        ),
        "own/Test.csv lists '../x.png', which own does not have",
    ),
    gtsrb(
        "Kaggle: absolute picture",
        kaggle,
        field("Test.csv", "Test/00000.png", "/etc/hostname"),
        "own/Test.csv lists '/etc/hostname', which own does not have",
    ),
    gtsrb(
        "Kaggle: device",
        kaggle,
        field("Test.csv", "Test/00000.png", "/dev/zero"),
        "own/Test.csv lists '/dev/zero', which own does not have",
    ),
    gtsrb(
        "Kaggle: another separator",
        kaggle,
        lambda root: [file.write_text(file.read_text().replace(",", ";")) for file in root.glob("*.csv")],
        "own/Train.csv lacks the column 'Path'",
    ),
    gtsrb(
        "Kaggle: table is a folder",
        kaggle,
        lambda root: ((root / "Test.csv").unlink(), (root / "Test.csv").mkdir()),
        "own/Test.csv is not a regular file and is not read; remove it.",
    ),
    gtsrb(
        "Kaggle: broken picture",
        kaggle,
        lambda root: (root / "Test/00000.png").write_bytes(b"x"),
        "own/Test/00000.png is a broken picture (text that begins with 'x'); replace it.",
    ),
    gtsrb(
        "unpacked: no table of the test",
        unpacked,
        lambda root: (root / "GT-final_test.csv").unlink(),
        "own/GTSRB has no GT-final_test.csv, which has the classes of the test images; put it there.",
    ),
    gtsrb(
        "unpacked: loop of links",
        unpacked,
        lambda root: (root / "GTSRB/Final_Training/loop").symlink_to(".."),
        None,
    ),
    gtsrb(
        "unpacked: FIFO as a table",
        unpacked,
        lambda root: ((root / "GT-final_test.csv").unlink(), os.mkfifo(root / "GT-final_test.csv")),
        "own/GTSRB has no GT-final_test.csv",
    ),
    cifar("right", None, None),
    cifar("empty", lambda: b"", f"{NO_BATCH} (EOFError: "),
    cifar("text", lambda: b"hello", f"{NO_BATCH} ("),
    cifar("cut off", lambda: batch()[:3000], f"{NO_BATCH} ("),
    cifar(
        "calls a program",
        lambda: pickle.dumps({"data": Command(), "labels": []}, 2),
        "asks for posix.system, which no batch of CIFAR-10 needs, so it is refused; get the archive "
        "from a source that you trust.",
    ),
    cifar(
        "labels that are 2^40 numbers",
        lambda: batch(labels=doubled(40)),
        f"{NO_BATCH} (ValueError: the labels are no list of numbers)",
    ),
    cifar(
        "label 10",
        lambda: batch(labels=[10] * 12),
        f"{NO_BATCH}, pictures of 3 x 32 x 32 bytes with class ids from 0 to 9; download the archive again.",
    ),
    cifar("labels of words", lambda: batch(labels=["cat"] * 12), f"{NO_BATCH} ("),
    cifar(
        "pictures of floats",
        lambda: batch(data=np.zeros((12, 3072))),
        f"{NO_BATCH}, pictures of 3 x 32 x 32 bytes",
    ),
    cifar("fewer labels", lambda: batch(labels=[1]), f"{NO_BATCH}, pictures of 3 x 32 x 32 bytes"),
    cifar("a list", lambda: pickle.dumps([1, 2], 2), f"{NO_BATCH} ("),
]


@table(CASES)
def test_sets(case: Case, tmp_path: Path) -> None:
    assert fault_of(case, tmp_path) == ""
