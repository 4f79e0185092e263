"""Input of the commands that take text: a text a line, or a column of a file whose format is recognised."""

from __future__ import annotations

import csv
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqnlp.cli.common import blocks, decoded_blocks, input_name
from seqnlp.errors import DataError, UsageError

if TYPE_CHECKING:
    from seqnlp.readers import Parallel, Reader
    from seqnlp.records import Records

AsReader = Annotated[
    str | None,
    typer.Option(
        "--reader",
        metavar="<kind>",
        help="How to read the input: text (a text a line), csv, jsonl or a table of settings; by default by its "
        "ending or first bytes.",
    ),
]
Column = Annotated[
    str | None, typer.Option("--column", help="Column of the texts in a csv, jsonl, ...  [default: the run's]")
]

ENDINGS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "hub",
    ".arrow": "hub",
    ".conllu": "conllu",
    ".conll": "columns",
    ".iob": "columns",
    ".bio": "columns",
}
"""Kind of a file by its ending."""
REFUSED = {
    ".xlsx": "a spreadsheet",
    ".xls": "a spreadsheet",
    ".ods": "a spreadsheet",
    ".docx": "a document",
    ".odt": "a document",
    ".pdf": "a PDF",
    ".rtf": "a document",
    ".html": "an HTML page",
    ".htm": "an HTML page",
    ".xml": "XML",
    ".srt": "a file of subtitles",
    ".vtt": "a file of subtitles",
    ".zip": "a zip archive",
    ".tar": "a tar archive",
    ".xz": "compressed with xz",
    ".bz2": "compressed with bzip2",
    ".zst": "compressed with zstd",
}
MAGIC = {
    b"PAR1": "a parquet file; its name should end in .parquet",
    b"ARROW1": "an arrow file; its name should end in .arrow",
    b"PK\x03\x04": "a zip archive, such as a spreadsheet",
    b"\xd0\xcf\x11\xe0": "an office document",
    b"%PDF-": "a PDF",
    b"{\\rtf": "a document in RTF",
    b"<!doctype html": "an HTML page",
    b"<html": "an HTML page",
    b"<?xml": "XML",
    b"SQLite format 3\0": "a database",
    b"\x1f\x8b": "compressed with gzip twice",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ": "compressed with xz",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
}
"""First bytes of formats that are no text."""
COLUMNS = {"classify": ("text", "tokens"), "translate": ("source",), "tag": ("tokens",)}
"""Keys of `[data]` that name the text column, by task; of the others it is `text`."""
DELIMITERS = {",": "csv", "\t": """'{kind="csv", delimiter="\\t"}'""", ";": """'{kind="csv", delimiter=";"}'"""}
"""Settings of the reader for each delimiter of a table."""
HEAD = 1 << 16
"""Bytes that tell a format."""
RECORDS = 256
"""Records of a table that are handed on at once."""
FORCE = "--reader text takes it as lines"


ALIASES = {"tsv": """{kind="csv", delimiter="\t"}""", "parquet": "hub", "arrow": "hub"}
"""Names of `--reader` for readers with settings."""
WORDS = "`seqnlp tag` reads such files, other commands a text a line or a column of a csv, jsonl, ..."

Lines = Callable[[Path | None], Iterator[list[str]]]


@dataclass(frozen=True)
class Inputs:
    """Blocks of texts."""

    unit: str
    """`line` or `record`: what each of the texts is."""
    blocks: Iterator[list[str]]
    source: str = "standard input"
    """Name in messages."""

    def __iter__(self) -> Iterator[list[str]]:
        return self.blocks

    def note_empty(self, read: int, verb: str) -> None:
        """Print a note if nothing was read; `verb` is the work that there was nothing for."""
        if not read:
            print(f"note: {self.source} has no {self.unit}s: nothing to {verb}", file=sys.stderr)


