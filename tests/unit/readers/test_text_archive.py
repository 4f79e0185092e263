"""Corpora that are published as an archive with a file for each text."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from seqnlp.errors import DataError
from seqnlp.readers import Reader
from seqnlp.readers.catalogue import CATALOGUE, PublicCorpus, PublicFile, PublicTexts, TextTable
from seqnlp.readers.fetch import fetch
from seqnlp.readers.local import is_fetched, open_corpus

TEXTS = {
    "films/train/pos/10_9.txt": "Fine.<br /><br />Very\tfine.",
    "films/train/neg/2_1.txt": ' "Dull," she said.\n',
    "films/train/pos/2_8.txt": "Zoë's best",
    "films/train/neg/10_3.txt": "So so<br>long",
    "films/train/urls_pos.txt": "http://example.org",
    "films/unsup/0_0.txt": "No label",
    "films/README": "Read me",
}
TRAIN = ['"Dull," she said.\tneg', "Zoë's best\tpos", "So so long\tneg", "Fine.  Very fine.\tpos"]


def packed(texts: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, text in texts.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return content.getvalue()


def corpus(content: bytes, url: str, rows: int = 4, ready: tuple[PublicFile, ...] = ()) -> PublicCorpus:
    digest = hashlib.sha256(content).hexdigest()
    tables = (
        TextTable("train.tsv.gz", {"films/train/neg": "neg", "films/train/pos": "pos"}, rows),
        TextTable("unsup.txt.gz", {"films/unsup": ""}, 1),
    )
    archive = PublicFile(url, "films.tar.gz", len(content), digest)
    joined = {"all.txt.gz": ("train.tsv.gz", "unsup.txt.gz")}
    texts = PublicTexts(archive, tables, ready or (PublicFile("", "train.tsv.gz", 1, ""),), joined)
    reader = {"kind": "csv", "names": ["text", "label"], "delimiter": "\t"}
    return PublicCorpus("Films", "CC0", reader, {"train": "train.tsv.gz"}, (), texts=texts)


@pytest.fixture
def server() -> Iterator[tuple[str, bytes]]:
    content = packed(TEXTS)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/films.tar.gz" else 404)
            self.end_headers()
            if self.path == "/films.tar.gz":
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    site = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=site.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{site.server_address[1]}", content
    site.shutdown()
    site.server_close()
    thread.join()


def lines(path: Path) -> list[str]:
    return gzip.decompress(path.read_bytes()).decode().splitlines()


def test_a_server_has_the_archive(server: tuple[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url, content = server
    monkeypatch.setitem(CATALOGUE, "films", corpus(content, url))
    told: list[Any] = []
    assert not is_fetched("films", tmp_path)
    folder = fetch("films", tmp_path, progress=lambda *each: told.append(each))
    assert lines(folder / "train.tsv.gz") == TRAIN
    assert lines(folder / "unsup.txt.gz") == ["No label"]
    assert sorted(file.name for file in folder.iterdir()) == ["all.txt.gz", "train.tsv.gz", "unsup.txt.gz"]
    assert lines(folder / "all.txt.gz") == [*(line.partition("\t")[0] for line in TRAIN), "No label"]
    assert is_fetched("films", tmp_path)
    assert told[-1] == ("films.tar.gz", len(content), len(content))
    found = open_corpus("films", tmp_path)
    table = found.reader.load(found.splits["train"])
    assert table["text"][:] == [line.partition("\t")[0] for line in TRAIN]
    assert table["label"][:] == ["neg", "pos", "neg", "pos"]
    before = (folder / "train.tsv.gz").read_bytes()
    (folder / "unsup.txt.gz").unlink()
    fetch("films", tmp_path, url)
    assert (folder / "train.tsv.gz").read_bytes() == before  # the same bytes whenever they are written


@pytest.mark.parametrize(
    ("content", "rows", "problem"),
    [
        (packed(TEXTS)[: len(packed(TEXTS)) // 2], 4, "a damaged archive"),
        (packed(TEXTS), 5, "4 texts for train.tsv.gz; expected 5"),
        (packed({**TEXTS, "films/unsup/1_0.txt": "x" * (1 << 21)}), 4, "is no text of a corpus"),
    ],
)
def test_an_archive_with_something_else_leaves_nothing(
    content: bytes, rows: int, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CATALOGUE, "films", corpus(content, "https://x.example", rows))
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror/films.tar.gz").write_bytes(content)
    with pytest.raises(DataError, match=problem):
        fetch("films", tmp_path, str(tmp_path / "mirror"))
    assert list((tmp_path / "films").iterdir()) == []


def test_another_archive_is_refused(server: tuple[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url, content = server
    monkeypatch.setitem(CATALOGUE, "films", corpus(content + b" ", url))
    with pytest.raises(DataError, match="sha256"):
        fetch("films", tmp_path)
    assert list((tmp_path / "films").iterdir()) == []


def test_a_folder_that_has_the_tables_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    files = {"train.tsv.gz": gzip.compress(b"fine\tpos\n"), "unsup.txt.gz": gzip.compress(b"who knows\n")}
    for name, content in files.items():
        (mirror / name).write_bytes(content)
    ready = tuple(PublicFile("", name, len(each), hashlib.sha256(each).hexdigest()) for name, each in files.items())
    monkeypatch.setitem(CATALOGUE, "films", corpus(b"archive", "https://x.example", ready=ready))
    folder = fetch("films", tmp_path, str(mirror))
    assert lines(folder / "train.tsv.gz") == ["fine\tpos"]
    (mirror / "train.tsv.gz").write_bytes(gzip.compress(b"other\tpos\n"))
    (folder / "train.tsv.gz").unlink()
    with pytest.raises(DataError, match="sha256"):
        fetch("films", tmp_path, str(mirror))


def test_the_reader_of_the_film_reviews_takes_quotes_as_letters(tmp_path: Path) -> None:
    known = CATALOGUE["imdb"]
    (tmp_path / "train.tsv").write_text("\n".join(TRAIN) + "\n")
    table = Reader.parse(dict(known.reader)).load(tmp_path / "train.tsv")
    assert table["text"][0] == '"Dull," she said.'
