"""Source positions of keys in a TOML text; `tomllib` gives none."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right

Keys = tuple[str | int, ...]
"""Path of a value: names of tables and keys, and indices of arrays."""

_BASIC, _LITERAL = r'"(?:\\.|[^"\\])*"', r"'[^']*'"
_KEY = rf"(?:[A-Za-z0-9_-]+|{_BASIC}|{_LITERAL})"
DOTTED_KEY = re.compile(rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*")
"""A TOML key, dotted or not."""
_PART = re.compile(_KEY)
_SPACE = re.compile(r"(?:\s|#[^\n]*)*")
_SCALAR = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    rf"|{_BASIC}|{_LITERAL}"
    r"|\d{4}-\d\d-\d\d \d[^\s,\]}#]*"  # a date and time may be parted by a space
    r"|[^\s,\]}#]+",
    re.DOTALL,
)


def key_parts(text: str) -> list[tuple[int, str]]:
    """Split a dotted key into its unquoted names; each has its offset in the text."""
    return [(part.start(), _unquote(part[0])) for part in _PART.finditer(text)]


def _unquote(key: str) -> str:
    if key[0] not in "\"'":
        return key
    name: str = tomllib.loads(f"key = {key}")["key"]
    return name


def locate(text: str) -> dict[Keys, tuple[int, int]]:
    """Locate every key, table, array and item of an array.

    Args:
        text: A TOML document that `tomllib` accepts.

    Returns:
        By path the line and column, from 1, of the key, or of the item itself in an array. A table that only
        ever occurs inside a longer name has the position of that name's first occurrence.
    """
    return _Scanner(text).document()


class _Scanner:
    """Scanner over a TOML text, in one pass."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.offsets: dict[Keys, int] = {}
        self.items: dict[Keys, int] = {}
        """Number of tables in each array of tables so far."""

    def document(self) -> dict[Keys, tuple[int, int]]:
        table: Keys = ()
        while self.peek():
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)
        starts = [0, *(newline.end() for newline in re.finditer("\n", self.text))]
        lines = {keys: bisect_right(starts, offset) for keys, offset in self.offsets.items()}
        return {keys: (line, self.offsets[keys] - starts[line - 1] + 1) for keys, line in lines.items()}

    def peek(self) -> str:
        """Skip white space and comments, and return the next character; empty at the end."""
        space = _SPACE.match(self.text, self.at)
        self.at = space.end() if space else self.at
        return self.text[self.at : self.at + 1]

    def take(self, pattern: re.Pattern[str]) -> str:
        """Consume a match of the pattern."""
        match = pattern.match(self.text, self.at)
        if match is None:
            raise ValueError(f"not TOML: {self.text[self.at : self.at + 20]!r}")
        self.at = match.end()
        return match[0]

    def key(self, path: Keys, is_header: bool = False, is_array: bool = False) -> Keys:
        """Read a dotted key inside the table at `path`; record each name's offset."""
        start = self.at
        parts = key_parts(self.take(DOTTED_KEY))
        for number, (offset, name) in enumerate(parts, 1):
            path = (*path, name)
            if number == len(parts) and path not in self.items:
                self.offsets[path] = start + offset
            self.offsets.setdefault(path, start + offset)
            if number == len(parts) and is_array:
                self.items[path] = self.items.get(path, 0) + 1
            if is_header and path in self.items:
                path = (*path, self.items[path] - 1)
                self.offsets.setdefault(path, start + offset)
        return path

    def header(self) -> Keys:
        """Read `[table]` or `[[array of tables]]`; the keys that follow belong to it."""
        is_array = self.text.startswith("[[", self.at)
        self.at += 2 if is_array else 1
        self.peek()
        path = self.key((), is_header=True, is_array=is_array)
        for _ in "]]" if is_array else "]":
            self.peek()
            self.at += 1
        return path

    def pair(self, table: Keys) -> None:
        """Read `key = value`."""
        path = self.key(table)
        self.peek()
        self.at += 1
        self.value(path)

    def value(self, path: Keys) -> None:
        """Read a value, and record the offsets inside it."""
        opening = self.peek()
        if opening not in ("[", "{"):
            self.take(_SCALAR)
            return
        self.at += 1
        index = 0
        while (character := self.peek()) not in ("]", "}"):
            if character == ",":
                self.at += 1
            elif opening == "{":
                self.pair(path)
            else:
                self.offsets[(*path, index)] = self.at
                self.value((*path, index))
                index += 1
        self.at += 1
