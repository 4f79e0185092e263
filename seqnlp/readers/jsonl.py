"""JSON Lines: an object a line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from seqnlp.errors import DataError
from seqnlp.readers.base import Kind, Reader, tabulate
from seqnlp.readers.files import open_text

if TYPE_CHECKING:
    from datasets import Dataset

LARGEST = sys.float_info.max
NAMES: dict[Kind, str] = {
    "text": "a string",
    "texts": "a list of strings",
    "whole": "a whole number",
    "number": "a number",
    "numbers": "a list of numbers",
}


class Jsonl(Reader):
    """JSON Lines with the same keys on every line: strings, numbers, and lists of strings or of numbers.

    The first line says what a column holds: after `1` only whole numbers may follow, after `1.0` all numbers.
    """

    kind: Literal["jsonl"] = "jsonl"

    def read(self, source: str | Path) -> Dataset:
        path = Path(source)
        kinds = kinds_of(path)
        return tabulate(self, [path], kinds, lambda: checked(path, kinds))


def objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the objects of a file with their lines; empty lines are skipped."""
    for number, line in enumerate(open_text(path), 1):
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


def kinds_of(path: Path) -> dict[str, Kind]:
    """Kinds of the columns, from the first line; that of an empty list from the first line that fills it."""
    kinds: dict[str, Kind] = {}
    waiting: set[str] = set()
    for number, row in objects(path):
        if not kinds:
            kinds = {name: kind_of(value, name, path, number) for name, value in row.items()}
            waiting = {name for name, value in row.items() if value == []}
        for name in [name for name in waiting if row.get(name)]:
            kinds[name] = kind_of(row[name], name, path, number)
            waiting.discard(name)
        if not waiting:
            break
    return kinds


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
    if kind == "whole":
        return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST
    item: Kind = "text" if kind == "texts" else "number"
    return isinstance(value, list) and all(fits(element, item) for element in value)


def checked(path: Path, kinds: dict[str, Kind]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file, checked for equal keys and types."""
    for number, row in objects(path):
        if differing := kinds.keys() ^ row.keys():
            name = min(differing)
            problem = (
                f"no {name!r}, which the first line has" if name in kinds else f"{name!r} is not in the first line"
            )
            raise DataError(problem, path, number)
        for name, kind in kinds.items():
            if not fits(row[name], kind):
                found = json.dumps(row[name], ensure_ascii=False)[:40]
                raise DataError(f"{name!r} is {found}; expected {NAMES[kind]} as before", path, number)
            if kind == "number":
                row[name] = float(row[name])
            elif kind == "numbers":
                row[name] = [float(element) for element in row[name]]
        yield row
