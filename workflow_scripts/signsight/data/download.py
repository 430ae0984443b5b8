"""Fetching the archives: resumed, retried, checked, and at their name only when whole and right."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import requests
import urllib3

from signsight.core.disk import refusal
from signsight.core.errors import UserError
from signsight.core.files import atomic, write_json
from signsight.data.progress import progress
from signsight.data.source import is_address, local_folder

log = logging.getLogger("signsight")

PIECE = 1 << 16
LONGEST_PAUSE = 60.0
SLOWEST, WINDOW = 1000, 60.0  # bytes a second, and seconds over which they are counted
BUSY = (408, 425, 429, 500, 502, 503, 504)
HEX_LENGTHS = {32: "md5", 64: "sha256"}
FEWEST_DIGITS = 8  # of a sha256 that is given in part


class Interrupted(Exception):
    """A fault of the line or the server that may pass; pause: seconds that the server asks for."""

    def __init__(self, message: str, pause: float = 0.0) -> None:
        super().__init__(message)
        self.pause = pause


def fetch(
    source: str,
    name: str,
    target: Path | str,
    *,
    checksum: str | None,
    retries: int = 5,
    timeout: float = 30.0,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Bring the file `name` of `source` to `target`; it appears there whole and checked, or not.

    source: an http(s) base address, a local folder, or its `file:` URL; a local file is copied.
    checksum: md5 (32 hex digits) or sha256 (64), with or without 'md5:' or 'sha256:' before it, or
    'sha256:' and its first digits, 8 at least (torchvision has them in the names of its weights);
    None: unchecked. A target that has the checksum already is left as it is.
    A broken download stays as `<target>.part` and is continued, by this call or a later one.
    retries: failed attempts in a row that bring less than 64 kB before it gives up; the pause before a
    try doubles from one second, or is what the server asks for. timeout: seconds of silence.
    UserError for a source that is not there, a wrong checksum, a full disk, or a dead line.
    """
    target = Path(target)
    expected = None if checksum is None else _parsed(checksum)
    if expected is not None and target.is_file() and _agrees(target, expected):
        log.info("%s is there and has the right checksum", target)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if is_address(source):
        url = f"{source.rstrip('/')}/{quote(name)}"
        _download(url, target, expected, retries, timeout, sleep)
    else:
        _copy(local_folder(source) / name, target, expected)
    log.info("%s: %.1f MB", target, target.stat().st_size / 1e6)


def _parsed(checksum: str) -> tuple[str, str]:
    """Algorithm and lower-case hex digits: all of them or, of a sha256, the first ones."""
    prefix, _, digits = checksum.strip().lower().rpartition(":")
    begun = prefix == "sha256" and FEWEST_DIGITS <= len(digits) < 64
    kind = "sha256" if begun else HEX_LENGTHS.get(len(digits))
    if kind is None or prefix not in ("", kind) or not re.fullmatch(r"[0-9a-f]+", digits):
        raise UserError(f"checksum: {checksum!r} is neither md5 (32 hex digits) nor sha256 (64); correct it.")
    return kind, digits


