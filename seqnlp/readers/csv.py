"""Comma- or tab-separated values, a sequence per row."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, final

from pydantic import field_validator

from seqnlp.errors import DataError
from seqnlp.readers.base import tabulate
from seqnlp.readers.delimited import UNNAMED, Delimited, ways
from seqnlp.readers.numbers import PLAIN, NumberFormat, likely_format
from seqnlp.readers.rows import Kind, Row, RowStream
from seqnlp.spelling import nearest_or_all

if TYPE_CHECKING:
    from datasets import Dataset


@final
class Csv(Delimited):
    """CSV or TSV file: one string per column, or one number for `numeric_columns`."""

    streams = True
    renamed = {"numbers": "numeric_columns", "quote": "quotechar"}

    kind: Literal["csv"] = "csv"
    numeric_columns: list[str] = []
    """Columns that hold numbers rather than text."""

    @field_validator("numeric_columns")
    @classmethod
    def _distinct_numbers(cls, names: list[str]) -> list[str]:
        if len(set(names)) < len(names):
            raise ValueError("two columns have the same name")
        return names

    def read(self, source: str | Path) -> Dataset:
        names = self.header(Path(source))
        return self._table(Path(source), [name for name in names if self._is_clear(name, names)])

    def read_columns(self, source: str | Path, columns: Collection[str]) -> Dataset:
        return self._table(Path(source), list(columns))

    def line_of(self, source: str | Path, row: int, item: int = 0) -> int | None:
        records = self.records(Path(source))
        return next(islice(records, row + (not self.names), None), (None, []))[0]

    def stream(self, source: str | Path, columns: Collection[str]) -> Iterator[Row]:
        yield from self.row_stream(source, columns).rows()

    def row_stream(self, source: str | Path, columns: Collection[str]) -> RowStream:
        path = Path(source)
        names, kinds = self._checked(path, list(columns))
        return RowStream([path], kinds, lambda: self.rows(path, names, kinds))

    def _table(self, path: Path, wanted: list[str]) -> Dataset:
        """Read some columns; all others are left alone."""
        stream = self.row_stream(path, wanted)
        return tabulate(self, stream.files, stream.kinds, stream.rows)

    def _checked(self, path: Path, wanted: list[str]) -> tuple[list[str], dict[str, Kind]]:
        """Names of all columns, and the kinds of those to read."""
        names = self.header(path)
        clear = [name for name in names if self._is_clear(name, names)]
        for name in self.numeric_columns:
            if name not in clear:
                raise DataError(f"no column {name!r} of numbers: {nearest_or_all(name, clear)}", path)
        line = None if self.names else self.first_line(path)
        for name in wanted:
            if names.count(name) > 1:
                raise DataError(f"{names.count(name)} columns are called {name!r}; expected one", path, line)
            if name not in clear:
                hint = "" if self.names else self.way(path, wanted)
                raise DataError(f"no column {name!r}: {nearest_or_all(name, clear)}", path, line, hint)
        if not wanted:
            raise DataError(f"no column has a name of its own, found {', '.join(map(repr, names))}", path, line)
        return names, {name: "number" if name in self.numeric_columns else "text" for name in wanted}

    @staticmethod
    def _is_clear(name: str, names: list[str]) -> bool:
        """True for a column name that tells one column: not empty, `_` or repeated."""
        return name.strip() not in ("", UNNAMED) and names.count(name) == 1

    def rows(self, path: Path, names: list[str], kinds: Mapping[str, Kind]) -> Iterator[dict[str, Any]]:
        """Yield the rows of a file, one at a time.

        Args:
            path: The file.
            names: Names of all its columns.
            kinds: Kind of each column to read.
        """
        records = self.records(path)
        if not self.names:
            next(records)
        places = {name: names.index(name) for name in kinds}
        for number, fields in records:
            if len(fields) != len(names):
                raise self.uneven(fields, names, path, number)
            row: dict[str, Any] = {name: fields[place] for name, place in places.items()}
            for name, kind in kinds.items():
                if row[name].strip() in self.na_values:
                    row[name] = None
                elif kind == "number":
                    row[name] = finite(row[name], name, path, number, self.number_format)
            yield row


def finite(text: str, name: str, path: Path, line: int, numbers: NumberFormat = PLAIN) -> float:
    """Parse a cell as a finite number."""
    number = numbers.parse(text)
    if not math.isfinite(number):
        found = likely_format([[text]])
        hint = ways(found.settings()) if found else ""
        raise DataError(f"{text!r} in the column {name!r}; expected a number", path, line, hint)
    return number
