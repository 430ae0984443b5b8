"""Hostile and odd files: what is no picture is not opened, and nothing is read without a bound."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from PIL import EpsImagePlugin, Image

from signsight.core.errors import UserError
from signsight.data import archives, pictures, rows
from signsight.data.pictures import Archive, FolderPictures, open_rgb
from signsight.data.tar import StreamedTar, files
from synthetic import TRAINING, TRAINING_ZIP, gtsrb, write_zip

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


def assert_refused(call: object, words: str, *arguments: object) -> None:
    """One sentence with these words, and not much memory on the way."""
    tracemalloc.start()
    try:
        with pytest.raises(UserError, match=words) as caught:
            call(*arguments)
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


def test_postscript_starts_no_ghostscript(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *_: started.append(True))
    Image.new("RGB", (4, 4)).save(tmp_path / "a.eps")
    (tmp_path / "a.eps").rename(tmp_path / "e.png")
    assert_refused(
        open_rgb, r"e\.png is a broken picture \(text that begins with", FolderPictures(tmp_path), "e.png"
    )
    assert not started


@pytest.mark.parametrize("kind", [*pictures.FORMATS, "MPO"])
def test_every_format_is_read(tmp_path: Path, kind: str) -> None:
    Image.new("RGB", (4, 4), (250, 0, 0)).save(tmp_path / "a.png", format=kind)
    assert open_rgb(FolderPictures(tmp_path), "a.png").getpixel((1, 1))[0] > 240


@pytest.mark.parametrize(("data", "kind"), [(HEIC, "HEIC"), (HEIC.replace(b"heic", b"avif", 1), "AVIF")])
def test_pictures_of_phones_are_named_as_such(tmp_path: Path, data: bytes, kind: str) -> None:
    (tmp_path / "a.heic").write_bytes(data)
    assert_refused(
        open_rgb, f"is in the format {kind}, .* save it as JPEG or PNG", FolderPictures(tmp_path), "a.heic"
    )


def test_a_picture_of_too_many_pixels_is_too_large_not_broken(tmp_path: Path) -> None:
    (tmp_path / "a.ppm").write_bytes(b"P6\n14000 13000\n255\n")
    assert_refused(open_rgb, r"a\.ppm is too large: .* 179 million pixels", FolderPictures(tmp_path), "a.ppm")


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "folder.png").mkdir()
    for name in ("pipe.png", "zero.png", "folder.png"):
        assert_refused(open_rgb, "is not a regular file", FolderPictures(tmp_path), name)
    assert_refused(open_rgb, "cannot be read", FolderPictures(tmp_path), "nul\0.png")
    with (tmp_path / "long.png").open("wb") as file:
        file.truncate(3 << 30)
    assert_refused(
        open_rgb, "has 3221 MB, more than the limit of 256 MB", FolderPictures(tmp_path), "long.png"
    )


def zeros(path: Path, name: str, size: int) -> Archive:
    """A zip archive with one member of so many zeros."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(name, "w") as member:
        for _ in range(size >> 20):
            member.write(bytes(1 << 20))
    return Archive(path)


def test_a_large_member_of_a_zip_is_refused_before_it_is_read(tmp_path: Path) -> None:
    archive = zeros(tmp_path / "a.zip", "a.png", 260 << 20)
    assert (tmp_path / "a.zip").stat().st_size < 1e6
    assert_refused(archive.read, "a.png in .* has 273 MB, more than the limit of 256 MB", "a.png")


def test_a_large_table_in_a_zip_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "LARGEST", 1 << 20)
    members = gtsrb(n_classes=2)[TRAINING_ZIP]
    members[f"{TRAINING}/Images/00001/GT-00001.csv"] = bytes(2 << 20)
    write_zip(tmp_path / "a.zip", members)
    assert_refused(archives.training_records, "GT-00001.csv in .* limit of 1 MB", Archive(tmp_path / "a.zip"))


