"""Plain .tar archives, whose members are read in place and never unpacked to disk."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

from signsight.core.errors import UserError
from signsight.data.listing import leads_outside
from signsight.data.pictures import LARGEST, too_large
from signsight.data.tar import SafeMember, TooLongError, members


class PlainTar:
    """A .tar archive without compression: its headers are read once, its files by their place.

    members: names of the regular files, in the archive's order; of two with one name the last one
    counts, as after unpacking. UserError when the archive is missing, cut off, compressed, or has a
    member whose path is absolute or leads out of it (`..`). Safe to read from threads.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._places = self._read_headers()
        self.members = list(self._places)

    def _read_headers(self) -> dict[str, tuple[int, int]]:
        """Name -> offset and size of the bytes of every regular file."""
        places: dict[str, tuple[int, int]] = {}
        try:
            with tarfile.open(self.path, "r:", tarinfo=SafeMember) as tar:
                for member in members(tar, self.path):
                    if leads_outside(member.name):
                        raise UserError(
                            f"{self.path} has the member {member.name!r}, which leads out of the archive, so "
                            "it is refused; get the archive from a source that you trust."
                        )
                    if member.isreg() and not member.issparse():
                        name = member.name.removeprefix("./")
                        places.pop(name, None)
                        places[name] = member.offset_data, member.size
        except FileNotFoundError as fault:
            raise UserError(f"The archive {self.path} does not exist; correct its path.") from fault
        except TooLongError as fault:
            raise UserError(
                f"{self.path} has {fault}; get the archive from a source that you trust."
            ) from fault
        except (tarfile.TarError, EOFError, OSError, ValueError, RecursionError) as fault:
            raise UserError(
                f"{self.path} is not a complete .tar archive without compression ({fault}); download or make "
                "it again, or unpack it and name the folder."
            ) from fault
        return places

    def read(self, source: str, largest: int = LARGEST) -> bytes:
        """The bytes of a member. UserError when it is missing, cut off or larger than `largest` bytes."""
        if source not in self._places:
            raise UserError(f"{self.path} has no member {source!r}; download or make the archive again.")
        start, size = self._places[source]
        if size > largest:
            raise too_large(self.place(source), size, largest)
        try:
            with self.path.open("rb") as file:
                file.seek(start, os.SEEK_SET)
                data = file.read(size)
        except OSError as fault:
            raise UserError(
                f"{self.path} cannot be read ({fault.strerror}); correct its path or permissions."
            ) from fault
        if len(data) != size:
            raise UserError(f"{self.place(source)} is cut off; download or make the archive again.")
        return data

    def place(self, source: str) -> str:
        """'member in archive'."""
        return f"{source} in {self.path}"
