"""Download of public corpora, each file checked against its hash."""

from __future__ import annotations

import errno
import hashlib
import os
import time
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from io import BufferedIOBase
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote

from seqnlp.errors import DataError
from seqnlp.readers.archive import check, first_columns, unpack, write_lines, write_tables
from seqnlp.readers.catalogue import CATALOGUE, PublicArchive, PublicFile, PublicTexts
from seqnlp.readers.download import Pace, TooSlow, open_url, problem_of
from seqnlp.readers.files import check_file, sha256
from seqnlp.spelling import nearest_or_all

Progress = Callable[[str, int, int], None]
"""Callback with the name of a file, the bytes that have arrived, and its size."""

TRIES = 5
PAUSE = 1.0
"""Seconds before the second try; each later pause is twice as long."""
BLOCK = 1 << 16
BUSY = (408, 429, 500, 502, 503, 504)
"""Status codes of servers that may answer later."""
DISK = (errno.ENOSPC, errno.EFBIG)
"""Errors of a full disk, which another try does not help."""


def fetch(name: str, into: Path, source: str | None = None, progress: Progress | None = None) -> Path:
    """Fetch a corpus of the catalogue. Files that are there and right are not fetched again.

    Args:
        name: A key of `CATALOGUE`.
        into: The folder of corpora; the files go to `into/name`.
        source: A folder, or the URL of one, with the files, instead of where they are published.
        progress: Called as files arrive.

    Returns:
        The folder of the corpus.

    Raises:
        seqnlp.errors.DataError: no such corpus or file; no network; contents that are not those expected.
    """
    if name not in CATALOGUE:
        raise DataError(f"no public corpus is called {name!r}: {nearest_or_all(name, CATALOGUE)}")
    folder = into / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in CATALOGUE[name].files:
            fetch_file(file, folder / file.name, source, progress or (lambda name, done, size: None))
        if (archive := CATALOGUE[name].archive) is not None:
            fetch_archive(archive, folder / archive.folder, source, progress or (lambda name, done, size: None))
        if (texts := CATALOGUE[name].texts) is not None:
            fetch_texts(texts, folder, source, progress or (lambda name, done, size: None))
    except OSError as error:
        raise DataError(error.strerror or str(error), error.filename or folder) from None
    return folder


def fetch_file(file: PublicFile, path: Path, source: str | None, progress: Progress) -> None:
    """Fetch one file, check it and give it its name."""
    if path.exists():
        if (found := sha256([path])) != file.sha256:
            raise DataError(f"other contents: sha256 {found}, expected {file.sha256}; move it away to fetch it", path)
        progress(file.name, file.size, file.size)
        return
    place = file.url if source is None else f"{source.rstrip('/')}/{quote(file.name)}"
    part = path.with_name(f".{os.getpid()}.part")
    try:
        if "://" in place:
            found, size = download(place, part, file, progress)
        else:
            place = str(Path(source or "") / file.name)
            check_file(Path(place))
            with Path(place).open("rb") as read:
                found, size = save(read, part, file, progress)
        if found != file.sha256:
            raise DataError(f"sha256 {found} ({size} bytes), expected {file.sha256} ({file.size} bytes)", place)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def fetch_archive(archive: PublicArchive, into: Path, source: str | None, progress: Progress) -> None:
    """Fetch an archive, check its files and unpack them."""
    if into.exists():
        check(into, archive, into)
        progress(archive.name, archive.size, archive.size)
        return
    file = PublicFile(source or archive.url.rpartition("/")[0], archive.name, archive.size, archive.sha256)
    place = archive.url if source is None else f"{source.rstrip('/')}/{quote(archive.name)}"
    part = into.with_name(f".{os.getpid()}.part")
    try:
        if "://" in place:
            download(place, part, file, progress)
        else:
            place = str(Path(source or "") / archive.name)
            check_file(Path(place))
            part.write_bytes(Path(place).read_bytes())
        unpack(part, archive, into, place)
        progress(archive.name, archive.size, archive.size)
    finally:
        part.unlink(missing_ok=True)


def fetch_texts(texts: PublicTexts, folder: Path, source: str | None, progress: Progress) -> None:
    """Fetch an archive of texts and write its tables; or these, from a folder that has them ready.

    Tables that are there are not fetched again.
    """
    archive = texts.archive
    if not texts.are_in(folder):
        if source is not None and "://" not in source and (Path(source) / texts.ready[0].name).exists():
            for file in texts.ready:
                fetch_file(file, folder / file.name, source, lambda name, done, size: None)
        else:
            packed = folder / f".{os.getpid()}.{archive.name}"
            try:
                fetch_file(archive, packed, source, progress)
                write_tables(packed, texts.tables, folder, archive.name)
            finally:
                packed.unlink(missing_ok=True)
        for name, tables in texts.joined.items():
            write_lines(folder / name, first_columns(folder / table for table in tables))
    progress(archive.name, archive.size, archive.size)


def download(url: str, part: Path, file: PublicFile, progress: Progress) -> tuple[str, int]:
    """Download a URL, in several tries; returns its hash and its size."""
    if not url.startswith(("http://", "https://")):
        raise DataError("not a URL that can be fetched; expected http:// or https://", url)
    problem, pace = "", Pace(file.size)
    for attempt in range(TRIES):
        if attempt:
            time.sleep(PAUSE * 2 ** (attempt - 1))
        try:
            with open_url(url, pace) as response:
                found, size = save(response, part, file, progress)
                if size < min(_promised(response), file.size):
                    raise ConnectionError(f"the connection broke off after {size} of {file.size} bytes")
            return found, size
        except TooSlow as error:
            raise DataError(str(error), url) from None
        except HTTPError as error:
            problem = problem_of(error)
            error.close()
            if error.code not in BUSY:
                raise DataError(problem, url) from None
        except (OSError, HTTPException) as error:
            if isinstance(error, OSError) and (error.filename is not None or error.errno in DISK):
                raise
            problem = problem_of(error)
    raise DataError(f"gave up after {TRIES} tries: {problem}", url)


def _promised(response: HTTPResponse) -> int:
    """Size that the server tells; 0 if that is no number: the hash decides."""
    told = response.headers.get("Content-Length", "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 20 else 0


def save(read: BufferedIOBase, part: Path, file: PublicFile, progress: Progress) -> tuple[str, int]:
    """Write a stream to a file until its end or a limit; return its hash and size."""
    digest, size = hashlib.sha256(), 0
    with part.open("wb") as write:
        while size <= file.size and (block := read.read1(BLOCK)):
            write.write(block)
            digest.update(block)
            size += len(block)
            progress(file.name, min(size, file.size), file.size)
    return digest.hexdigest(), size
