"""What is broken, skipped or odd among the user's own pictures: found in one pass, told in one table."""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
import pandas as pd
from PIL import Image

from signsight.core.errors import UserError
from signsight.core.files import write_csv
from signsight.data.pictures import FORMATS, Pictures, Unusable, decoded, to_rgb
from signsight.data.progress import progress
from signsight.data.threads import in_order

if TYPE_CHECKING:
    from signsight.data.dataset import Part
    from signsight.data.listing import LeftOut

log = logging.getLogger("signsight")
Made = TypeVar("Made")

COLUMNS = ("file", "class", "kind", "reason")
BROKEN, SKIPPED, ODD = KINDS = ("broken", "skipped", "odd")
SHOWN = 3  # files that a line names
PARTS = {"train": "training set", "test": "test set"}
SMALL = 8  # pixels: a picture with a shorter side has nothing to see
LONG = 8  # times as long as high, or as high as long: made a square, nothing can be recognised
DARK = 16  # of 255, to which the largest 12-bit value in a 16-bit file comes: nearly black
TWELVE_BITS = 1 << 12
ENDINGS = {
    ".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".ppm": "PPM", ".pgm": "PPM", ".pnm": "PPM",
    ".bmp": "BMP", ".webp": "WEBP", ".gif": "GIF", ".tif": "TIFF", ".tiff": "TIFF",
}  # fmt: skip


class Look(NamedTuple):
    """What one look at a picture finds.

    broken: why it cannot be used, or ''; odd: what there is to know of it; digest: of its file's bytes.
    """

    broken: str
    odd: Sequence[str] = ()
    digest: bytes = b""


def look(pictures: Pictures, source: str) -> tuple[Look, Image.Image | None]:
    """What there is to say of the picture `source`, and it as 8-bit RGB, or None if it is broken."""
    place = pictures.place(source)
    try:
        data = pictures.read(source)
        with decoded(data, place) as image:
            picture = to_rgb(image, place)
            odd = _oddities(image, picture, source, data)
    except UserError as fault:
        return Look(fault.reason if isinstance(fault, Unusable) else str(fault)), None
    return Look("", odd, hashlib.blake2b(data, digest_size=16).digest()), picture


def look_at_all(
    pictures: Pictures,
    sources: Sequence[str],
    workers: int,
    make: Callable[[Image.Image, int], Made] | None = None,
) -> tuple[list[Look], list[Made | None]]:
    """A look at every picture, each read and decoded once, and what `make` makes of those that are whole.

    make: from a picture and its place in `sources`.
    """

    def one(place: int) -> tuple[Look, Made | None]:
        found, picture = look(pictures, sources[place])
        return found, make(picture, place) if make and picture else None

    looks, made = [], []
    with progress("look at the pictures", len(sources), "pictures") as step:
        for found, thing in in_order(one, range(len(sources)), workers):
            looks.append(found)
            made.append(thing)
            step(1)
    return looks, made


def _oddities(image: Image.Image, picture: Image.Image, source: str, data: bytes) -> list[str]:
    """What is odd about a picture that can be used; image: as it was saved, picture: as it is used."""
    found, (width, height) = [], picture.size
    kind = "JPEG" if image.format == "MPO" else str(image.format)
    if kind != ENDINGS.get(PurePosixPath(source).suffix.lower(), kind):
        found.append(f"is a {kind} file by its content")
    if (frames := _frames(data)) > 1:
        found.append(f"has {frames} frames, of which the first is used")
    if min(width, height) < SMALL:
        found.append(f"has {width} x {height} pixels only")
    if max(width, height) > LONG * min(width, height):
        found.append(f"is {width} x {height} pixels, a strip")
    lowest, highest = zip(*picture.getextrema(), strict=True)
    if max(highest) <= DARK:
        found.append(f"is nearly black, with values up to {_depth(image, max(highest))}")
    elif lowest == highest and width * height > 1:
        found.append("is of one colour throughout")
    return found


def _depth(image: Image.Image, highest: int) -> str:
    """'4095 of 65535 (12-bit values in a 16-bit file)'."""
    if not image.mode.startswith("I;16"):
        return f"{highest} of 255"
    highest = int(np.asarray(image).max())
    twelve = " (12-bit values in a 16-bit file)" if 255 < highest < TWELVE_BITS else ""
    return f"{highest} of 65535{twelve}"


def _frames(data: bytes) -> int:
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return int(getattr(image, "n_frames", 1))
    except Exception:  # a later frame can be damaged in any way; it is not used
        return 1


def report(
    files: Sequence[str],
    classes: Sequence[str],
    looks: Sequence[Look],
    others: Sequence[LeftOut] = (),
    parts: Sequence[str] | None = None,
) -> pd.DataFrame:
    """The table of all findings, COLUMNS, a row a file and kind: broken ones, then skipped, then odd ones.

    files, classes, looks: of each picture, its path below the source, its class folder or '', and what a look
    found; others: what is not read. parts: of each picture, "train" or "test". Files with the same bytes
    as an earlier one are odd, and said to be in another part or class where they are.
    """
    parts = [""] * len(files) if parts is None else parts
    told = list(zip(files, classes, looks, parts, strict=True))
    broken = [(file, name, BROKEN, one.broken) for file, name, one, _ in told if one.broken]
    skipped = [(one.file, one.class_name, SKIPPED, one.reason) for one in dict.fromkeys(others)]
    first: dict[bytes, tuple[str, str, str]] = {}
    odd = []
    for file, name, one, part in told:
        if one.broken:
            continue
        reasons, known = list(one.odd), first.setdefault(one.digest, (file, name, part))
        if known[0] != file:
            reasons.append(_twin(known, name, part))
        if reasons:
            odd.append((file, name, ODD, "; ".join(reasons)))
    return pd.DataFrame([*broken, *skipped, *odd], columns=list(COLUMNS))


