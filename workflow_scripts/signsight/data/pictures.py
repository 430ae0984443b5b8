"""Pictures by name, from a folder or a zip archive read in place, and their decoding to 8-bit RGB."""

from __future__ import annotations

import io
import stat
import threading
import warnings
import zipfile
import zlib
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image, ImageOps

from signsight.core.errors import UserError
from signsight.data.listing import leads_nowhere, leads_outside

LARGEST = 256 << 20  # bytes of a picture's file
MOST_MEMBERS = 2_000_000  # of an archive
SOME, TIMES = 1 << 30, 100  # an archive may unpack to so many bytes, and so many times its own size
# Pillow starts other programs for some other formats (Ghostscript for PostScript).
FORMATS = ("PNG", "JPEG", "PPM", "BMP", "WEBP", "GIF", "TIFF")  # JPEG: MPO too
UNREAD = {b"ftyp" + brand: "HEIC" for brand in (b"heic", b"heix", b"hevc", b"heim", b"mif1", b"msf1")}
UNREAD |= {b"ftypavif": "AVIF", b"ftypavis": "AVIF"}
MOST_PIXELS = 2 * Image.MAX_IMAGE_PIXELS  # above it Pillow refuses a picture
STRIP = 1 << 24  # pixels that are converted at a time where that takes several copies of them
ORIENTATION = 0x0112  # of EXIF
# What zipfile raises for damaged archives and members; RuntimeError, for one, for an unknown compression.
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)  # of those that are taken


class Unusable(UserError):
    """A picture that cannot be used: `place`, then the `reason` as a predicate ("is empty"), then advice."""

    def __init__(self, place: str, reason: str, advice: str) -> None:
        super().__init__(f"{place} {reason}; {advice}.")
        self.reason = reason


class Pictures(Protocol):
    """Where pictures come from: `read(source)` is the file's bytes, safe to call from threads."""

    def read(self, source: str) -> bytes:
        """The bytes of the file named `source`. UserError when it cannot be read."""
        ...

    def place(self, source: str) -> str:
        """Where `source` lies, for messages."""
        ...


class FolderPictures:
    """Files below a folder; `source` is the path relative to it, with '/'."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    @cached_property
    def members(self) -> list[str]:
        """All files below the folder, sorted."""
        return sorted(
            file.relative_to(self.path).as_posix() for file in self.path.rglob("*") if file.is_file()
        )

    def read(self, source: str, largest: int = LARGEST) -> bytes:
        """The bytes of `source`. UserError when it cannot be read, is no regular file or too large."""
        file = self.path / source
        try:
            status = file.stat()
            if not stat.S_ISREG(status.st_mode):
                raise Unusable(str(file), "is not a regular file and is not read", "remove it")
            if status.st_size > largest:
                raise too_large(str(file), status.st_size, largest)
            return file.read_bytes()
        except (OSError, ValueError) as fault:
            if isinstance(fault, OSError) and leads_nowhere(file):
                raise Unusable(
                    str(file), "is a link that leads nowhere", "restore what it leads to"
                ) from fault
            reason = fault.strerror if isinstance(fault, OSError) else fault
            raise Unusable(
                str(file), f"cannot be read ({reason})", "restore it or correct its name or permissions"
            ) from fault

    def place(self, source: str) -> str:
        """The path of `source`."""
        return str(self.path / source)


class Archive:
    """A zip archive whose members are read in place and never unpacked to disk.

    UserError when the file is missing, no whole zip archive, or has a member whose path is absolute
    or leads out of it (`..`). members: names of the files in it, in the archive's order.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        try:
            self._zip = zipfile.ZipFile(self.path)
        except FileNotFoundError as fault:
            raise UserError(f"The archive {self.path} does not exist; download it.") from fault
        except UNREADABLE as fault:
            raise UserError(
                f"{self.path} is not a complete zip archive ({fault}); delete it and download it again."
            ) from fault
        self._lock = threading.Lock()
        infos = self._zip.infolist()
        refuse_bomb(self.path, len(infos), sum(min(info.file_size, LARGEST) for info in infos))
        for info in infos:
            if leads_outside(info.orig_filename):
                raise UserError(
                    f"{self.path} has the member {info.orig_filename!r}, which leads out of the "
                    "archive, so it is refused; get the archive from a source that you trust."
                )
        self.members = [info.filename for info in infos if not info.is_dir()]
        if not self.members:
            raise UserError(f"{self.path} is an empty archive; delete it and download it again.")

    def read(self, source: str, largest: int = LARGEST) -> bytes:
        """The bytes of a member. UserError when it is missing, damaged or too large."""
        try:
            size = self._zip.getinfo(source).file_size
            if size > largest:
                raise too_large(self.place(source), size, largest)
            with self._lock, self._zip.open(source) as file:
                return file.read(size + 1)  # bounded, since a `read()` may unpack 2 GB whatever the size
        except KeyError as fault:
            raise UserError(f"{self.path} has no member {source!r}; download the archive again.") from fault
        except UNREADABLE as fault:
            raise UserError(
                f"{self.place(source)} is damaged ({fault}); delete the archive and download it again."
            ) from fault

    def place(self, source: str) -> str:
        """'member in archive'."""
        return f"{source} in {self.path}"


