"""Tar archives that are damaged, hostile or bombs: each ends in its sentence, and nothing is unpacked."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from case import Case, fault_of, table
from made_of import AGAIN, GTSRB, OUT, encoded, pixels
from rules_alone import Run, Step


def notes(**found: str) -> bytes:
    """A member with pax notes."""
    info = tarfile.TarInfo("x")
    info.pax_headers = found
    return info.tobuf(tarfile.PAX_FORMAT)


LIST = "imagenette2-320.tgz"
IMAGENETTE: dict[str, Any] = {**GTSRB, "data": {**GTSRB["data"], "name": "imagenette"}}
PICTURE = encoded(Image.fromarray(pixels(1, 20, 20)), "JPEG")


def tar_of(*more: tarfile.TarInfo | bytes, cut: int = 0, plain: bool = False) -> bytes:
    """Imagenette's archive with two classes of pictures, and members or raw bytes before its end."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for part in ("train", "val"):
            for wordnet in ("n01440764", "n02102040"):
                for number in range(4):
                    member = tarfile.TarInfo(f"imagenette2-320/{part}/{wordnet}/{part}{number}.JPEG")
                    member.size = len(PICTURE)
                    tar.addfile(member, io.BytesIO(PICTURE))
        for one in more:
            if isinstance(one, bytes):
                file.write(one)
            else:
                tar.addfile(one, io.BytesIO(bytes(one.size)) if one.isreg() and one.size < 1 << 20 else None)
    data = file.getvalue() if plain else gzip.compress(file.getvalue())
    return data[: len(data) - cut]


def member(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, link: str = "") -> tarfile.TarInfo:
    """A member of a tar archive."""
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, link
    return info


def header(name: str, kind: bytes, size: int) -> bytes:
    """A header with any size, without what should follow."""
    return member(name, kind, size).tobuf(tarfile.GNU_FORMAT)


def long_header(kind: bytes, megabytes: int) -> bytes:
    """A header of so many megabytes, as GNU's long names and pax's notes are."""
    return header("././@LongLink", kind, megabytes << 20) + b"a" * (megabytes << 20)


def tgz(name: str, data: Callable[[], bytes], sentence: str | None = None) -> Case:
    """An archive of Imagenette, and what is said of it."""

    def make(folder: Path) -> Step:
        (folder / "own").mkdir()
        (folder / "own" / LIST).write_bytes(data())
        return Run(IMAGENETTE, (f"download/{LIST}", "classes", "crop/train", "crop/test"))

    return Case(f"tgz: {name}", make, sentence)


