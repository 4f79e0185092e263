"""Records of plain text: a line each, with one column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any, final

from seqnlp.errors import UsageError
from seqnlp.records.base import Block, Lines, Records, Writer
from seqnlp.records.columns import Added

WAYS = "--json with --beside, or --out with a file that ends in .csv, .tsv or .jsonl"


@final
@dataclass(frozen=True)
class LineBlock(Block):
    """Lines of text."""

    texts: list[Any]
    size: float
    column: str

    def rows(self) -> list[dict[str, Any]]:
        return [{self.column: text} for text in self.texts]


@final
class LineRecords(Records[LineBlock]):
    """Lines of text, which become the only column."""

    format = ""
    unit = "line"

    def __init__(self, lines: Lines, source: str, column: str, total: float | None = None) -> None:
        self.source, self.column, self.total = source, column, total
        self._lines = lines

    @property
    def columns(self) -> Sequence[str]:
        return [self.column]

    def blocks(self) -> Iterator[LineBlock]:
        for lines in self._lines:
            texts: list[Any] = [line.rstrip("\r\n") for line in lines]
            yield LineBlock(texts, sum(map(len, lines)), self.column)

    def writer(self, out: IO[bytes], added: Sequence[Added]) -> Writer[LineBlock]:
        raise UsageError(f"{self.source} is lines of text, which have no columns: {WAYS}")
