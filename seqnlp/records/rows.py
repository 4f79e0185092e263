"""Rows written in the format that a reader of corpora reads."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from seqnlp.errors import DataError
from seqnlp.readers import Columns, Conllu, Csv, Jsonl, Reader
from seqnlp.readers.conll import COLUMNS, SKIPPED, parse_conllu
from seqnlp.readers.delimited import UNNAMED
from seqnlp.readers.files import open_text, read_text
from seqnlp.run.files import write_bytes

Row = Mapping[str, Any]
"""Columns by name: a text, or a list of texts."""

TEXT = "text"
"""Comment of a CoNLL-U sentence with its text."""


def writer_for(reader: Reader, row: Row) -> Columns | Conllu | Csv | Jsonl:
    """Reader in whose format a row can be written: the same one, or else that of JSON Lines.

    A csv holds no lists, CoNLL formats nothing else, and corpora of the Hub are no files of the user's.
    """
    lists = any(isinstance(value, list) for value in row.values())
    if isinstance(reader, Columns | Conllu) and lists:
        known = COLUMNS if isinstance(reader, Conllu) else reader.names
        if all(name in known for name, value in row.items() if isinstance(value, list)):
            return reader
    if (isinstance(reader, Csv) and not lists) or isinstance(reader, Jsonl):
        return reader
    return Jsonl()


def suffix_of(reader: Reader, source: str) -> str:
    """Suffix of a file in the format of a reader.

    It is that of a file of the corpus, if that has one.
    """
    whole = reader.split_slice(source)[0] if reader.reads_files else ""
    own = Path(whole).suffix if not isinstance(reader, Jsonl) else ""
    return (
        own if own not in ("", ".gz") else {Conllu: ".conllu", Csv: ".csv", Jsonl: ".jsonl"}.get(type(reader), ".txt")
    )


def read_rows(reader: Columns | Conllu | Csv | Jsonl, path: Path, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Read some columns of a file, row by row, without a cache.

    Raises:
        seqnlp.errors.DataError: what the reader raises.
    """
    if isinstance(reader, Conllu):
        rows: Iterator[Mapping[str, Any]] = parse_conllu(open_text(path, reader.encoding), path)
    elif isinstance(reader, Columns):
        rows = reader.sentences(path)
    else:
        rows = reader.stream(path, names)
    return ({name: row[name] for name in names} for row in rows)


def append_row(reader: Columns | Conllu | Csv | Jsonl, path: Path, row: Row, key: str) -> tuple[int, bool]:
    """Append a row to a file, atomically; one with the same key is replaced.

    Args:
        reader: Of the file, which need not exist.
        path: The file.
        row: Columns as they are named in the file. `text` of a CoNLL-U sentence becomes its comment.
        key: Column by which a row is the same.

    Returns:
        The number of rows in the file now, and True if one was replaced.

    Raises:
        seqnlp.errors.DataError: the format can't hold a value; the file can't be read or written.
    """
    names = [name for name in row if not (isinstance(reader, Conllu) and name == TEXT)]
    before = [*read_rows(reader, path, names)] if path.exists() else []
    others = [each for each in before if each[key] != row[key]]
    replaced = len(others) < len(before)
    if path.exists() and not replaced:
        text = read_text(path, reader.encoding)
        text += "" if text.endswith("\n") or not text else "\n"
        gap = isinstance(reader, Columns | Conllu) and text and not text.endswith("\n\n")
        text += "\n" * bool(gap) + rows_text(reader, [row], path, header=not text)
    else:
        text = rows_text(reader, [*others, row], path)
    write_rows(reader, path, text, len(others) + 1, {name: row[name] for name in names})
    return len(others) + 1, replaced


def write_rows(reader: Columns | Conllu | Csv | Jsonl, path: Path, text: str, count: int, last: Row) -> None:
    """Write the text of rows atomically, once it reads back right.

    Args:
        reader: Of the file.
        path: The file.
        text: From `rows_text`.
        count: Number of rows in it.
        last: The last one.

    Raises:
        seqnlp.errors.DataError: the format can't hold a value; the file can't be written.
    """
    try:
        content = text.encode(getattr(reader, "encoding", "utf-8"))
    except UnicodeEncodeError as error:
        raise DataError(f"{error.object[error.start]!r} can't be written in {error.encoding}", path) from None
    trial = path.with_name(f".{path.name}.trial{path.suffix}")
    try:
        write_bytes(trial, content)
        rows = [*read_rows(reader, trial, list(last))]
    finally:
        trial.unlink(missing_ok=True)
    if len(rows) != count or rows[-1] != dict(last):
        raise DataError("this format can't hold what was to be written", path)
    write_bytes(path, content)


def rows_text(reader: Columns | Conllu | Csv | Jsonl, rows: Sequence[Row], path: Path, header: bool = True) -> str:
    """Text of rows in the format of a reader.

    Args:
        reader: The reader.
        rows: With the same columns.
        path: Name of the file, for messages and for the usual delimiter.
        header: A csv begins with its header line.

    Raises:
        seqnlp.errors.DataError: the format can't hold a value.
    """
    if isinstance(reader, Jsonl):
        return "".join(json.dumps(dict(row), ensure_ascii=False) + "\n" for row in rows)
    if isinstance(reader, Csv):
        return _csv(reader, rows, path, header)
    if isinstance(reader, Conllu):
        return "".join(_conllu(row, path) for row in rows)
    return "".join(_columns(reader, row, path) for row in rows)


def _csv(reader: Csv, rows: Sequence[Row], path: Path, header: bool) -> str:
    delimiter, quote = reader.dialect(path)
    out = io.StringIO()
    writer = csv.writer(
        out,
        delimiter=delimiter,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        lineterminator="\n",
    )
    names = reader.names or (reader.header(path) if path.exists() else list(rows[0]) if rows else [])
    try:
        if header and not reader.names:
            writer.writerow(names)
        for row in rows:
            writer.writerow(["" if name == UNNAMED else row.get(name, "") for name in names])
    except csv.Error:
        raise DataError("a text holds the delimiter or the end of a line, and this file has no quotes", path) from None
    return out.getvalue()


def _conllu(row: Row, path: Path) -> str:
    """A sentence; columns without values are `_`, and the comment is its text."""
    lists = {name: values for name, values in row.items() if name in COLUMNS}
    count = max(map(len, lists.values()), default=0)
    lines = [f"# text = {' '.join(str(row[TEXT]).split())}"] if row.get(TEXT) else []
    for number in range(count):
        fields = [str(lists[name][number]) if name in lists else SKIPPED for name in COLUMNS]
        _check_fields(fields, "\t", path)
        lines.append("\t".join([str(number + 1), *fields]))
    return "\n".join(lines) + "\n\n"


def _columns(reader: Columns, row: Row, path: Path) -> str:
    count = max(map(len, row.values()), default=0)
    delimiter = reader.delimiter or "\t"
    lines = []
    for number in range(count):
        fields = [str(row[name][number]) if name in row else SKIPPED for name in reader.names]
        _check_fields(fields, reader.delimiter, path)
        lines.append(delimiter.join(fields))
    return "\n".join(lines) + "\n\n"


def _check_fields(fields: Sequence[str], delimiter: str | None, path: Path) -> None:
    """See whether fields can stand in a line.

    Raises:
        seqnlp.errors.DataError: one is empty, or holds what parts fields or lines.
    """
    for field in fields:
        parts = field.split() != [field] if delimiter is None else delimiter in field or len(field.splitlines()) != 1
        if parts:
            raise DataError(f"{field!r} can't be a field of this file", path)