def test_a_zip_that_lies_about_a_size_is_not_unpacked_further(tmp_path: Path) -> None:
    zeros(tmp_path / "a.zip", "a.png", 64 << 20)
    data = (
        (tmp_path / "a.zip")
        .read_bytes()
        .replace((64 << 20).to_bytes(4, "little"), (99).to_bytes(4, "little"))
    )
    (tmp_path / "a.zip").write_bytes(data)
    assert_refused(Archive(tmp_path / "a.zip").read, "is damaged", "a.png")


def tgz(path: Path, *members: tuple[str, bytes, int]) -> Path:
    """A .tgz of members (name, type, size) full of zeros."""
    with gzip.open(path, "wb", 1) as file:
        for name, kind, size in members:
            info = tarfile.TarInfo(name)
            info.type, info.size = kind, size
            file.write(info.tobuf(tarfile.GNU_FORMAT))
            for _ in range(size >> 20):
                file.write(bytes(1 << 20))
        file.write(bytes(1024))
    return path


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (tarfile.XHDTYPE, "header of 67 MB"),
        (tarfile.XGLTYPE, "header of 67 MB"),
        (tarfile.GNUTYPE_LONGNAME, "header of 67 MB"),
        (tarfile.GNUTYPE_SPARSE, "a sparse file"),
    ],
)
def test_a_tgz_with_a_huge_header_is_refused(tmp_path: Path, kind: bytes, words: str) -> None:
    path = tgz(tmp_path / "a.tgz", ("a", kind, 64 << 20))
    assert_refused(lambda: list(files(path)), words)


def test_a_large_member_of_a_tgz_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signsight.data.tar.LARGEST", 8 << 20)
    path = tgz(tmp_path / "a.tgz", ("a.png", tarfile.REGTYPE, 64 << 20))
    assert_refused(
        StreamedTar(path, {"a.png"}).read, "a.png in .* has 67 MB, more than the limit of 8 MB", "a.png"
    )


def test_long_names_and_notes_of_usual_size_are_read(tmp_path: Path) -> None:
    for kind in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        with tarfile.open(tmp_path / "a.tgz", "w:gz", format=kind) as tar:
            info = tarfile.TarInfo("long/" * 60 + "ä.png")
            info.size = 3
            tar.addfile(info, io.BytesIO(b"abc"))
        assert list(files(tmp_path / "a.tgz", {info.name})) == [(info.name, b"abc")]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"\n \n,,\n", "is empty"),
        ("file\nGröße.png\n".encode("latin-1"), "not UTF-8 text"),
        (b"file\n\0\n", "binary data"),
        (b"\x89PNG\r\n\x1a\n", "not UTF-8 text"),
        (b"file,x\na.png,1\nb.png\n", "Line 3 of t has 1 fields, but the header has 2"),
        (b"file,x\na.png,1,2\n", "Line 2 of t has 3 fields"),
        (b"file\n" + b"a" * 140_000, "Line 2 of t is not CSV"),
        (b"Files\na.png\n", "lacks the column 'file' .perhaps it is the one named 'Files'"),
    ],
)
def test_a_faulty_table_is_one_sentence(data: bytes, words: str) -> None:
    assert_refused(lambda: list(rows.rows(data, "t", ["file"])), words)


def test_a_table_of_a_file_is_bounded(tmp_path: Path) -> None:
    with (tmp_path / "a.csv").open("wb") as file:
        file.truncate(rows.LARGEST + 1)
    with pytest.raises(UserError, match="larger than the 64 MB"):
        rows.read_rows(tmp_path / "a.csv", ["file"])
    os.mkfifo(tmp_path / "pipe.csv")
    for name, words in (("pipe.csv", "not a regular file"), ("nowhere.csv", "cannot be read")):
        with pytest.raises(UserError, match=words):
            rows.read_rows(tmp_path / name, ["file"])
    assert pictures.LARGEST > rows.LARGEST
