"""Running text as it comes: chunks cut anywhere, for commands that read more than lines."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from seqnlp.cli.common import BLOCK, input_name
from seqnlp.cli.inputs import recognised
from seqnlp.errors import DataError


def limit_kernel_cache() -> None:
    """Bound the kernels that oneDNN keeps, before it makes the first one.

    Batches of running text have ever new shapes: its 1,024 kernels would take 300 MB, and save no time.
    """
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")


def text_chunks(file: Path | None) -> Iterator[str]:
    """Yield the text of a file or of standard input in chunks.

    Lines may be of any length. A byte order mark is dropped; files that are compressed with gzip are decompressed.

    Args:
        file: None or `-` for standard input.

    Raises:
        seqnlp.errors.DataError: for a file that is missing or no running text, and for what is not UTF-8, with its
            line.
    """
    from seqnlp.readers.files import check_file, open_bytes

    name = input_name(file)
    if file is None or name == "standard input":
        yield from _decoded(lambda: os.read(0, BLOCK), name)
        return
    if file.exists() and not file.is_file() and not file.is_dir():  # a named pipe
        with file.open("rb", buffering=0) as pipe:
            yield from _decoded(lambda: pipe.read(BLOCK) or b"", name)
        return
    check_file(file)
    if (kind := recognised(file, "text")) != "text":
        what = "CoNLL-U, which has its sentences and tokens" if kind == "conllu" else f"a table ({kind})"
        hint = "`seqnlp tag RUN FILE --conllu` tags it" if kind == "conllu" else "write its texts into a file of text"
        raise DataError(f"this is {what}; expected running text", file, hint=hint)
    with open_bytes(file) as opened:
        yield from _decoded(lambda: opened.read(BLOCK), name)


def _decoded(read: Callable[[], bytes], name: str) -> Iterator[str]:
    """Decode blocks of UTF-8, up to an empty one."""
    from seqnlp.readers.files import BOM, GZIP, UTF16

    decoder = codecs.getincrementaldecoder("utf-8")()
    line, first = 1, True
    while True:
        block = read()
        if first and block.startswith(GZIP):
            raise DataError("this is compressed with gzip; decompress it first, with gzip -dc", name)
        if first and block.startswith(UTF16):
            raise DataError("this is UTF-16 text; expected UTF-8", name)
        if b"\0" in block:
            problem = "a NUL byte: this is a binary file; expected UTF-8 text"
            raise DataError(problem, name, line + block[: block.index(b"\0")].count(b"\n"))
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            raw, place = error.object, error.start
            problem = f"byte 0x{raw[place]:02x} is not UTF-8; convert the text to UTF-8"
            raise DataError(problem, name, line + raw[:place].count(b"\n")) from None
        if text:
            yield text.removeprefix(BOM) if first else text
            sys.stdout.flush()  # what the chunk has led to, before waiting for the next one
        first = False
        line += block.count(b"\n")
        if not block:
            return
