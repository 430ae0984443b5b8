"""Servers that break off, lie, redirect or change the file: a download is whole and right, or a sentence."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from case import Case, fault_of, table
from made_of import pixels
from rules_alone import Script, Step


def archive(seed: int) -> bytes:
    """A zip archive of 256,000 bytes of noise."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as one:
        one.writestr("noise", pixels(seed, 256, 333).tobytes())
    return file.getvalue()


DATA, OTHER = archive(1), archive(2)
Answer = Callable[["Handler"], None]
GIVEN: dict[str, Answer] = {}  # path of an address -> what the server does


class Handler(BaseHTTPRequestHandler):
    """Answers as GIVEN says; requests: how many came to a path, and their ranges."""

    requests: ClassVar[dict[str, list[str]]] = {}

    def do_GET(self) -> None:
        """One answer."""
        name = self.path.split("/")[1]
        self.requests.setdefault(name, []).append(self.headers.get("Range", ""))
        GIVEN[name](self)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def head(self, status: int, **headers: object) -> None:
        """The status and headers; '_' in a name stands for '-'."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    @property
    def count(self) -> int:
        """The number of this request to its path, from 1."""
        return len(self.requests[self.path.split("/")[1]])

    @property
    def start(self) -> int:
        """The first byte that is asked for."""
        asked = self.headers.get("Range", "")
        return int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0


@pytest.fixture(scope="module", autouse=True)
def _server() -> Iterator[None]:
    with server():
        yield


@contextmanager
def server() -> Iterator[None]:
    """The server, at PORT."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as one:
        PORT.append(one.server_port)
        threading.Thread(target=one.serve_forever, daemon=True).start()
        yield
        one.shutdown()


PORT: list[int] = []


def download(
    name: str,
    answer: Answer,
    sentence: str | None,
    *,
    checksum: str | None = None,
    address: str = "http://127.0.0.1:{port}/{path}",
    retries: int = 1,
    before: Callable[[Path], object] = lambda cache: None,
) -> Case:
    """A download of `a.zip`; before: what lies in the cache."""
    path = hashlib.sha256(name.encode()).hexdigest()[:8]
    GIVEN[path] = answer

    def make(folder: Path) -> Step:
        Handler.requests.pop(path, None)
        (folder / "made/cache").mkdir(parents=True)
        source = address.format(port=PORT[-1], path=path)
        before(folder / "made/cache")
        (folder / "made/cache/note").write_text(source)
        config = {"data": {"retries": retries}}
        return Script(
            "data/download", {"source": source, "checksum": checksum}, ["made/cache/a.zip"], config=config
        )

    return Case(name, make, sentence, None if sentence else arrived)


def arrived(folder: Path) -> None:
    """The file is there, whole, and nothing else."""
    assert (folder / "made/cache/a.zip").read_bytes() == DATA
    assert sorted(file.name for file in (folder / "made/cache").iterdir()) == ["a.zip", "note"]


def whole(handler: Handler) -> None:
    """All of the file."""
    handler.head(200, Content_Length=len(DATA), ETag='"1"')
    handler.wfile.write(DATA)


def status(code: int, body: bytes = b"<html>no</html>", **headers: object) -> Answer:
    """A status with a page."""

    def answer(handler: Handler) -> None:
        handler.head(code, Content_Length=len(body), **headers)
        handler.wfile.write(body)

    return answer


def in_pieces(handler: Handler) -> None:
    """Breaks off after 100,000 bytes, and goes on from there when it is asked to."""
    start = handler.start
    span = {"Content_Range": f"bytes {start}-{len(DATA) - 1}/{len(DATA)}"} if start else {}
    handler.head(206 if start else 200, Content_Length=len(DATA) - start, ETag='"1"', **span)
    handler.wfile.write(DATA[start : start + 100_000])


def broken_off(handler: Handler) -> None:
    """Never sends more than ten bytes."""
    handler.head(200, Content_Length=len(DATA), ETag='"1"')
    handler.wfile.write(DATA[:10])


