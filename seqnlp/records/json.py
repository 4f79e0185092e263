"""Records of JSON Lines and of a JSON array: new keys at the end of each object, all else byte for byte."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any, final

from seqnlp.errors import DataError
from seqnlp.json_text import to_json
from seqnlp.readers.files import BOM
from seqnlp.readers.jsonl import refuse
from seqnlp.records.base import BLOCK, Block, Feed, Lines, Records, Writer, in_blocks, text_cell
from seqnlp.records.columns import Added, Values, check_free, named
from seqnlp.spelling import nearest_or_all

SPACE = " \t\r\n"
"""White space of JSON."""
FORCE = "--reader text takes it as lines"


@final
@dataclass(frozen=True)
class JsonBlock(Block):
    """Objects of JSON."""

    texts: list[Any]
    size: float
    before: list[str]
    """Text before each object: empty lines, or a comma and white space."""
    raw: list[str]
    """Text of each object."""
    after: list[str]
    """Rest of the line of each object."""
    values: list[dict[str, Any]]
    places: list[str]
    """Place of each object in messages."""

    def rows(self) -> list[dict[str, Any]]:
        return self.values


@final
@dataclass(frozen=True)
class _Item:
    before: str
    raw: str
    after: str
    value: dict[str, Any]
    place: str


class JsonRecords(Records[JsonBlock], ABC):
    """Objects of JSON."""

    def __init__(self, lines: Lines, source: str, column: str, total: float | None = None) -> None:
        self.source, self.column, self.total = source, column, total
        self.feed = Feed(lines)
        self.rest = ""
        """Text behind the last object."""
        self._seen = False

    def blocks(self) -> Iterator[JsonBlock]:
        first = True
        for block in in_blocks(self.items(), self._must_wait):
            self._seen = self._seen or any(self.column in item.value for item in block)
            if first and not self._seen:
                known = nearest_or_all(self.column, list(dict.fromkeys(key for item in block for key in item.value)))
                hint = f"--column names another, {FORCE}"
                raise DataError(f"no key {self.column!r} here: {known}", self.source + block[0].place, hint=hint)
            first = False
            yield JsonBlock(
                [text_cell(item.value.get(self.column), self.source, item.place, self.column) for item in block],
                sum(len(item.before) + len(item.raw) + len(item.after) for item in block),
                [item.before for item in block],
                [item.raw for item in block],
                [item.after for item in block],
                [item.value for item in block],
                [item.place for item in block],
            )

    @abstractmethod
    def items(self) -> Iterator[_Item]:
        """Objects of the input, one after the other."""

    def _must_wait(self) -> bool:
        """True if the next object may not have arrived."""
        return not self.feed.waiting

    def writer(self, out: IO[bytes], added: Sequence[Added]) -> JsonWriter:
        return JsonWriter(self, out, added)


@final
class JsonLinesRecords(JsonRecords):
    """JSON Lines: an object a line."""

    format = "jsonl"

    def items(self) -> Iterator[_Item]:
        for line in self.feed:
            if not line.strip(SPACE + BOM):
                continue
            place = f":{self.feed.number}"
            text = self.feed.take()
            stem = text.rstrip(SPACE)
            start = len(text) - len(line) + (1 if line.startswith(BOM) else 0)
            start += len(text[start:]) - len(text[start:].lstrip(SPACE))
            try:
                value = json.loads(stem[start:], parse_constant=refuse)
            except (ValueError, RecursionError) as error:
                raise DataError(f"this is not JSON: {error}; {FORCE}", self.source + place) from None
            yield _Item(text[:start], stem[start:], text[len(stem) :], _object(value, self.source + place), place)
        self.rest = self.feed.take()


@final
class JsonArrayRecords(JsonRecords):
    """Objects of a JSON array, read piece by piece."""

    format = "json"

    def __init__(self, lines: Lines, source: str, column: str, total: float | None = None) -> None:
        super().__init__(lines, source, column, total)
        self._window = _Window(self._pieces())

    def _pieces(self) -> Iterator[str]:
        for line in self.feed:
            self.feed.take()
            yield line

    def items(self) -> Iterator[_Item]:
        window, number = self._window, 0
        at = window.sign(0)
        if window.character(at) != "[":
            raise DataError(f"this is not a JSON array: expected [; {FORCE}", self.source)
        at = window.sign(at + 1)
        while window.character(at) != "]":
            if number and window.character(at) != ",":
                found = repr(window.character(at)) if at >= 0 else "the end"
                raise DataError(f"this is not JSON: {found} behind item {number:,}; expected a comma or ]", self.source)
            place = f", item {number + 1:,}"
            try:
                before, raw, value = window.value(window.sign(at + 1) if number else at)
            except (ValueError, RecursionError) as error:
                problem = error.msg if isinstance(error, json.JSONDecodeError) else error  # its place is in the window
                raise DataError(f"this is not JSON: {problem}; {FORCE}", self.source + place) from None
            number += 1
            yield _Item(before, raw, "", _object(value, self.source + place), place)
            at = window.sign(0)
        self.rest = window.remaining()
        if extra := self.rest[at + 1 :].strip(SPACE):
            raise DataError(f"this is not JSON: {extra[:20]!r} behind the array", self.source)

    def _must_wait(self) -> bool:
        return super()._must_wait() and not self._window.has_object()


@final
class _Window:
    """Text that has been read and not been handed on; offsets count from its beginning."""

    SIGN = re.compile(f"[^{SPACE}{BOM}]")

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces, self._text, self._begin = pieces, "", 0
        self._decoder = json.JSONDecoder(parse_constant=refuse)

    def _fill(self, pieces: int) -> bool:
        """Read more; False at the end."""
        more = "".join(islice(self._pieces, pieces))
        self._text, self._begin = self._text[self._begin :] + more, 0
        return bool(more)

    def sign(self, start: int) -> int:
        """Offset of the next character that is no white space; -1 at the end."""
        while True:
            if found := self.SIGN.search(self._text, self._begin + start):
                return found.start() - self._begin
            if not self._fill(1):
                return -1

    def character(self, at: int) -> str:
        """Character at an offset; empty at the end."""
        return self._text[self._begin + at] if at >= 0 else ""

    def value(self, at: int) -> tuple[str, str, Any]:
        """Take the text before a value, its text, and the value."""
        pieces = 1
        while True:
            start = self._begin + max(at, 0)
            try:
                value, end = self._decoder.raw_decode(self._text, start)
            except ValueError:
                if not self._fill(pieces):
                    raise
                pieces *= 2  # so that a long value is parsed a few times at most
                continue
            before = self._text[self._begin : start]
            self._begin = end
            return before, self._text[start:end], value

    def has_object(self) -> bool:
        """True if the next object may have been read already."""
        return self._text.rfind("}") >= self._begin

    def remaining(self) -> str:
        """All of the rest."""
        while self._fill(BLOCK):
            pass
        return self._text


def _object(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DataError(f"{to_json(value)[:40]} is not an object with keys", place)
    return value


@final
class JsonWriter(Writer[JsonBlock]):
    """Writer of JSON objects as they came: keys are added at the end."""

    def __init__(self, records: JsonRecords, out: IO[bytes], added: Sequence[Added]) -> None:
        self._records, self._out, self._added = records, out, added

    def write(self, block: JsonBlock, values: Sequence[Values]) -> None:
        names = [column.name for column in self._added]
        pieces = zip(block.before, block.raw, block.after, block.values, block.places, values, strict=True)
        for before, raw, after, value, place, own in pieces:
            check_free(names, value, self._records.source + place)
            text = before + with_keys(raw, named(self._added, own)) + after
            self._out.write(text.encode("utf-8", "backslashreplace"))
        self._out.flush()

    def close(self) -> None:
        self._out.write(self._records.rest.encode())
        self._out.flush()


def with_keys(raw: str, new: dict[str, Any]) -> str:
    """Add keys to the text of an object; they are indented like its first one."""
    stem = raw[: raw.rindex("}")]
    body = stem.rstrip(SPACE)
    inside = raw[raw.index("{") + 1 :]
    lead = inside[: len(inside) - len(inside.lstrip(SPACE))]
    between = f",{lead}" if "\n" in lead else ", "
    pairs = [f"{to_json(key)}: {to_json(value)}" for key, value in new.items()]
    first = lead if body.endswith("{") else between
    return f"{body}{first if pairs else ''}{between.join(pairs)}{stem[len(body) :]}" + raw[len(stem) :]
