"""A server that is slow, lies or leads elsewhere: each ends in one line that repeats no word of it."""

import gzip
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import IO

import pytest

from seqnlp.errors import DataError
from seqnlp.readers import download
from seqnlp.readers.catalogue import CATALOGUE, PublicCorpus, PublicFile
from seqnlp.readers.fetch import fetch

DATA = b"right\n" * 5000
PAYLOAD = b"\x1b]0;owned\x07\x9b31m"
Answer = Callable[[IO[bytes]], None]


def plain(head: bytes, body: bytes = b"") -> Answer:
    def answer(out: IO[bytes]) -> None:
        out.write(head + b"\r\n\r\n" + body)

    return answer


def trickle(head: bytes, drop: bytes) -> Answer:
    def answer(out: IO[bytes]) -> None:
        out.write(head)
        for _ in range(400):
            out.write(drop)
            time.sleep(0.01)

    return answer


def endless(out: IO[bytes]) -> None:
    out.write(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(10_000):
        out.write(b"x" * 10_000)


OK = b"HTTP/1.1 200 OK"
FOUND = b"HTTP/1.1 302 Found\r\nLocation: "
NO_ANSWER = "gave up after 5 tries: the server does not answer as HTTP asks"
CASES: dict[str, tuple[Answer, str]] = {
    "one byte a second": (trickle(OK + b"\r\n\r\n", b"x"), "too slow"),
    "a header, byte by byte": (trickle(OK + b"\r\nX-A: ", b"x"), "too slow"),
    "a status line, byte by byte": (trickle(b"HTTP/1.1 2", b"0"), "too slow"),
    "chunk sizes, byte by byte": (trickle(OK + b"\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"), "too slow"),
    "silence": (lambda out: time.sleep(1), "gave up after 5 tries: no answer in time"),
    "an endless body": (endless, "sha256"),
    "more than it should be": (plain(OK + b"\r\nContent-Length: 40000", DATA + b"y" * 10_000), "sha256"),
    "less than promised": (plain(OK + b"\r\nContent-Length: 30000", DATA[:9]), "the connection broke off after 9 of"),
    "a length that is none": (plain(OK + b"\r\nContent-Length: abc", DATA[:9]), "sha256"),
    "a negative length": (plain(OK + b"\r\nContent-Length: -5", DATA[:9]), "sha256"),
    "a very long length": (plain(OK + b"\r\nContent-Length: " + b"9" * 5000, DATA[:9]), "sha256"),
    "a broken chunk": (plain(OK + b"\r\nTransfer-Encoding: chunked", b"zz\r\nabc"), "the connection broke off"),
    "a gzip bomb": (plain(OK + b"\r\nContent-Encoding: gzip", gzip.compress(bytes(10**6))), "sha256"),
    "a phrase with escapes": (plain(b"HTTP/1.1 404 " + PAYLOAD), "HTTP 404 Not Found"),
    "an unknown status": (plain(b"HTTP/1.1 499 " + PAYLOAD), "HTTP 499"),
    "a status line of escapes": (plain(PAYLOAD), NO_ANSWER),
    "another protocol": (plain(b"SSH-2.0-" + PAYLOAD), NO_ANSWER),
    "a flood of headers": (plain(OK + b"".join(b"\r\nX-%d: y" % n for n in range(9_000)), DATA), NO_ANSWER),
    "a very long header": (plain(OK + b"\r\nX: " + b"y" * 100_000, DATA), NO_ANSWER),
    "a redirect to a file": (plain(FOUND + b"file:///etc/passwd"), "neither http nor https"),
    "a redirect to ftp": (plain(FOUND + b"ftp://127.0.0.1/x"), "neither http nor https"),
    "a redirect to data": (plain(FOUND + b"data:,x"), "neither http nor https"),
    "a redirect to escapes": (plain(FOUND + PAYLOAD), "not a URL that can be fetched"),
    "a redirect to nowhere": (plain(FOUND + b"http://[bad"), "neither http nor https"),
    "a redirect to itself": (plain(FOUND + b"/"), "redirects more than 5 times"),
    "nothing": (lambda out: None, "gave up after 5 tries"),
}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, object]]:
    """What it answers, and its address."""
    site: dict[str, object] = {}

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            self.connection.recv(65536)
            answer = site["answer"]
            assert callable(answer)
            with suppress(OSError):  # the client has gone
                answer(self.wfile)

    class Server(ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    running = Server(("127.0.0.1", 0), Handler)
    thread = Thread(target=running.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    url = site["url"] = f"http://127.0.0.1:{running.server_address[1]}"
    monkeypatch.setattr(download, "TIMEOUT", 0.2)
    monkeypatch.setattr(download, "WINDOW", 0.5)
    monkeypatch.setattr("seqnlp.readers.fetch.PAUSE", 0)
    file = PublicFile(url, "a.txt", len(DATA), hashlib.sha256(DATA).hexdigest())
    monkeypatch.setitem(CATALOGUE, "tiny", PublicCorpus("d", "l", {"kind": "text"}, {"train": "a.txt"}, (file,)))
    yield site
    running.shutdown()
    running.server_close()
    thread.join()


@pytest.mark.parametrize("case", CASES)
def test_it_ends_in_one_line(case: str, server: dict[str, object], tmp_path: Path) -> None:
    server["answer"], message = CASES[case]
    begun = time.monotonic()
    with pytest.raises(DataError) as caught:
        fetch("tiny", tmp_path)
    assert time.monotonic() - begun < 20
    told = str(caught.value)
    assert message in told
    assert told.isprintable()
    assert "owned" not in told
    assert list((tmp_path / "tiny").iterdir()) == []


def test_the_deadline_holds_for_all_tries(
    server: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "GRACE", -len(DATA) / download.LEAST_RATE)
    server["answer"] = plain(OK, DATA)
    with pytest.raises(DataError, match="the deadline is over"):
        fetch("tiny", tmp_path)


def test_a_few_redirects_are_followed(server: dict[str, object], tmp_path: Path) -> None:
    answers = iter([plain(FOUND + b"/two"), plain(FOUND + b"/three"), plain(OK, DATA)])
    server["answer"] = lambda out: next(answers)(out)
    assert (fetch("tiny", tmp_path) / "a.txt").read_bytes() == DATA


@pytest.mark.parametrize(
    "source",
    [
        "http://[bad",
        "http://",
        "http://host:port",
        "http://127.0.0.1:99999999",
        "http://\udcff",
        "http://a b",
        "http://x\x1b[31m",
        "http://" + "a" * 300,
        "file:///etc",
        "data://x",
        "ftp://127.0.0.1",
    ],
)
def test_sources_that_are_no_addresses(source: str, server: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"not a URL that can be fetched|no host given|gave up after|no such file"):
        fetch("tiny", tmp_path, source)
