"""Plain text: lines, paragraphs or documents, parallel text, and passages read in chunks."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self, final

from pydantic import field_validator, model_validator

from seqnlp.errors import DataError
from seqnlp.notes import note
from seqnlp.readers.base import TextReader, tabulate
from seqnlp.readers.encodings import UTF8
from seqnlp.readers.files import check_file, decoded, locate_files, matching_files, open_text, read_text
from seqnlp.readers.rows import RowStream
from seqnlp.spelling import nearest_or_all

if TYPE_CHECKING:
    from datasets import Dataset

LARGEST = 2**31 - 1
"""Largest size of a single text in bytes."""


class Text(TextReader):
    """Plain text: one column, `text`. A pattern such as `books/*.txt` names several files, one after the other."""

    streams = True
    renamed = {"unit": "sample_by"}

    kind: Literal["text"] = "text"
    sample_by: Literal["line", "paragraph", "document"] = "line"
    """Rows of the table: a line that is not empty, the lines between two empty ones, or the file as it stands."""

    def read(self, source: str | Path) -> Dataset:
        stream = self.row_stream(source, ())
        return tabulate(self, stream.files, stream.kinds, stream.rows)

    def row_stream(self, source: str | Path, columns: Collection[str]) -> RowStream:
        files = self.files_of(str(source))
        for path in files:
            if self.sample_by == "document" and path.is_file() and path.stat().st_size > LARGEST:
                raise DataError("over 2 GB, too much for one text; sample_by = 'line' reads it in pieces", path)
        return RowStream(
            files, {"text": "text"}, lambda: ({"text": piece} for path in files for piece in self.pieces(path))
        )

    def locate_file(self, source: str, find: Callable[[str], Path]) -> Path:
        return locate_files(source, find)

    def files_of(self, source: str) -> list[Path]:
        return matching_files(Path(source))

    def pieces(self, path: Path) -> Iterator[str]:
        """Yield the lines, paragraphs or document of a file, one by one."""
        if self.sample_by == "line":
            yield from (line for line in open_text(path, self.encoding) if line.strip())
        elif self.sample_by == "paragraph":
            yield from paragraphs(open_text(path, self.encoding))
        elif text := read_text(path, self.encoding):
            yield text


def paragraphs(lines: Iterator[str]) -> Iterator[str]:
    """Join the lines between empty lines, with their line breaks."""
    for is_text, paragraph in groupby(lines, key=lambda line: bool(line.strip())):
        if is_text:
            yield "\n".join(paragraph)


SIDES = ("source", "target")
"""Columns of parallel text."""


class Parallel(TextReader):
    """Parallel text, a pair of lines a row: columns `source` and `target`. Pairs of empty lines are skipped."""

    streams = True

    kind: Literal["parallel"] = "parallel"
    suffixes: list[str] = []
    """Suffixes of the two files of a split: with `["en", "fr"]`, the split `x/train` is `x/train.en` and `x/train.fr`.
    Left out: a split is one file with a tab between the two sides."""
    names: list[str] = []
    """Names of the columns of a file with tabs, from left to right, `_` for one to leave out; columns beyond them are
    not read. Left out: the first two are `source` and `target`."""

    @field_validator("suffixes")
    @classmethod
    def _two(cls, suffixes: list[str]) -> list[str]:
        if suffixes and (len(suffixes) != 2 or suffixes[0] == suffixes[1]):
            raise ValueError("name two suffixes, of the source and of the target")
        return suffixes

    @field_validator("names")
    @classmethod
    def _distinct(cls, names: list[str]) -> list[str]:
        kept = [name for name in names if name != "_"]
        if names and len(kept) < 2:
            raise ValueError("name at least two columns")
        if len(set(kept)) < len(kept):
            raise ValueError("two columns have the same name")
        return names

    @model_validator(mode="after")
    def _one_file_or_two(self) -> Self:
        if self.suffixes and self.names:
            raise ValueError("suffixes are of two files, names of the columns of one: leave out one of them")
        return self

    def read(self, source: str | Path) -> Dataset:
        return self.read_columns(source, [name for name in self.names or SIDES if name != "_"])

    def read_columns(self, source: str | Path, columns: Collection[str]) -> Dataset:
        stream = self.row_stream(source, columns)
        return tabulate(self, stream.files, stream.kinds, stream.rows)

    def row_stream(self, source: str | Path, columns: Collection[str]) -> RowStream:
        files, known = self.files(source), self.names or list(SIDES)
        for name in columns:
            if name not in known:
                raise DataError(f"no column {name!r}: {nearest_or_all(name, known)}", files[0])
        if not self.suffixes and not self.names and (width := self.width(files[0])) > len(SIDES):
            note(f"{files[0]}: {width} columns; the first two are read as source and target (reader.names names them)")
        places = {name: known.index(name) for name in columns}

        def rows() -> Iterator[dict[str, str]]:
            for _, sides in self.sides(files):
                row = {name: sides[place] for name, place in places.items()}
                if any(text.strip() for text in row.values()):
                    yield row

        return RowStream(files, dict.fromkeys(places, "text"), rows)

    def line_of(self, source: str | Path, row: int, item: int = 0) -> int | None:
        known = self.names or SIDES
        places = [place for place, name in enumerate(known) if name != "_"]
        sides = self.sides(self.files(source))
        filled = (number for number, texts in sides if any(texts[place].strip() for place in places))
        return next(islice(filled, row, None), None)

    def sides(self, files: list[Path]) -> Iterator[tuple[int, Sequence[str]]]:
        """Yield the sides of each pair, with its line."""
        return pairs_of_lines(files, self.encoding) if self.suffixes else self.columns_of_one(files[0])

    def columns_of_one(self, path: Path) -> Iterator[tuple[int, Sequence[str]]]:
        """Yield the columns of a file."""
        width = 0
        for number, line in enumerate(open_text(path, self.encoding), 1):
            if not line.strip():
                continue
            fields = line.split("\t")
            width = width or max(len(self.names), len(SIDES), 0 if self.names else len(fields))
            if len(fields) < width or (len(fields) > width and not self.names):
                expected = "source and target with a tab between" if width == 2 else f"{width}, as in the lines before"
                expected = f"{width} ({', '.join(self.names)})" if self.names else expected
                raise DataError(f"{len(fields)} columns; expected {expected}", path, number)
            yield number, fields

    def width(self, path: Path) -> int:
        """Columns in the first line that is not empty."""
        return next((len(line.split("\t")) for line in open_text(path, self.encoding) if line.strip()), 0)

    def locate_file(self, source: str, find: Callable[[str], Path]) -> Path:
        if not self.suffixes:
            return find(source)
        first, second = (find(str(file)) for file in self.files_of(source))
        place = Path(str(first).removesuffix(self.ending(self.suffixes[0])))
        if self.files_of(str(place))[1] != second:
            raise DataError(f"the other file of the pair is in another folder: {second}", first)
        return place

    def locate_shards(self, source: str, find: Callable[[str], Path]) -> Path:
        ending = self.ending(self.suffixes[0]) if self.suffixes else ""
        return Path(str(locate_files(f"{source}{ending}", find)).removesuffix(ending))

    def shard_places(self, located: Path) -> list[Path]:
        ending = self.ending(self.suffixes[0]) if self.suffixes else ""
        places = [Path(str(path).removesuffix(ending)) for path in matching_files(Path(f"{located}{ending}"))]
        for path in (path for place in places for path in self.files_of(str(place))):
            check_file(path)
        return places

    def files_of(self, source: str) -> list[Path]:
        return [Path(f"{source}{self.ending(suffix)}") for suffix in self.suffixes] or [Path(source)]

    def ending(self, suffix: str) -> str:
        """Suffix with its dot."""
        return "." + suffix.removeprefix(".")


def pairs_of_lines(files: Sequence[Path], encoding: str | None = None) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield the pairs of lines of two files, each with its number."""
    for number, (left, right) in enumerate(zip_longest(*(open_text(file, encoding) for file in files)), 1):
        if left is None or right is None:
            longer, shorter = (files[1], files[0]) if left is None else files
            raise DataError(f"no partner for this line: {shorter} has only {number - 1}", longer, number)
        yield number, (left, right)


