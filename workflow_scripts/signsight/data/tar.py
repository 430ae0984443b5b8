"""Archives of the kind .tar.gz, read in one pass and never unpacked to disk."""

from __future__ import annotations

import gzip
import tarfile
import threading
import zlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from signsight.core.errors import UserError
from signsight.data.listing import leads_outside
from signsight.data.pictures import LARGEST, refuse_bomb, too_large

HEADER = 1 << 20  # bytes of a long name or of notes before a member
NOTES = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE)
LONG_NAMES = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)


class StreamedTar:
    """A .tar.gz archive whose files are read in its own order and never unpacked to disk.

    Gzip knows no way back, so the archive runs by once, and files in `wanted` that come before the
    one that is asked for wait in memory: ask for each once, roughly in the archive's order.
    """

    def __init__(self, path: Path | str, wanted: Collection[str]) -> None:
        self.path = Path(path)
        self._wanted, self._passed = frozenset(wanted), dict[str, bytes]()
        self._lock, self._files = threading.Lock(), self._stream()

    def read(self, source: str) -> bytes:
        """The bytes of a file. UserError when it is missing or damaged."""
        with self._lock:
            while source not in self._passed:
                try:
                    name, data = next(self._files)
                except StopIteration:
                    raise UserError(
                        f"{self.path} has no member {source!r}; download the archive again."
                    ) from None
                self._passed[name] = data
            return self._passed.pop(source)

    def place(self, source: str) -> str:
        """'member in archive'."""
        return f"{source} in {self.path}"

    def _stream(self) -> Iterator[tuple[str, bytes]]:
        for name, data in files(self.path, self._wanted):
            if data is not None:
                yield name, data


def files(path: Path | str, wanted: Collection[str] = ()) -> Iterator[tuple[str, bytes | None]]:
    """The plain files of a .tar.gz archive in its order: their names and, of those in `wanted`, the bytes.

    UserError when it is missing, no whole archive, or has a member that leads out of it or is larger
    than a picture may be.
    """
    path = Path(path)
    try:
        # Not tarfile's own gzip: that takes a file that is cut off for its end.
        with (
            gzip.open(path) as unpacked,
            tarfile.open(fileobj=unpacked, mode="r|", tarinfo=SafeMember) as tar,
        ):
            for member in members(tar, path):
                if leads_outside(member.name):
                    raise UserError(
                        f"{path} has the member {member.name!r}, which leads out of the archive, so it "
                        "is refused; get the archive from a source that you trust."
                    )
                if member.size > LARGEST:
                    raise too_large(f"{member.name} in {path}", member.size, LARGEST)
                content = tar.extractfile(member) if member.isreg() else None
                if content:
                    yield member.name, content.read() if member.name in wanted else None
            while unpacked.read(1 << 20):  # to the end, where gzip's own checksum is
                refuse_bomb(path, 0, unpacked.tell())
    except FileNotFoundError as fault:
        raise UserError(f"The archive {path} does not exist; download it.") from fault
    except TooLongError as fault:
        raise UserError(f"{path} has {fault}; get the archive from a source that you trust.") from fault
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError, RecursionError) as fault:
        raise UserError(
            f"{path} is not a complete .tgz archive ({fault}); delete it and download it again."
        ) from fault


def members(tar: tarfile.TarFile, path: Path) -> Iterator[SafeMember]:
    """The members of the archive at `path` one by one; none is kept. UserError when there are too many."""
    count = 0
    while member := tar.next():
        count += 1
        refuse_bomb(path, count, member.offset_data + min(member.size, LARGEST))
        yield member
        tar.members = []


class TooLongError(Exception):
    """A header that tarfile would read into memory whole."""


class SafeMember(tarfile.TarInfo):
    """The header of a member; one that asks for much memory, or for a sparse file, is refused."""

    @classmethod
    def frombuf(cls, buf: bytes, *args: Any, **options: Any) -> Self:
        """As tarfile's; TooLongError for a header that holds too much.

        tarfile takes a damaged header, and a file that is cut off, for the end of an archive: here they are a
        ReadError.
        """
        try:
            member = super().frombuf(buf, *args, **options)
        except tarfile.EOFHeaderError:
            raise
        except tarfile.HeaderError as fault:
            raise tarfile.ReadError(f"{fault}") from fault
        if member.type in (*NOTES, *LONG_NAMES) and member.size > HEADER:
            raise TooLongError(f"a header of {member.size / 1e6:.0f} MB")
        if member.type == tarfile.GNUTYPE_SPARSE:
            raise TooLongError("a sparse file")
        member.refuse_negative()
        return member

    def refuse_negative(self) -> None:
        """ReadError for a negative size, at which tarfile would go back and forth for ever."""
        if self.size < 0:
            raise tarfile.ReadError("a member of negative size")

    def _apply_pax_info(self, notes: Mapping[str, str], *args: Any) -> None:
        if any(key.startswith("GNU.sparse.") for key in notes):
            raise TooLongError("a sparse file")
        super()._apply_pax_info(notes, *args)  # type: ignore[misc]
        self.refuse_negative()
