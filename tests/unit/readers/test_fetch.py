import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from seqnlp.errors import DataError
from seqnlp.readers import fetch as fetching
from seqnlp.readers.catalogue import CATALOGUE, PublicCorpus, PublicFile
from seqnlp.readers.fetch import fetch

DATA = bytes(range(256)) * 1000


@dataclass
class Site:
    """What a server has, how it misbehaves, and what was asked of it."""

    files: dict[str, bytes] = field(default_factory=dict)
    break_after: list[int] = field(default_factory=list)
    """How many bytes the next answers get out before the connection breaks."""
    codes: list[int] = field(default_factory=list)
    """The codes of the next answers."""
    asked: list[str] = field(default_factory=list)
    """The file of each request."""
    url: str = ""


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.lstrip("/")
            site.asked.append(name)
            if site.codes:
                self.send_error(site.codes.pop(0))
                return
            if name not in site.files:
                self.send_error(404)
                return
            data = site.files[name]
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: site.break_after.pop(0)] if site.break_after else data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield site
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    taken: list[float] = []
    monkeypatch.setattr("time.sleep", taken.append)
    return taken


@pytest.fixture(autouse=True)
def tiny(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A corpus of two files."""
    site.files = {"a.bin": DATA, "b.txt": b"hello\n"}
    files = tuple(
        PublicFile(site.url, name, len(data), hashlib.sha256(data).hexdigest()) for name, data in site.files.items()
    )
    monkeypatch.setitem(CATALOGUE, "tiny", PublicCorpus("d", "l", {"kind": "text"}, {"train": "b.txt"}, files))


def assert_complete(folder: Path) -> None:
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"a.bin": DATA, "b.txt": b"hello\n"}


def test_files_are_fetched_and_reported(tmp_path: Path, site: Site) -> None:
    seen: list[tuple[str, int, int]] = []
    folder = fetch("tiny", tmp_path, progress=lambda *progress: seen.append(progress))
    assert folder == tmp_path / "tiny"
    assert_complete(folder)
    assert [done for name, done, _ in seen if name == "a.bin"][-1] == len(DATA)
    assert seen[-1] == ("b.txt", 6, 6)
    assert seen == sorted(seen)


def test_files_that_are_there_are_not_fetched_again(tmp_path: Path, site: Site) -> None:
    fetch("tiny", tmp_path)
    site.asked.clear()
    seen: list[tuple[str, int, int]] = []
    assert_complete(fetch("tiny", tmp_path, progress=lambda *progress: seen.append(progress)))
    assert site.asked == []
    assert seen == [("a.bin", len(DATA), len(DATA)), ("b.txt", 6, 6)]


def test_a_broken_download_is_begun_again(tmp_path: Path, site: Site, pauses: list[float]) -> None:
    site.break_after = [100_000, 50_000]
    assert_complete(fetch("tiny", tmp_path))
    assert site.asked == ["a.bin"] * 3 + ["b.txt"]
    assert pauses == [1, 2]


def test_a_download_that_breaks_again_and_again_leaves_nothing(tmp_path: Path, site: Site) -> None:
    site.break_after = [10, 10, 10, 10, 50]
    with pytest.raises(DataError, match=r"a\.bin: gave up after 5 tries: the connection broke off after 50 of 256000"):
        fetch("tiny", tmp_path)
    assert list((tmp_path / "tiny").iterdir()) == []
    assert_complete(fetch("tiny", tmp_path))


@pytest.mark.parametrize("change", [b"other", DATA[:-1] + b"?", DATA + b"more"])
def test_other_contents_are_refused(tmp_path: Path, site: Site, change: bytes) -> None:
    site.files["a.bin"] = change
    with pytest.raises(DataError) as caught:
        fetch("tiny", tmp_path)
    expected = hashlib.sha256(DATA).hexdigest()
    assert str(caught.value).startswith(f"{site.url}/a.bin: sha256 ")
    assert f"({len(change)} bytes), expected {expected} (256000 bytes)" in str(caught.value)
    assert list((tmp_path / "tiny").iterdir()) == []
    assert len(site.asked) == 1


def test_a_file_of_that_name_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    mine = tmp_path / "tiny" / "b.txt"
    mine.write_text("mine")
    with pytest.raises(DataError, match=r"b\.txt: other contents: sha256 .* move it away to fetch it"):
        fetch("tiny", tmp_path)
    assert mine.read_text() == "mine"


def test_a_missing_file_is_not_asked_for_twice(tmp_path: Path, site: Site) -> None:
    del site.files["a.bin"]
    with pytest.raises(DataError, match=r"/a\.bin: HTTP 404 Not Found"):
        fetch("tiny", tmp_path)
    assert len(site.asked) == 1


def test_a_busy_server_is_asked_again(tmp_path: Path, site: Site) -> None:
    site.codes = [503, 429]
    assert_complete(fetch("tiny", tmp_path))
    assert len(site.asked) == 4
    site.codes = [503] * 5
    with pytest.raises(DataError, match="gave up after 5 tries: HTTP 503 Service Unavailable"):
        fetch("tiny", tmp_path / "again")


def test_a_server_that_is_not_there_is_given_up(tmp_path: Path, pauses: list[float]) -> None:
    with pytest.raises(DataError, match=r"http://127\.0\.0\.1:1/a\.bin: gave up after 5 tries: .*refused"):
        fetch("tiny", tmp_path, "http://127.0.0.1:1")
    assert pauses == [1, 2, 4, 8]


def test_other_sources(tmp_path: Path, site: Site) -> None:
    source = tmp_path / "mirror"
    source.mkdir()
    for name, data in site.files.items():
        (source / name).write_bytes(data)
    assert_complete(fetch("tiny", tmp_path / "one", str(source)))
    assert site.asked == []
    assert_complete(fetch("tiny", tmp_path / "two", f"{site.url}/"))
    (source / "b.txt").write_text("other")
    with pytest.raises(DataError, match=f"{source}/b.txt: sha256 .* expected "):
        fetch("tiny", tmp_path / "three", str(source))
    (source / "a.bin").unlink()
    with pytest.raises(DataError, match=f"{source}/a.bin: no such file"):
        fetch("tiny", tmp_path / "four", str(source))
    with pytest.raises(DataError, match="expected http:// or https://"):
        fetch("tiny", tmp_path / "five", "ftp://mirror")


def test_unknown_names_have_a_neighbour(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no public corpus is called 'multi30': did you mean 'multi30k'\?"):
        fetch("multi30", tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="Not a directory"):
        fetch("tiny", tmp_path / "file")


def test_a_full_disk_is_no_network_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    def full(*_: object) -> tuple[str, int]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fetching, "save", full)
    with pytest.raises(DataError, match="No space left on device"):
        fetch("tiny", tmp_path)
    assert pauses == []