@final
class TwoFiles(TextReader):
    """Parallel text in any two files: columns `source` and `target`. It has no kind, as no recipe names it."""

    source: str
    target: str

    def read(self, source: str | Path) -> Dataset:
        files = self.files_of(str(source))

        def rows() -> Iterator[dict[str, str]]:
            for _, sides in pairs_of_lines(files, self.encoding):
                if any(side.strip() for side in sides):
                    yield dict(zip(SIDES, sides, strict=True))

        return tabulate(self, files, dict.fromkeys(SIDES, "text"), rows)

    def line_of(self, source: str | Path, row: int, item: int = 0) -> int | None:
        pairs = pairs_of_lines(self.files_of(str(source)), self.encoding)
        filled = (number for number, sides in pairs if any(side.strip() for side in sides))
        return next(islice(filled, row, None), None)

    def locate_file(self, source: str, find: Callable[[str], Path]) -> Path:
        return Path(source)

    def split_slice(self, source: str) -> tuple[str, str]:
        return source, ""

    def files_of(self, source: str) -> list[Path]:
        return [Path(self.source), Path(self.target)]


CHUNK = 1 << 20
"""Size of a read in bytes."""

_SOURCE = re.compile(r"(?P<path>.+?)\[(?P<start>[^:\[\]]*):(?P<end>[^:\[\]]*)\]")
_BOUND = re.compile(r"(?P<number>-?\d+(?:\.\d+)?)(?P<percent>%?)")


