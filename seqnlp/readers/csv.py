"""Comma- or tab-separated values, a sequence per row."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationInfo, field_validator

from seqnlp.errors import DataError
from seqnlp.readers.base import Kind, Reader, tabulate
from seqnlp.readers.files import open_text
from seqnlp.spelling import nearest_or_all

if TYPE_CHECKING:
    from datasets import Dataset


class Csv(Reader):
    """CSV or TSV file: one string per column, or one number for `numeric_columns`."""

    renamed = {"numbers": "numeric_columns", "quote": "quotechar"}

    kind: Literal["csv"] = "csv"
    names: list[str] = []
    """Names of the columns of a file without a header line."""
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
        if len(set(names)) < len(names):
            raise ValueError("two columns have the same name")
        return names

    def read(self, source: str | Path) -> Dataset:
        path = Path(source)
        names = self.names or self.header(path)
        for name in self.numeric_columns:
            if name not in names:
                raise DataError(f"no column {name!r} of numbers: {nearest_or_all(name, names)}", path)
        kinds: dict[str, Kind] = {name: "number" if name in self.numeric_columns else "text" for name in names}
        return tabulate(self, [path], kinds, lambda: self.rows(path, kinds))

    def header(self, path: Path) -> list[str]:
        """Read the column names in the first line."""
        number, names = next(self.records(path), (1, []))
        if not names:
            raise DataError("no header line: the file is empty", path)
        if "" in names or len(set(names)) < len(names):
            raise DataError(
                f"column names must differ and not be empty, found {', '.join(map(repr, names))}", path, number
            )
        return names

    def rows(self, path: Path, kinds: dict[str, Kind]) -> Iterator[dict[str, Any]]:
        """Yield the rows of a file, one at a time."""
        records = self.records(path)
        if not self.names:
            next(records)
        for number, fields in records:
            if len(fields) != len(kinds):
                expected = f"{len(kinds)} ({', '.join(kinds)})"
                raise DataError(f"{len(fields)} columns; expected {expected}", path, number)
            row: dict[str, Any] = dict(zip(kinds, fields, strict=True))
            for name in self.numeric_columns:
                row[name] = finite(row[name], name, path, number)
            yield row

    def records(self, path: Path) -> Iterator[tuple[int, list[str]]]:
        """Yield the fields of every non-empty row, with its last line's number."""
        tab = path.name.removesuffix(".gz").endswith(".tsv")
        delimiter = self.delimiter or ("\t" if tab else ",")
        quote = ("" if delimiter == "\t" else '"') if self.quotechar is None else self.quotechar
        reader = csv.reader(
            (line + "\n" for line in open_text(path)),
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
