"""Three small folders of real pictures, as a new user has them, for bench_small_folders.py.

Leaves: 4 classes of 30 PlantVillage photographs, 256 x 256. CIFAR-10: 30 training pictures of each of 3
classes, with all test pictures that there are. Signs: 20 training pictures of each of 6 classes of GTSRB, not
cut to the sign, with the test pictures of these classes.
"""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

CIFAR_CLASSES = {"airplane": 0, "automobile": 1, "bird": 2}
SIGN_CLASSES = {"30": 1, "50": 2, "80": 5, "priority": 12, "yield": 13, "keep right": 38}
CIFAR_EACH, SIGNS_EACH = 30, 20
TRAINING = "GTSRB_Final_Training_Images.zip"
TEST, TRUTH = "GTSRB_Final_Test_Images.zip", "GTSRB_Final_Test_GT.zip"


def leaves(source: Path, folder: Path) -> None:
    """`<folder>/<class>/*.jpg` from plants/plantvillage."""
    shutil.copytree(source / "plants/plantvillage", folder)


def cifar(source: Path, folder: Path) -> None:
    """`<folder>/train/<class>/*.png` and `<folder>/test/<class>/*.png` from cifar10."""
    sheets = [np.asarray(Image.open(source / f"cifar10/train_cifar10_batch_{n}.png")) for n in range(2)]
    pictures = np.concatenate([sheet.reshape(-1, 32, 32, 3) for sheet in sheets])
    labels = np.asarray(json.loads((source / "cifar10/train_labels.json").read_text()))[: len(pictures)]
    table = pd.read_csv(source / "cifar10/labels.csv")
    for name, number in CIFAR_CLASSES.items():
        _empty(folder / "train" / name)
        for row in np.flatnonzero(labels == number)[:CIFAR_EACH]:
            Image.fromarray(pictures[row]).save(folder / "train" / name / f"{row}.png")
        _empty(folder / "test" / name)
        for file in table["file"][table["class_id"] == number]:
            shutil.copyfile(source / "cifar10" / file, folder / "test" / name / Path(file).name)


def signs(source: Path, folder: Path) -> None:
    """The same from gtsrb-sample: whole pictures, not cut to the sign."""
    archives = source / "gtsrb-sample"
    with zipfile.ZipFile(archives / TRAINING) as archive:
        for name, number in SIGN_CLASSES.items():
            _empty(folder / "train" / name)
            frames = sorted(n for n in archive.namelist() if f"/{number:05d}/" in n and n.endswith(".ppm"))
            for member in sorted(frames, key=_frame_first)[:SIGNS_EACH]:
                _as_png(archive.read(member), folder / "train" / name / f"{Path(member).stem}.png")
    with zipfile.ZipFile(archives / TRUTH) as truth:
        (table,) = (n for n in truth.namelist() if n.endswith(".csv"))
        truths = pd.read_csv(io.BytesIO(truth.read(table)), sep=";")
    with zipfile.ZipFile(archives / TEST) as archive:
        members = {Path(member).name: member for member in archive.namelist()}
        for name, number in SIGN_CLASSES.items():
            _empty(folder / "test" / name)
            for file in truths["Filename"][truths["ClassId"] == number]:
                _as_png(archive.read(members[file]), folder / "test" / name / f"{Path(file).stem}.png")


def _frame_first(member: str) -> tuple[int, str]:
    """Sorts `.../00012_00019.ppm`: the fourth frame of every sign before the next ones of any."""
    track, frame = Path(member).stem.split("_")
    return (int(frame) - 19) % 30, track


def _as_png(data: bytes, file: Path) -> None:
    Image.open(io.BytesIO(data)).save(file)


def _empty(folder: Path) -> None:
    folder.mkdir(parents=True)


FOLDERS = {"signs": signs, "cifar10": cifar, "leaves": leaves}
