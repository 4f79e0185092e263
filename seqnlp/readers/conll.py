"""CoNLL formats, a token per line: columns of any names, and CoNLL-U."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, tee
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

from pydantic import field_validator

from seqnlp.errors import DataError
from seqnlp.readers.base import TextReader, tabulate
from seqnlp.readers.files import BOM, open_text
from seqnlp.readers.rows import Kind, RowStream

if TYPE_CHECKING:
    from datasets import Dataset

SKIPPED = "_"


class Columns(TextReader):
    """CoNLL-style columns, a token and its annotations on each line: one list of strings a column."""

    streams = True
    renamed = {"document": "document_separator"}

    kind: Literal["columns"] = "columns"
    names: list[str]
    """Names of the columns from left to right; `_` for one to leave out."""
    delimiter: str | None = None
    """Delimiter of columns; left out: any run of spaces and tabs."""
    comment: str | None = None
    """Prefix of lines that are comments. Careful: `#` also begins hashtags."""
    document_separator: str | None = "-DOCSTART-"
    """First field of lines that separate documents; they are skipped."""

    @field_validator("names")
    @classmethod
    def _distinct(cls, names: list[str]) -> list[str]:
        kept = [name for name in names if name != SKIPPED]
        if not kept:
            raise ValueError("name at least one column")
        if len(set(kept)) < len(kept):
            raise ValueError("two columns have the same name")
        return names

    @field_validator("delimiter", "comment", "document_separator")
    @classmethod
    def _not_empty(cls, text: str | None) -> str | None:
        if text == "":
            raise ValueError("Input should not be empty")
        return text

    def read(self, source: str | Path) -> Dataset:
        stream = self.row_stream(source, ())
        return tabulate(self, stream.files, stream.kinds, stream.rows)

    def row_stream(self, source: str | Path, columns: Collection[str]) -> RowStream:
        path = Path(source)
        kinds: dict[str, Kind] = {name: "texts" for name in self.names if name != SKIPPED}
        return RowStream([path], kinds, lambda: self.sentences(path))

    def line_of(self, source: str | Path, row: int, item: int = 0) -> int | None:
        found, inside = -1, -1
        for number, line in enumerate(open_text(Path(source), self.encoding), 1):
            if self.comment is not None and line.startswith(self.comment):
                continue
            if not line.strip() or line.split(self.delimiter)[0] == self.document_separator:
                inside = -1
                continue
            found, inside = found + (inside < 0), inside + 1
            if (found, inside) == (row, item):
                return number
        return None

    def documents(self, source: str | Path) -> list[int] | None:
        document, found = 0, []
        for block in self.blocks(open_text(Path(source), self.encoding), source):
            if any(isinstance(row, list) for row in block):
                found.append(document)
            last = block[-1]
            document += isinstance(last, str) and last.split(self.delimiter)[:1] == [self.document_separator]
        return found if len(set(found)) > 1 else None

    def sentences(self, path: Path) -> Iterator[dict[str, list[str]]]:
        """Yield the sentences of a file, one at a time."""
        for block in self.blocks(open_text(path, self.encoding), path):
            if tokens := [row for row in block if isinstance(row, list)]:
                yield self.sentence(tokens)

    def blocks(self, lines: Iterable[str], path: str | Path) -> Iterator[list[str | list[str]]]:
        """Yield all lines of a text, at most one sentence a block.

        Args:
            lines: Lines without their ends.
            path: Name of the file, for messages.

        Yields:
            For each line its columns if it is a token, and the line itself if it is a comment, separates documents
            or is empty; a line that ends a sentence is the last one of its block.

        Raises:
            seqnlp.errors.DataError: for a line with a wrong number of columns.
        """
        block: list[str | list[str]] = []
        for number, line in enumerate(lines, 1):
            fields = line.split(self.delimiter)
            if self.comment is not None and line.startswith(self.comment):
                block.append(line)
            elif not line.strip() or fields[0] == self.document_separator:
                yield [*block, line]
                block = []
            elif len(fields) == len(self.names):
                block.append(fields)
            else:
                expected = f"{len(self.names)} ({', '.join(self.names)})"
                raise DataError(f"{len(fields)} columns; expected {expected}", path, number)
        if block:
            yield block

    def sentence(self, tokens: list[list[str]]) -> dict[str, list[str]]:
        """Turn the rows of a sentence into columns."""
        columns = zip(self.names, zip(*tokens, strict=True), strict=True)
        return {name: list(values) for name, values in columns if name != SKIPPED}


def rewrite_columns(
    lines: Iterable[str],
    out: IO[bytes],
    columns: Iterator[Mapping[str, Sequence[str]]],
    reader: Columns,
    path: str | Path,
) -> set[str]:
    """Copy a text of columns with some filled in; all else byte for byte.

    Columns that the text has no place for are added at the right.

    Args:
        lines: The lines with their ends, and the byte order mark, if there is one.
        out: Stream for the copy, in UTF-8.
        columns: For each sentence new columns by name, one string per token.
        reader: Names of the columns, and their delimiter.
        path: Name of the file, for messages.

    Returns:
        Columns that held something else than `_` before.

    Raises:
        seqnlp.errors.DataError: what `Columns.blocks` raises; a new value that holds the delimiter.
    """
    raw, read = tee(lines)
    stripped = (line.removeprefix(BOM).rstrip("\r\n") for line in read)
    replaced: set[str] = set()
    for block in reader.blocks(stripped, path):
        rows = [row for row in block if isinstance(row, list)]
        new = next(columns) if rows else {}
        if rows:
            places = {name: reader.names.index(name) for name in new if name in reader.names}
            replaced |= {name for name, place in places.items() if any(row[place] != SKIPPED for row in rows)}
        tokens = iter(range(len(rows)))
        for line, row in zip(islice(raw, len(block)), block, strict=True):
            if line.startswith(BOM):
                out.write(BOM.encode())
                line = line.removeprefix(BOM)
            if isinstance(row, list):
                token = next(tokens)
                line = with_fields(line, reader, {name: values[token] for name, values in new.items()}, path)
            out.write(line.encode())
        out.flush()
    return replaced


def with_fields(line: str, reader: Columns, new: Mapping[str, str], path: str | Path) -> str:
    """Fill fields of a line, in their places or at the right."""
    body = line.rstrip("\r\n" if reader.delimiter else None)
    parts = re.split(r"(\s+)" if reader.delimiter is None else f"({re.escape(reader.delimiter)})", body)
    # fields and what parts them take turns; a line that begins with white space has an empty part before
    start = 2 if reader.delimiter is None and not parts[0] else 0
    between = parts[-2] if len(parts) > 1 else reader.delimiter or "\t"
    for name, value in new.items():
        if not value or (any(map(str.isspace, value)) if reader.delimiter is None else reader.delimiter in value):
            raise DataError(f"the {name} {value!r} is no field of a file of columns", path)
        if name in reader.names:
            parts[start + 2 * reader.names.index(name)] = value
        else:
            parts += [between, value]
    return "".join(parts) + line[len(body) :]


COLUMNS = ("form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
COMMENTS = ("sent_id", "text")
WIDTH = 1 + len(COLUMNS)
PLAIN_IDS = [str(number) for number in range(1, 513)]
ID = re.compile(r"([0-9]{1,9})(?:([-.])([0-9]{1,9}))?")
NEWDOC = re.compile(r"#\s*newdoc\b")
OWN_COMMENT = re.compile(r"#\s*(?:(?:sent_id|text|(?:newdoc|newpar)\s+id|global\.columns)\s*=|(?:newdoc|newpar)\s*$)")
TAG = re.compile("O|[BIELMSUW]-\\S+")
COMMENT = re.compile(r"#\s*(\w+)\s*=(.*)")


class Conllu(TextReader):
    """CoNLL-U sentences: the nine columns as lists of strings, and `sent_id` and `text` as strings.

    Multiword tokens (`1-2`) and empty nodes (`3.1`) are not words and are left out.
    """

    streams = True

    kind: Literal["conllu"] = "conllu"

    def read(self, source: str | Path) -> Dataset:
        stream = self.row_stream(source, ())
        return tabulate(self, stream.files, stream.kinds, stream.rows)

    def row_stream(self, source: str | Path, columns: Collection[str]) -> RowStream:
        path = Path(source)
        kinds: dict[str, Kind] = {**dict.fromkeys(COLUMNS, "texts"), **dict.fromkeys(COMMENTS, "text")}
        return RowStream([path], kinds, lambda: parse_conllu(open_text(path, self.encoding), path))

    def line_of(self, source: str | Path, row: int, item: int = 0) -> int | None:
        found, word, inside = -1, -1, False
        for number, line in enumerate(open_text(Path(source), self.encoding), 1):
            if not line or line[0] == "#":
                inside = inside and bool(line)
                continue
            if not inside:
                found, word, inside = found + 1, -1, True
            is_word = line.partition("\t")[0].isdigit()
            word += is_word
            if is_word and (found, word) == (row, item):
                return number
        return None

    def documents(self, source: str | Path) -> list[int] | None:
        document, inside, found = 0, False, []
        for line in open_text(Path(source), self.encoding):
            if line.startswith("#"):
                document += NEWDOC.match(line) is not None
                continue
            if line and not inside:
                found.append(document)
            inside = bool(line)
        return found if len(set(found)) > 1 else None


def parse_conllu(lines: Iterable[str], path: str | Path | None = None) -> Iterator[dict[str, Any]]:
    """Yield the sentences of a CoNLL-U text, one at a time.

    Args:
        lines: Lines without their ends.
        path: Name of the file, for messages.

    Yields:
        The nine columns, a string for each word, and the comments `sent_id` and `text` ("" if none).

    Raises:
        seqnlp.errors.DataError: with its line, for a row without ten columns or with an id out of order.
    """
    rows: list[list[str]] = []
    comments = dict.fromkeys(COMMENTS, "")
    for number, line in enumerate(chain(lines, [""]), 1):  # the last sentence may lack its empty line
        if not line:
            if rows:
                yield sentence(rows, comments, path, number - len(rows))
            rows, comments = [], dict.fromkeys(COMMENTS, "")
        elif line[0] != "#":
            rows.append(line.split("\t"))
        elif rows:
            raise DataError("a comment inside a sentence; an empty line ends a sentence", path, number)
        elif (match := COMMENT.fullmatch(line)) and match[1] in comments:
            comments[match[1]] = match[2].strip()


def sentence(
    rows: Sequence[Sequence[str]], comments: Mapping[str, str], path: str | Path | None, first: int
) -> dict[str, Any]:
    """Turn the rows of a sentence into columns; `first` is the line of the first row."""
    words = [rows[index] for index in words_among(rows, path, first)]
    _, *columns = zip(*words, strict=True)
    return dict(zip(COLUMNS, map(list, columns), strict=True)) | dict(comments)


def words_among(rows: Sequence[Sequence[str]], path: str | Path | None, first: int) -> Sequence[int]:
    """Indices of the rows that are words. The width and the id of every row are checked.

    Raises:
        seqnlp.errors.DataError: with the line of the first row that is wrong.
    """
    for line, row in enumerate(rows, first):
        if len(row) != WIDTH:
            raise DataError(f"{len(row)} tab-separated columns; expected {WIDTH}", path, line)
    if [row[0] for row in rows] == PLAIN_IDS[: len(rows)]:
        return range(len(rows))
    words: list[int] = []
    covered = empties = 0
    for index, row in enumerate(rows):
        last = len(words)
        match = ID.fullmatch(row[0])
        start, mark, end = (int(match[1]), match[2], int(match[3] or 0)) if match else (0, "?", 0)
        if mark is None and start == last + 1:
            words.append(index)
            empties = 0
        elif mark == "-" and start == last + 1 and end >= start and start > covered:
            covered = end
        elif mark == "-" and start <= covered:
            raise DataError(
                f"range {row[0]!r} overlaps the one before it, which ends at {covered}", path, first + index
            )
        elif mark == "." and start == last and end == empties + 1:
            empties = end
        else:
            raise DataError(f"id {row[0]!r} after {last} words; expected {last + 1}", path, first + index)
    if not words:
        raise DataError("a sentence without words", path, first)
    if covered > len(words):
        raise DataError(f"a multiword token up to {covered} in a sentence of {len(words)} words", path, first)
    return words


def rewrite_conllu(
    lines: Iterable[str], out: IO[bytes], columns: Iterator[Mapping[str, Sequence[str]]], path: str | Path
) -> None:
    """Copy a CoNLL-U text with columns replaced, all else byte for byte.

    Args:
        lines: The lines with their ends, and the byte order mark, if there is one.
        out: Stream for the copy, in UTF-8.
        columns: For each sentence new columns by name, one string per word.
        path: Name of the file, for messages.

    Raises:
        seqnlp.errors.DataError: what `parse_conllu` raises.
        ValueError: if there are not as many columns as sentences, or not as many strings as words.
    """
    block: list[str] = []
    first = 1
    for number, line in enumerate(lines, 1):
        if number == 1 and line.startswith(BOM):
            out.write(BOM.encode())
            line = line.removeprefix(BOM)
        if line.strip("\r\n"):
            block.append(line)
            continue
        out.write("".join([*replaced(block, columns, path, first), line]).encode())
        block, first = [], number + 1
    out.write("".join(replaced(block, columns, path, first)).encode())
    if next(columns, None) is not None:
        raise ValueError("more sentences of columns than sentences in the file")


def replaced(
    block: Sequence[str], columns: Iterator[Mapping[str, Sequence[str]]], path: str | Path, first: int
) -> Iterator[str]:
    """Lines of one sentence, its comments included, with columns replaced."""
    comments = sum(line.startswith("#") for line in block)
    yield from block[:comments]
    rows = [line.split("\t") for line in block[comments:]]
    if not rows:
        return
    new = next(columns, None)
    if new is None:
        raise ValueError("fewer sentences of columns than sentences in the file")
    words = words_among(rows, path, first + comments)
    for name, values in new.items():
        place = 1 + COLUMNS.index(name)
        for index, value in zip(words, values, strict=True):
            end = rows[index][place][len(rows[index][place].rstrip("\r\n")) :]
            rows[index][place] = value + end
    yield from ("\t".join(row) for row in rows)


SURE = 100
"""Lines that a format is told by, at most."""


def is_conllu(lines: Sequence[str]) -> bool:
    """Test for the beginning of a CoNLL-U text: comments of its own, or a row of ten columns with an id."""
    for line in lines[:SURE]:
        line = line.removeprefix(BOM)
        if OWN_COMMENT.match(line):
            return True
        if line.strip() and not line.startswith("#"):
            fields = line.split("\t")
            return len(fields) == WIDTH and ID.fullmatch(fields[0]) is not None
    return False


def columns_in(lines: Sequence[str], labels: Collection[str], tabs: bool = True) -> int:
    """Number of columns of a text with a token a line.

    Args:
        lines: The first lines.
        labels: Labels that are known; one stands in the last column of each line.
        tabs: Single words behind tabs are enough, too.

    Returns:
        0 for the beginning of any other text.
    """
    kept = [line for line in lines[:SURE] if line.strip() and line[:1] != "#"]
    for delimiter in ("\t", None):
        rows = [line.split(delimiter) for line in kept]
        last = [row[-1].strip() for row in rows]
        widths = {len(row) for row in rows}
        if len(widths) != 1 or widths == {1}:
            continue
        labelled = all(tag in labels or TAG.fullmatch(tag) for tag in last)
        certain = len(rows) > 1 or delimiter is not None
        single = len(rows) > 1 and delimiter is not None and all(len(field.split()) == 1 for field in last)
        if (labelled and certain) or (tabs and single):
            return widths.pop()
    return 0
