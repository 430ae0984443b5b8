"""Edits that make a zip archive of GTSRB's damaged, hostile or a bomb."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import synthetic

Make = Callable[[Path], object]
FOLDER = "GTSRB/Final_Training/Images/00001"
CSV = f"{FOLDER}/GT-00001.csv"


def with_member(name: str, data: bytes = b"x", **info: int) -> Make:
    """The edit that adds a member; info: fields of its header."""

    def edit(path: Path) -> None:
        member = zipfile.ZipInfo(name)
        for field, value in info.items():
            setattr(member, field, value)
        member.compress_type = zipfile.ZIP_DEFLATED
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(member, data)

    return edit


def members(edit: Callable[[synthetic.Members], object]) -> Make:
    """The edit of the training archive's members."""

    def change(path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            found = {name: archive.read(name) for name in archive.namelist()}
        edit(found)
        synthetic.write_zip(path, found)

    return change


def csv(edit: Callable[[bytes], bytes]) -> Make:
    """The edit of the CSV of class 1."""
    return members(lambda found: found.update({CSV: edit(found[CSV])}))


def field(column: int, value: str) -> Make:
    """The edit of one field of the first row of class 1 (1: Width, 3: Roi.X1, 7: ClassId)."""

    def edit(text: bytes) -> bytes:
        lines = text.decode().split("\r\n")
        fields = lines[1].split(";")
        fields[column] = value
        return "\r\n".join([lines[0], ";".join(fields), *lines[2:]]).encode()

    return csv(edit)


def raw(edit: Callable[[bytearray], object]) -> Make:
    """The edit of an archive's bytes, where it changes them or gives new ones."""

    def change(path: Path) -> None:
        data = bytearray(path.read_bytes())
        made = edit(data)
        path.write_bytes(bytes(made) if isinstance(made, bytes | bytearray) else data)

    return change


def first_entry(offset: int, code: str, value: int) -> Make:
    """The edit of a field in the central directory's entry of the CSV of class 1."""

    def edit(data: bytearray) -> None:
        at = data.rindex(CSV.encode()) - 46
        assert data[at : at + 4] == b"PK\x01\x02"
        struct.pack_into(code, data, at + offset, value)

    return raw(edit)


def overlapping(path: Path) -> None:
    """Thousands of members that share the bytes of one (a bomb without nesting)."""
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    with zipfile.ZipFile(path) as archive:
        count = len(archive.namelist())
    end = data.rindex(b"PK\x05\x06")
    entry = data[at : at + 46 + struct.unpack_from("<H", data, at + 28)[0]]
    more = b"".join(bytes(entry).replace(b"00000_00000.ppm", b"9%04d_00000.ppm" % one) for one in range(5000))
    directory = bytes(data[at:end]) + more
    tail = bytearray(data[end:])
    struct.pack_into("<HHI", tail, 8, count + 5000, count + 5000, len(directory))
    path.write_bytes(bytes(data[:at]) + directory + bytes(tail))


def bomb(name: str, megabytes: int) -> Make:
    """The edit that makes a member of so many zero bytes."""

    def edit(path: Path) -> None:
        kept = path.read_bytes()
        with (
            zipfile.ZipFile(io.BytesIO(kept)) as old,
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new,
        ):
            for one in old.namelist():
                if one != name:
                    new.writestr(one, old.read(one))
            with new.open(name, "w") as file:
                for _ in range(megabytes):
                    file.write(bytes(1 << 20))

    return edit


def lying(name: str) -> Make:
    """A bomb whose header claims a few bytes."""

    def edit(path: Path) -> None:
        bomb(name, 100)(path)
        data = bytearray(path.read_bytes())
        at = data.rindex(name.encode()) - 46
        struct.pack_into("<I", data, at + 24, 200)
        path.write_bytes(data)

    return edit