CASES = [
    tgz("right", tar_of),
    tgz(
        "rubbish behind its end",
        lambda: tar_of() + b"rubbish" * 99,
        f"{LIST} is not a complete .tgz archive (...); {AGAIN}",
    ),
    tgz("cut off", lambda: tar_of(cut=40), f"{LIST} is not a complete .tgz archive (...); {AGAIN}"),
    tgz("empty file", lambda: b"", f"own/{LIST} is empty (0 bytes), so it was not kept; check `source`."),
    tgz(
        "no gzip",
        lambda: tar_of(plain=True),
        f"own/{LIST} is no gzip archive (it begins with '...'), so it was not kept; check `source`.",
    ),
    tgz(
        "HTML",
        lambda: b"<html>Please log in</html>",
        f"own/{LIST} is no gzip archive (it begins with '...'), so it was not kept; check `source`.",
    ),
    tgz(
        "no tar within",
        lambda: gzip.compress(b"hello"),
        f"{LIST} is not a complete .tgz archive (...); {AGAIN}",
    ),
    tgz("zeros within", lambda: gzip.compress(bytes(1 << 20)), "has no picture in train/n01440764 (tench)"),
    tgz("member above the archive", lambda: tar_of(member("../evil")), f"has the member '../evil', {OUT}"),
    tgz("absolute member", lambda: tar_of(member("/etc/evil")), f"has the member '/etc/evil', {OUT}"),
    tgz(
        "links, devices, FIFOs",
        lambda: tar_of(
            member("l", tarfile.SYMTYPE, link="/etc/passwd"),
            member("h", tarfile.LNKTYPE, link="/etc/shadow"),
            member("c", tarfile.CHRTYPE),
            member("b", tarfile.BLKTYPE),
            member("f", tarfile.FIFOTYPE),
        ),
    ),
    tgz(
        "hard link to a picture",
        lambda: tar_of(
            member(
                "imagenette2-320/train/n01440764/h.JPEG",
                tarfile.LNKTYPE,
                link="imagenette2-320/train/n01440764/train0.JPEG",
            )
        ),
    ),
    tgz(
        "long name of 100 MB",
        lambda: tar_of(long_header(tarfile.GNUTYPE_LONGNAME, 100)),
        "has a header of 105 MB; get the archive from a source that you trust.",
    ),
    tgz(
        "notes of 100 MB",
        lambda: tar_of(long_header(tarfile.XHDTYPE, 100)),
        "has a header of 105 MB; get the archive from a source that you trust.",
    ),
    tgz(
        "notes that claim 1 TB",
        lambda: tar_of(header("x", tarfile.XHDTYPE, 1 << 40)),
        "has a header of 1099512 MB; get the archive from a source that you trust.",
    ),
    tgz(
        "sparse file",
        lambda: tar_of(header("x", tarfile.GNUTYPE_SPARSE, 512)),
        "has a sparse file; get the archive from a source that you trust.",
    ),
    tgz(
        "member that claims 1 TB",
        lambda: tar_of(header("x", tarfile.REGTYPE, 1 << 40)),
        "x in ...has 1099512 MB, more than the limit of 256 MB; make it smaller.",
    ),
    tgz(
        "damaged header in the middle",
        lambda: tar_of(b"rubbish" + header("x", tarfile.REGTYPE, 0)[7:]),
        f"{LIST} is not a complete .tgz archive (bad checksum); {AGAIN}",
    ),
    tgz(
        "negative size",
        lambda: tar_of(header("x", tarfile.REGTYPE, -512)),
        f"{LIST} is not a complete .tgz archive (a member of negative size); {AGAIN}",
    ),
    tgz(
        "negative size in its notes",
        lambda: tar_of(notes(size="-512")),
        f"{LIST} is not a complete .tgz archive (a member of negative size); {AGAIN}",
    ),
    tgz(
        "sparse file in its notes",
        lambda: tar_of(
            notes(
                **{
                    "GNU.sparse.size": "9",
                    "GNU.sparse.numblocks": "1",
                    "GNU.sparse.offset": "0",
                    "GNU.sparse.numbytes": str(1 << 40),
                }
            )
        ),
        "has a sparse file; get the archive from a source that you trust.",
    ),
    tgz(
        "sparse file of nonsense",
        lambda: tar_of(notes(**{"GNU.sparse.major": "1", "GNU.sparse.minor": "0"})),
        f"{LIST} is not a complete .tgz archive (...); {AGAIN}",
    ),
    tgz(
        "2,000 long names in a row",
        lambda: tar_of(header("x", tarfile.GNUTYPE_LONGNAME, 0) * 2000),
        f"{LIST} is not a complete .tgz archive (maximum recursion depth exceeded...); {AGAIN}",
    ),
    tgz(
        "picture twice",
        lambda: tar_of(member("imagenette2-320/train/n01440764/train0.JPEG")),
        "has the picture n01440764/train0.JPEG twice; download the archive again.",
    ),
    tgz(
        "unknown class",
        lambda: tar_of(member("imagenette2-320/train/n99/1.JPEG")),
        "has the class folder 'n99', which is not one of the ten of Imagenette",
    ),
    tgz(
        "empty picture",
        lambda: tar_of(member("imagenette2-320/train/n01440764/e.JPEG")),
        "e.JPEG in ...is empty (0 bytes); replace it.",
    ),
]


@table(CASES)
def test_tars(case: Case, tmp_path: Path) -> None:
    assert fault_of(case, tmp_path) == ""
