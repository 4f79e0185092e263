"""Stream of bytes in another encoding than UTF-8."""

from __future__ import annotations

import codecs
import io
from typing import IO, Any, cast, final

from seqnlp.errors import DataError
from seqnlp.readers.encodings import MARKS


@final
class Encoded(io.BufferedIOBase):
    """Writer of UTF-8 into a stream of another encoding."""

    def __init__(self, out: IO[bytes], encoding: str) -> None:
        self._out, self._encoding = out, encoding
        self._encoder = codecs.getincrementalencoder(encoding)()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        """Write whole characters.

        Raises:
            seqnlp.errors.DataError: one that the encoding lacks.
        """
        try:
            self._out.write(self._encoder.encode(bytes(data).decode()))
        except UnicodeEncodeError as error:
            letter = error.object[error.start]
            problem = f"{letter!r} does not exist in the encoding of the input, {self._encoding}"
            raise DataError(problem, hint="--json writes JSON lines, in UTF-8") from None
        return len(data)

    def flush(self) -> None:
        self._out.flush()


def encoded(out: IO[bytes], encoding: str) -> IO[bytes]:
    """Stream for UTF-8 that is written in this encoding."""
    return out if codecs.lookup(encoding).name in ("utf-8", "utf-8-sig") else cast(IO[bytes], Encoded(out, encoding))


def with_byte_order(encoding: str, beginning: bytes) -> str:
    """Encoding with the byte order that a file's mark tells; the mark is then a character of its text.

    Written in `utf-16` or `utf-32` alone, a file would get the order of this machine.
    """
    name = codecs.lookup(encoding).name
    mark = next((mark for mark, of in MARKS.items() if of == name and beginning.startswith(mark)), None)
    if name not in ("utf-16", "utf-32") or mark is None:
        return encoding
    return f"{name}-{'le' if mark.startswith(codecs.BOM_UTF16_LE) else 'be'}"
