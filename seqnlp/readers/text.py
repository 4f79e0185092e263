"""Plain text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from seqnlp.errors import DataError
from seqnlp.readers.base import Reader
from seqnlp.readers.files import open_text, read_text
from seqnlp.readers.table import tabulate

if TYPE_CHECKING:
    from datasets import Dataset

LARGEST = 2**31 - 1
"""Largest size of a single text in bytes."""


class Text(Reader):
    """Plain text: one column, `text`."""

    renamed = {"unit": "sample_by"}

    kind: Literal["text"] = "text"
    sample_by: Literal["line", "paragraph", "document"] = "line"
    """Rows of the table: a line that is not empty, the lines between two empty ones, or the file as it stands."""

    def read(self, source: str | Path) -> Dataset:
        path = Path(source)
        if self.sample_by == "document" and path.is_file() and path.stat().st_size > LARGEST:
            raise DataError("over 2 GB, too much for one text; sample_by = 'line' reads it in pieces", path)
        return tabulate(self, [path], {"text": "text"}, lambda: ({"text": piece} for piece in self.pieces(path)))

    def pieces(self, path: Path) -> Iterator[str]:
        """Yield the lines, paragraphs or document of a file, one by one."""
        if self.sample_by == "line":
            yield from (line for line in open_text(path) if line.strip())
        elif self.sample_by == "paragraph":
            yield from paragraphs(open_text(path))
        elif text := read_text(path):
            yield text


def paragraphs(lines: Iterator[str]) -> Iterator[str]:
    """Join the lines between empty lines, with their line breaks."""
    paragraph: list[str] = []
    for line in lines:
        if line.strip():
            paragraph.append(line)
        elif paragraph:
            yield "\n".join(paragraph)
            paragraph = []
    if paragraph:
        yield "\n".join(paragraph)