def peek(file: Path | None) -> tuple[list[str], Lines]:
    """First lines of an input with their ends.

    Returns:
        The lines; also a reader of all of it, for `open_inputs`.
    """
    if file is not None and file.is_file():
        return first_bytes(file).decode(errors="replace").splitlines(keepends=True), decoded_blocks
    given = decoded_blocks(file, keep_mark=True)
    first = next(given, [])
    return first, lambda _: chain([first] if first else [], given)


def open_inputs(
    run: Path, file: Path | None, reader: str | None = None, column: str | None = None, lines: Lines = blocks
) -> Inputs:
    """Open the input of a command.

    Args:
        run: The run; its recipe knows the reader and the column of its corpus.
        file: None or `-` for standard input.
        reader: Kind of the reader, or its settings; `text`: a text a line. None: recognised.
        column: Column of the texts in a table; None: that of the run's corpus.
        lines: Reads a file or standard input as blocks of lines, where it is no table.

    Raises:
        seqnlp.errors.UsageError: settings that contradict each other.
        seqnlp.errors.DataError: a format that cannot be read, or has no such column; what the reader raises.
    """
    source, reader = input_name(file), ALIASES.get(reader or "", reader)
    if reader == "text":
        if column is not None:
            raise UsageError("--reader text has no columns: leave out --column")
        return Inputs("line", lines_of(file, lines, data_of(run).encoding), source)
    data = data_of(run)
    name = column or data.column
    if file is None or not file.is_file():  # a pipe can be read once, so nothing of it may be lost
        if reader is None:
            return from_stream(file, name, data, lines)
        texts = spooled(file, lambda copy: table(copy, reader_for(copy, reader, data), name, column))
        return Inputs("record", texts, source)
    if reader is None and column is None and is_parallel(file, data):
        return Inputs("record", table(file, reader_for(file, "parallel", data), name, column), source)
    kind = reader or ("csv" if column is None and is_headless(file, data) else recognised(file, name))
    if kind == "text":
        if column is not None:
            raise UsageError(f"{file} is read as lines, which have no column {column!r}; --reader csv, jsonl, ...")
        return Inputs("line", lines_of(file, lines, data.encoding), source)
    return Inputs("record", table(file, reader_for(file, kind, data), name, column), source)


def open_records(
    run: Path, file: Path | None, reader: str | None = None, column: str | None = None, lines: Lines | None = None
) -> Records[Any]:
    """Open the input of a command as records, for columns beside them.

    Args:
        run: The run; its recipe knows the reader and the column of its corpus.
        file: None or `-` for standard input.
        reader: Kind of the reader, or its settings; `text`: a text a line. None: recognised.
        column: Column of the texts in a table; None: that of the run's corpus.
        lines: Reads the input as blocks of lines with their ends.

    Raises:
        seqnlp.errors.UsageError: settings that contradict each other.
        seqnlp.errors.DataError: a format that cannot be read, or has no such column.
    """
    from seqnlp.readers.base import TextReader
    from seqnlp.readers.encodings import UTF8
    from seqnlp.records import file_lines
    from seqnlp.records.encoded import with_byte_order

    data, source, kind = data_of(run), input_name(file), ALIASES.get(reader or "", reader)
    name = column or data.column
    if file is not None and file.is_file():
        size = None if first_bytes(file, raw=True).startswith(b"\x1f\x8b") else file.stat().st_size
        if kind is None:
            kind = recognised(file, name)
            if column is None and is_parallel(file, data):
                kind = "parallel"
            elif column is None and is_headless(file, data):
                kind = "csv"
        own = None if kind in ("json", "hub", "text") else reader_for(file, kind, data)
        encoding = own.encoding if isinstance(own, TextReader) else data.encoding if kind == "text" else UTF8
        encoding = with_byte_order(encoding, first_bytes(file))
        records = records_of(kind, own, file, file_lines(file, encoding), source, name, column, size)
        records.encoding = encoding
        return records
    arriving = (lines or (lambda file: decoded_blocks(file, keep_mark=True)))(file)
    first = next(arriving, [])
    everything = chain([first] if first else [], arriving)
    if kind is None:
        kind = kind_of_stream(first, name, data, source)
    own = None if kind in ("json", "text") else reader_of_stream(kind, data)
    return records_of(kind, own, None, everything, source, name, column, None)


