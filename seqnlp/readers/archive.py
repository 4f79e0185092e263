"""Unpacking of archived corpora, checked by the contents of their files."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from seqnlp.errors import DataError
from seqnlp.readers.catalogue import PublicArchive, TextTable
from seqnlp.readers.files import sha256

LONGEST_TEXT = 1 << 20
"""Bytes of a text in an archive, at most."""
_BREAK = re.compile(r"<br\s*/?>")


def unpack(part: Path, archive: PublicArchive, into: Path, source: str) -> None:
    """Unpack the folder of an archive, if its files are those expected.

    Args:
        part: The archive.
        archive: Its entry in the catalogue.
        into: The folder to be made.
        source: Name of the archive in messages.

    Raises:
        seqnlp.errors.DataError: an archive that is damaged or holds other files.
    """
    temporary = into.with_name(f".{into.name}.{os.getpid()}.part")
    temporary.mkdir(parents=True)
    try:
        left = archive.size
        with tarfile.open(part, "r:*") as packed:
            for member in packed:
                place = Path(member.name)
                if not member.isfile() or place.parent.name != archive.folder:
                    continue
                left -= member.size
                content = packed.extractfile(member)
                if left < 0 or content is None:
                    raise DataError(f"more than the expected {archive.size:,} bytes in {archive.folder}/", source)
                (temporary / place.name).write_bytes(content.read())
        check(temporary, archive, source)
        os.replace(temporary, into)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise DataError(f"a damaged archive: {error}", source) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_tables(part: Path, tables: Sequence[TextTable], folder: Path, source: str) -> None:
    """Write compressed tables of the texts in an archive: text and label in a line, or the text alone.

    Markup of line breaks and white space become blanks. The same archive gives the same bytes.

    Args:
        part: The archive, whose hash was checked.
        tables: The tables.
        folder: Where they go.
        source: Name of the archive in messages.

    Raises:
        seqnlp.errors.DataError: an archive that is damaged or has another number of texts.
    """
    rows: dict[str, list[tuple[int, str, str]]] = {table.name: [] for table in tables}
    places = {inside: (table.name, label) for table in tables for inside, label in table.folders.items()}
    try:
        with tarfile.open(part, "r:*") as packed:
            for member in packed:
                path = Path(member.name)
                number = path.stem.partition("_")[0]
                place = places.get(str(path.parent))
                if place is None or not member.isfile() or not number.isdecimal() or path.suffix != ".txt":
                    continue
                content = packed.extractfile(member)
                if content is None or member.size > LONGEST_TEXT:
                    raise DataError(f"{member.name} is no text of a corpus", source)
                text = " ".join(_BREAK.sub(" ", content.read().decode("utf-8", "replace")).strip().splitlines())
                rows[place[0]].append((int(number), place[1], text.replace("\t", " ")))
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise DataError(f"a damaged archive: {error}", source) from None
    for table in tables:
        if len(rows[table.name]) != table.rows:
            problem = f"{len(rows[table.name]):,} texts for {table.name}; expected {table.rows:,}"
            raise DataError(problem, source)
    for table in tables:
        texts = sorted(rows[table.name])
        write_lines(folder / table.name, (f"{text}\t{label}" if label else text for _, label, text in texts))


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write lines into a compressed file; the same ones give the same bytes."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
            packed.writelines(f"{line}\n".encode() for line in lines)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def first_columns(paths: Iterable[Path]) -> Iterator[str]:
    """Texts before the first tab in the lines of compressed files."""
    for path in paths:
        with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
            yield from (line.rstrip("\n").partition("\t")[0] for line in file)


def check(folder: Path, archive: PublicArchive, source: str | Path) -> None:
    """Check the files of an unpacked folder.

    Raises:
        seqnlp.errors.DataError: their number or contents are not those expected.
    """
    files = sorted(folder.iterdir())
    if len(files) != archive.files:
        raise DataError(f"{len(files):,} files in {archive.folder}/; expected {archive.files:,}", source)
    digest = hashlib.sha256("".join(f"{sha256([file])}  {file.name}\n" for file in files).encode()).hexdigest()
    if digest != archive.sha256:
        raise DataError(f"other files in {archive.folder}/: sha256 {digest}, expected {archive.sha256}", source)


def is_unpacked(folder: Path, archive: PublicArchive) -> bool:
    """True if an unpacked folder is complete: as many files, of as many bytes."""
    sizes = [file.stat().st_size for file in folder.iterdir()] if folder.is_dir() else []
    return (len(sizes), sum(sizes)) == (archive.files, archive.size)
