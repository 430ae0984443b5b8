"""Archives that are damaged, hostile or bombs: each ends in its sentence, and nothing is unpacked."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

import synthetic
from case import Case, fault_of, table
from made_of import encoded, pixels
from rules_alone import Run, Step
from synthetic import TEST_ZIP, TRAINING_ZIP, TRUTH_ZIP

GTSRB: dict[str, Any] = {
    "device": "cpu",
    "stages": [],
    "attribution": {"methods": ["random"]},
    "data": {"name": "gtsrb", "source": "own", "checksums": "none", "size": 16, "allow_empty_classes": True},
}
JOBS = (
    f"download/{TRAINING_ZIP}",
    f"download/{TEST_ZIP}",
    f"download/{TRUTH_ZIP}",
    "crop/train",
    "crop/test",
    "classes",
    "examples",
)
Make = Callable[[Path], object]
FOLDER = "GTSRB/Final_Training/Images/00001"
CSV = f"{FOLDER}/GT-00001.csv"
AGAIN = "delete it and download it again."


def gtsrb(edit: Make, *jobs: str, fault: str | None = None) -> Callable[[Path], Step]:
    """The three archives of three classes in `own`, which are edited."""

    def make(folder: Path) -> Step:
        synthetic.write_gtsrb(folder / "own", fault, n_classes=3, tracks=2, frames=1, test=1)
        edit(folder / "own")
        return Run(GTSRB, jobs or JOBS)

    return make


def refused(name: str, edit: Make, sentence: str) -> Case:
    """The training archive after an edit, and what is said of it."""
    return Case(name, gtsrb(lambda root: edit(root / TRAINING_ZIP)), sentence)


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


OUT = "which leads out of the archive, so it is refused; get the archive from a source that you trust."
CASES = [
    Case("right", gtsrb(lambda root: None)),
    refused(
        "missing",
        lambda path: path.unlink(),
        f"Config key 'data.source': own lacks {TRAINING_ZIP}, needed by 'gtsrb'",
    ),
    refused(
        "empty file",
        lambda path: path.write_bytes(b""),
        f"own/{TRAINING_ZIP} is empty (0 bytes), so it was not kept; check `source`.",
    ),
    refused(
        "HTML",
        lambda path: path.write_bytes(b"<html>Please log in</html>"),
        f"own/{TRAINING_ZIP} is no complete zip archive (it begins with '...'), so it was not kept; "
        "check `source`.",
    ),
    refused(
        "folder in its place",
        lambda path: (path.unlink(), path.mkdir()),
        f"The source own has no {TRAINING_ZIP}; put it there.",
    ),
    refused(
        "cut off",
        raw(lambda data: data[: len(data) // 2]),
        f"own/{TRAINING_ZIP} is no complete zip archive (it begins with '...'), so it was not kept; "
        "check `source`.",
    ),
    refused("no members", members(lambda found: found.clear()), f"is an empty archive; {AGAIN}"),
    refused(
        "member above the archive",
        with_member("GTSRB/../../evil.ppm"),
        f"has the member 'GTSRB/../../evil.ppm', {OUT}",
    ),
    refused("absolute member", with_member("/etc/passwd"), f"has the member '/etc/passwd', {OUT}"),
    refused(
        "member of another system above the archive",
        with_member("a\\..\\..\\evil.ppm"),
        f"has the member 'a\\\\..\\\\..\\\\evil.ppm', {OUT}",
    ),
    refused("member on a drive", with_member("C:\\evil.ppm"), f"has the member 'C:\\\\evil.ppm', {OUT}"),
    Case(
        "link among the members",
        gtsrb(
            lambda root: with_member("GTSRB/link", b"/etc/passwd", external_attr=0o120777 << 16)(
                root / TRAINING_ZIP
            )
        ),
    ),
    refused(
        "encrypted member",
        first_entry(8, "<H", 1),
        "is damaged (File ...is encrypted, password required for extraction); delete the archive and "
        "download it again.",
    ),
    refused(
        "unknown compression",
        first_entry(10, "<H", 98),
        f"{CSV} in ...is damaged (That compression method is not supported); delete the archive and "
        "download it again.",
    ),
    refused(
        "wrong sum",
        first_entry(16, "<I", 1),
        f"{CSV} in ...is damaged (Bad CRC-32 for file '{CSV}'); delete the archive and download it again.",
    ),
    refused("size that lies", first_entry(24, "<I", 3), f"{CSV} in "),
    refused(
        "size of 4 GB that lies",
        first_entry(24, "<I", 0xFFFFFFFE),
        f"{CSV} in ...has 4295 MB, more than the limit of 64 MB; make it smaller.",
    ),
    refused(
        "zip64 without its sizes",
        first_entry(24, "<I", 0xFFFFFFFF),
        "has 4295 MB, more than the limit of 64 MB; make it smaller.",
    ),
    refused(
        "place outside",
        first_entry(42, "<I", 0x7FFFFFFF),
        f"{CSV} in ...is damaged (Truncated file header); delete the archive and download it again.",
    ),
    refused(
        "CSV of 100 MB",
        bomb(CSV, 100),
        f"{CSV} in ...has 105 MB, more than the limit of 64 MB; make it smaller.",
    ),
    refused("CSV of 100 MB that claims 200 bytes", lying(CSV), f"{CSV} in ...is damaged ("),
    refused(
        "picture that is cut off",
        members(lambda found: found.update({f"{FOLDER}/00000_00000.ppm": b"P6 30 30 255\n"})),
        "00000_00000.ppm in ...is a broken picture (image file is truncated",
    ),
    refused(
        "picture of 10^9 x 10^9",
        members(lambda found: found.update({f"{FOLDER}/00000_00000.ppm": b"P6 1000000000 1000000000 255\n"})),
        "is too large: a picture may have 179 million pixels; scale it down.",
    ),
    refused(
        "picture that is a zip",
        members(lambda found: found.update({f"{FOLDER}/00000_00000.ppm": b"PK\x03\x04" + bytes(99)})),
        "is a broken picture (none of the formats",
    ),
    refused(
        "nested archives alone",
        members(lambda found: (found.clear(), found.update({"GTSRB.zip": b"PK"}))),
        f"has no class folders 00000, 00001, ...; put {TRAINING_ZIP} in its place.",
    ),
    Case(
        "rubbish behind its end",
        gtsrb(
            lambda root: (root / TRAINING_ZIP).write_bytes(
                (root / TRAINING_ZIP).read_bytes() + b"rubbish" * 99
            )
        ),
    ),
    Case(
        "rubbish before its begin",
        gtsrb(
            lambda root: (root / TRAINING_ZIP).write_bytes(
                b"rubbish" * 99 + (root / TRAINING_ZIP).read_bytes()
            )
        ),
    ),
    Case("5,000 members of the same bytes", gtsrb(lambda root: overlapping(root / TRAINING_ZIP))),
    Case(
        "a member twice",
        gtsrb(
            lambda root: with_member(f"{FOLDER}/00000_00000.ppm", synthetic.ppm(pixels(1, 30, 30)))(
                root / TEST_ZIP
            )
        ),
    ),
    refused(
        "CSV twice, the last of which counts",
        with_member(CSV, b"other"),
        f"{CSV} in ...lacks the column 'Filename'; correct its header.",
    ),
    refused(
        "no CSV",
        members(lambda found: found.pop(CSV)),
        f"has no {CSV}, which names the signs in that folder; download the archive again.",
    ),
    refused(
        "listed picture missing",
        members(lambda found: found.pop(f"{FOLDER}/00000_00000.ppm")),
        "lists '00000_00000.ppm', which ...does not have; download the archive again.",
    ),
    refused(
        "picture named above its folder",
        field(0, "../00002/00000_00000.ppm"),
        "lists '../00002/00000_00000.ppm', which ...does not have; download the archive again.",
    ),
    refused(
        "picture listed twice",
        csv(lambda text: text + text.split(b"\r\n")[1] + b"\r\n"),
        "lists '00001/00000_00000' twice; delete one of the lines.",
    ),
    refused(
        "class of another folder",
        field(7, "2"),
        "gives 00000_00000.ppm the class 2, but its folder is that of class 1; correct the archive.",
    ),
    refused("class 43", field(7, "43"), "has the class id 43, which is not in 0..42; correct that line."),
    refused("class -1", field(7, "-1"), "has the class id -1, which is not in 0..42; correct that line."),
    refused(
        "class 1e30",
        field(7, "1e30"),
        "has '1e30' under ClassId, where a whole number belongs; correct that line.",
    ),
    refused(
        "class inf",
        field(7, "inf"),
        "has 'inf' under ClassId, where a whole number belongs; correct that line.",
    ),
    refused(
        "class 0x1",
        field(7, "0x1"),
        "has '0x1' under ClassId, where a whole number belongs; correct that line.",
    ),
    refused(
        "class 1.0",
        field(7, "1.0"),
        "has '1.0' under ClassId, where a whole number belongs; correct that line.",
    ),
    refused(
        "class \u0661",
        field(7, "\u0661"),
        "has '\u0661' under ClassId, where a whole number belongs; correct that line.",
    ),
    refused(
        "class 1 of 5,000 digits",
        field(7, "1" * 5000),
        "under ClassId, where a whole number belongs; correct that line.",
    ),
    refused(
        "width of another picture",
        field(1, "7"),
        "pixels, but its CSV says 7 x ..., so that its ROI cannot be trusted; correct one of them.",
    ),
    refused("ROI outside", field(3, "900"), "holds no pixel of its ...; correct the CSV."),
    refused("ROI that is reversed", field(3, "39"), "holds no pixel of its ...; correct the CSV."),
    refused(
        "ROI nan", field(3, "nan"), "has 'nan' under Roi.X1, where a whole number belongs; correct that line."
    ),
    refused("negative ROI's end", field(5, "-4"), "holds no pixel of its ...; correct the CSV."),
    refused("commas", csv(lambda text: text.replace(b";", b",")), f"{CSV} in ...lacks the column 'Filename'"),
    refused(
        "UTF-16",
        csv(lambda text: text.decode().encode("utf-16")),
        f"{CSV} in ...is not UTF-8 text; save it as a CSV in UTF-8.",
    ),
    refused(
        "null bytes",
        csv(lambda text: text + bytes(9)),
        f"{CSV} in ...is binary data, not text; save it as a CSV in UTF-8.",
    ),
    refused(
        "field of 200,000 letters",
        field(0, "n" * 200_000),
        f"Line 2 of {CSV} in ...is not CSV (field larger than field limit (131072)); correct it.",
    ),
    refused(
        "row of two fields",
        csv(lambda text: text + b"a;b\r\n"),
        "has 2 fields, but the header has 8; correct that line.",
    ),
    refused(
        "empty CSV",
        csv(lambda text: b""),
        f"{CSV} in ...is empty; give it a header with the column 'Filename', and rows.",
    ),
    refused(
        "quote that does not end",
        csv(lambda text: text.replace(b"00000_00000.ppm", b'"00000_00000.ppm')),
        f"of {CSV} in ",
    ),
    refused(
        "column twice",
        csv(lambda text: text.replace(b"Roi.X2", b"Roi.X1")),
        f"{CSV} in ...has two columns 'Roi.X1'; rename or remove one of them.",
    ),
    Case("BOM", gtsrb(lambda root: csv(lambda text: b"\xef\xbb\xbf" + text)(root / TRAINING_ZIP))),
    Case(
        "unix line ends and blank lines",
        gtsrb(lambda root: csv(lambda text: text.replace(b"\r\n", b"\n\n"))(root / TRAINING_ZIP)),
    ),
    Case(
        "truth without its CSV",
        gtsrb(lambda root: None, fault="missing truth"),
        f"{TRUTH_ZIP} has no GT-final_test.csv, which has the classes of the test images; download the "
        "archive again.",
    ),
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
def test_archives(case: Case, tmp_path: Path) -> None:
    assert fault_of(case, tmp_path) == ""
