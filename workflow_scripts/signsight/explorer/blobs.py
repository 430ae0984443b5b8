"""Arrays inside the explorer's document, as 8-bit maps, differences and gzip; and the document's file."""

from __future__ import annotations

import gzip
import json
import math
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from signsight.core.errors import UserError
from signsight.core.files import atomic
from signsight.core.stored import DAMAGE

STEPS = 127  # of an 8-bit map on either side of zero
LEVEL = 6  # of gzip; 9 saves 2 % for twice the time
SAMPLE = 1 << 18  # bytes of an array by which it is decided whether differences pay
EPOCH = (1980, 1, 1, 0, 0, 0)  # the time of every member, so that equal documents are equal files
DIGITS = 6  # of numbers of a document


@dataclass(frozen=True)
class Blob:
    """An array as it is stored: gzip of its bytes, little-endian, in C order.

    delta: the bytes are differences, modulo 256, of neighbours along the last axis (the first of a row is
    the value itself); for int8 and uint8 alone. Smooth maps take half the space so.
    """

    dtype: str
    shape: tuple[int, ...]
    delta: bool
    data: bytes


def quantised(maps: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Signed maps (N, H, W) float as 8-bit values: q (N, H, W) int8, scale (N,) float64, missing (N,) bool.

    A value is q / 127 * scale[n] within scale[n] / 254; scale is the largest magnitude of a map. A map is
    missing, with q and scale 0, where it is zero everywhere (the method found nothing) or not finite.
    """
    flat = np.asarray(maps, np.float64).reshape(len(maps), math.prod(maps.shape[1:]))
    scale = np.abs(flat).max(axis=1, initial=0)
    missing = ~np.isfinite(scale) | (scale == 0)
    scale = np.where(missing, 0, scale)
    shares = np.divide(flat, scale[:, None], out=np.zeros_like(flat), where=scale[:, None] > 0)
    return np.rint(shares * STEPS).astype(np.int8).reshape(maps.shape), scale, missing


def encoded(array: np.ndarray, delta: bool | None = None) -> Blob:
    """An array of int8, uint8, uint16 or float32 as a blob; `delta` None: whatever is smaller."""
    array = np.ascontiguousarray(array)
    if array.dtype.name not in ("int8", "uint8", "uint16", "float32"):
        raise ValueError(f"no blob of {array.dtype}")
    if array.dtype.itemsize > 1 or array.ndim == 0:
        delta = False
    if delta is None:
        rows = array.reshape(-1, array.shape[-1])[: max(SAMPLE // max(array.shape[-1], 1), 1)]
        delta = len(gzip.compress(_differences(rows))) < len(gzip.compress(rows.tobytes()))
    raw = _differences(array) if delta else array.astype(array.dtype.newbyteorder("<")).tobytes()
    return Blob(array.dtype.name, array.shape, delta, gzip.compress(raw, LEVEL, mtime=0))


def decoded(blob: Blob) -> np.ndarray:
    """The array of a blob."""
    dtype = np.dtype(blob.dtype).newbyteorder("<")
    array = np.frombuffer(gzip.decompress(blob.data), dtype).reshape(blob.shape)
    if blob.delta:
        array = np.cumsum(array.view(np.uint8), axis=-1, dtype=np.uint8).view(blob.dtype)
    return array.astype(blob.dtype)


def _differences(array: np.ndarray) -> bytes:
    whole = array.view(np.uint8)
    return np.diff(whole, axis=-1, prepend=np.uint8(0)).astype(np.uint8).tobytes()


def packed(tree: Any) -> tuple[str, list[Blob]]:
    """A document as JSON text, and its blobs, which the text names by number.

    tree: of dicts, lists, numbers, texts, arrays and blobs. A number that is not finite becomes null; others
    have six digits, those under the key "scale" all that they need.
    """
    blobs: list[Blob] = []
    plain = _plain(tree, blobs.append, lambda: len(blobs) - 1)
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False), blobs


def _plain(value: Any, keep: Callable[[Blob], None], number: Callable[[], int], digits: int = DIGITS) -> Any:
    if isinstance(value, Blob):
        keep(value)
        told = {"dtype": value.dtype, "shape": list(value.shape), "delta": value.delta}
        return {"blob": number()} | told
    if isinstance(value, dict):
        return {
            str(key): _plain(one, keep, number, 9 if key == "scale" else DIGITS) for key, one in value.items()
        }
    if isinstance(value, np.ndarray | list | tuple):
        listed = value.tolist() if isinstance(value, np.ndarray) else value
        return [_plain(one, keep, number, digits) for one in listed]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return _number(float(value), digits)
    if value is None or isinstance(value, str):
        return value
    raise TypeError(f"{type(value).__name__} in a document")


def _number(value: float, digits: int) -> float | int | None:
    if not math.isfinite(value):
        return None
    short = float(f"{value:.{digits}g}")
    return int(short) if short.is_integer() and abs(short) < 2**53 else short


def unpacked(text: str, blob: Callable[[int], bytes]) -> Any:
    """The document of `packed`; `blob`: number -> its bytes."""

    def whole(value: dict[str, Any]) -> Any:
        if "blob" not in value or "dtype" not in value:
            return value
        return Blob(value["dtype"], tuple(value["shape"]), value["delta"], blob(value["blob"]))

    return json.loads(text, object_hook=whole)


def write_document(path: Path | str, tree: Any) -> None:
    """Write a document as a zip of its JSON text and its blobs; equal documents are equal files."""
    text, blobs = packed(tree)
    members = {"document.json": text.encode(), **{str(k): blob.data for k, blob in enumerate(blobs)}}
    with atomic(path) as part, zipfile.ZipFile(part, "w") as archive:
        for name, data in members.items():
            member = zipfile.ZipInfo(name, EPOCH)
            member.external_attr = 0o644 << 16
            archive.writestr(member, data)


def read_document(path: Path | str) -> Any:
    """The document in a file of `write_document`. UserError when it is not one."""
    try:
        with zipfile.ZipFile(path) as archive:
            return unpacked(archive.read("document.json").decode(), lambda k: archive.read(str(k)))
    except DAMAGE as fault:
        raise UserError(f"{path} is not a document of an explorer ({fault}); make it again.") from fault