def without_length(handler: Handler) -> None:
    """All of the file, its length unsaid."""
    handler.head(200)
    handler.wfile.write(DATA)


def ignores_ranges(handler: Handler) -> None:
    """Breaks off once, then sends everything from the start whatever is asked for."""
    handler.head(200, Content_Length=len(DATA), ETag='"1"')
    handler.wfile.write(DATA[:100_000] if handler.count == 1 else DATA)


def changed_between(handler: Handler) -> None:
    """Half of an old version, and then, whatever the If-Range says, the rest of the new one."""
    start = handler.start
    if handler.count == 1:
        handler.head(200, Content_Length=len(OTHER), ETag='"old"')
        handler.wfile.write(OTHER[:100_000])
    elif start:
        handler.head(
            206,
            Content_Length=len(DATA) - start,
            ETag='"new"',
            Content_Range=f"bytes {start}-{len(DATA) - 1}/{len(DATA)}",
        )
        handler.wfile.write(DATA[start:])
    else:
        whole(handler)


def wrong_range(handler: Handler) -> None:
    """Breaks off once, then sends another part than is asked for."""
    if handler.count == 1:
        in_pieces(handler)
    elif handler.start:
        handler.head(206, Content_Length=5, ETag='"1"', Content_Range=f"bytes 0-4/{len(DATA)}")
        handler.wfile.write(DATA[:5])
    else:
        whole(handler)


def to(address: str) -> Answer:
    """A redirection."""
    return lambda handler: handler.head(302, Location=address.format(port=PORT[-1]), Content_Length=0)


def once(first: Answer) -> Answer:
    """Another answer at first, and then the file."""
    return lambda handler: (first if handler.count == 1 else whole)(handler)


def nonsense(handler: Handler) -> None:
    """No HTTP at all."""
    handler.wfile.write(b"hello\r\n\r\n")
    handler.close_connection = True


def compressed_lie(handler: Handler) -> None:
    """Says that it is compressed."""
    handler.head(200, Content_Length=len(DATA), Content_Encoding="gzip")
    handler.wfile.write(DATA)


def begun(data: bytes, mark: str = '"1"') -> Callable[[Path], object]:
    """A part that an earlier run has left, with its note."""

    def before(cache: Path) -> None:
        (cache / "a.zip.part").write_bytes(data)
        path = hashlib.sha256(b"goes on where an earlier run stopped").hexdigest()[:8]
        note = {"url": f"http://127.0.0.1:{PORT[-1]}/{path}/a.zip", "mark": mark}
        (cache / "a.zip.part.json").write_text(json.dumps(note))

    return before


