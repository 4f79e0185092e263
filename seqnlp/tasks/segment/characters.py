"""Running text as its characters without whitespace, and windows over them; both in a stream."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Self, final

import numpy as np
from numpy.typing import NDArray

WINDOW = 1000
"""Steps of a window that are labelled."""
MARGIN = 100
"""Steps before and after them that are read too."""

_NEWLINE = 10
_PLANE = 0x10000
CATEGORIES = (
    *("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe"),
    *("Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Cn"),
)
"""General categories of Unicode, in the order of their numbers."""
_MARKS = tuple(number for number, name in enumerate(CATEGORIES) if name.startswith("M"))
_JOINER = 0x200D
"""Zero-width joiner, of emoji for instance."""


@dataclass(frozen=True)
class Characters:
    """Characters of a text that are no whitespace."""

    codes: NDArray[np.uint32]
    """Code points; shape (characters,)."""
    offsets: NDArray[np.int64]
    """Index of each in the text."""
    blank_after: NDArray[np.bool_]
    """True where whitespace or the end of the text follows."""
    paragraph_end: NDArray[np.bool_]
    """True where a blank line or the end of the text follows."""

    def __len__(self) -> int:
        return len(self.codes)

    @classmethod
    def empty(cls) -> Self:
        """No characters."""
        flags = np.zeros(0, bool)
        return cls(np.zeros(0, np.uint32), np.zeros(0, np.int64), flags, flags)

    @classmethod
    def of(cls, text: str) -> Self:
        """Characters of a whole text."""
        stream = CharacterStream()
        first, last = stream.feed(text), stream.end()
        return cls(*(np.concatenate([getattr(part, name) for part in (first, last)]) for name in cls._fields()))

    @classmethod
    def _fields(cls) -> tuple[str, ...]:
        return ("codes", "offsets", "blank_after", "paragraph_end")

    def joined(self, other: "Characters") -> "Characters":
        """Concatenate with the characters that follow."""
        parts = ((getattr(self, name), getattr(other, name)) for name in self._fields())
        return Characters(*(np.concatenate(part) for part in parts))

    def part(self, start: int, end: int | None = None) -> "Characters":
        """Characters from one index up to, and without, another."""
        return Characters(*(getattr(self, name)[start:end] for name in self._fields()))


@final
class CharacterStream:
    """Characters of a text that comes in chunks; the last one waits for what follows it."""

    def __init__(self) -> None:
        self._read = 0
        self._waiting: tuple[int, int] | None = None
        """Code and offset of the last character."""
        self._blanks = self._newlines = 0
        """Whitespace after it so far."""

    def feed(self, chunk: str) -> Characters:
        """Read a chunk; returns the new characters but the last."""
        codes = np.frombuffer(chunk.encode("utf-32-le", "surrogatepass"), "<u4")
        places = np.flatnonzero(~is_space(codes))
        newlines = np.concatenate([[0], np.cumsum(codes == _NEWLINE)])
        read, self._read = self._read, self._read + len(codes)
        if not len(places):
            self._blanks += len(codes)
            self._newlines += int(newlines[-1])
            return Characters.empty()
        blanks, breaks = np.diff(places) - 1, np.diff(newlines[places])
        found, offsets = codes[places], places + read
        if self._waiting is not None:
            blanks = np.concatenate([[self._blanks + places[0]], blanks])
            breaks = np.concatenate([[self._newlines + newlines[places[0]]], breaks])
            found = np.concatenate([np.array([self._waiting[0]], "<u4"), found])
            offsets = np.concatenate([[self._waiting[1]], offsets])
        self._waiting = int(found[-1]), int(offsets[-1])
        self._blanks = len(codes) - 1 - int(places[-1])
        self._newlines = int(newlines[-1] - newlines[places[-1]])
        return Characters(found[:-1].astype(np.uint32), offsets[:-1].astype(np.int64), blanks > 0, breaks > 1)

    def end(self) -> Characters:
        """The last character, if there is one."""
        if self._waiting is None:
            return Characters.empty()
        code, offset = self._waiting
        true = np.ones(1, bool)
        self._waiting = None
        return Characters(np.array([code], np.uint32), np.array([offset], np.int64), true, true)


@dataclass(frozen=True)
class Window:
    """Window of the characters: `start` to `end` are read, `first` to `last` labelled."""

    start: int
    first: int
    last: int
    end: int


def paragraph_windows(begin: int, first: int, end: int, is_whole: bool) -> Iterator[Window]:
    """Cut a paragraph into windows, by the place in it alone.

    Args:
        begin: Index of its first character.
        first: Index of the first one that has no label yet, a multiple of `WINDOW` after `begin`.
        end: Index behind the last one that is known.
        is_whole: The paragraph ends there; otherwise only windows that no later character can change are given.
    """
    while end - first > WINDOW + MARGIN:
        yield Window(max(begin, first - MARGIN), first, first + WINDOW, first + WINDOW + MARGIN)
        first += WINDOW
    if is_whole:
        yield Window(max(begin, first - MARGIN), first, end, end)


def is_space(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """True for whitespace; there is none beyond the basic plane."""
    found: NDArray[np.bool_] = _spaces()[np.minimum(codes, _PLANE)]
    return found


@cache
def _spaces() -> NDArray[np.bool_]:
    return np.array([*(chr(code).isspace() for code in range(_PLANE)), False])


def categories(codes: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Number of the general category of each character."""
    found = _categories()[np.minimum(codes, _PLANE)]
    for place in np.flatnonzero(codes >= _PLANE).tolist():
        found[place] = CATEGORIES.index(unicodedata.category(chr(codes[place])))
    return found.astype(np.int64)


@cache
def _categories() -> NDArray[np.int8]:
    number = {name: place for place, name in enumerate(CATEGORIES)}
    return np.array([*(number[unicodedata.category(chr(code))] for code in range(_PLANE)), 0], np.int8)


def continues(characters: Characters) -> NDArray[np.bool_]:
    """True where no token can end: before combining marks, and at both sides of a joiner."""
    codes = characters.codes
    extends = np.isin(categories(codes), _MARKS) | (codes == _JOINER)
    found = np.zeros(len(codes), bool)
    found[:-1] = (extends[1:] | (codes[:-1] == _JOINER)) & ~characters.blank_after[:-1]
    return found


def lowered(codes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Code points in lower case, where that is one character."""
    distinct, inverse = np.unique(codes, return_inverse=True)
    small = [chr(code).lower() for code in distinct.tolist()]
    table = np.array(
        [ord(text) if len(text) == 1 else code for text, code in zip(small, distinct, strict=True)], np.uint32
    )
    return table[inverse]


def as_text(codes: NDArray[np.uint32]) -> str:
    """String of code points."""
    return codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
