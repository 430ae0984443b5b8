"""Archives of arrays (`.npz`) of shards put together in pieces, so that memory does not grow with them."""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import IO

import numpy as np

from signsight.core.errors import UserError
from signsight.core.files import ArrayFile, atomic

PIECE_BYTES = 16 << 20
# The header of a file in an archive: its fixed part, and where in it stand the lengths of what follows.
HEADER, LENGTHS = 30, (26, 28)


def arrays_of(path: Path | str) -> dict[str, ArrayFile]:
    """Name -> array of an archive that is not compressed, read in pieces.

    UserError for one that cannot be read, or is not what was written.
    """
    found = {}
    try:
        with zipfile.ZipFile(path) as archive, Path(path).open("rb") as file:
            if damaged := archive.testzip():
                raise zipfile.BadZipFile(f"{damaged} is damaged")
            for member in archive.infolist():
                file.seek(member.header_offset)
                header = file.read(HEADER)
                after = sum(int.from_bytes(header[at : at + 2], "little") for at in LENGTHS)
                name = member.filename.removesuffix(".npy")
                found[name] = ArrayFile(path, member.header_offset + HEADER + after)
    except (OSError, zipfile.BadZipFile) as fault:
        raise UserError(f"{path} cannot be read ({fault}); delete it and run again.") from fault
    return found


def join_archives(
    files: Sequence[Path | str], out: Path | str, axis: int, shared: Collection[str], counted: str
) -> None:
    """Write to `out` the archive of all images, from those of shards in the order of their images.

    axis: of the images in all arrays but the `shared` ones, which are the same in every file. counted: an
    array that every file has, and which tells how many images it is of; one of none is passed over. UserError
    when there are no images at all, or the files are not of the same.
    """
    all_parts = {file: arrays_of(file) for file in files}
    for file, part in all_parts.items():
        if counted not in part or len(part[counted].shape) <= axis:
            raise UserError(f"{file} is not of this evaluation; delete it and run again.")
    parts = {file: part for file, part in all_parts.items() if part[counted].shape[axis]}
    if not parts:
        raise UserError(f"{files[0]} holds no image; evaluate at least one.")
    (one, first), *others = parts.items()
    told = {name: first[name].read(0, len(first[name])) for name in shared if name in first}
    for file, part in others:
        if part.keys() != first.keys() or not all(_equal(part[name], told[name]) for name in told):
            raise UserError(f"{file} and {one} are of different evaluations; delete both and run again.")
    with atomic(out) as whole, zipfile.ZipFile(whole, "w") as archive:
        for name in first:
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                pieces = [first[name]] if name in told else [part[name] for part in parts.values()]
                _write_joined(member, pieces, axis)


def _equal(stored: ArrayFile, array: np.ndarray) -> bool:
    return stored.shape == array.shape and np.array_equal(stored.read(0, len(stored)), array)


def _write_joined(out: IO[bytes], parts: Sequence[ArrayFile], axis: int) -> None:
    """Write arrays joined along the first or the second axis in the format of `.npy`."""
    dtype = np.result_type(*(part.dtype for part in parts))  # the widest of texts
    shape = list(parts[0].shape)
    if len(parts) > 1:
        shape[axis] = sum(part.shape[axis] for part in parts)
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": tuple(shape)}
    np.lib.format.write_array_header_1_0(out, header)
    for part, start, stop in _pieces(parts, axis):
        out.write(np.ascontiguousarray(part.read(start, stop), dtype).data)


def _pieces(parts: Sequence[ArrayFile], axis: int) -> Iterator[tuple[ArrayFile, int, int]]:
    """Rows of the parts in the order of the joined array: along its first axis in pieces of bounded size,
    along its second one a row of each part by turns."""
    if axis == 0:
        for part in parts:
            size = max(PIECE_BYTES // max(part.row_bytes, 1), 1)
            for start in range(0, len(part), size):
                yield part, start, min(start + size, len(part))
    else:
        for row in range(len(parts[0])):
            yield from ((part, row, row + 1) for part in parts)
