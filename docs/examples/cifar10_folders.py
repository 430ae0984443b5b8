"""CIFAR-10 as people pass it on, in sheets and lists, to class folders: python cifar10_folders.py FROM TO

FROM/labels.csv lists test pictures with the columns file and class_name. FROM/train_cifar10_batch_*.png are
sheets of training pictures, one picture a row, its 32 x 32 pixels one after the other; FROM/train_labels.json
has their class numbers, sheet after sheet. TO/test/<class>/ and TO/train/<class>/ are what the data set
`folder` reads.
"""

import csv
import json
import shutil
import sys
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def convert(source: Path, target: Path) -> tuple[int, int]:
    """Write the class folders; numbers of training and of test pictures."""
    pictures = [row for sheet in sorted(source.glob("train_cifar10_batch_*.png")) for row in rows_of(sheet)]
    labels = json.loads((source / "train_labels.json").read_text()) if pictures else []
    for number, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        Image.fromarray(picture).save(place(target / "train", CLASSES[label], f"{number:05d}.png"))
    with (source / "labels.csv").open(newline="") as file:
        listed = list(csv.DictReader(file))
    for row in listed:
        file = source / row["file"]
        shutil.copyfile(file, place(target / "test", row["class_name"], file.name))
    return len(pictures), len(listed)


def rows_of(sheet: Path) -> np.ndarray:
    """(n, 32, 32, 3) uint8: the pictures of a sheet of n rows and 1024 columns."""
    return np.asarray(Image.open(sheet).convert("RGB")).reshape(-1, 32, 32, 3)


def place(part: Path, name: str, file: str) -> Path:
    """The path of a picture, in a folder that is there."""
    (part / name).mkdir(parents=True, exist_ok=True)
    return part / name / file


if __name__ == "__main__":
    train, test = convert(*map(Path, sys.argv[1:3]))
    print(f"{train} training and {test} test pictures")
