"""Unpacking of archived corpora, checked by the contents of their files."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import zlib
from pathlib import Path

from seqnlp.errors import DataError
from seqnlp.readers.catalogue import PublicArchive
from seqnlp.readers.files import sha256


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
