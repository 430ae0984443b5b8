"""One pass over the user's pictures names everything that is broken, skipped or odd, and nothing else."""

from __future__ import annotations

import csv
import io
import logging
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from signsight.core.errors import UserError
from signsight.core.files import read_csv
from signsight.data.crop import Cut, crop
from signsight.data.dataset import Options, Part
from signsight.data.imageset import open_image_set
from signsight.data.pictures import FolderPictures
from signsight.data.report import (
    BROKEN,
    COLUMNS,
    ODD,
    SKIPPED,
    broken_files,
    examine,
    look,
    settle,
    without_broken,
)
from signsight.data.sets.folder import Folder
from signsight.data.sets.listed import ListedPictures

MESSY = Path(__file__).parents[4] / "shared/messy"
RANDOM = np.random.default_rng(7)
CLASSES = ["cat", "dog"]


def noise(height: int = 20, width: int = 24) -> np.ndarray:
    return RANDOM.integers(0, 256, (height, width, 3), dtype=np.uint8)


def saved(pixels: np.ndarray | Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(file, format=kind, **options)
    return file.getvalue()


def animated(kind: str, frames: int) -> bytes:
    first, *others = (Image.fromarray(noise()) for _ in range(frames))
    return saved(first, kind, save_all=True, append_images=others)


GREY = RANDOM.integers(0, 4096, (20, 24)).astype(np.uint16)
GREY[0, 0] = 4095
WHOLE = {  # what a folder may hold without a word
    "a.png": saved(noise()),
    "a.jpg": saved(noise(), "JPEG"),
    "b.JPEG": saved(noise(), "JPEG"),
    "progressive.jpg": saved(noise(), "JPEG", progressive=True),
    "cmyk.jpg": saved(Image.fromarray(noise()).convert("CMYK"), "JPEG"),
    "palette.gif": saved(Image.fromarray(noise()).convert("P"), "GIF"),
    "bits.png": saved(Image.fromarray(noise()[..., 0] > 127)),
    "alpha.png": saved(Image.fromarray(noise()).convert("RGBA")),
    "grey16.png": saved(Image.fromarray(GREY * 16)),
    "a.webp": saved(noise(), "WEBP"),
    "a.bmp": saved(noise(), "BMP"),
    "a.tiff": saved(noise(), "TIFF"),
    "a.ppm": saved(noise(), "PPM"),
    "panorama.png": saved(noise(20, 100)),
}
BAD = {  # name -> bytes and what is said of it
    "empty.jpg": (b"", "is empty (0 bytes)"),
    "page.jpg": (b"<html><body>404 Not Found</body></html>", "text that begins with '<html>"),
    "half.jpg": (saved(noise(200, 200), "JPEG")[:9000], "truncated"),
    "half.png": (saved(noise(200, 200))[:9000], "is a broken picture"),
    "phone.heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "is in the format HEIC"),
    "float.tif": (saved(np.ones((20, 24), np.float32), "TIFF"), "has 32-bit pixels"),
    "bomb.ppm": (b"P6\n14000 13000\n255\n", "is too large"),
    "nonsense.png": (b"\x89PNG nothing", "is a broken picture"),
}
STRANGE = {
    "moving.gif": (animated("GIF", 3), "has 3 frames, of which the first is used"),
    "moving.webp": (animated("WEBP", 2), "has 2 frames"),
    "pages.tif": (animated("TIFF", 4), "has 4 frames"),
    "moving.png": (animated("PNG", 5), "has 5 frames"),
    "twelve.png": (saved(Image.fromarray(GREY)), "values up to 4095 of 65535 (12-bit values in a 16-bit"),
    "twelve.tif": (saved(Image.fromarray(GREY), "TIFF"), "12-bit values in a 16-bit file"),
    "night.png": (saved((noise() // 32).astype(np.uint8)), "is nearly black, with values up to 7 of 255"),
    "dot.png": (saved(noise(1, 1)), "has 1 x 1 pixels only"),
    "wide.png": (saved(noise(20, 3000)), "is 3000 x 20 pixels, a strip"),
    "tall.jpg": (saved(noise(1500, 10), "JPEG"), "is 10 x 1500 pixels, a strip"),
    "plain.png": (saved(np.full((20, 24, 3), 90, np.uint8)), "is of one colour throughout"),
    "wrong.jpg": (saved(noise()), "is a PNG file by its content"),
}


def write(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def bytes_of(files: dict[str, tuple[bytes, str]]) -> dict[str, bytes]:
    return {name: data for name, (data, _) in files.items()}


def looked(root: Path, broken: str = "skip", **options: object) -> tuple[pd.DataFrame, dict[str, Part]]:
    """The findings of a folder, as read back from their table, and its parts."""
    parts = {name: Folder().part(name, {}, Options(str(root), seed=1)) for name in ("train", "test")}
    findings, count, _ = examine(parts, CLASSES, str(root), workers=2)
    table = root.parent / "report.csv"
    settle(findings, count, root, table, broken)
    return read_csv(table), parts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes with all that a folder can hold."""
    root = tmp_path / "own"
    write(root / "cat", WHOLE | bytes_of(BAD))
    write(root / "dog", bytes_of(STRANGE) | {f"{n}.png": saved(noise()) for n in range(4)})
    write(root / "dog/more", {f"{n}.png": saved(noise()) for n in range(3)})
    write(
        root / "dog", {"notes.txt": b"x", "photo.jfif": saved(noise(), "JPEG"), "._1.png": b"x", "none": b"x"}
    )
    write(root / "__MACOSX/cat", {"._a.png": b"x"})
    write(root, {"Thumbs.db": b"x", "stray.png": saved(noise())})
    return root


def test_a_whole_folder_in_one_pass(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "signsight")
    findings, _ = looked(folder)
    assert tuple(findings.columns) == COLUMNS
    told = {(kind, file): why for file, _, kind, why in findings.itertuples(index=False)}
    assert len(told) == len(findings)
    for name, (_, words) in BAD.items():
        assert words in told.pop((BROKEN, f"cat/{name}")), name
    for name, (_, words) in STRANGE.items():
        assert words in told.pop((ODD, f"dog/{name}")), name
    assert told.pop((SKIPPED, "dog/more")) == "is a folder, whose pictures (3) are not read"
    assert "'.jfif'" in told.pop((SKIPPED, "dog/photo.jfif"))
    assert "'.txt'" in told.pop((SKIPPED, "dog/notes.txt"))
    assert told.pop((SKIPPED, "dog/none")) == "has no ending"
    assert told.pop((SKIPPED, "stray.png")) == "lies beside the class folders"
    for name in ("dog/._1.png", "__MACOSX", "Thumbs.db"):
        assert told.pop((SKIPPED, name)) == "is hidden, or another system left it"
    assert not told
    classes = dict(zip(findings["file"], findings["class"], strict=True))
    assert classes["cat/empty.jpg"] == "cat" and classes["dog/more"] == "dog" and classes["stray.png"] == ""
    pictures = len(WHOLE) + len(BAD) + len(STRANGE) + 4
    line = f"pictures: {pictures}; broken: 8; odd: 12; other files or folders, which are skipped: 8"
    assert line in caplog.messages
    assert sum(message.startswith(("broken: ", "skipped: ", "odd: ")) for message in caplog.messages) == 3


def test_broken_pictures_are_refused_in_one_sentence_with_the_table(folder: Path) -> None:
    with pytest.raises(UserError) as caught:
        looked(folder, "refuse")
    text = str(caught.value)
    assert text.startswith(f"8 of 38 pictures in {folder} cannot be used (") and text.endswith(".")
    assert "set 'data.broken: skip' to leave them out" in text and "\n" not in text
    table = folder.parent / "report.csv"
    assert str(table) in text and sum(name in text for name in BAD) == 3
    with table.open(encoding="utf-8", newline="") as file:
        kinds = Counter(row["kind"] for row in csv.DictReader(file))
    assert kinds == {"broken": 8, "skipped": 8, "odd": 12}


def test_a_whole_folder_is_not_refused(tmp_path: Path) -> None:
    for name in CLASSES:
        write(tmp_path / "own" / name, {f"{n}.png": saved(noise()) for n in range(4)})
    findings, _ = looked(tmp_path / "own", "refuse")
    assert findings.empty and tuple(findings.columns) == COLUMNS


def test_what_is_skipped_is_not_cropped_and_the_rest_is(folder: Path, tmp_path: Path) -> None:
    findings, parts = looked(folder)
    cropped = {}
    for name, part in parts.items():
        kept = without_broken(part, findings, test=name == "test", allow_empty=False)
        crop(kept, tmp_path / name, Cut(16), workers=2)
        images = open_image_set(tmp_path / name)
        cropped |= dict(zip(images.index["source"], images.images.read(0, len(images)), strict=True))
    whole = {f"cat/{name}" for name in WHOLE} | {f"dog/{name}" for name in STRANGE}
    assert set(cropped) == whole | {f"dog/{n}.png" for n in range(4)}
    assert broken_files(findings) == {f"cat/{name}" for name in BAD}
    # the table is right: a 12-bit picture is next to black, and what is not odd is not
    assert cropped["dog/twelve.png"].max() <= 16
    assert all(cropped[f"cat/{name}"].max() > 64 for name in WHOLE)


def test_a_class_of_which_nothing_is_left(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    root = tmp_path / "own"
    for part in ("train", "test"):
        write(root / part / "cat", {f"{n}.png": saved(noise()) for n in range(3)})
        write(root / part / "dog", {"1.png": b"", "2.png": b"<html>"})
    findings, parts = looked(root)
    with pytest.raises(UserError, match=r"No training picture of the class 'dog' is left.*train/dog/1\.png"):
        without_broken(parts["train"], findings, test=False, allow_empty=False)
    assert len(without_broken(parts["train"], findings, test=False, allow_empty=True).records) == 3
    caplog.set_level(logging.INFO, "signsight")
    kept = without_broken(parts["test"], findings, test=True, allow_empty=False)
    assert (
        set(kept.records["class_id"]) == {0} and "no test picture is left of the class 'dog'" in caplog.text
    )
    for name in "123":
        (root / f"test/cat/{int(name) - 1}.png").write_bytes(b"")
    findings, parts = looked(root)
    with pytest.raises(UserError, match="No test picture"):
        without_broken(parts["test"], findings, test=True, allow_empty=True)


def test_the_same_file_twice_is_said_with_part_and_class(tmp_path: Path) -> None:
    root, one, two, three = tmp_path / "own", *(saved(noise()) for _ in range(3))
    other = {"x.png": saved(noise())}
    write(root / "train/cat", {"a.png": one, "again.png": one} | other)
    write(root / "train/dog", {"b.png": two, "c.png": three})
    write(root / "test/cat", {"d.png": two, "f.png": saved(noise())})
    write(root / "test/dog", {"e.png": three})
    findings, _ = looked(root, "refuse")
    assert set(findings["kind"]) == {ODD}
    leak = "which is in the training set"
    assert dict(zip(findings["file"], findings["reason"], strict=True)) == {
        "train/cat/again.png": "is the same file as train/cat/a.png",
        "test/cat/d.png": f"is the same file as train/dog/b.png, of the class 'dog', {leak}",
        "test/dog/e.png": f"is the same file as train/dog/c.png, {leak}",
    }


def test_every_picture_is_read_once_by_the_pass(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: Counter[str] = Counter()
    once = FolderPictures.read

    def counted(self: FolderPictures, source: str, *rest: int) -> bytes:
        read[source] += 1
        return once(self, source, *rest)

    monkeypatch.setattr(FolderPictures, "read", counted)
    looked(folder)
    assert set(read.values()) == {1} and len(read) == 38


def test_listed_pictures_are_looked_at_too(tmp_path: Path) -> None:
    write(tmp_path / "images", {f"{n}.png": saved(noise()) for n in range(9)} | {"8.png": b"", "x.png": b""})
    rows = [f"{n}.png,{CLASSES[n % 2]}" for n in range(11)]
    (tmp_path / "train.csv").write_text("\n".join(["file,class", *rows]) + "\n")
    data = ListedPictures(id_column="file", class_column="class")
    parts = {name: data.part(name, {}, Options(str(tmp_path), seed=1)) for name in ("train", "test")}
    findings, count, _ = examine(parts, CLASSES, str(tmp_path))
    assert count == 9
    assert findings.to_dict("records") == [
        {"file": "images/8.png", "class": "cat", "kind": BROKEN, "reason": "is empty (0 bytes)"},
        {
            "file": "9.png",
            "class": "dog",
            "kind": SKIPPED,
            "reason": "is listed in train.csv, but is not there",
        },
        {
            "file": "10.png",
            "class": "cat",
            "kind": SKIPPED,
            "reason": "is listed in train.csv, but is not there",
        },
        {"file": "images/x.png", "class": "", "kind": SKIPPED, "reason": "is not listed in train.csv"},
    ]


@pytest.mark.skipif(not MESSY.is_dir(), reason="../shared/messy is not here")
def test_real_messy_files() -> None:
    """What Pillow made of each file, by the manifest, is what is found of those that are read."""
    manifest = pd.read_csv(MESSY / "manifest.csv", keep_default_na=False)
    suffixes = (".jpg", ".jpeg", ".png", ".gif", ".tif", ".tiff", ".bmp", ".webp", ".avif")
    root, told = FolderPictures(MESSY), {}
    for row in manifest.itertuples():
        if not row.file.lower().endswith(suffixes) or "broken" in row.file:  # versions of Pillow differ
            continue
        found, picture = look(root, row.file)
        told[Path(row.file).name] = found
        fine = row.loads_strict == "ok" and row.format != "AVIF" and row.mode not in ("F", "I")
        assert (not found.broken) == fine == (picture is not None), (row.file, found)
        if fine:
            frames = int(row.frames) > 1
            assert frames == any("frames" in why for why in found.odd), row.file
            kind = {"MPO": "JPEG"}.get(row.format, row.format)
            assert any(f"{kind} file by its content" in why for why in found.odd) == (
                row.extension_matches == 0
            ), row.file
    assert len(told) > 55
    assert any("nearly black" in why for why in told["12bit.cropped.tif"].odd)
    assert any("1 x 1" in why for why in told["made_1x1.png"].odd)
    assert any("strip" in why for why in told["made_wide_3000x3.png"].odd)
    assert "text that begins with" in told["made_text.jpg"].broken
    assert told["made_empty.jpg"].broken == "is empty (0 bytes)"
