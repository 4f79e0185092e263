"""JSON Lines: an object a line."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from seqnlp.errors import DataError
from seqnlp.notes import note
from seqnlp.readers.base import TextReader, tabulate
from seqnlp.readers.files import open_text
from seqnlp.readers.rows import Kind, Row, RowStream
from seqnlp.spelling import nearest_or_all

if TYPE_CHECKING:
    from datasets import Dataset

LARGEST = sys.float_info.max
NAMES: dict[Kind, str] = {
    "text": "a string",
    "texts": "a list of strings",
    "boolean": "true or false",
    "whole": "a whole number",
    "number": "a number",
    "numbers": "a list of numbers",
}


class Jsonl(TextReader):
    """JSON Lines: strings, numbers, `true` and `false`, and lists of strings or of numbers.

    The first line with a value says what a column holds: after `1` only whole numbers may follow, after `1.0` all
    numbers. `null`, and a key that a line lacks, are empty. Keys that nobody needs may hold anything.
    """

    streams = True

    kind: Literal["jsonl"] = "jsonl"

    def read(self, source: str | Path) -> Dataset:
        path = Path(source)
        kinds, odd = clear_kinds(path, self.encoding)
        if odd and not kinds:
            raise DataError(f"no key holds text or numbers alone; there are {', '.join(odd)}", path)
        if odd:
            note(f"{path}: not read: {', '.join(odd)}, where there is more than text or numbers of one kind")
        return tabulate(self, [path], kinds, lambda: checked(path, kinds, self.encoding))

    def read_columns(self, source: str | Path, columns: Collection[str]) -> Dataset:
        stream = self.row_stream(source, columns)
        return tabulate(self, stream.files, stream.kinds, stream.rows)

    def stream(self, source: str | Path, columns: Collection[str]) -> Iterator[Row]:
        yield from self.row_stream(source, columns).rows()

    def row_stream(self, source: str | Path, columns: Collection[str]) -> RowStream:
        path = Path(source)
        kinds = kinds_of(path, columns, self.encoding)
        return RowStream([path], kinds, lambda: checked(path, kinds, self.encoding))

    def line_of(self, source: str | Path, row: int, item: int = 0) -> int | None:
        return next(islice(objects(Path(source), self.encoding), row, None), (None, {}))[0]


def objects(path: Path, encoding: str | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the objects of a file with their lines; empty lines are skipped."""
    for number, line in enumerate(open_text(path, encoding), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line, parse_constant=refuse)
            if "\\u" in line:
                json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair is not text
        except ValueError as error:
            raise DataError(f"this is not JSON: {error}", path, number) from None
        except RecursionError:
            raise DataError("too many nested lists", path, number) from None
        if not isinstance(value, dict) or not value:
            raise DataError(f"{line.strip()[:40]} is not an object with keys", path, number)
        yield number, value


def refuse(constant: str) -> float:
    """Refuse NaN and Infinity, which Python reads and JSON does not have."""
    raise ValueError(f"{constant} is not a number")


def kinds_of(path: Path, columns: Collection[str], encoding: str | None = None) -> dict[str, Kind]:
    """Kinds of some columns, from the first value of each.

    Raises:
        seqnlp.errors.DataError: a column that no line has; a value of no kind.
    """
    kinds: dict[str, Kind] = {}
    seen: set[str] = set()
    for number, row in objects(path, encoding):
        seen |= row.keys()
        for name in columns:
            if name in kinds or (value := row.get(name)) in (None, []):
                continue
            kinds[name] = kind_of(value, name, path, number)
        if len(kinds) == len(columns):
            break
    for name in columns:
        if seen and name not in seen:
            raise DataError(f"no line has the key {name!r}: {nearest_or_all(name, sorted(seen))}", path)
    return {name: kinds.get(name) or empty_kind(path, name, encoding) for name in columns}


def empty_kind(path: Path, name: str, encoding: str | None = None) -> Kind:
    """Kind of a column without any value: lists if there is one, else text."""
    return "texts" if any(row.get(name) == [] for _, row in objects(path, encoding)) else "text"


def clear_kinds(path: Path, encoding: str | None = None) -> tuple[dict[str, Kind], list[str]]:
    """Kinds of the columns with values of one kind; names of the others."""
    kinds: dict[str, Kind | None] = {}
    empty: dict[str, Kind] = {}
    for _, row in objects(path, encoding):
        for name, value in row.items():
            if value is None or value == []:
                empty.setdefault(name, "text" if value is None else "texts")
            elif name not in kinds:
                kinds[name] = next((kind for kind in NAMES if fits(value, kind)), None)
            elif (kind := kinds[name]) is not None and not fits(value, kind):
                kinds[name] = "number" if kind == "whole" and fits(value, "number") else None
    found = {name: kind for name, kind in {**empty, **kinds}.items() if kind is not None}
    return found, [name for name, kind in kinds.items() if kind is None]


def kind_of(value: Any, name: str, path: Path, line: int) -> Kind:
    """Kind of a value."""
    for kind in NAMES:
        if fits(value, kind):
            return kind
    found = json.dumps(value, ensure_ascii=False)[:40]
    raise DataError(f"{name!r} is {found}; expected {', '.join(NAMES.values())}", path, line)


def fits(value: Any, kind: Kind) -> bool:
    """True for a value of a kind; `true` is not a number here."""
    if kind == "text":
        return isinstance(value, str)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "whole":
        return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST
    item: Kind = "text" if kind == "texts" else "number"
    return isinstance(value, list) and all(element is None or fits(element, item) for element in value)


def checked(path: Path, kinds: Mapping[str, Kind], encoding: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield the columns of a file, checked for their kinds; None where there is no value."""
    for number, line in objects(path, encoding):
        row = {name: line.get(name) for name in kinds}
        for name, kind in kinds.items():
            value = row[name]
            if value is None:
                continue
            if kind == "whole" and isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
                row[name] = int(value)
            elif not fits(value, kind):
                found = json.dumps(value, ensure_ascii=False)[:40]
                raise DataError(f"{name!r} is {found}; expected {NAMES[kind]} as before", path, number)
            elif kind == "number":
                row[name] = float(value)
            elif kind == "numbers":
                row[name] = [None if element is None else float(element) for element in value]
        yield row