def records_of(
    kind: str,
    reader: Reader | None,
    file: Path | None,
    lines: Iterator[list[str]],
    source: str,
    name: str,
    column: str | None,
    size: float | None,
) -> Records[Any]:
    """Records of a format.

    Args:
        kind: Kind of the input, for one without a reader: json, text or hub.
        reader: Its reader.
        file: The file; None for a stream.
        lines: Its lines with their ends.
        source: Its name in messages.
        name: Column of the texts.
        column: The column as the user named it: as in the file. None: as the reader calls it.
        size: Its size in bytes, if known.

    Raises:
        seqnlp.errors.UsageError: columns of lines.
        seqnlp.errors.DataError: a format that has no records.
    """
    from seqnlp.readers import Csv, Jsonl, Parallel
    from seqnlp.records import ArrowRecords, CsvRecords, JsonArrayRecords, JsonLinesRecords, LineRecords

    if reader is not None and column is None:
        name = reader.columns.get(name, name)
    if kind == "text":
        if column is not None:
            raise UsageError(f"{source} is read as lines, which have no column {column!r}; --reader csv, jsonl, ...")
        return LineRecords(lines, source, name, size)
    if kind == "json":
        return JsonArrayRecords(lines, source, name, size)
    if kind == "hub" and file is not None:
        return ArrowRecords(file, name)
    if isinstance(reader, Jsonl):
        return JsonLinesRecords(lines, source, name, size)
    if isinstance(reader, Parallel):
        first = next(lines, [])
        reader, lines = csv_of_parallel(reader, first), chain([first] if first else [], lines)
    if isinstance(reader, Csv):
        return CsvRecords(lines, source, reader, name, size)
    expected = "a csv, tsv, jsonl, json or parquet file, or lines of text"
    raise DataError(f"predictions cannot be written beside this; expected {expected}", source)


def csv_of_parallel(reader: Parallel, lines: list[str]) -> Reader:
    """Reader of parallel text as a table; without a header, without quotes.

    Raises:
        seqnlp.errors.UsageError: the reader expects two files.
    """
    from seqnlp.readers import Csv
    from seqnlp.readers.text import SIDES

    if reader.suffixes:
        raise UsageError("--reader parallel with suffixes reads two files; name one, and --reader text")
    width = len(lines[0].split("\t")) if lines else len(SIDES)
    names = list(reader.names or SIDES)
    return Csv(names=[*names, *"_" * (width - len(names))], delimiter="\t", quotechar="")


def kind_of_stream(first: list[str], name: str, data: RunData, source: str) -> str:
    """Kind of a stream, by its first lines.

    Raises:
        seqnlp.errors.DataError: a format that is no text; CoNLL-U; a table or parallel text without `--reader`.
    """
    refuse_magic("".join(first[:10]).encode(), source, FORCE)
    kind = kind_of_lines([line.rstrip("\r\n").removeprefix("\ufeff") for line in first])
    if kind == "conllu":
        raise DataError("this looks like CoNLL-U", source, 1, FORCE)
    if kind == "text":
        refuse_header(first[0].rstrip("\r\n") if first else "", name, source)
        refuse_parallel(first[0] if first else "", data, source)
    return kind


def reader_of_stream(kind: str, data: RunData) -> Reader:
    """Reader of a stream: that of the run where it reads this format."""
    from seqnlp.cli.corpora import parse_reader
    from seqnlp.readers import Reader

    if data.reader.get("kind") == kind:
        own: Reader = Reader.parse(dict(data.reader))
        return own
    if kind == "hub":
        raise UsageError("parquet and arrow are read from a file: name it")
    return parse_reader(kind)


