"""Tiny archives of GTSRB's names and layout for tests, whole or with one fault put in on purpose."""

from __future__ import annotations

import colorsys
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

TRAINING, TEST = "GTSRB/Final_Training", "GTSRB/Final_Test"
HEADER = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2"
TRAINING_ZIP = "GTSRB_Final_Training_Images.zip"
TEST_ZIP = "GTSRB_Final_Test_Images.zip"
TRUTH_ZIP = "GTSRB_Final_Test_GT.zip"
MASKS_ZIP = "GTSRB_Truth_Masks.zip"
TRUTH_CSV = "GT-final_test.csv"

Members = dict[str, bytes]  # of one archive, by path
Archives = dict[str, Members]  # by file name
Fault = Callable[[Archives], None]


def class_colour(class_id: int, n_classes: int) -> tuple[int, int, int]:
    """The RGB colour (0..255) of a class: hues spread evenly."""
    red, green, blue = colorsys.hsv_to_rgb(class_id / n_classes, 0.9, 0.9)
    return round(255 * red), round(255 * green), round(255 * blue)


def picture(
    rng: np.random.Generator, class_id: int, n_classes: int
) -> tuple[np.ndarray, np.ndarray, tuple[int, int, int, int]]:
    """Pixels (h, w, 3) uint8, labels (h, w) uint8 and the ROI (inclusive) of one drawn sign.

    A disc of the class's colour (label 1) with a dark bar in it (label 2) on grey noise.
    """
    height, width = (int(edge) for edge in rng.integers(24, 40, 2))
    radius = int(rng.integers(7, 10))
    x, y = int(rng.integers(radius, width - radius)), int(rng.integers(radius, height - radius))
    rows, columns = np.mgrid[:height, :width]
    labels = ((rows - y) ** 2 + (columns - x) ** 2 <= radius**2).astype(np.uint8)
    labels[(abs(rows - y) <= radius // 3) & (abs(columns - x) <= radius // 2)] = 2
    pixels = rng.integers(90, 140, (height, width, 1)).repeat(3, axis=2).astype(np.uint8)
    pixels[labels == 1] = class_colour(class_id, n_classes)
    pixels[labels == 2] = 20
    return pixels, labels, (x - radius, y - radius, x + radius, y + radius)


def ppm(pixels: np.ndarray) -> bytes:
    """Binary PPM of (h, w, 3) uint8 pixels."""
    return b"P6\n%d %d\n255\n" % (pixels.shape[1], pixels.shape[0]) + pixels.tobytes()


def png(pixels: np.ndarray) -> bytes:
    """PNG of (h, w) or (h, w, 3) uint8 pixels."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def gtsrb(
    *, n_classes: int = 43, tracks: int = 2, frames: int = 3, test: int = 2, masks: bool = False
) -> Archives:
    """The members of the three archives (four with truth `masks`): `tracks` x `frames` training
    images and `test` test images of every class."""
    rng = np.random.default_rng(0)
    train: Members = {}
    trial: Members = {}
    truth: Members = {}

    def add(members: Members, path: str, class_id: int) -> str:
        pixels, labels, roi = picture(rng, class_id, n_classes)
        members[path] = ppm(pixels)
        truth[path.replace("/Images/", "/Masks/").replace(".ppm", ".png")] = png(labels)
        height, width = labels.shape
        return ";".join(map(str, (Path(path).name, width, height, *roi)))

    for class_id in range(n_classes):
        folder = f"{TRAINING}/Images/{class_id:05d}"
        names = [f"{track:05d}_{frame:05d}" for track in range(tracks) for frame in range(frames)]
        rows = [f"{add(train, f'{folder}/{name}.ppm', class_id)};{class_id}" for name in names]
        train[f"{folder}/GT-{class_id:05d}.csv"] = table(f"{HEADER};ClassId", rows)
    classes = rng.permutation(np.repeat(np.arange(n_classes), test))
    rows = [add(trial, f"{TEST}/Images/{n:05d}.ppm", c) for n, c in enumerate(classes.tolist())]
    trial[f"{TEST}/Images/GT-final_test.test.csv"] = table(HEADER, rows)
    answers = table(f"{HEADER};ClassId", [f"{r};{c}" for r, c in zip(rows, classes, strict=True)])
    archives = {TRAINING_ZIP: train, TEST_ZIP: trial, TRUTH_ZIP: {TRUTH_CSV: answers}}
    return {**archives, MASKS_ZIP: truth} if masks else archives


def table(header: str, rows: list[str]) -> bytes:
    """A CSV with the line ends of the official ones."""
    return "".join(f"{line}\r\n" for line in (header, *rows)).encode()


def write_zip(path: Path, members: Members) -> None:
    """Write `members` as the archive `path`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def write_gtsrb(folder: Path, fault: str | None = None, **size: int | bool) -> Path:
    """Write the archives of `gtsrb(**size)` into `folder`, with the fault of that name in FAULTS.

    The fault 'truncated' cuts the training archive off after 60 %.
    """
    archives = gtsrb(**size)  # type: ignore[arg-type]
    if fault not in (None, "truncated"):
        FAULTS[fault](archives)
    folder.mkdir(parents=True, exist_ok=True)
    for name, members in archives.items():
        write_zip(folder / name, members)
    if fault == "truncated":
        path = folder / TRAINING_ZIP
        path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    return folder


def _training(class_id: int, name: str) -> str:
    return f"{TRAINING}/Images/{class_id:05d}/{name}"


def edit_csv(class_id: int, edit: Callable[[str], str]) -> Fault:
    """The fault that changes the text of one class's CSV in the training archive."""

    def fault(archives: Archives) -> None:
        members, name = archives[TRAINING_ZIP], _training(class_id, f"GT-{class_id:05d}.csv")
        members[name] = edit(members[name].decode()).encode()

    return fault


def edit_row(column: int, value: str) -> Fault:
    """The fault that sets one field of the first row of class 1 (column 0 is Filename)."""

    def edit(text: str) -> str:
        lines = text.split("\r\n")
        fields = lines[1].split(";")
        fields[column] = value
        return "\r\n".join([lines[0], ";".join(fields), *lines[2:]])

    return edit_csv(1, edit)


def edit_member(name: str, edit: Callable[[bytes], bytes | None]) -> Fault:
    """The fault that changes one member of the training archive, or removes it (None)."""

    def fault(archives: Archives) -> None:
        data = edit(archives[TRAINING_ZIP].pop(name, b""))
        if data is not None:
            archives[TRAINING_ZIP][name] = data

    return fault


def _drop_class(archives: Archives) -> None:
    members = archives[TRAINING_ZIP]
    for name in [name for name in members if "/00001/" in name]:
        del members[name]


FAULTS: dict[str, Fault] = {
    "parent member": edit_member("GTSRB/../../evil.ppm", lambda _: b"x"),
    "absolute member": edit_member("/tmp/evil.ppm", lambda _: b"x"),
    "backslash member": edit_member("GTSRB\\..\\..\\evil.ppm", lambda _: b"x"),
    "renamed column": edit_csv(1, lambda text: text.replace("Roi.X1", "ROI.X1")),
    "missing column": edit_csv(
        1, lambda text: "\r\n".join(line.rsplit(";", 1)[0] for line in text.split("\r\n"))
    ),
    "no CSV": edit_member(_training(1, "GT-00001.csv"), lambda _: None),
    "row without image": edit_member(_training(1, "00000_00000.ppm"), lambda _: None),
    "truncated picture": edit_member(_training(1, "00000_00000.ppm"), lambda data: data[:-50]),
    "broken picture": edit_member(_training(1, "00000_00000.ppm"), lambda _: b"P9 nonsense"),
    "no number": edit_row(3, "5.5"),
    "class beyond range": edit_row(7, "43"),
    "class of another folder": edit_row(7, "2"),
    "ROI outside": edit_row(5, "900"),
    "empty class": _drop_class,
    "class without rows": edit_csv(1, lambda text: text.split("\r\n")[0] + "\r\n"),
    "empty archive": lambda archives: archives[TRAINING_ZIP].clear(),
    "missing truth": (
        lambda archives: archives[TRUTH_ZIP].update({"readme.txt": archives[TRUTH_ZIP].pop(TRUTH_CSV)})
    ),
}
