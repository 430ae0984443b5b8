"""Downloads against a server on this machine that breaks off, is busy, changes, or lies."""

from __future__ import annotations

import errno
import hashlib
import io
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import requests

from signsight.core.errors import UserError
from signsight.data import download
from signsight.data.download import PIECE, fetch
from signsight.data.source import local_folder

DATA = np.random.default_rng(0).bytes(1_500_000)
MD5, SHA256 = hashlib.md5(DATA).hexdigest(), hashlib.sha256(DATA).hexdigest()
WRONG = hashlib.md5(b"other").hexdigest()


@dataclass
class Server:
    """A server of DATA at /data/file.bin; the fields are its faults, `asked` what it was asked."""

    url: str = ""
    data: bytes = DATA
    cut_after: list[int] = field(default_factory=list)  # bytes sent before each break
    statuses: list[tuple[int, dict[str, str]]] = field(default_factory=list)  # answered first
    ranges: bool = True
    tag: str | None = '"one"'
    believes: bool = False  # any If-Range
    drip: float | None = None  # seconds between two bytes
    asked: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self, state)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        state.url = f"http://127.0.0.1:{http.server_address[1]}/data/"
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield state
        http.shutdown()
        thread.join()


def answer(request: BaseHTTPRequestHandler, state: Server) -> None:
    state.asked.append(dict(request.headers))
    if state.statuses:
        code, headers = state.statuses.pop(0)
        return start(request, code, {"Content-Length": "0", **headers})
    if request.path != "/data/file.bin":
        return start(request, 404, {"Content-Length": "0"})
    first = wanted(request, state)
    if first is not None and first >= len(state.data):
        return start(request, 416, {"Content-Range": f"bytes */{len(state.data)}"})
    body = state.data[first or 0 :]
    headers = {"Content-Length": str(len(body))} | ({"ETag": state.tag} if state.tag else {})
    if first is None:
        start(request, 200, headers)
    else:
        last = len(state.data) - 1
        start(request, 206, headers | {"Content-Range": f"bytes {first}-{last}/{last + 1}"})
    if state.drip:
        with suppress(BrokenPipeError, ConnectionResetError):
            for byte in body:
                request.wfile.write(bytes([byte]))
                time.sleep(state.drip)
        return None
    request.wfile.write(body[: state.cut_after.pop(0)] if state.cut_after else body)
    request.close_connection = True
    return None


def wanted(request: BaseHTTPRequestHandler, state: Server) -> int | None:
    """The first byte that is asked for, or None for the whole file."""
    span = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
    mark = request.headers.get("If-Range", state.tag)
    return int(span[1]) if span and state.ranges and (state.believes or mark == state.tag) else None


def start(request: BaseHTTPRequestHandler, code: int, headers: dict[str, str]) -> None:
    request.send_response(code)
    for name, value in headers.items():
        request.send_header(name, value)
    request.end_headers()


def get(server: Server, target: Path, checksum: str | None = MD5, retries: int = 3) -> list[float]:
    """Fetch the file; returns the pauses that were asked for. Nothing sleeps."""
    pauses: list[float] = []
    fetch(server.url, "file.bin", target, checksum=checksum, retries=retries, sleep=pauses.append)
    return pauses


def get_killed(server: Server, target: Path) -> None:
    """Fetch the file and be killed in the first pause, after a break."""

    with pytest.raises(KeyboardInterrupt):
        fetch(server.url, "file.bin", target, checksum=MD5, sleep=raise_interrupt)


def raise_interrupt(_: float) -> None:
    raise KeyboardInterrupt


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# Over http


@pytest.mark.parametrize("checksum", [MD5, f"md5:{MD5.upper()}", SHA256, f"sha256:{SHA256}", None])
def test_a_file_arrives_whole_and_alone(server: Server, tmp_path: Path, checksum: str | None) -> None:
    assert get(server, tmp_path / "new" / "file.bin", checksum) == []
    assert (tmp_path / "new" / "file.bin").read_bytes() == DATA
    assert names(tmp_path / "new") == {"file.bin"}


