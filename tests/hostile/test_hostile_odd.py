"""Pictures and names that are odd but right: each is used, as a person would see it, under its own name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from case import Case, fault_of, table
from made_of import class_folders, encoded, one_more, own_pictures, pixels

SHOWN = pixels(77, 16, 16)
PICTURE = Image.fromarray(SHOWN)
GREY = np.ascontiguousarray(SHOWN[..., 0])
# EXIF orientation -> what turns the upright picture into how it is saved
SAVED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, -1),
}


def stored(folder: Path, name: str) -> np.ndarray:
    """The row of the image set that the picture `name` has become, (16, 16, 3) uint8."""
    for part in ("train", "test"):
        index = pd.read_csv(folder / f"made/x/crop/{part}/index.csv", keep_default_na=False, dtype=str)
        rows = index.index[index["image_id"] == name]
        if len(rows):
            return np.asarray(np.load(folder / f"made/x/crop/{part}/images.npy")[rows[0]])
    raise AssertionError(f"{name!r} is in no part")


def is_seen(name: str, wanted: np.ndarray, most: int = 0) -> Callable[[Path], None]:
    """The assertion that a picture looks as it should, to so many of 255 levels."""

    def truth(folder: Path) -> None:
        off = np.abs(stored(folder, name).astype(int) - wanted.astype(int)).max()
        assert off <= most, f"{name!r} is up to {off} levels off"

    return truth


def seen(name: str, file: str, data: bytes, wanted: np.ndarray = SHOWN, most: int = 0) -> Case:
    """A picture that must look so."""
    return Case(name, own_pictures(one_more(f"cat/{file}", data)), truth=is_seen(f"cat/{file}", wanted, most))


def named(file: str) -> Case:
    """A picture with an odd name."""
    data = encoded(PICTURE)
    return Case(
        f"file {file!a}", own_pictures(one_more(f"cat/{file}", data)), truth=is_seen(f"cat/{file}", SHOWN)
    )


def class_named(name: str) -> Case:
    """A class with an odd name."""

    def truth(folder: Path) -> None:
        names = pd.read_csv(folder / "made/x/crop/classes.csv", keep_default_na=False, dtype=str)["name"]
        assert sorted(names) == sorted(["cat", "dog", name])
        images = {image for part in ("train", "test") for image in _images(folder, part)}
        assert {f"{name}/{one}.png" for one in (1, 2, 3)} <= images

    return Case(
        f"class {name!a}", own_pictures(lambda root: class_folders(root, (name,), 3, first=2)), truth=truth
    )


def _images(folder: Path, part: str) -> list[str]:
    index = pd.read_csv(folder / f"made/x/crop/{part}/index.csv", keep_default_na=False, dtype=str)
    return list(index["image_id"])


def turned(orientation: int) -> Case:
    """A picture that was saved turned, as EXIF says."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(np.ascontiguousarray(SAVED[orientation](SHOWN))), exif=exif)
    return seen(f"EXIF {orientation}", "9.png", data)


def with_alpha(alpha: np.ndarray) -> bytes:
    """The picture with an opacity, (16, 16) uint8."""
    return encoded(Image.fromarray(np.dstack([SHOWN, alpha])))


HALF = np.zeros((16, 16), np.uint8)
HALF[:8] = 255
ON_WHITE = np.where(HALF[..., None] > 0, SHOWN, 255).astype(np.uint8)
PALETTE = PICTURE.quantize(16)
WORDS = Image.fromarray(GREY.astype(np.uint16) * 257)
FRAMES = [Image.fromarray(pixels(seed, 16, 16)) for seed in (5, 6)]
BIT = Image.fromarray(GREY > 128)
INK = Image.fromarray(np.dstack([255 - SHOWN, np.zeros_like(GREY)]), "CMYK")

CASES = [
    *map(turned, SAVED),
    seen("grey", "9.png", encoded(Image.fromarray(GREY)), np.dstack([GREY] * 3)),
    seen("16 bits", "9.png", encoded(WORDS), np.dstack([GREY] * 3)),
    seen("16 bits of a TIFF", "9.tif", encoded(WORDS, "TIFF"), np.dstack([GREY] * 3)),
    seen("one bit", "9.png", encoded(BIT), np.dstack([np.where(GREY > 128, 255, 0)] * 3)),
    seen("palette", "9.png", encoded(PALETTE), np.asarray(PALETTE.convert("RGB"))),
    seen("palette of a GIF", "9.gif", encoded(PALETTE, "GIF"), np.asarray(PALETTE.convert("RGB"))),
    seen("CMYK", "9.tif", encoded(INK, "TIFF")),
    seen("half transparent", "9.png", with_alpha(HALF), ON_WHITE),
    seen(
        "grey with opacity",
        "9.png",
        encoded(Image.fromarray(np.dstack([GREY, HALF]), "LA")),
        np.where(HALF[..., None] > 0, np.dstack([GREY] * 3), 255),
    ),
    seen("first of two frames in a PNG", "9.png", encoded(PICTURE, save_all=True, append_images=FRAMES)),
    seen(
        "first of two frames in a WEBP",
        "9.webp",
        encoded(PICTURE, "WEBP", save_all=True, append_images=FRAMES, lossless=True),
    ),
    seen("first of three pages", "9.tif", encoded(PICTURE, "TIFF", save_all=True, append_images=FRAMES)),
    seen("JPEG", "9.JPG", encoded(PICTURE, "JPEG", quality=100, subsampling=0), most=6),
    seen("PNG named .jpg", "9.jpg", encoded(PICTURE)),
    seen("BMP named .png", "9.png", encoded(PICTURE, "BMP")),
    seen("rubbish behind its end", "9.png", encoded(PICTURE) + b"rubbish" * 99),
    seen("capitals", "9.PNG", encoded(PICTURE)),
    *map(
        named,
        (
            "a b.png",
            "ünïcödé 名前.png",
            "$x$ ${HOME} $(reboot).png",
            "'single'.png",
            'double".png',
            "a,b;c.png",
            "two\nlines.png",
            "carriage\rreturn.png",
            "tab\t.png",
            "-rf.png",
            "100%.png",
            "%s %d.png",
            "{braces}.png",
            "[a-z]*.png",
            "NA.png",
            "null.png",
            "001.png",
            "1e5.png",
            "#1.png",
            "~.png",
            "a\\b.png",
            "\u202egnp.png",
            "\x1b[31mred.png",
            "e\u0301.png",
            "\u00e9.png",
            f"{'n' * 251}.png",
            "=1+1.png",
            "<b>.png",
            "a/../1.png"[-5:],
            "2\u00b2.png",
        ),
    ),
    *map(
        class_named,
        (
            "001",
            "010",
            "1",
            "NA",
            "null",
            "nan",
            "None",
            "true",
            "1e5",
            "1.0",
            "5$ to 10$",
            "$\\frac{$",
            "a b",
            "{x}",
            "-",
            "%s",
            "'",
            '"',
            "a,b",
            "two\nlines",
            "carriage\rreturn",
            "Cat",
            "\u00b2",
            "名前",
            "n" * 200,
            "train",
            "test",
            "class_id",
            "=1+1",
        ),
    ),
]


@table(CASES)
def test_odd(case: Case, tmp_path: Path) -> None:
    assert fault_of(case, tmp_path) == ""
