"""Only decoders of picture formats come near pictures, and real messy pictures are what is said of them."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from signsight.core.source import PACKAGE
from signsight.data.pictures import FolderPictures, open_rgb
from signsight.data.report import look

DAMAGED = {"pictures/broken_data_stream.png"}  # which some versions of zlib decode all the same
MESSY = Path(__file__).parents[4] / "shared/messy"
# Functions of other libraries that decode whatever a file is.
OTHERS = {"imread", "read_image", "decode_image", "pil_loader", "default_loader", "ImageFolder"}


def calls(file: Path) -> list[tuple[str, ast.Call]]:
    """The names of all functions that a file calls, with the calls."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [(ast.unparse(node.func), node) for node in found]


def test_pictures_are_opened_by_decoders_of_pictures_alone() -> None:
    opened = 0
    for file in sorted(PACKAGE.parent.rglob("*.py")):
        for name, call in calls(file):
            assert name.rpartition(".")[2] not in OTHERS, f"{file} calls {name}"
            if name.endswith("Image.open"):
                formats = [keyword.value for keyword in call.keywords if keyword.arg == "formats"]
                assert len(formats) == 1, f"{file}, line {call.lineno}: any decoder, Ghostscript too"
                opened += 1
    assert opened >= 3


@pytest.mark.skipif(not MESSY.is_dir(), reason="the real messy pictures are not here")
def test_messy_pictures_are_what_their_manifest_says() -> None:
    """Of every file: whether it is read at all, as what, and how large it is once it is turned."""
    manifest = pd.read_csv(MESSY / "manifest.csv", keep_default_na=False)
    pictures, seen = FolderPictures(MESSY), 0
    for row in manifest.itertuples():
        found, picture = look(pictures, row.file)
        if picture is None:
            assert found.broken, row.file
            unread = row.format == "AVIF" or row.mode == "F" or row.file in DAMAGED
            assert unread or row.loads_strict != "ok", (row.file, found.broken)
            continue
        seen += 1
        assert row.loads_strict == "ok", (row.file, row.loads_strict)
        size = (int(row.width), int(row.height))
        turned = row.orientation in ("5", "6", "7", "8")
        assert picture.size == (size[::-1] if turned else size), row.file
        told = "; ".join(found.odd)
        assert ("frames" in told) == (int(row.frames) > 1), (row.file, told)
        assert picture.mode == "RGB"
    assert seen > 40


@pytest.mark.skipif(not MESSY.is_dir(), reason="the real messy pictures are not here")
def test_pictures_that_were_saved_turned_show_the_same() -> None:
    """The scene of the manifest's note, and Pillow's own face, are upright whatever their EXIF says."""

    def small(name: str) -> np.ndarray:
        picture = open_rgb(FolderPictures(MESSY / "pictures"), name)
        return np.asarray(picture.resize((16, 16), Image.Resampling.BOX), float)

    for names in (
        ("exif_Landscape_1.jpg", "exif_Landscape_6.jpg"),
        *(("hopper.png", f"hopper_orientation_{number}.jpg") for number in (2, 4, 6, 8)),
    ):
        first, second = map(small, names)
        assert np.abs(first - second).mean() < 6, names