def lines_of(file: Path | None, read: Lines, encoding: str) -> Iterator[list[str]]:
    """Blocks of lines; of a file that is compressed with gzip, of its contents.

    A file has the encoding of the run's corpus, standard input is UTF-8.
    """
    from seqnlp.readers.encodings import is_utf8
    from seqnlp.readers.files import GZIP, open_text

    is_file = file is not None and file.is_file()
    if file is not None and is_file and (not is_utf8(encoding) or first_bytes(file, raw=True).startswith(GZIP)):
        lines = open_text(file, encoding)
        while block := list(islice(lines, RECORDS)):
            yield block
    else:
        yield from read(file)


@dataclass(frozen=True)
class RunData:
    """Settings of a run's corpus that tell how to read a table."""

    reader: Mapping[str, Any]
    column: str
    """Column of the texts."""
    separator: str = "|"
    """Separator of several labels in a text."""

    @property
    def encoding(self) -> str:
        """Encoding of the files."""
        return str(self.reader.get("encoding", "utf-8"))


def data_of(run: Path) -> RunData:
    """Reader and text column of a run, from its recipe; no plugin is imported for it."""
    from seqnlp.run import Run
    from seqnlp.run.summary import read_recipe

    recipe = read_recipe(Run.open(run))
    data = recipe.get("data")
    data = data if isinstance(data, Mapping) else {}
    keys = COLUMNS.get(str(recipe.get("task")), ("text",))
    column = next((data[key] for key in keys if key in data), "text")
    reader = data.get("reader")
    settings = reader if isinstance(reader, Mapping) else {"kind": str(reader)}
    return RunData(settings, str(column), str(data.get("separator") or "|"))


def is_parallel(file: Path, data: RunData) -> bool:
    """True for a file with tabs, where the run's corpus is parallel; not with a header."""
    from seqnlp.readers.files import suffix_of

    if data.reader.get("kind") != "parallel" or data.reader.get("suffixes"):
        return False
    if suffix_of(file) not in ("", ".txt", ".tsv"):
        return False
    line = first_bytes(file).partition(b"\n")[0].decode(errors="replace")
    return "\t" in line and data.column not in line.split("\t")


def is_headless(file: Path, data: RunData) -> bool:
    """True for a text file with the corpus columns between tabs.

    Only of a recipe that names its columns, for such files have no header.
    """
    from seqnlp.readers.files import suffix_of

    names = data.reader.get("names")
    if data.reader.get("kind") != "csv" or not names or data.reader.get("delimiter") != "\t":
        return False
    line = first_bytes(file).partition(b"\n")[0].decode(errors="replace")
    return suffix_of(file) not in ENDINGS and line.count("\t") == len(names) - 1