def _digest(path: Path, kind: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()


def _agrees(path: Path, expected: tuple[str, str]) -> bool:
    return _digest(path, expected[0]).startswith(expected[1])


def _check(path: Path, origin: str, expected: tuple[str, str] | None) -> None:
    """UserError unless the file at `path`, which came from `origin`, has the checksum, or without one is what
    its name says."""
    if expected is None:
        return _check_kind(path, origin)
    found = _digest(path, expected[0])
    if not found.startswith(expected[1]):
        raise UserError(
            f"{origin} has the {expected[0]} {found}, expected is {expected[1]}, so it was not "
            "kept; check the source or correct the checksum."
        )


def _check_kind(path: Path, origin: str) -> None:
    """UserError for an archive that is none, as the page of a login is."""
    with path.open("rb") as file:
        begin = file.read(20)
    name = origin.lower()
    if name.endswith(".zip"):
        right, kind = zipfile.is_zipfile(path), "complete zip"
    else:
        right, kind = begin.startswith(b"\x1f\x8b") or not name.endswith((".tgz", ".gz")), "gzip"
    if not begin or not right:
        what = (
            f"is no {kind} archive (it begins with {ascii(begin)[2:-1]!r})" if begin else "is empty (0 bytes)"
        )
        raise UserError(f"{origin} {what}, so it was not kept; check `source`.")


def _copy(file: Path, target: Path, expected: tuple[str, str] | None) -> None:
    if not file.parent.is_dir():
        raise UserError(f"The source folder {file.parent} does not exist; correct `source`.")
    if not file.is_file():
        raise UserError(f"The source {file.parent} has no {file.name}; put it there.")
    with atomic(target) as part:
        try:
            shutil.copyfile(file, part)
        except PermissionError as fault:
            raise UserError(f"{file} is not readable; change its permissions.") from fault
        _check(part, str(file), expected)


def _download(
    url: str,
    target: Path,
    expected: tuple[str, str] | None,
    retries: int,
    timeout: float,
    sleep: Callable[[float], None],
) -> None:
    partial = Partial(url, target, checked=expected is not None, timeout=timeout)
    try:
        partial.complete(retries, sleep)
        if partial.pieced and expected and not _agrees(partial.path, expected):
            log.info("%s: the parts do not fit together; starting again from the beginning", url)
            partial.discard()
            partial.complete(retries, sleep)
        try:
            _check(partial.path, url, expected)
        except UserError:
            partial.discard()
            raise
        partial.path.replace(target)
    except OSError as fault:
        told = refusal(fault, target, partial.path)
        if told is None:
            raise
        partial.discard()
        raise UserError(told) from fault
    partial.discard()


class Partial:
    """The part of a download that is there: `<target>.part`, and beside it a note (.json) of the
    address and of the server's mark for this version of the file (ETag or date).

    It is continued when the mark says that the file is still the same, or, without a mark, when a
    checksum will tell (`checked`); else it is begun again. pieced: made of more than one piece.
    """

    def __init__(self, url: str, target: Path, *, checked: bool, timeout: float) -> None:
        self.url, self.checked, self.timeout = url, checked, timeout
        self.path = target.with_name(f"{target.name}.part")
        self._note = target.with_name(f"{target.name}.part.json")
        self.pieced, self._mark = False, ""

    def discard(self) -> None:
        """Delete the part and its note."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)
        self.pieced = False

    def complete(self, retries: int, sleep: Callable[[float], None]) -> None:
        """Receive what is missing, in as many tries as bring 64 kB, plus `retries` that do not.

        UserError when that was not enough; what is there stays for the next call.
        """
        failures, most = 0, self._size()
        while True:
            try:
                return self._receive()
            except Interrupted as fault:
                failures = 0 if self._size() - most >= PIECE else failures + 1
                most = max(most, self._size())
                if failures > retries:
                    raise UserError(
                        f"{self.url} could not be downloaded in {failures} attempts in a row ({fault}); "
                        "check the network and run again: what has arrived is kept."
                    ) from fault
                pause = fault.pause or min(2.0 ** max(failures - 1, 0), LONGEST_PAUSE)
                log.info("%s: %s; next attempt in %.0f s", self.url, fault, pause)
                sleep(pause)

    def _size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def _receive(self) -> None:
        """One request for what is missing. Interrupted when it does not come to its end."""
        headers = {"Accept-Encoding": "identity", **self._range()}
        try:
            with requests.get(self.url, headers=headers, stream=True, timeout=self.timeout) as response:
                self._store(response)
        except requests.Timeout as fault:
            raise Interrupted(f"no answer in {self.timeout:.0f} s") from fault
        except (requests.ConnectionError, urllib3.exceptions.HTTPError) as fault:
            raise Interrupted(_line_fault(fault)) from fault
        except requests.RequestException as fault:
            raise UserError(
                f"source: {self.url!r} cannot be requested ({fault}); correct the address."
            ) from fault

    def _range(self) -> dict[str, str]:
        """Headers that ask for the rest of the part, or none."""
        have, mark = self._size(), ""
        if not have:
            return {}
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            mark = note["mark"] if note["url"] == self.url else None
        except (OSError, ValueError, KeyError, TypeError):
            mark = None
        if mark is None or not (mark or self.checked):
            return {}
        self._mark = mark
        return {"Range": f"bytes={have}-", **({"If-Range": mark} if mark else {})}

    def _store(self, response: requests.Response) -> None:
        """Append or write anew what `response` brings, whichever it is."""
        have = self._size()
        span = response.headers.get("Content-Range", "")
        if response.status_code == 416 and span == f"bytes */{have}":
            return  # killed between the last byte and the renaming
        rest = response.status_code == 206 and span.startswith(f"bytes {have}-")
        if response.status_code in (206, 416) and not rest:
            self.discard()
            raise Interrupted("the server does not continue the file; from the start")
        _check_status(response, self.url)
        if rest and _mark(response) not in ("", self._mark):
            self.discard()
            raise Interrupted("the file there has changed; from the start")
        if not rest:
            write_json(self._note, {"url": self.url, "mark": _mark(response)})
        self.pieced = self.pieced or rest
        start = have if rest else 0
        length = response.headers.get("Content-Length", "")
        total = start + int(length) if length.isdecimal() else None
        name = self.path.name.removesuffix(".part")
        with (
            self.path.open("ab" if rest else "wb") as file,
            progress(name, total, "B", done=start) as step,
        ):
            for piece in _pieces(response):
                file.write(piece)
                step(len(piece))
        if total is not None and self._size() != total:
            raise Interrupted(f"{self._size()} of {total} bytes came")


def _pieces(response: requests.Response) -> Iterator[bytes]:
    """The bytes as they come. Interrupted when they come too slowly."""
    start, count = time.monotonic(), 0
    while piece := response.raw.read1(PIECE):
        yield piece
        count += len(piece)
        if time.monotonic() - start >= WINDOW:
            if count < SLOWEST * WINDOW:
                raise Interrupted(f"less than {SLOWEST} bytes a second came for {WINDOW:.0f} s")
            start, count = time.monotonic(), 0


def _line_fault(fault: Exception) -> str:
    """What is wrong with the line, in words."""
    if isinstance(fault, requests.exceptions.ProxyError):
        return "the proxy does not let it through"
    if isinstance(fault, requests.exceptions.SSLError):
        return "no secure connection: the certificate of the server is not trusted"
    if "NameResolutionError" in repr(fault):
        return "the name of the server is not known"
    if isinstance(fault, urllib3.exceptions.ReadTimeoutError):
        return "the server fell silent"
    return "no connection, or it broke"


def _check_status(response: requests.Response, url: str) -> None:
    code = response.status_code
    if code in BUSY:
        asked = response.headers.get("Retry-After", "")
        pause = min(float(asked), LONGEST_PAUSE) if asked.isdecimal() else 0.0
        raise Interrupted(f"the server answers {code}", pause)
    if code == 404:
        raise UserError(f"{url} does not exist (404); correct `source`.")
    if code not in (200, 206):
        raise UserError(
            f"{url} cannot be fetched: the server answers {code} {response.reason}; check `source`."
        )


def _mark(response: requests.Response) -> str:
    """What names this version of the file for If-Range: a strong ETag, else its date, else ''."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified", "")
