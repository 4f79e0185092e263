"""Fetch a public corpus: resumed where a download broke off, and checked before it gets its name."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

from seqnlp.errors import DataError
from seqnlp.readers.catalogue import CATALOGUE, PublicFile
from seqnlp.readers.files import check_file, sha256
from seqnlp.spelling import nearest_or_all

Progress = Callable[[str, int, int], None]
"""Called with the name of a file, how many bytes of it are here, and how many there are."""

TRIES = 5
PAUSE = 1.0
"""Seconds before the second try; each further pause is twice as long."""
TIMEOUT = 30.0
BLOCK = 1 << 16
BUSY = (408, 429, 500, 502, 503, 504)
"""Answers of a server that may have a better day soon."""
DISK = (errno.ENOSPC, errno.EFBIG)
"""What no patience helps against."""


def fetch(name: str, into: Path, source: str | None = None, progress: Progress | None = None) -> Path:
    """Fetch a corpus of the catalogue. Files that are there and right are not fetched again.

    Args:
        name: a key of `CATALOGUE`.
        into: the folder of corpora; the files go to `into/name`.
        source: a folder, or the URL of one, with the files, instead of where they are published.
        progress: told how far each file is.

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
    part = path.with_name(f"{file.name}.{file.sha256[:8]}.part")
    place = file.url if source is None else f"{source.rstrip('/')}/{quote(file.name)}"
    if "://" in place:
        download(place, part, file, progress)
    else:
        place = str(Path(source or "") / file.name)
        check_file(Path(place))
        with Path(place).open("rb") as read, part.open("wb") as write:
            copy(read, write, file, 0, progress)
    found, size = sha256([part]), part.stat().st_size
    if found != file.sha256:
        part.unlink()
        raise DataError(f"sha256 {found} ({size} bytes), expected {file.sha256} ({file.size} bytes)", place)
    os.replace(part, path)


def download(url: str, part: Path, file: PublicFile, progress: Progress) -> None:
    """Fetch a URL, with some patience for a bad connection; what arrived before is not fetched again."""
    if not url.startswith(("http://", "https://")):
        raise DataError("not a URL that can be fetched; expected http:// or https://", url)
    problem = ""
    for attempt in range(TRIES):
        if attempt:
            time.sleep(PAUSE * 2 ** (attempt - 1))
        try:
            receive(url, part, file, progress)
            return
        except HTTPError as error:
            problem = f"HTTP {error.code} {error.reason}"
            error.close()
            if error.code == 416:
                part.unlink(missing_ok=True)
            elif error.code not in BUSY:
                raise DataError(problem, url) from None
        except (OSError, HTTPException) as error:
            if isinstance(error, OSError) and (error.filename is not None or error.errno in DISK):
                raise
            problem = str(error.reason if isinstance(error, URLError) else error) or type(error).__name__
    raise DataError(f"no luck in {TRIES} tries: {problem}", url)


def receive(url: str, part: Path, file: PublicFile, progress: Progress) -> None:
    """Fetch what is missing of a file, in one request.

    Raises:
        OSError: if the connection fails or breaks off.
    """
    have = part.stat().st_size if part.exists() else 0
    if have == file.size:
        return
    headers = {"User-Agent": "seqnlp", "Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    response: HTTPResponse
    with urlopen(Request(url, headers=headers), timeout=TIMEOUT) as response:
        if response.status != 206:
            have = 0
        with part.open("ab" if have else "wb") as write:
            received = copy(response, write, file, have, progress)
        promised = response.headers.get("Content-Length")
        if promised is not None and received < int(promised) and have + received <= file.size:
            raise ConnectionError(f"the connection broke off after {have + received} of {file.size} bytes")


def copy(read: IO[bytes] | HTTPResponse, write: IO[bytes], file: PublicFile, have: int, progress: Progress) -> int:
    """Copy until the end, or until there is more than there should be; returns how many bytes."""
    received = 0
    while have + received <= file.size and (block := read.read(BLOCK)):
        write.write(block)
        received += len(block)
        progress(file.name, min(have + received, file.size), file.size)
    return received
