"""Zip archives of GTSRB that are damaged, hostile or bombs: each ends in a sentence, nothing is unpacked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import synthetic
from case import Case, fault_of, table
from edited_zips import (
    CSV,
    FOLDER,
    Make,
    bomb,
    csv,
    field,
    first_entry,
    lying,
    members,
    overlapping,
    raw,
    with_member,
)
from made_of import AGAIN, GTSRB, OUT, pixels
from rules_alone import Run, Step
from synthetic import TEST_ZIP, TRAINING_ZIP, TRUTH_ZIP

JOBS = (
    f"download/{TRAINING_ZIP}",
    f"download/{TEST_ZIP}",
    f"download/{TRUTH_ZIP}",
    "crop/train",
    "crop/test",
    "classes",
    "examples",
)


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
]


@table(CASES)
def test_zips(case: Case, tmp_path: Path) -> None:
    assert fault_of(case, tmp_path) == ""