RIGHT = f"sha256:{hashlib.sha256(DATA).hexdigest()}"
ADDRESS = "http://127.0.0.1:..."
GAVE_UP = f"{ADDRESS} could not be downloaded in 2 attempts in a row ("
KEPT = "); check the network and run again: what has arrived is kept."
CASES = [
    download("right", whole, None, checksum=RIGHT),
    download("right, unchecked", whole, None),
    download("in three pieces", in_pieces, None, checksum=RIGHT),
    download("in three pieces, unchecked", in_pieces, None),
    download("length unsaid", without_length, None, checksum=RIGHT),
    download("ranges ignored", ignores_ranges, None),
    download("changed between two pieces", changed_between, None),
    download("another part than is asked for", wrong_range, None),
    download("goes on where an earlier run stopped", in_pieces, None, before=begun(DATA[:200_000])),
    download(
        "a damaged note of an earlier run",
        whole,
        None,
        before=lambda cache: [(cache / name).write_bytes(b"{") for name in ("a.zip.part", "a.zip.part.json")],
    ),
    download("busy at first", once(status(503)), None),
    download("nonsense at first", once(nonsense), None),
    download(
        "redirected",
        lambda handler: (
            to("http://127.0.0.1:{port}/" + handler.path.split("/")[1] + "/b")
            if handler.count == 1
            else whole
        )(handler),
        None,
    ),
    download("breaks off for ever", broken_off, f"{GAVE_UP}no connection, or it broke{KEPT}"),
    download("404", status(404), f"{ADDRESS} does not exist (404); correct `source`."),
    download(
        "403", status(403), f"{ADDRESS} cannot be fetched: the server answers 403 Forbidden; check `source`."
    ),
    download(
        "401",
        status(401),
        f"{ADDRESS} cannot be fetched: the server answers 401 Unauthorized; check `source`.",
    ),
    download("500", status(500), f"{GAVE_UP}the server answers 500{KEPT}"),
    download(
        "204",
        lambda handler: handler.head(204),
        f"{ADDRESS} cannot be fetched: the server answers 204 No Content; check `source`.",
    ),
    download("no HTTP", nonsense, f"{GAVE_UP}"),
    download(
        "page of a login in its place",
        status(200, b"<!DOCTYPE html><html>Please log in</html>", Content_Type="text/html"),
        f"{ADDRESS} is no complete zip archive (it begins with '<!DOCTYPE html><html'), so it was not "
        "kept; check `source`.",
    ),
    download(
        "half an archive",
        status(200, DATA[:9000]),
        f"{ADDRESS} is no complete zip archive (it begins with 'PK...'), so it was not kept; check `source`.",
    ),
    download(
        "page of a login, checked",
        status(200, b"<!DOCTYPE html>"),
        "expected is ..., so it was not kept; check the source or correct the checksum.",
        checksum=RIGHT,
    ),
    download(
        "nothing", status(200, b""), f"{ADDRESS} is empty (0 bytes), so it was not kept; check `source`."
    ),
    download(
        "another file, checked",
        status(200, OTHER),
        "expected is ..., so it was not kept; check the source or correct the checksum.",
        checksum=RIGHT,
    ),
    download(
        "redirected in a circle",
        lambda handler: to("http://127.0.0.1:{port}" + handler.path)(handler),
        f"{ADDRESS}...cannot be requested (...redirects...); correct the address.",
    ),
    download(
        "redirected to a file of the machine",
        to("file:///etc/passwd"),
        f"{ADDRESS}...cannot be requested (No connection adapters were found for 'file:///etc/passwd'); "
        "correct the address.",
    ),
    download(
        "redirected to nothing", to("http://127.0.0.1:9/x"), f"{GAVE_UP}no connection, or it broke{KEPT}"
    ),
    download("says that it is compressed", compressed_lie, None, checksum=RIGHT),
    download(
        "negative length",
        lambda handler: (handler.head(200, Content_Length=-5), handler.wfile.write(DATA)),
        None,
        checksum=RIGHT,
    ),
    download(
        "no server",
        whole,
        f"{ADDRESS} could not be downloaded in 2 attempts in a row (no connection, or it broke{KEPT}",
        address="http://127.0.0.1:9/{path}",
    ),
    download(
        "unknown server",
        whole,
        "(the name of the server is not known); check the network",
        address="http://no-such-host.invalid/{path}",
    ),
    download(
        "no certificate",
        whole,
        "https://127.0.0.1:... could not be downloaded",
        address="https://127.0.0.1:{port}/{path}",
    ),
    download(
        "ftp",
        whole,
        "Config key 'data.source' is a ftp: address; use https:, http:, file: or a folder.",
        address="ftp://example.org/",
    ),
    download(
        "file of the disk",
        whole,
        "The source folder /nowhere does not exist; correct `source`.",
        address="file:///nowhere",
    ),
    download("address without a server", whole, "cannot be requested (", address="http://"),
    download("port that is none", whole, "cannot be requested (", address="http://127.0.0.1:99999999/"),
]


@table(CASES)
def test_downloads(case: Case, tmp_path: Path) -> None:
    assert fault_of(case, tmp_path) == ""
