"""Pictures that are broken, huge, hostile or odd: each ends in its sentence, or is used as it should be."""

from __future__ import annotations

from pathlib import Path

from case import Case, check, table
from made_of import one_more, own_pictures, png

REFUSED = "1 of 9 pictures in own cannot be used (cat/9"


def broken(name: str, data: bytes, reason: str, ending: str = ".png") -> Case:
    """A class folder has one more file, which cannot be used."""
    wanted = f"{REFUSED}{ending} {reason}...check_pictures.csv lists all of them: replace or remove them"
    return Case(name, own_pictures(one_more(f"cat/9{ending}", data)), wanted)


CASES = [
    broken("empty", b"", "is empty (0 bytes)"),
    broken("cut off", png(9)[:-40], "is a broken picture"),
    broken("HTML", b"<!DOCTYPE html><html>404</html>", "is a broken picture (text that begins with"),
    broken("PostScript", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is a broken picture (text"),
    Case("right", own_pictures(lambda root: None), truth=lambda folder: None),
]


@table(CASES)
def test_pictures(case: Case, tmp_path: Path) -> None:
    check(case, tmp_path)
