"""Pictures that are broken, huge, hostile or odd: each ends in its sentence, or is used as it should be."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from case import Case, fault_of, table
from made_of import encoded, one_more, own_pictures, pixels, png

NO_FORMAT = "is a broken picture (none of the formats PNG, JPEG, PPM, BMP, WEBP, GIF, TIFF)"
TOO_MANY = "is too large: a picture may have 179 million pixels"
RANGE = "has 32-bit pixels without a known range"


def broken(name: str, data: bytes, reason: str, ending: str = ".png") -> Case:
    """A class folder has one more file, which cannot be used."""
    wanted = (
        f"1 of 9 pictures in own cannot be used (cat/9{ending} "
        f"{reason}...made/x/logs/check_pictures.csv lists "
        "all of them: replace or remove them, or set 'data.broken: skip' to leave them out."
    )
    return Case(name, own_pictures(one_more(f"cat/9{ending}", data)), wanted)


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width: int, height: int, rows: bytes, *more: bytes, depth: int = 1, colour: int = 0) -> bytes:
    """A PNG with these (unfiltered, uncompressed) rows, and chunks before them."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + header
        + b"".join(more)
        + chunk(b"IDAT", zlib.compress(rows, 9))
        + chunk(b"IEND", b"")
    )


def bits(width: int, height: int) -> bytes:
    """A black PNG of 1 bit a pixel: a small file of many pixels."""
    return png_of(width, height, bytes((1 + (width + 7) // 8) * height))


def tiff(*entries: tuple[int, int, int, int], data: bytes = b"") -> bytes:
    """A little-endian TIFF: (tag, type, count, value) of one page, and then `data`."""
    page = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *one) for one in entries)
    return b"II*\0" + struct.pack("<I", 8) + page + bytes(4) + data


def gif(width: int, height: int, frames: int = 1) -> bytes:
    """A GIF of frames of one pixel each on a canvas."""
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(3) + b"\xff\xff\xff"
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return head + frame * frames + b"\x3b"


def jpeg_of(width: int, height: int) -> bytes:
    """A JPEG whose header claims another size."""
    data = bytearray(encoded(Image.fromarray(pixels(1)), "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def bmp_of(width: int, height: int, compression: int = 0, bits: int = 24) -> bytes:
    """A BMP that claims a size, with little data."""
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, 0, 0, 0, 0, 0)
    palette = bytes(1024) if bits == 8 else b""
    return (
        b"BM"
        + struct.pack("<IHHI", 54 + len(palette) + 8, 0, 0, 54 + len(palette))
        + header
        + palette
        + bytes(8)
    )


FLOAT = encoded(Image.fromarray(np.ones((12, 12), np.float32)), "TIFF")
TEXT = chunk(b"zTXt", b"key\0\0" + zlib.compress(bytes(100 << 20)))
PROFILE = chunk(b"iCCP", b"key\0\0" + zlib.compress(bytes(100 << 20)))
ROW = bytes(2)
CASES = [
    broken("empty", b"", "is empty (0 bytes)"),
    broken("one byte", b"\x89", NO_FORMAT),
    broken("cut off", png(9)[:-40], "is a broken picture ("),
    broken("cut off after the header", png(9)[:33], "is a broken picture ("),
    broken("wrong sum", png(9)[:45] + b"\0\0" + png(9)[47:], "is a broken picture ("),
    broken(
        "JPEG cut off",
        encoded(Image.fromarray(pixels(9, 64, 64)), "JPEG")[:-300],
        "is a broken picture (",
        ".jpg",
    ),
    broken(
        "GIF cut off",
        encoded(Image.fromarray(pixels(9, 64, 64)), "GIF")[:-900],
        "is a broken picture (",
        ".gif",
    ),
    broken(
        "WEBP cut off",
        encoded(Image.fromarray(pixels(9, 64, 64)), "WEBP")[:-900],
        "is a broken picture (",
        ".webp",
    ),
    broken(
        "TIFF cut off",
        encoded(Image.fromarray(pixels(9, 64, 64)), "TIFF")[:-900],
        "is a broken picture (",
        ".tif",
    ),
    broken(
        "BMP cut off",
        encoded(Image.fromarray(pixels(9, 64, 64)), "BMP")[:-900],
        "is a broken picture (",
        ".bmp",
    ),
    broken(
        "PPM cut off",
        encoded(Image.fromarray(pixels(9, 64, 64)), "PPM")[:-900],
        "is a broken picture (",
        ".ppm",
    ),
    broken(
        "HTML",
        b"<!DOCTYPE html><html>404</html>",
        "is a broken picture (text that begins with '<!DOCTYPE html><html'",
        ".jpg",
    ),
    broken(
        "PostScript",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n",
        "is a broken picture (text that begins with '%!PS-Adobe-3.0",
    ),
    broken(
        "PostScript in DOS's binary form",
        b"\xc5\xd0\xd3\xc6" + struct.pack("<II", 30, 60) + bytes(18) + b"%!PS-Adobe-3.0 EPSF-3.0\n",
        NO_FORMAT,
    ),
    broken("PDF", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", NO_FORMAT),
    broken(
        "SVG",
        b'<?xml version="1.0"?><svg/>',
        'is a broken picture (text that begins with \'<?xml version="1.0"?',
    ),
    broken("HEIC", bytes(4) + b"ftypheic" + bytes(90), "is in the format HEIC, which is not read", ".heic"),
    broken(
        "HEIC named .jpg",
        bytes(4) + b"ftypmif1" + bytes(90),
        "is in the format HEIC, which is not read",
        ".jpg",
    ),
    broken("AVIF", bytes(4) + b"ftypavif" + bytes(90), "is in the format AVIF, which is not read", ".avif"),
    broken("ICO", encoded(Image.fromarray(pixels(9)), "ICO"), NO_FORMAT),
    broken("ICNS", b"icns" + bytes(60), NO_FORMAT),
    broken("JPEG 2000", encoded(Image.fromarray(pixels(9)), "JPEG2000"), NO_FORMAT),
    broken("DDS", encoded(Image.fromarray(pixels(9)), "DDS"), NO_FORMAT),
    broken("SGI", encoded(Image.fromarray(pixels(9)), "SGI"), NO_FORMAT),
    broken(
        "FITS",
        b"SIMPLE  =                    T" + b" " * 50,
        "is a broken picture (text that begins with 'SIMPLE = T'",
    ),
    broken("WMF", b"\xd7\xcd\xc6\x9a" + bytes(60), NO_FORMAT),
    broken("program", b"\x7fELF" + bytes(60), NO_FORMAT),
    broken("archive", b"PK\x03\x04" + bytes(60), NO_FORMAT),
    broken(
        "LFS pointer",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
        "is a broken picture (text that begins with 'version https://git-",
    ),
    broken("182 million pixels", bits(14000, 13000), TOO_MANY),
    broken("100,000 x 100,000 pixels in a header", png_of(100_000, 100_000, b""), TOO_MANY),
    broken("no pixels", png_of(0, 12, b""), "is a broken picture ("),
    broken("JPEG of 65,500 x 65,500", jpeg_of(65500, 65500), TOO_MANY, ".jpg"),
    broken("GIF of 65,535 x 65,535", gif(65535, 65535), TOO_MANY, ".gif"),
    broken("BMP of 60,000 x 60,000", bmp_of(60000, 60000), TOO_MANY, ".bmp"),
    broken("BMP of 13,000 x 13,000 in no bytes", bmp_of(13000, 13000), "is a broken picture (", ".bmp"),
    broken("BMP of runs without an end", bmp_of(9000, 9000, 1, 8), "is a broken picture (", ".bmp"),
    broken("PPM of 13,000 x 13,000 in no bytes", b"P6 13000 13000 255\n", "is a broken picture (", ".ppm"),
    broken("PPM of 10^9 x 10^9", b"P6 1000000000 1000000000 255\n", TOO_MANY, ".ppm"),
    broken("PPM of a negative size", b"P6 -5 5 255\n" + bytes(75), "is a broken picture (", ".ppm"),
    broken("PPM of words", b"P3 2 2 255\nred green blue white", "is a broken picture (", ".ppm"),
    broken("floats of PFM", b"Pf\n2 2\n-1.0\n" + bytes(16), RANGE, ".ppm"),
    broken("float TIFF", FLOAT, RANGE, ".tif"),
    broken(
        "32-bit whole numbers", encoded(Image.fromarray(np.ones((12, 12), np.int32)), "TIFF"), RANGE, ".tif"
    ),
    broken(
        "PNG with 100 MB of text", png_of(1, 1, ROW, TEXT), "is a broken picture (Decompressed data too large"
    ),
    broken("WEBP header alone", b"RIFF\x10\0\0\0WEBPVP8 " + bytes(9), "is a broken picture (", ".webp"),
    broken("TIFF without pixels", tiff((256, 4, 1, 9), (257, 4, 1, 9)), "is a broken picture (", ".tif"),
    broken(
        "TIFF of 4 billion values",
        tiff((256, 4, 1, 9), (257, 4, 1, 9), (273, 4, 0xFFFFFFFF, 8)),
        "is a broken picture (",
        ".tif",
    ),
    broken(
        "TIFF of 60,000 x 60,000",
        tiff(
            (256, 4, 1, 60000),
            (257, 4, 1, 60000),
            (258, 3, 1, 8),
            (259, 3, 1, 1),
            (262, 3, 1, 1),
            (273, 4, 1, 8),
            (278, 4, 1, 60000),
            (279, 4, 1, 9),
        ),
        TOO_MANY,
        ".tif",
    ),
    Case("right", own_pictures(lambda root: None)),
    broken(
        "PNG with 100 MB of a colour profile",
        png_of(1, 1, ROW, PROFILE),
        "is a broken picture (Decompressed data too large",
    ),
    Case("GIF of 10,000 frames", own_pictures(one_more("cat/9.gif", gif(12, 12, 10_000)))),
    Case("1 x 100,000", own_pictures(one_more("cat/9.png", bits(1, 100_000)))),
    Case(
        "150 million pixels of RGBA",
        own_pictures(one_more("cat/9.png", png_of(15000, 10000, bytes(60001 * 10000), depth=8, colour=6))),
        "it ran out of memory; run fewer jobs at once (--cores 1), or where there is more.",
    ),
]


@table(CASES)
def test_pictures(case: Case, tmp_path: Path) -> None:
    assert fault_of(case, tmp_path) == ""