def test_a_right_file_is_not_fetched_again_and_a_wrong_one_is(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.bin").write_bytes(DATA)
    get(server, tmp_path / "file.bin")
    assert server.asked == []
    (tmp_path / "file.bin").write_bytes(DATA[:-1])
    get(server, tmp_path / "file.bin")
    assert (tmp_path / "file.bin").read_bytes() == DATA


def test_a_broken_download_is_continued(server: Server, tmp_path: Path) -> None:
    server.cut_after = [9 * PIECE, 7 * PIECE]
    get(server, tmp_path / "file.bin")
    assert (tmp_path / "file.bin").read_bytes() == DATA
    spans = [asked.get("Range") for asked in server.asked]
    assert spans[0] is None and spans[1:] == [f"bytes={n * PIECE}-" for n in (9, 16)]
    assert [asked.get("If-Range") for asked in server.asked] == [None, '"one"', '"one"']


def test_a_later_call_continues_too(server: Server, tmp_path: Path) -> None:
    server.cut_after = [9 * PIECE]
    get_killed(server, tmp_path / "file.bin")
    assert names(tmp_path) == {"file.bin.part", "file.bin.part.json"}
    get(server, tmp_path / "file.bin")
    assert server.asked[-1]["Range"] == f"bytes={9 * PIECE}-"
    assert (tmp_path / "file.bin").read_bytes() == DATA
    assert names(tmp_path) == {"file.bin"}


def test_a_download_that_only_lacks_its_renaming_is_finished(server: Server, tmp_path: Path) -> None:
    server.cut_after = [9 * PIECE]
    get_killed(server, tmp_path / "file.bin")
    (tmp_path / "file.bin.part").write_bytes(DATA)
    get(server, tmp_path / "file.bin")
    assert (tmp_path / "file.bin").read_bytes() == DATA


@pytest.mark.parametrize("checksum", [MD5, None])
def test_without_ranges_it_starts_over(server: Server, tmp_path: Path, checksum: str | None) -> None:
    server.cut_after, server.ranges = [9 * PIECE, 100_000], False
    get(server, tmp_path / "file.bin", checksum)
    assert (tmp_path / "file.bin").read_bytes() == DATA


def test_without_a_mark_and_a_checksum_nothing_is_pieced_together(server: Server, tmp_path: Path) -> None:
    server.cut_after, server.tag = [9 * PIECE], None
    get(server, tmp_path / "file.bin", None)
    assert [asked.get("Range") for asked in server.asked] == [None, None]
    assert (tmp_path / "file.bin").read_bytes() == DATA


@pytest.mark.parametrize(("old", "new"), [('"one"', '"two"'), (None, None)])
def test_a_file_that_changes_meanwhile_is_never_mixed(
    server: Server, tmp_path: Path, old: str | None, new: str | None
) -> None:
    server.data, server.tag, server.cut_after = bytes(len(DATA)), old, [9 * PIECE]
    get_killed(server, tmp_path / "file.bin")
    server.data, server.tag = DATA, new
    get(server, tmp_path / "file.bin")
    assert (tmp_path / "file.bin").read_bytes() == DATA


def test_a_server_that_continues_another_version_is_seen(server: Server, tmp_path: Path) -> None:
    server.cut_after, server.believes = [400_000], True
    with pytest.raises(KeyboardInterrupt):
        fetch(server.url, "file.bin", tmp_path / "file.bin", checksum=None, sleep=raise_interrupt)
    server.data, server.tag = DATA[::-1], '"two"'
    get(server, tmp_path / "file.bin", checksum=None)
    assert (tmp_path / "file.bin").read_bytes() == DATA[::-1]
    assert [asked.get("Range") for asked in server.asked] == [None, "bytes=400000-", None]


def test_a_line_that_is_too_slow_is_given_up(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "WINDOW", 0.2)
    server.drip = 0.02
    with pytest.raises(UserError, match=r"in 2 attempts in a row \(less than 1000 bytes a second"):
        get(server, tmp_path / "file.bin", retries=1)
    assert names(tmp_path) == {"file.bin.part", "file.bin.part.json"}


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (requests.exceptions.ProxyError(), "the proxy"),
        (requests.exceptions.SSLError(), "certificate"),
        (requests.ConnectionError("NameResolutionError(...)"), "name of the server"),
        (requests.ConnectionError(), "no connection"),
    ],
)
def test_faults_of_the_line_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception, words: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr(requests, "get", fail)
    with pytest.raises(UserError, match=words):
        fetch("https://example.org", "a.zip", tmp_path / "a.zip", checksum=None, sleep=lambda _: None)


def test_a_part_of_another_address_is_not_continued(server: Server, tmp_path: Path) -> None:
    server.cut_after = [9 * PIECE]
    get_killed(server, tmp_path / "file.bin")
    note = tmp_path / "file.bin.part.json"
    note.write_text(note.read_text().replace("/data/", "/elsewhere/"))
    get(server, tmp_path / "file.bin")
    assert "Range" not in server.asked[-1]
    assert (tmp_path / "file.bin").read_bytes() == DATA