def recognised(file: Path, column: str) -> str:
    """Kind of the reader for a file: by its ending, or where that says nothing by its first bytes.

    Raises:
        seqnlp.errors.DataError: a format that is no text; a table with this column whose ending says nothing.
    """
    plain = file.name.lower().removesuffix(".gz")
    ending = Path(plain).suffix
    if ending in REFUSED:
        hint = "" if b"\0" in first_bytes(file) else FORCE
        raise DataError(f"this is {REFUSED[ending]}; save it as csv, jsonl or text", file, hint=hint)
    head = first_bytes(file)
    kind = ENDINGS.get(ending)
    if kind == "json":
        return "json" if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[") else "jsonl"
    if kind == "hub":
        return kind
    refuse_magic(head, str(file))
    lines = head.decode(errors="replace").removeprefix("\ufeff").splitlines()
    kind = kind or kind_of_lines(lines)
    if kind == "text":
        refuse_header(lines[0] if lines else "", column, str(file))
    return kind


def refuse_magic(head: bytes, source: str, hint: str = "") -> None:
    """Refuse a format that is no text, told by its first bytes.

    Raises:
        seqnlp.errors.DataError: naming the format.
    """
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()  # markup may begin with white space
    for magic, what in MAGIC.items():
        if head.startswith(magic) or (magic.startswith(b"<") and start[: len(magic)].lower() == magic):
            raise DataError(f"this is {what}; expected text, csv or jsonl", source, hint=hint)


def first_bytes(file: Path, raw: bool = False) -> bytes:
    """First bytes of a file, decompressed unless `raw`."""
    from seqnlp.readers.files import open_bytes

    if raw:
        with file.open("rb") as opened:
            return opened.read(2)
    with open_bytes(file) as contents:
        return contents.read(HEAD)


def kind_of_lines(lines: list[str]) -> str:
    """Kind of text by its first lines: jsonl, json, conllu or text."""
    from seqnlp.readers.conll import is_conllu

    first = next((line for line in lines if line.strip()), "")
    with suppress(ValueError, RecursionError):
        value = json.loads(first)
        if isinstance(value, dict) and value:
            return "jsonl"
    if first.lstrip().startswith("[") and "".join(lines).lstrip(" \t[").startswith("{"):
        return "json"
    return "conllu" if is_conllu(lines) else "text"


def reader_for(file: Path, kind: str, data: RunData) -> Reader | None:
    """Reader of a table: that of the run where it reads this format; None for a JSON array.

    Raises:
        seqnlp.errors.UsageError: no such reader.
        seqnlp.errors.DataError: the reader has no records of text.
    """
    from seqnlp.cli.corpora import parse_reader
    from seqnlp.readers import Csv, Hub, Reader

    if kind == "json":
        return None
    if kind in ("conllu", "columns") and data.reader.get("kind") != kind:
        raise DataError(f"this has a word on each line; {WORDS}, {FORCE}", file)
    if kind == "columns" or kind == "conllu":
        raise DataError(f"this has a word on each line: tag it with --conllu or --columns; {FORCE}", file)
    if kind == "hub":
        return Hub(path=str(file))
    if data.reader.get("kind") != kind:
        return parse_reader(kind)
    reader: Reader = Reader.parse(dict(data.reader))
    if isinstance(reader, Csv) and reader.names:
        headless = reader.model_copy(update={"names": []})
        if reader.columns.get(data.column, data.column) in headless.header(file):
            return headless  # unlike those of the corpus, this file names its columns
    return reader


def table(file: Path, reader: Reader | None, name: str, column: str | None) -> Iterator[list[str]]:
    """Blocks of the texts of a column.

    Args:
        file: The file.
        reader: Its reader; None: it is a JSON array.
        name: The column.
        column: The column as the user named it: as in the file. None: as the reader calls it.
    """
    if reader is not None and column is None:
        name = reader.columns.get(name, name)
    rows = json_array(file) if reader is None else stream(file, reader, name)
    texts = (text_of(row.get(name), file, number, name) for number, row in enumerate(rows, 1))
    try:
        while block := list(islice(texts, RECORDS)):
            yield block
    except DataError as error:
        if error.problem.startswith(("no column", "no line has the key")) and not error.hint:
            raise error.replace(hint=f"--column names another, {FORCE}") from None
        raise


def stream(file: Path, reader: Reader, name: str) -> Iterator[Mapping[str, Any]]:
    """Rows of a file; of a dataset those of its only split."""
    from seqnlp.readers import Hub

    return reader.stream("train" if isinstance(reader, Hub) else file, [name])


def json_array(file: Path) -> Iterator[Mapping[str, Any]]:
    """Objects of a JSON array.

    Raises:
        seqnlp.errors.DataError: it is something else.
    """
    from seqnlp.readers.files import read_text

    try:
        found = json.loads(read_text(file))
    except (ValueError, RecursionError) as error:
        raise DataError(f"this is not JSON: {error}", file) from None
    for number, value in enumerate(found if isinstance(found, list) else [found], 1):
        if not isinstance(value, dict):
            raise DataError(f"item {number} is not an object with keys", file)
        yield value


def text_of(value: Any, file: Path | str, number: int, name: str) -> str:
    """Text in a cell; empty for null; words joined by blanks.

    Raises:
        seqnlp.errors.DataError: it is something else.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        return " ".join(value)
    raise DataError(f"record {number}: {name!r} is {str(value)[:40]}; expected text", file)


def from_stream(file: Path | None, name: str, data: RunData, read: Lines) -> Inputs:
    """Input that can be read once: lines, or objects of JSON Lines, as they come.

    Raises:
        seqnlp.errors.DataError: its first line is of a table, of parallel text, or of CoNLL-U.
    """
    source = input_name(file)
    arriving = read(file)
    first = next(arriving, [])
    everything = chain([first] if first else [], arriving)
    refuse_magic("".join(first[:10]).encode(), source, FORCE)
    kind = kind_of_lines(first)
    if kind == "jsonl":
        return Inputs("record", objects_of(everything, name, source), source)
    if kind in ("json", "conllu"):
        what = {"json": "a JSON array", "conllu": "CoNLL-U"}[kind]
        raise DataError(f"this looks like {what}", source, 1, FORCE)
    refuse_header(first[0] if first else "", name, source)
    refuse_parallel(first[0] if first else "", data, source)
    return Inputs("line", everything, source)


def refuse_parallel(line: str, data: RunData, source: str) -> None:
    """Refuse a first line with a tab; for a run with a parallel corpus.

    Raises:
        seqnlp.errors.DataError: naming the settings that read it.
    """
    if data.reader.get("kind") == "parallel" and not data.reader.get("suffixes") and "\t" in line:
        hint = f"--reader parallel, {FORCE}"
        raise DataError("this looks like source and target with a tab between", source, 1, hint)


def refuse_header(line: str, name: str, source: str) -> None:
    """Refuse a first line of column names with this one among them.

    Raises:
        seqnlp.errors.DataError: naming the settings that read such a table.
    """
    for delimiter, setting in DELIMITERS.items():
        fields: list[str] = []
        with suppress(csv.Error, StopIteration):
            fields = next(csv.reader([line], delimiter=delimiter))
        if len(fields) > 1 and name in [field.strip() for field in fields]:
            hint = f"--reader {setting} reads it, {FORCE}"
            raise DataError("this looks like a table with a header", source, 1, hint)


def objects_of(arriving: Iterator[list[str]], name: str, source: str) -> Iterator[list[str]]:
    """Texts of a key of JSON Lines that arrive."""
    number = 0
    for lines in arriving:
        texts = []
        for line in lines:
            number += 1
            if not line.strip():
                continue
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise DataError(f"this is not JSON: {error}; {FORCE}", source, number) from None
            if not isinstance(value, dict) or name not in value:
                raise DataError(f"no key {name!r} here; --column names another, {FORCE}", source, number)
            texts.append(text_of(value[name], source, number, name))
        if texts:
            yield texts


def spooled(file: Path | None, read: Callable[[Path], Iterator[list[str]]]) -> Iterator[list[str]]:
    """Copy a stream to a temporary file, and read that.

    Raises:
        seqnlp.errors.DataError: naming the stream instead of the copy.
    """
    is_input = file is None or str(file) == "-"
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "standard input"
        try:
            with (
                os.fdopen(os.dup(0), "rb") if is_input else Path(str(file)).open("rb") as source,
                copy.open("wb") as target,
            ):
                shutil.copyfileobj(source, target)
        except OSError as error:
            raise DataError(error.strerror or str(error), file) from None
        try:
            yield from read(copy)
        except DataError as error:
            raise error.replace(path="standard input" if is_input else file) from None
