"""Tables in text files: delimiter, quotes, header and number format."""

from __future__ import annotations

import csv
from abc import ABC
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import ValidationInfo, field_validator, model_validator

from seqnlp.errors import DataError
from seqnlp.json_text import to_json
from seqnlp.lines import line_limit
from seqnlp.readers.base import TextReader
from seqnlp.readers.files import open_text
from seqnlp.readers.numbers import NumberFormat

UNNAMED = "_"
"""Name of columns that are left out."""
DELIMITERS = (",", "\t", ";", "|")
QUOTES = ('"', "", "'")
HEAD = 5000
"""Lines that a format is told by, at most."""


class Delimited(TextReader, ABC):
    """Reader of files with a delimiter between columns."""

    tab_quote: ClassVar[str] = ""
    """Default quote between tabs."""

    names: list[str] = []
    """Names of the columns of a file without a header line; `_` for one to leave out."""
    delimiter: str | None = None
    """Delimiter of columns, one character; left out: a tab for `.tsv` and a comma for all else."""
    quotechar: str | None = None
    """Quote around fields that hold a delimiter; `""`: none. Left out: `"`, and none between tabs."""
    decimal: str = "."
    """Decimal separator of numbers: `,` in many languages."""
    thousands: str | None = None
    """Separator of thousands in numbers: `.` in `1.234,5`; a blank stands for all kinds of blanks."""
    na_values: list[str] = []
    """Texts of missing values, such as `-`."""

    @field_validator("delimiter", "quotechar", "decimal", "thousands")
    @classmethod
    def _one_character(cls, text: str | None, info: ValidationInfo) -> str | None:
        of_columns = info.field_name in ("delimiter", "quotechar")
        if text is None or (text == "" and info.field_name == "quotechar"):
            return text
        if len(text) != 1:
            raise ValueError("Input should be one character")
        if text in "\r\n" or (not of_columns and (text.isalnum() or text in "+-")):
            raise ValueError("Input should be a sign, no letter, digit or line end")
        return text

    @field_validator("names")
    @classmethod
    def _distinct(cls, names: list[str]) -> list[str]:
        kept = [name for name in names if name != UNNAMED]
        if len(set(kept)) < len(kept):
            raise ValueError("two columns have the same name")
        return names

    @model_validator(mode="after")
    def _different_signs(self) -> Self:
        if self.decimal == self.thousands:
            raise ValueError(f"decimal and thousands are both {self.decimal!r}")
        if self.delimiter is not None and self.delimiter == self.quotechar:
            raise ValueError(f"delimiter and quotechar are both {self.delimiter!r}")
        return self

    @property
    def number_format(self) -> NumberFormat:
        """Format of numbers."""
        return NumberFormat(self.decimal, self.thousands)

    def delimiter_in(self, path: Path) -> str:
        """Delimiter of the columns of a file."""
        return self.delimiter or usual_delimiter(path)

    def quote_in(self, path: Path) -> str:
        """Quote of the fields of a file; empty for none."""
        if self.quotechar is not None:
            return self.quotechar
        return self.tab_quote if self.delimiter_in(path) == "\t" else '"'

    def records(self, path: Path) -> Iterator[tuple[int, list[str]]]:
        """Yield the fields of every non-empty row, with its last line's number."""
        yield from self.parse_rows(open_text(path, self.encoding), path)

    def dialect(self, path: Path) -> tuple[str, str]:
        """Delimiter and quote of a file; an empty quote for none."""
        return self.delimiter_in(path), self.quote_in(path)

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
        limit, begun = line_limit(), 1
        before = csv.field_size_limit()
        while True:
            csv.field_size_limit(limit)  # one for the whole process: other readers may come between
            try:
                fields = next(reader, None)
            except csv.Error as error:
                raise self._refused(error, path, begun, reader.line_num, delimiter, quote) from None
            finally:
                csv.field_size_limit(before)
            if fields is None:
                return
            if fields:
                yield reader.line_num, fields
            begun = reader.line_num + 1

    def _refused(self, error: csv.Error, path: Path, begun: int, line: int, delimiter: str, quote: str) -> DataError:
        """Convert an error of the module csv."""
        hint = 'data.reader.quotechar = "" takes quotes as letters' if quote else ""
        if "field limit" in str(error):
            problem = f"a field of more than {line_limit():,} characters"
            if line > begun:
                problem += f", whose quote is never closed or closed after line {line}"
                return DataError(problem, path, begun, hint)
            return DataError(problem, path, begun, "data.reader.max_line raises the limit")
        problem = f"{error} (quotechar = {quote!r}, delimiter = {delimiter!r})"
        if str(error).startswith("unexpected end") and line > begun:
            problem = f"a quote that is opened here is never closed (quotechar = {quote!r})"
            return DataError(problem, path, begun, hint)
        return DataError(problem, path, line, self.way(path) or hint)

    def header(self, path: Path) -> list[str]:
        """Column names: those of the settings, or of the first line, where any may be empty or occur twice."""
        if self.names:
            return self.names
        _, names = next(self.records(path), (1, []))
        if not names:
            raise DataError("no header line: the file is empty", path)
        return names

    def first_line(self, path: Path) -> int:
        """Line of the header."""
        return next(self.records(path), (1, []))[0]

    def way(self, path: Path, wanted: Collection[str] = ()) -> str:
        """Delimiter and quote of a file which these settings do not read; empty if there are none.

        Args:
            path: The file.
            wanted: Columns that the header has to have.
        """
        delimiter, quote = self.dialect(path)
        try:
            lines = list(islice(open_text(path, self.encoding), HEAD))
        except DataError:
            return ""
        signs = (delimiter, *(sign for sign in DELIMITERS if sign != delimiter))
        tries = [(sign, mark) for mark in (quote, *(mark for mark in QUOTES if mark != quote)) for sign in signs]
        for sign, mark in tries:
            rows = rows_by(lines, sign, mark)
            if (sign, mark) == (delimiter, quote) or not rows or len(rows[0]) < 2:
                continue
            expected = len(self.names) or len(rows[0])
            if {len(row) for row in rows} == {expected} and (self.names or set(wanted) <= set(rows[0])):
                found = {} if sign == delimiter else {"delimiter": sign}
                return ways(found if mark == quote else {**found, "quotechar": mark})
        return ""

    def uneven(self, fields: Sequence[str], names: Sequence[str], path: Path, line: int) -> DataError:
        """Error about a row with another number of columns than the header."""
        problem = f"{len(fields)} columns; expected {len(names)} ({', '.join(names)})"
        return DataError(problem, path, line, self.way(path))


