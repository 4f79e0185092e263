"""Records of a csv or tsv: a new field at the end of each, all else byte for byte."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, final

from seqnlp.errors import DataError
from seqnlp.readers.csv import Csv
from seqnlp.readers.delimited import UNNAMED
from seqnlp.readers.files import BOM
from seqnlp.records.base import Block, Feed, Lines, Records, Writer, in_blocks
from seqnlp.records.columns import Added, Values, cells, check_distinct, check_free, headings
from seqnlp.spelling import nearest_or_all

END = "\r\n"
"""Characters that need quotes, as the ends of lines do."""


@final
@dataclass(frozen=True)
class CsvBlock(Block):
    """Rows of a csv."""

    texts: list[Any]
    size: float
    raw: list[str]
    """Text of each row with the end of its line, and the empty lines before it."""
    fields: list[list[str]]
    names: list[str]

    def rows(self) -> list[dict[str, Any]]:
        pairs = (zip(self.names, fields, strict=True) for fields in self.fields)
        return [{name: field for name, field in row if name != UNNAMED} for row in pairs]


@final
class CsvRecords(Records[CsvBlock]):
    """Rows of a csv or tsv."""

    def __init__(self, lines: Lines, source: str | Path, reader: Csv, column: str, total: float | None = None) -> None:
        """Read the header line.

        Args:
            lines: The lines with their ends.
            source: Name of the input; its ending may tell the delimiter.
            reader: Settings: delimiter, quotes, names of the columns without a header line.
            column: Column of the texts.
            total: Size of the input in bytes.

        Raises:
            seqnlp.errors.DataError: an empty input; no such column, or several.
        """
        self.source, self.column, self.total = str(source), column, total
        self.feed, self.reader = Feed(lines), reader
        stripped = (line.removeprefix(BOM).rstrip("\r\n") for line in self.feed)
        self.format = "tsv" if reader.dialect(Path(source))[0] == "\t" else "csv"
        self._records = reader.parse_rows(stripped, Path(source))
        self.head, self.line = "", 1
        self.names = list(reader.names)
        if not reader.names:
            self.line, self.names = next(self._records, (1, []))
            self.head = self.feed.take()
            if not self.names:
                raise DataError("no header line: the input is empty", self.source)
        if self.names.count(column) > 1:
            count = self.names.count(column)
            raise DataError(f"{count} columns are called {column!r}; expected one", self.source, self.line)
        if column not in self.names:
            other = next((sign for sign in ";\t|," if column in self.names[0].split(sign)), None)
            shown = "\\t" if other == "\t" else other
            hint = f"""--reader '{{kind="csv", delimiter="{shown}"}}' parts it""" if other else "--column names another"
            hint += ", --reader text takes it as lines"
            near = nearest_or_all(column, [name for name in self.names if name.strip()])
            raise DataError(f"no column {column!r}: {near}", self.source, self.line, hint)

    @property
    def columns(self) -> Sequence[str]:
        return [name for name in self.names if name != UNNAMED]

    def blocks(self) -> Iterator[CsvBlock]:
        place = self.names.index(self.column)
        for block in in_blocks(self._rows(), lambda: not self.feed.waiting):
            raw, fields = [text for text, _ in block], [own for _, own in block]
            texts = [own[place] for own in fields]
            yield CsvBlock(texts, sum(map(len, raw)), raw, fields, self.names)

    def _rows(self) -> Iterator[tuple[str, list[str]]]:
        for line, fields in self._records:
            if len(fields) != len(self.names):
                expected = f"{len(self.names)} ({', '.join(self.names)})"
                raise DataError(f"{len(fields)} columns; expected {expected}", self.source, line)
            yield self.feed.take(), fields

    def writer(self, out: IO[bytes], added: Sequence[Added]) -> CsvWriter:
        delimiter, quotechar = self.reader.dialect(Path(self.source))
        return CsvWriter(self, out, added, delimiter, quotechar)


@final
class CsvWriter(Writer[CsvBlock]):
    """Writer of the rows of a csv as they came: fields are added at the right."""

    def __init__(
        self, records: CsvRecords, out: IO[bytes], added: Sequence[Added], delimiter: str, quotechar: str
    ) -> None:
        self._records, self._out, self._added = records, out, added
        self._fields, self._written = FieldText(delimiter, quotechar, records.source), 0
        check_free(headings(added), records.names, records.source, records.line)
        if records.head:
            self._append(records.head, self._fields.after(headings(added), "header"))

    def _append(self, raw: str, text: str) -> None:
        stem = raw.rstrip("\r\n")
        self._out.write(f"{stem}{text}{raw[len(stem) :]}".encode())

    def write(self, block: CsvBlock, values: Sequence[Values]) -> None:
        for raw, own in zip(block.raw, values, strict=True):
            self._written += 1
            self._append(raw, self._fields.after(cells(self._added, own), f"record {self._written:,}"))
        self._out.flush()

    def close(self) -> None:
        self._out.write(self._records.feed.take().encode())  # empty lines at the end
        self._out.flush()


@final
class TableWriter(Writer[Block]):
    """Writer of a csv or tsv with a header line: records of another format."""

    def __init__(self, records: Records[Any], out: IO[bytes], added: Sequence[Added], delimiter: str) -> None:
        self._records, self._out, self._added = records, out, added
        self._fields, self._written = FieldText(delimiter, '"', records.source), 0
        check_distinct(records.columns, records.source)
        check_free(headings(added), records.columns, records.source)
        self._line([*records.columns, *headings(added)], "header")

    def _line(self, fields: Sequence[str], place: str) -> None:
        self._out.write(f"{self._fields.row(fields, place)}\n".encode())

    def write(self, block: Block, values: Sequence[Values]) -> None:
        for row, own in zip(block.rows(), values, strict=True):
            self._written += 1
            given = [row[name] for name in self._records.columns]
            self._line([*given, *cells(self._added, own)], f"{self._records.unit} {self._written:,}")
        self._out.flush()

    def close(self) -> None:
        self._out.flush()


@final
class FieldText:
    """Text of fields, with quotes where they are needed."""

    def __init__(self, delimiter: str, quotechar: str, source: str) -> None:
        self._text, self._source, self._delimiter = io.StringIO(), source, delimiter
        self._writer = csv.writer(
            self._text,
            delimiter=delimiter,
            quotechar=quotechar or None,
            quoting=csv.QUOTE_MINIMAL if quotechar else csv.QUOTE_NONE,
            lineterminator=END,  # of whose characters the writer takes care
        )

    def row(self, fields: Sequence[str], place: str) -> str:
        """Text of a row.

        Raises:
            seqnlp.errors.DataError: a field holds the delimiter, where there are no quotes.
        """
        self._text.seek(0)
        self._text.truncate()
        try:
            self._writer.writerow(fields)
        except csv.Error:
            odd = next(field for field in fields if any(sign in field for sign in (self._delimiter, "\r", "\n")))
            problem = f"{odd!r} holds the delimiter or the end of a line, and the table has no quotes"
            raise DataError(problem, f"{self._source}, {place}", hint="--json writes JSON lines") from None
        return self._text.getvalue().removesuffix(END)

    def after(self, fields: Sequence[str], place: str) -> str:
        """Text of fields behind others, the delimiter before each."""
        return self.row(["", *fields], place)
