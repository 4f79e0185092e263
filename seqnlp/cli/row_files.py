"""Tables of one row an item, as csv, tsv or JSON lines."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from seqnlp.errors import UsageError
from seqnlp.json_text import to_json
from seqnlp.spelling import nearest_or_all

DELIMITERS = {".csv": ",", ".tsv": "\t"}
ENDINGS = [*DELIMITERS, ".jsonl"]

Row = Mapping[str, Any]


def check_table(file: Path | None) -> Path | None:
    """Check the ending and the folder of an output table.

    Raises:
        seqnlp.errors.UsageError: for another ending, a folder, or a file in no folder.
    """
    if file is None:
        return None
    if file.suffix.lower() not in ENDINGS:
        raise UsageError(f"{file}: a table ends in {nearest_or_all(file.suffix, ENDINGS)}")
    if file.is_dir():
        raise UsageError(f"{file}: this is a folder; expected a file to write")
    if not file.parent.is_dir():
        raise UsageError(f"{file}: there is no folder {str(file.parent)!r}")
    return file


@contextmanager
def row_writer(file: Path) -> Iterator[Callable[[Row], None]]:
    """Write rows as they come; the file is there once all of them are.

    Gives a function to call with each row. All have the keys of the first, which are the header of a csv file.

    Raises:
        seqnlp.errors.DataError: it can't be written.
    """
    from seqnlp.run.files import replacing

    with replacing(file) as raw:
        stream = cast("IO[str]", codecs.getwriter("utf-8")(raw, "backslashreplace"))
        yield _json_lines(stream) if file.suffix.lower() == ".jsonl" else _delimited(stream, file)


def _json_lines(stream: IO[str]) -> Callable[[Row], None]:
    def write(row: Row) -> None:
        stream.write(to_json(dict(row)) + "\n")

    return write


def _delimited(stream: IO[str], file: Path) -> Callable[[Row], None]:
    writer = csv.writer(stream, delimiter=DELIMITERS[file.suffix.lower()], lineterminator="\n")
    begun = False

    def write(row: Row) -> None:
        nonlocal begun
        if not begun:
            writer.writerow(row)
            begun = True
        writer.writerow([cell_text(value) for value in row.values()])

    return write


def cell_text(value: Any) -> str:
    """Cell of a csv file: numbers with six digits, truth as yes and no, nothing where there is no value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