def key(name: str, value: object) -> str:
    """Setting of a reader as a recipe or `--set` takes it."""
    return f"data.reader.{name} = {to_json(value)}"


def ways(settings: Mapping[str, object]) -> str:
    """Advice to set these keys; empty for none."""
    keys = [key(*each) for each in settings.items()]
    return f"{' and '.join(keys)} {'reads' if len(keys) == 1 else 'read'} it" if keys else ""


def usual_delimiter(path: Path) -> str:
    """Delimiter by the ending of a name."""
    return "\t" if path.name.removesuffix(".gz").endswith(".tsv") else ","


def rows_by(lines: Sequence[str], delimiter: str, quote: str = '"') -> list[list[str]]:
    """Rows of the beginning of a table; none where this quote does not fit."""
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
    texts = (line + "\n" for line in lines)
    rows: list[list[str]] = []
    with suppress(csv.Error):
        reader = csv.reader(texts, delimiter=delimiter, quotechar=quote or None, quoting=quoting)
        rows = [row for row in reader if row]
        return rows[:-1] if len(lines) == HEAD else rows  # the last may be cut in a quoted field
    return []


def delimiter_of(lines: Sequence[str], quote: str = '"') -> str | None:
    """Delimiter of a table: the one that parts all rows into the same number of columns, two or more."""
    found: dict[str, int] = {}
    for delimiter in ("\t", ",", ";", "|"):
        rows = rows_by(lines, delimiter, quote)
        widths = Counter(map(len, rows)).most_common(1)
        if widths and widths[0][0] > 1 and widths[0][1] == len(rows):
            found[delimiter] = widths[0][0]
    return max(found, key=lambda delimiter: found[delimiter]) if found else None
