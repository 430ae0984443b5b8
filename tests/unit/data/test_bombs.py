"""Archives that unpack to far more than they are, or have far too many members, are refused."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from signsight.core.errors import UserError
from signsight.data import pictures
from signsight.data.pictures import Archive
from signsight.data.tar import files
from signsight.detection.plain_tar import PlainTar


def tar(count: int = 3, size: int = 4000) -> bytes:
    """A tar archive of members of zeros."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for number in range(count):
            member = tarfile.TarInfo(str(number))
            member.size = size
            archive.addfile(member, io.BytesIO(bytes(size)))
    return file.getvalue()


def zipped(path: Path, count: int = 3, size: int = 4000) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(count):
            archive.writestr(str(number), bytes(size))
    return path


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_MEMBERS", 3)


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "SOME", 1000)
    monkeypatch.setattr(pictures, "TIMES", 10)


@pytest.mark.usefixtures("few")
def test_too_many_members(tmp_path: Path) -> None:
    assert len(Archive(zipped(tmp_path / "3.zip")).members) == 3
    assert len(list(files(written(tmp_path / "3.tgz", gzip.compress(tar()))))) == 3
    assert len(PlainTar(written(tmp_path / "3.tar", tar())).members) == 3
    for read, path in (
        (Archive, zipped(tmp_path / "4.zip", 4)),
        (lambda path: list(files(path)), written(tmp_path / "4.tgz", gzip.compress(tar(4)))),
        (PlainTar, written(tmp_path / "4.tar", tar(4))),
    ):
        with pytest.raises(UserError, match=r"4\.\w+ has more than 3 members, so it is refused"):
            read(path)


@pytest.mark.usefixtures("little")
def test_far_more_bytes_than_the_archive_has(tmp_path: Path) -> None:
    assert len(PlainTar(written(tmp_path / "a.tar", tar())).members) == 3  # nothing is compressed
    bombs = (zipped(tmp_path / "a.zip"), written(tmp_path / "a.tgz", gzip.compress(tar())))
    for read, path in zip((Archive, lambda path: list(files(path))), bombs, strict=True):
        with pytest.raises(UserError, match="unpacks to more than 10 times its size, so it is refused"):
            read(path)


@pytest.mark.usefixtures("little")
def test_far_more_bytes_behind_the_end_of_a_tar(tmp_path: Path) -> None:
    data = gzip.compress(tar(1, 0)) + gzip.compress(bytes(10 << 20))
    with pytest.raises(UserError, match="unpacks to more than 10 times its size, so it is refused"):
        list(files(written(tmp_path / "a.tgz", data)))


def test_a_plain_tar_that_ends_early_is_not_taken_for_whole(tmp_path: Path) -> None:
    whole = tar()
    for end in (5 * 512, 9 * 512 + 100, 9 * 512):  # within a member, within a header, between two members
        with pytest.raises(UserError, match=r"is not a complete \.tar archive"):
            PlainTar(written(tmp_path / "a.tar", whole[:end]))
