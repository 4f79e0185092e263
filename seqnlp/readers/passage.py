"""Passage of a text file: all of it or a range of characters, read in chunks of constant size."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from seqnlp.errors import DataError
from seqnlp.readers.files import BOM, UTF16, open_bytes

CHUNK = 1 << 20
"""Size of a read in bytes."""

_SOURCE = re.compile(r"(?P<path>.+?)\[(?P<start>[^:\[\]]*):(?P<end>[^:\[\]]*)\]")
_BOUND = re.compile(r"(?P<number>-?\d+(?:\.\d+)?)(?P<percent>%?)")


@dataclass(frozen=True)
class Passage:
    """Passage of a text file in characters: `input.txt`, `input.txt[:90%]` or `input.txt[1000:-5000]`."""

    path: Path
    start: str = ""
    """Offset in characters from the start (or, negative, from the end), or a percentage; empty for the start."""
    end: str = ""

    @classmethod
    def parse(cls, source: str, find: Callable[[str], Path]) -> Passage:
        """Parse a source in a recipe; `find` resolves the path.

        Raises:
            seqnlp.errors.DataError: for bounds that are no numbers, or what `find` raises.
        """
        named = _SOURCE.fullmatch(source)
        if named is None:
            return cls(find(source))
        for bound in (named["start"].strip(), named["end"].strip()):
            number = _BOUND.fullmatch(bound)
            if bound and number is None:
                raise DataError(
                    f"{bound!r} is not an offset in a text; expected a slice such as [:90%] or [1000:]", source
                )
            if number and not number["percent"] and "." in bound:
                raise DataError(f"{bound!r} is not a number of characters; a percentage is written {bound}%", source)
        return cls(find(named["path"]), named["start"].strip(), named["end"].strip())

    def __str__(self) -> str:
        return f"{self.path}[{self.start}:{self.end}]" if self.start or self.end else str(self.path)

    def chunks(self) -> Iterator[str]:
        """Read the passage, line ends as LF; a chunk ends with a line, or with a word in a very long one.

        Raises:
            seqnlp.errors.DataError: if the file can't be read, is not UTF-8, or nothing is left of it.
        """
        rest, empty = "", True
        for text in self._decoded():
            text = (rest + text).replace("\r\n", "\n")
            cut = text.rfind("\n") + 1 or max(text.rfind(" "), 0)
            if not cut and len(text) > CHUNK:
                cut = len(text) - 1  # a carriage return may be half of a line end
            rest = text[cut:]
            if cut:
                empty = False
                yield text[:cut]
        if rest:
            yield rest
        elif empty:
            raise DataError("no text in it", str(self))

    def _decoded(self) -> Iterator[str]:
        """Yield the characters of the passage, cut anywhere."""
        if not (self.start or self.end):
            yield from self._characters()
            return
        total = sum(map(len, self._characters()))
        first, last = self._place(self.start, 0, total), self._place(self.end, total, total)
        before = 0
        for text in self._characters():
            piece = text[max(first - before, 0) : max(last - before, 0)]
            if piece:
                yield piece
            before += len(text)
            if before >= last:
                break

    @staticmethod
    def _place(bound: str, default: int, total: int) -> int:
        if not bound:
            return default
        number = float(bound.rstrip("%"))
        place = int(total * number / 100) if bound.endswith("%") else int(number)
        return min(max(place + total if place < 0 else place, 0), total)

    def _characters(self) -> Iterator[str]:
        with open_bytes(self.path) as file:
            yield from self._decode(file)

    def _decode(self, file: IO[bytes]) -> Iterator[str]:
        rest, read = b"", 0
        while block := file.read(CHUNK):
            if not read and block.startswith(UTF16):
                raise DataError("this is UTF-16 text; expected UTF-8", self.path)
            if b"\0" in block:
                raise DataError("a NUL byte: this is a binary file; expected UTF-8 text", self.path)
            raw = rest + block
            try:
                text, rest = raw.decode(), b""
            except UnicodeDecodeError as error:
                if error.reason != "unexpected end of data":
                    self._refuse(raw, error, read - len(rest))
                text, rest = raw[: error.start].decode(), raw[error.start :]
            yield text.removeprefix(BOM) if not read else text
            read += len(block)
        if rest:
            raise DataError("the file ends in the middle of a character; expected UTF-8", self.path)

    def _refuse(self, raw: bytes, error: UnicodeDecodeError, before: int) -> None:
        place = before + error.start + 1
        raise DataError(f"byte {place:,} is 0x{raw[error.start]:02x}, which is not UTF-8", self.path) from None