def too_large(place: str, size: int, largest: int) -> Unusable:
    """The error for a file of `size` bytes where `largest` are allowed."""
    return Unusable(
        place, f"has {size / 1e6:.0f} MB, more than the limit of {largest >> 20} MB", "make it smaller"
    )


def refuse_bomb(archive: Path, members: int, unpacked: int) -> None:
    """UserError for an archive of more members, or more bytes once unpacked, than one of pictures has."""
    if members > MOST_MEMBERS:
        what = f"has more than {MOST_MEMBERS:,} members"
    elif unpacked > SOME + TIMES * archive.stat().st_size:
        what = f"unpacks to more than {TIMES} times its size"
    else:
        return
    raise UserError(f"{archive} {what}, so it is refused; get the archive from a source that you trust.")


def open_rgb(pictures: Pictures, source: str) -> Image.Image:
    """The picture `source` as 8-bit RGB, (height, width) as a person sees it.

    Turned as its EXIF says; transparent parts become white; 16-bit grey is scaled to 8 bits.
    Unusable when it is unreadable, broken or cut off.
    """
    place = pictures.place(source)
    with decoded(pictures.read(source), place) as image:
        return to_rgb(image, place)


def open_labels(pictures: Pictures, source: str) -> np.ndarray:
    """The mask `source`, (height, width) uint8, its values untouched. UserError when unreadable."""
    with decoded(pictures.read(source), pictures.place(source)) as image:
        if image.mode not in ("L", "P", "1"):
            raise UserError(
                f"{pictures.place(source)} has mode {image.mode}; a mask is a PNG with one 8-bit "
                "label per pixel."
            )
        return np.asarray(image, np.uint8)


def open_object(pictures: Pictures, source: str, threshold: int) -> np.ndarray:
    """Where the object is by a mask or a cut-out twin, (height, width) bool, turned as its EXIF says.

    Of a picture with transparent parts: what is at least half opaque. Of any other one: where the brightest
    of its colours is above `threshold` (0 to 254), since compression leaves black not quite black.
    UserError when unreadable.
    """
    with decoded(pictures.read(source), pictures.place(source)) as image:
        turned = _turned(image)
        if "A" in turned.mode or "a" in turned.mode or "transparency" in turned.info:
            opaque = np.asarray(turned.convert("RGBA").getchannel("A")) >= 128
            if not opaque.all():
                return opaque
        return np.asarray(to_rgb(image, pictures.place(source))).max(2) > threshold


def decoded(data: bytes, place: str) -> Image.Image:
    """The picture in the bytes of a file, as it was saved. Unusable when there is none or it is cut off."""
    if not data:
        raise Unusable(place, "is empty (0 bytes)", "replace it")
    if data[4:12] in UNREAD:
        kind = UNREAD[data[4:12]]
        raise Unusable(place, f"is in the format {kind}, which is not read", "save it as JPEG or PNG")
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        image.load()
        return image
    except Image.DecompressionBombError as fault:
        most = f"{MOST_PIXELS / 1e6:.0f} million pixels"
        raise Unusable(place, f"is too large: a picture may have {most}", "scale it down") from fault
    except MemoryError:
        raise
    # Pillow's decoders raise almost anything on damaged files (struct.error, IndexError, ...).
    except Exception as fault:
        raise Unusable(place, f"is a broken picture ({_brief(fault, data)})", "replace it") from fault


def _brief(fault: Exception, data: bytes) -> str:
    if isinstance(fault, Image.UnidentifiedImageError):
        words = data[:512].decode("ascii", "replace").split()
        if "".join(words).isprintable() and data[:512].isascii():
            return f"text that begins with {' '.join(words)[:20]!r}"
        return f"none of the formats {', '.join(FORMATS)}"
    return str(fault) or type(fault).__name__


def to_rgb(image: Image.Image, place: str) -> Image.Image:
    """`image` of any mode as 8-bit RGB, turned as its EXIF says, on white where transparent.

    place: where it is from, for the error (Unusable) on modes without a known range (32-bit).
    """
    image = _turned(image)
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I;16"):
        return _in_strips(image, _from_16_bits)
    if image.mode in ("I", "F"):
        raise Unusable(place, "has 32-bit pixels without a known range", "save it with 8 or 16 bits")
    if "A" in image.mode or "a" in image.mode or "transparency" in image.info:
        return _in_strips(image, _on_white)
    return image.convert("RGB")


def _turned(image: Image.Image) -> Image.Image:
    """`image` as its EXIF says; itself, not a copy, where that is as it is, or cannot be read."""
    try:
        return image if image.getexif().get(ORIENTATION, 1) == 1 else ImageOps.exif_transpose(image)
    except MemoryError:
        raise
    except Exception:  # a damaged EXIF, of which Pillow raises almost anything
        return image


def _in_strips(image: Image.Image, convert: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """`convert(image)`, RGB, made of strips of rows, so that large pictures are not in memory many times."""
    width, height = image.size
    rows = max(STRIP // width, 1)
    if rows >= height:
        return convert(image)
    whole = Image.new("RGB", image.size)
    for top in range(0, height, rows):
        whole.paste(convert(image.crop((0, top, width, min(top + rows, height)))), (0, top))
    return whole


def _from_16_bits(image: Image.Image) -> Image.Image:
    grey = np.asarray(image).astype(np.uint32)
    return Image.fromarray(((grey + 128) // 257).astype(np.uint8)).convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, image).convert("RGB")
