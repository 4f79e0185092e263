"""Text of one sample: tokens with log-probabilities, bounded in memory, and its lines."""

from __future__ import annotations

from array import array
from base64 import b64decode, b64encode
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import isnan
from sys import byteorder
from typing import Any, Literal, final

from rich.cells import cell_len

MAX_CHARACTERS = 200_000
"""Characters that are kept; older ones are dropped, some at a time."""

MAX_UNDOS = 50
"""Branchings that can be undone; fewer if they took away more than twice `MAX_CHARACTERS`."""

CONTEXT = 4_000
"""Characters before a position that a model reads when it continues from there."""


@dataclass(frozen=True)
class Tail:
    """Text after a position before something else was written there; `at` counts from the text's beginning."""

    at: int
    text: str
    ends: array[int]
    logprobs: array[float]
    complete: bool


@final
class TokenBuffer:
    """A prompt and the tokens written after it. Offsets count characters from the beginning of `text`."""

    def __init__(self, prompt: str = "") -> None:
        self.text = prompt
        """The kept characters: the prompt, as long as it is recent enough, and the tokens."""
        self.start = len(prompt)
        """Offset of the prompt's end."""
        self.dropped = 0
        """Characters dropped before `text`."""
        self.dropped_tokens = 0
        self.tokens = 0
        """Tokens written since the prompt, in all."""
        self.complete = False
        """True if it has reached the requested length."""
        self.version = 0
        """Grows with every change that is not an addition at the end."""
        self._ends: array[int] = array("l")
        self._logprobs: array[float] = array("f")
        self._undo: list[Tail] = []

    @property
    def characters(self) -> int:
        """Characters written in all, prompt included."""
        return self.dropped + len(self.text)

    @property
    def can_undo(self) -> bool:
        """True if there is a branching that can be taken back."""
        return bool(self._undo) and self._undo[-1].at >= self.dropped + self.start

    def add(self, text: str, lengths: Sequence[int], logprobs: Sequence[float]) -> None:
        """Append tokens.

        Args:
            text: Their text.
            lengths: Characters of each.
            logprobs: The log-probability of each, in nats.
        """
        end = len(self.text)
        self.text += text
        if all(lengths):
            self._ends.extend(accumulate(lengths, initial=end))
            del self._ends[-len(lengths) - 1]  # where the first one begins
            self._logprobs.extend(logprobs)
            self.tokens += len(lengths)
            lengths = logprobs = ()
        for length, logprob in zip(lengths, logprobs, strict=True):
            end += length
            self.tokens += 1
            if length or not self._ends:
                self._ends.append(end)
                self._logprobs.append(logprob)
            else:  # a character's last byte comes with a later token: they are drawn as one
                self._logprobs[-1] += logprob
        if len(self.text) > MAX_CHARACTERS + MAX_CHARACTERS // 4:
            self._drop(len(self.text) - MAX_CHARACTERS)

    def token_at(self, offset: int) -> int | None:
        """Index of the token with a character; None in the prompt and after the end."""
        if not self.start <= offset < len(self.text):
            return None
        number = bisect_right(self._ends, offset)
        return number if number < len(self._ends) else None

    def span(self, token: int) -> tuple[int, int]:
        """Offsets of a token's beginning and end."""
        begin = self._ends[token - 1] if token else self.start
        return begin, self._ends[token]

    def logprob(self, token: int) -> float:
        """Log-probability of a token, in nats."""
        return self._logprobs[token]

    @property
    def count(self) -> int:
        """Tokens that are kept."""
        return len(self._ends)

    def pieces(self, begin: int, end: int) -> list[tuple[int, int, float | None]]:
        """Offsets and log-probabilities of the tokens in a part of the text; None for the prompt."""
        found: list[tuple[int, int, float | None]] = []
        if begin < self.start:
            found.append((begin, min(end, self.start), None))
        first = bisect_right(self._ends, max(begin, self.start))
        last = bisect_left(self._ends, end, first)
        left = max(begin, self.start)
        for token in range(first, min(last + 1, len(self._ends))):
            right = min(self._ends[token], end)
            if right > left:
                found.append((left, right, self._logprobs[token]))
                left = right
        return found

    def context(self, offset: int | None = None) -> str:
        """Context for a continuation at an offset, or at the end."""
        end = len(self.text) if offset is None else offset
        return self.text[max(0, end - CONTEXT) : end]

    def nll(self) -> float:
        """Mean negative log-likelihood of the kept tokens, in nats; 0 without tokens."""
        return -sum(self._logprobs) / len(self._logprobs) if self._logprobs else 0.0

    def branch(self, token: int, text: str, logprob: float) -> None:
        """Replace a token, and take away all that followed; `undo` brings it back."""
        begin, _ = self.span(token)
        ends, logprobs = self._ends[token:], self._logprobs[token:]
        since = array("l", [end - begin for end in ends])
        self._undo.append(Tail(self.dropped + begin, self.text[begin:], since, logprobs, self.complete))
        self.complete = False
        while len(self._undo) > MAX_UNDOS or sum(len(old.text) for old in self._undo) > 2 * MAX_CHARACTERS:
            del self._undo[0]
        self._cut(token, begin)
        self.add(text, [len(text)], [logprob])

    def undo(self) -> int | None:
        """Bring back the text that the last branching took away.

        Returns:
            Its offset; None if there is nothing to undo.
        """
        if not self.can_undo:
            return None
        tail = self._undo.pop()
        begin = tail.at - self.dropped
        self._cut(bisect_right(self._ends, begin), begin)
        lengths = [right - left for left, right in zip([0, *tail.ends], tail.ends, strict=False)]
        self.add(tail.text, lengths, tail.logprobs)
        self.complete = tail.complete
        return begin

    def to_json(self) -> list[dict[str, object]]:
        """The kept tokens, each with its text and log-probability."""
        return [
            {"text": self.text[slice(*self.span(token))], "logprob": round(self._logprobs[token], 6)}
            for token in range(len(self._ends))
        ]

    def state(self) -> dict[str, Any]:
        """State of the buffer as a JSON object, the undo history included."""
        return {
            "text": self.text,
            "start": self.start,
            "dropped": self.dropped,
            "dropped_tokens": self.dropped_tokens,
            "tokens": self.tokens,
            "complete": self.complete,
            "ends": _packed("I", self._ends),
            "logprobs": _packed("f", self._logprobs),
            "undo": [
                {
                    "at": tail.at,
                    "text": tail.text,
                    "ends": _packed("I", tail.ends),
                    "logprobs": _packed("f", tail.logprobs),
                    "complete": tail.complete,
                }
                for tail in self._undo
            ],
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> TokenBuffer:
        """Make a buffer from its `state`.

        Raises:
            ValueError: it is not the state of a buffer.
        """
        try:
            buffer = cls(str(state["text"]))
            counts = [state[name] for name in ("start", "dropped", "dropped_tokens", "tokens")]
            if not all(isinstance(count, int) and count >= 0 for count in counts) or counts[0] > len(buffer.text):
                raise ValueError("expected counts within the text")
            buffer.start, buffer.dropped, buffer.dropped_tokens, buffer.tokens = counts
            buffer.complete = bool(state["complete"])
            buffer._ends, buffer._logprobs = _tokens_of(state, buffer.start, len(buffer.text))
            for tail in state["undo"]:
                text = str(tail["text"])
                ends, logprobs = _tokens_of(tail, 0, len(text))
                buffer._undo.append(Tail(int(tail["at"]), text, ends, logprobs, bool(tail["complete"])))
        except (KeyError, TypeError, OverflowError) as error:
            raise ValueError(f"expected the state of a text ({error!r})") from error
        return buffer

    def _cut(self, token: int, begin: int) -> None:
        self.tokens -= len(self._ends) - token
        self.text = self.text[:begin]
        del self._ends[token:], self._logprobs[token:]
        self.version += 1

    def _drop(self, least: int) -> None:
        """Drop the beginning, up to the end of a token."""
        token = bisect_left(self._ends, least)
        place = self._ends[token]
        self.text = self.text[place:]
        self._ends = array("l", [end - place for end in self._ends[token + 1 :]])
        self._logprobs = self._logprobs[token + 1 :]
        self.start = max(0, self.start - place)
        self.dropped += place
        self.dropped_tokens += token + 1
        self.version += 1


def _packed(kind: Literal["I", "f"], numbers: array[Any]) -> str:
    """Pack numbers as little-endian values of 4 bytes, in base 64: a JSON list would be slow to write."""
    if byteorder == "little":  # the low bytes come first: a strided view narrows without a loop in Python
        narrow = memoryview(numbers).cast("B").cast(kind)[:: numbers.itemsize // 4]
        return b64encode(narrow.tobytes()).decode()
    found = array(kind, numbers)
    found.byteswap()
    return b64encode(found.tobytes()).decode()


def _unpacked(kind: Literal["I", "f"], text: str) -> array[Any]:
    found = array(kind)
    found.frombytes(b64decode(text, validate=True))
    if byteorder == "big":
        found.byteswap()
    return found


def _tokens_of(state: Mapping[str, Any], first: int, last: int) -> tuple[array[int], array[float]]:
    """Ends and log-probabilities of the tokens between two offsets.

    Raises:
        ValueError: they do not fit these.
    """
    ends, logprobs = array("l", _unpacked("I", state["ends"])), _unpacked("f", state["logprobs"])
    in_order = [first, *ends]
    if len(ends) != len(logprobs) or in_order != sorted(in_order):
        raise ValueError("expected a log-probability for each token, and ends in their order")
    if (ends[-1] if ends else first) != last:
        raise ValueError("expected tokens up to the end of the text")
    if any(map(isnan, logprobs)):
        raise ValueError("expected log-probabilities, found NaN")
    return ends, logprobs


@final
class LineWrap:
    """Line breaks of a growing text for a width in cells; only new text is looked at."""

    def __init__(self, width: int) -> None:
        self.width = max(width, 1)
        self.starts: array[int] = array("l", [0])

    def grow(self, text: str) -> None:
        """Continue from the last line: the text has more at its end than before."""
        while (following := next_line(text, self.starts[-1], self.width)) is not None:
            self.starts.append(following)

    def line(self, number: int, text: str) -> tuple[int, int]:
        """Offsets of a line's beginning and end, its line break not included."""
        begin = self.starts[number]
        end = self.starts[number + 1] if number + 1 < len(self.starts) else len(text)
        return begin, end - 1 if end > begin and text[end - 1] == "\n" else end

    def line_at(self, offset: int) -> int:
        """Number of the line with a character."""
        return bisect_right(self.starts, offset) - 1

    def __len__(self) -> int:
        return len(self.starts)


def next_line(text: str, start: int, width: int) -> int | None:
    """Offset of the line after the one at `start`; None if that is the last one."""
    window = text[start : start + width + 1]
    newline = window.find("\n")
    if not window.isascii():
        fitting = _fitting(window if newline < 0 else window[:newline], width)
        if newline > fitting:
            newline = -1
    else:
        fitting = width
    if newline >= 0:
        return start + newline + 1
    if len(window) <= fitting:
        return None
    blank = window.rfind(" ", 0, fitting + 1)
    return start + (blank + 1 if blank > 0 else max(fitting, 1))


def _fitting(window: str, width: int) -> int:
    """Number of characters that fit into a width; those of some scripts take two cells."""
    cells = 0
    for count, character in enumerate(window):
        cells += cell_len(character)
        if cells > width:
            return count
    return len(window)