@dataclass(frozen=True)
class Passage:
    """Passage of a text file in characters: `input.txt`, `input.txt[:90%]` or `input.txt[1000:-5000]`.

    Files that a pattern names, `books/*.txt`, are one text.
    """

    path: Path
    start: str = ""
    """Offset in characters from the start (or, negative, from the end), or a percentage; empty for the start."""
    end: str = ""
    encoding: str = UTF8

    @classmethod
    def parse(cls, source: str, find: Callable[[str], Path], encoding: str = UTF8) -> Passage:
        """Parse a source in a recipe; `find` resolves the path.

        Raises:
            seqnlp.errors.DataError: for bounds that are no numbers, or what `find` raises.
        """
        named = _SOURCE.fullmatch(source)
        if named is None:
            return cls(locate_files(source, find), encoding=encoding)
        for bound in (named["start"].strip(), named["end"].strip()):
            number = _BOUND.fullmatch(bound)
            if bound and number is None:
                raise DataError(
                    f"{bound!r} is not an offset in a text; expected a slice such as [:90%] or [1000:]", source
                )
            if number and not number["percent"] and "." in bound:
                raise DataError(f"{bound!r} is not a number of characters; a percentage is written {bound}%", source)
        return cls(locate_files(named["path"], find), named["start"].strip(), named["end"].strip(), encoding)

    def __str__(self) -> str:
        return f"{self.path}[{self.start}:{self.end}]" if self.start or self.end else str(self.path)

    def chunks(self) -> Iterator[str]:
        """Read the passage, line ends as LF; a chunk ends with a line, or with a word in a very long one.

        Raises:
            seqnlp.errors.DataError: if the file can't be read, is not in this encoding, or nothing is left of it.
        """
        rest, empty = "", True
        for text in self._decoded():
            text = (rest + text).replace("\r\n", "\n")
            cut = text.rfind("\n") + 1 or max(text.rfind(" "), 0)
            if not cut and len(text) > CHUNK:
                cut = len(text) - 1  # a carriage return may be half of a line end
            rest = text[cut:]
            if cut:
                empty = False
                yield text[:cut]
        if rest:
            yield rest
        elif empty:
            raise DataError("no text in it", str(self))

    def _decoded(self) -> Iterator[str]:
        """Yield the characters of the passage, cut anywhere."""
        if not (self.start or self.end):
            yield from self._characters()
            return
        total = sum(map(len, self._characters()))
        first, last = self._place(self.start, 0, total), self._place(self.end, total, total)
        before = 0
        for text in self._characters():
            piece = text[max(first - before, 0) : max(last - before, 0)]
            if piece:
                yield piece
            before += len(text)
            if before >= last:
                break

    @staticmethod
    def _place(bound: str, default: int, total: int) -> int:
        if not bound:
            return default
        number = float(bound.rstrip("%"))
        place = int(total * number / 100) if bound.endswith("%") else int(number)
        return min(max(place + total if place < 0 else place, 0), total)

    def _characters(self) -> Iterator[str]:
        last = "\n"
        for path in matching_files(self.path):
            if not last.endswith(("\n", "\r")):
                yield "\n"  # the next file begins a line
            old_mac: bool | None = None
            for text in decoded(path, self.encoding, CHUNK):
                if old_mac is None:
                    old_mac = "\r" in text.rstrip("\r\n") and "\n" not in text
                last = text or last
                yield text.replace("\r", "\n") if old_mac else text
