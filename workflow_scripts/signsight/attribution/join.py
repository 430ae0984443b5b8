"""Maps of all images put together from those of shards, in pieces; importing it imports no torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from signsight.core.errors import UserError
from signsight.core.files import ArrayFile, ArrayWriter

PIECE_BYTES = 16 << 20


def join_maps(files: Sequence[Path | str], out: Path | str) -> None:
    """Write the maps (N, H, W) of all images to `out` (.npy), from those of shards in their order.

    UserError when the shards' maps differ in size or in kind of numbers.
    """
    parts = [ArrayFile(file) for file in files]
    first = parts[0]
    for part in parts:
        if (part.shape[1:], part.dtype) != (first.shape[1:], first.dtype):
            raise UserError(f"{part.path} and {first.path} are of different maps; delete both and run again.")
    count, size = sum(map(len, parts)), max(PIECE_BYTES // max(first.row_bytes, 1), 1)
    with ArrayWriter(out, (count, *first.shape[1:]), first.dtype) as writer:
        for part in parts:
            for maps in part.batches(size):
                writer.append(maps)
