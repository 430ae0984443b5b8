"""Shards: the parts, of as equal a size as can be, into which jobs divide a list of images among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np

Item = TypeVar("Item")


class Shard(NamedTuple):
    """Part number `number`, from 0, of `count` parts."""

    number: int = 0
    count: int = 1

    def bounds(self, size: int) -> tuple[int, int]:
        """The first place of this part of `size` places, and that behind its last one."""
        each, more = divmod(size, self.count)
        start = self.number * each + min(self.number, more)
        return start, start + each + (self.number < more)

    def of(self, rows: np.ndarray) -> np.ndarray:
        """This part of `rows`."""
        return rows[slice(*self.bounds(len(rows)))]


ALL = Shard()


def shard_of(name: str | None) -> Shard:
    """The shard of a name such as '2-of-8'; all of the images without one."""
    if name is None:
        return ALL
    number, count = map(int, name.split("-of-"))
    return Shard(number - 1, count)


def shard_names(count: int) -> list[str]:
    """The names of `count` shards, in the order of their images."""
    return [f"{number}-of-{count}" for number in range(1, count + 1)]


def grouped(files: Sequence[Item], groups: int) -> list[Sequence[Item]]:
    """`groups` lists of consecutive files, as many in each."""
    size = len(files) // groups
    return [files[start : start + size] for start in range(0, len(files), size)]