def test_a_busy_server_is_asked_again_after_longer_pauses(server: Server, tmp_path: Path) -> None:
    server.statuses = [(503, {}), (502, {}), (429, {"Retry-After": "7"})]
    assert get(server, tmp_path / "file.bin") == [1, 2, 7]
    assert (tmp_path / "file.bin").read_bytes() == DATA


def test_it_gives_up_after_the_tries(server: Server, tmp_path: Path) -> None:
    server.statuses = [(503, {})] * 9
    with pytest.raises(UserError, match="the server answers 503") as caught:
        get(server, tmp_path / "file.bin", retries=2)
    assert len(server.asked) == 3
    assert "\n" not in str(caught.value)
    assert names(tmp_path) == set()


def test_a_server_that_always_breaks_at_the_same_place_is_given_up(server: Server, tmp_path: Path) -> None:
    server.cut_after, server.ranges = [9 * PIECE] * 20, False
    with pytest.raises(UserError, match=r"could not be downloaded in 4 attempts .* is kept"):
        get(server, tmp_path / "file.bin", retries=3)
    assert len(server.asked) == 5


def test_no_server_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no connection"):
        get(Server("http://127.0.0.1:9/"), tmp_path / "file.bin", retries=1)
    with pytest.raises(UserError, match="correct the address"):
        get(Server("http://:::/"), tmp_path / "file.bin")


@pytest.mark.parametrize(("code", "words"), [(404, "does not exist"), (403, "answers 403")])
def test_a_missing_or_forbidden_file_is_not_tried_again(
    server: Server, tmp_path: Path, code: int, words: str
) -> None:
    server.statuses = [(code, {})]
    with pytest.raises(UserError, match=words):
        get(server, tmp_path / "file.bin")
    assert len(server.asked) == 1
    assert names(tmp_path) == set()


def test_wrong_bytes_are_removed_and_named_with_both_sums(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.bin").write_bytes(b"what was there")
    with pytest.raises(UserError, match=f"md5 {MD5}, expected is {WRONG}"):
        get(server, tmp_path / "file.bin", WRONG)
    assert names(tmp_path) == {"file.bin"}
    assert (tmp_path / "file.bin").read_bytes() == b"what was there"


def test_a_full_disk_while_downloading_leaves_nothing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.FileIO):
        def write(self, _: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    opened = Path.open
    monkeypatch.setattr(
        Path,
        "open",
        lambda path, mode="r", *a, **k: (
            Full(path, mode) if path.suffix == ".part" else opened(path, mode, *a, **k)
        ),
    )
    with pytest.raises(UserError, match="No space left on the device"):
        get(server, tmp_path / "file.bin")
    assert names(tmp_path) == set()


# From a folder


def test_a_local_source_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "here it is"
    source.mkdir()
    (source / "file.bin").write_bytes(DATA)
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(("here it is", str(source), source.as_uri(), f"{source}/")):
        target = tmp_path / f"{number}.zip"
        fetch(name, "file.bin", target, checksum=MD5)
        assert target.read_bytes() == DATA
        assert not target.is_symlink() and not target.samefile(source / "file.bin")


def test_local_faults_are_one_sentence_and_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file.bin").write_bytes(DATA)
    target = tmp_path / "cache" / "file.bin"
    for source, name, checksum, words in (
        (tmp_path / "nowhere", "file.bin", MD5, "nowhere does not exist"),
        (tmp_path, "other.zip", MD5, r"has no other\.zip"),
        (tmp_path, "file.bin", WRONG, f"md5 {MD5}, expected is {WRONG}"),
    ):
        with pytest.raises(UserError, match=words):
            fetch(str(source), name, target, checksum=checksum)
        assert names(target.parent) == set()

    def full(*_: object) -> None:
        target.parent.joinpath(f".{target.name}.half").touch()
        target.parent.joinpath(f".{target.name}.half").unlink()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(UserError, match="No space left on the device"):
        fetch(str(tmp_path), "file.bin", target, checksum=MD5)
    assert names(target.parent) == set()


def test_sources_and_checksums_that_cannot_be_are_refused(tmp_path: Path) -> None:
    for source in ("ftp://example.org/", "s3://bucket/"):
        with pytest.raises(UserError, match="address; use https"):
            local_folder(source)
    for checksum in ("abc", "md5:" + SHA256, "z" * 32, "sha1:" + "0" * 40, ""):
        with pytest.raises(UserError, match="neither md5"):
            fetch(str(tmp_path), "file.bin", tmp_path / "target", checksum=checksum)
    assert local_folder("file:relative/folder") == Path("relative/folder")
    assert local_folder("../shared/gtsrb-32") == Path("../shared/gtsrb-32")
