"""Comma- or tab-separated values, a sequence per row."""

from __future__ import annotations

import csv
import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationInfo, field_validator

from seqnlp.errors import DataError
from seqnlp.readers.base import Kind, Reader, Row, tabulate
from seqnlp.readers.files import open_text
from seqnlp.spelling import nearest_or_all

if TYPE_CHECKING:
    from datasets import Dataset


UNNAMED = "_"
"""Name of columns that are left out."""


class Csv(Reader):
    """CSV or TSV file: one string per column, or one number for `numeric_columns`."""

    renamed = {"numbers": "numeric_columns", "quote": "quotechar"}

    kind: Literal["csv"] = "csv"
    names: list[str] = []
    """Names of the columns of a file without a header line; `_` for one to leave out."""
    delimiter: str | None = None
    """Delimiter of columns, one character; left out: a tab for `.tsv` and a comma for all else."""
    quotechar: str | None = None
    """Quote around fields that hold a delimiter; `""`: none. Left out: `"`, and none between tabs."""
    numeric_columns: list[str] = []
    """Columns that hold numbers rather than text."""

    @field_validator("delimiter", "quotechar")
    @classmethod
    def _one_character(cls, text: str | None, info: ValidationInfo) -> str | None:
        if text is not None and len(text) != 1 and (text or info.field_name == "delimiter"):
            raise ValueError("Input should be one character")
        return text

    @field_validator("names", "numeric_columns")
    @classmethod
    def _distinct(cls, names: list[str]) -> list[str]:
        kept = [name for name in names if name != UNNAMED]
        if len(set(kept)) < len(kept):
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
        path = Path(source)
        names, kinds = self._checked(path, list(columns))
        yield from self.rows(path, names, kinds)

    def _table(self, path: Path, wanted: list[str]) -> Dataset:
        """Read some columns; all others are left alone."""
        names, kinds = self._checked(path, wanted)
        return tabulate(self, [path], kinds, lambda: self.rows(path, names, kinds))

    def _checked(self, path: Path, wanted: list[str]) -> tuple[list[str], dict[str, Kind]]:
        """Names of all columns, and the kinds of those to read."""
        names = self.header(path)
        clear = [name for name in names if self._is_clear(name, names)]
        for name in self.numeric_columns:
            if name not in clear:
                raise DataError(f"no column {name!r} of numbers: {nearest_or_all(name, clear)}", path)
        line = None if self.names else self._first_line(path)
        for name in wanted:
            if names.count(name) > 1:
                raise DataError(f"{names.count(name)} columns are called {name!r}; expected one", path, line)
            if name not in clear:
                raise DataError(f"no column {name!r}: {nearest_or_all(name, clear)}", path, line)
        if not wanted:
            raise DataError(f"no column has a name of its own, found {', '.join(map(repr, names))}", path, line)
        return names, {name: "number" if name in self.numeric_columns else "text" for name in wanted}

    @staticmethod
    def _is_clear(name: str, names: list[str]) -> bool:
        """True for a column name that tells one column: not empty, `_` or repeated."""
        return name.strip() not in ("", UNNAMED) and names.count(name) == 1

    def header(self, path: Path) -> list[str]:
        """Column names: those of the settings, or of the first line, where any may be empty or occur twice."""
        if self.names:
            return self.names
        _, names = next(self.records(path), (1, []))
        if not names:
            raise DataError("no header line: the file is empty", path)
        return names

    def _first_line(self, path: Path) -> int:
        return next(self.records(path), (1, []))[0]

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
                expected = f"{len(names)} ({', '.join(names)})"
                raise DataError(f"{len(fields)} columns; expected {expected}", path, number)
            row: dict[str, Any] = {name: fields[place] for name, place in places.items()}
            for name, kind in kinds.items():
                if kind == "number":
                    row[name] = finite(row[name], name, path, number)
            yield row

    def records(self, path: Path) -> Iterator[tuple[int, list[str]]]:
        """Yield the fields of every non-empty row, with its last line's number."""
        yield from self.parse_rows(open_text(path), path)

    def parse_rows(self, lines: Iterable[str], path: Path) -> Iterator[tuple[int, list[str]]]:
        """Parse lines without their ends as `records` does; a line is taken when its row is asked for."""
        delimiter, quote = self.dialect(path)
        reader = csv.reader(
            (line + "\n" for line in lines),
            delimiter=delimiter,
            quotechar=quote or None,
            quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
            strict=True,
        )
        try:
            for fields in reader:
                if fields:
                    yield reader.line_num, fields
        except csv.Error as error:
            problem = f"{error} (quotechar = {quote!r}, delimiter = {delimiter!r})"
            raise DataError(problem, path, reader.line_num) from None

    def dialect(self, path: Path) -> tuple[str, str]:
        """Delimiter and quote of a file; an empty quote for none."""
        tab = path.name.removesuffix(".gz").endswith(".tsv")
        delimiter = self.delimiter or ("\t" if tab else ",")
        return delimiter, ("" if delimiter == "\t" else '"') if self.quotechar is None else self.quotechar


def finite(text: str, name: str, path: Path, line: int) -> float:
    """Parse a cell as a finite number."""
    number = number_or_nan(text)
    if not math.isfinite(number):
        raise DataError(f"{text!r} in the column {name!r}; expected a number", path, line)
    return number


def number_or_nan(cell: Any) -> float:
    """Number in a cell; NaN where there is none."""
    try:
        return float(cell)
    except (ValueError, TypeError):
        return math.nan