def _twin(first: tuple[str, str, str], name: str, part: str) -> str:
    """That a picture is the same file as an earlier one: (file, class, part)."""
    words = f"is the same file as {first[0]}"
    if name != first[1]:
        words += f", of the class {first[1]!r}"
    if part != first[2]:
        words += f", which is in the {PARTS[first[2]]}"
    return words


def _named(findings: pd.DataFrame) -> str:
    """'a.png is empty (0 bytes), b.png is ..., ...': the first findings."""
    told = [f"{file} {why}" for file, why in zip(findings["file"], findings["reason"], strict=True)]
    return ", ".join(told[:SHOWN]) + (", ..." if len(told) > SHOWN else "")


def settle(findings: pd.DataFrame, pictures: int, source: Path | str, table: Path | str, broken: str) -> None:
    """Write the findings of a pass over so many pictures to `table`, and tell of them in the log.

    broken: "skip", or "refuse": UserError when there are broken pictures, which counts them, names the first
    and the table, which stays.
    """
    write_csv(table, findings)
    counts = {kind: int((findings["kind"] == kind).sum()) for kind in KINDS}
    log.info(
        "pictures: %d; broken: %d; odd: %d; other files or folders, which are skipped: %d",
        *(pictures, counts[BROKEN], counts[ODD], counts[SKIPPED]),
    )
    told = {kind: _named(findings[findings["kind"] == kind]) for kind in KINDS}
    for kind in KINDS:
        if told[kind]:
            log.info("%s: %s", kind, told[kind])
    if counts[BROKEN] and broken == "refuse":
        raise UserError(
            f"{counts[BROKEN]} of {pictures} pictures in {source} cannot be used ({told[BROKEN]}); {table} "
            "lists all of them: replace or remove them, or set 'data.broken: skip' to leave them out."
        )


def broken_files(findings: pd.DataFrame) -> set[str]:
    """The files that cannot be used."""
    return set(findings["file"][findings["kind"] == BROKEN])


class Examined(NamedTuple):
    """What a look at all pictures of a data set finds.

    findings: as `report` has them; pictures: how many there are; useless: why nothing can be learned from
    them, or their test would say nothing, as a sentence, or ''.
    """

    findings: pd.DataFrame
    pictures: int
    useless: str


def examine(parts: Mapping[str, Part], names: Sequence[str], source: str, workers: int = 1) -> Examined:
    """The findings of a data set in one pass over its pictures.

    parts: "train" and "test", as far as they are used; names: of the classes by class id; source: where they
    are from.
    """
    told: list[tuple[str, str, str]] = []
    looks: list[Look] = []
    others: list[LeftOut] = []
    for which, part in parts.items():
        sources, classes = part.records["source"].tolist(), part.records["class_id"]
        looks += look_at_all(part.pictures, sources, workers)[0]
        told += [(source, names[number], which) for source, number in zip(sources, classes, strict=True)]
        others += part.left_out
    files, named, whose = zip(*told, strict=True) if told else ((), (), ())
    return Examined(
        report(files, named, looks, others, whose), len(files), _useless(files, looks, whose, source)
    )


def _useless(files: Sequence[str], looks: Sequence[Look], parts: Sequence[str], source: str) -> str:
    """Why a training on these pictures and its test would say nothing, or ''."""
    told = [
        (file, one.digest, part)
        for file, one, part in zip(files, looks, parts, strict=True)
        if not one.broken
    ]
    trained = {digest: file for file, digest, part in told if part == "train"}
    tested = {digest: file for file, digest, part in told if part == "test"}
    if not trained or not tested or set(tested) - set(trained):
        return ""
    if len(trained) == 1:
        return f"All {len(told)} pictures in {source} are one file, so nothing can be learned; replace them."
    digest, file = next(iter(tested.items()))
    return (
        f"Every test picture in {source} is the same file as a training picture ({file} and "
        f"{trained[digest]}, ...), so the accuracy would say nothing; take other pictures for the test."
    )


def without_broken(part: Part, findings: pd.DataFrame, *, test: bool, allow_empty: bool) -> Part:
    """A part without the pictures that are broken.

    UserError when none are left, or none of a class of the training (unless `allow_empty`).
    """
    broken = broken_files(findings)
    kept = part.records[~part.records["source"].isin(broken)].reset_index(drop=True)
    lost = set(part.records["class_id"]) - set(kept["class_id"])
    if not lost or (allow_empty and len(kept)):
        return replace(part, records=kept)
    source = part.records["source"][part.records["class_id"].isin(lost)].iloc[0]
    name = findings["class"][findings["file"] == source].iloc[0]
    if test and len(kept):
        log.info("no test picture is left of the class %r, as all are broken", name)
        return replace(part, records=kept)
    raise UserError(
        f"No {'test' if test else 'training'} picture of the class {name!r} is left, since all are broken "
        f"({source}, ...); replace them or remove the class."
    )
