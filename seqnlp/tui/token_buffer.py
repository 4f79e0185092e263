"""Text of one sample: tokens with log-probabilities, bounded in memory, and its lines."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import final

from rich.cells import cell_len

from seqnlp.generation.tree import Branch, Whole

MAX_CHARACTERS = 200_000
"""Characters that are kept; older ones are dropped, some at a time."""

CONTEXT = 4_000
"""Characters before a position that a model reads when it continues from there."""


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
        self._copied: tuple[Branch | None, int, int] = None, 0, 0
        """Branch that the text was copied to last, the version then, and how many tokens of it there were."""

    @property
    def characters(self) -> int:
        """Characters written in all, prompt included."""
        return self.dropped + len(self.text)

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

    def word_at(self, token: int) -> tuple[int, int]:
        """First and last token of the word that a token belongs to; blanks before it are not part of it."""
        first = last = token
        if not self._is_blank(token):
            while first and not self._is_blank(first - 1) and not self._begins_with_blank(first):
                first -= 1
            while last + 1 < self.count and not self._is_blank(last + 1) and not self._begins_with_blank(last + 1):
                last += 1
        return first, last

    def _is_blank(self, token: int) -> bool:
        begin, end = self.span(token)
        return self.text[begin:end].isspace()

    def _begins_with_blank(self, token: int) -> bool:
        return self.text[self.span(token)[0]].isspace()

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

    def nll(self, first: int = 0, last: int | None = None) -> float:
        """Mean negative log-likelihood of kept tokens, in nats; 0 without tokens."""
        chosen = self._logprobs[first:last] if first or last is not None else self._logprobs
        return -sum(chosen) / len(chosen) if chosen else 0.0

    def cut(self, token: int) -> None:
        """Take away a token and all after it."""
        begin, _ = self.span(token)
        self.complete = False
        self.tokens -= len(self._ends) - token
        self.text = self.text[:begin]
        del self._ends[token:], self._logprobs[token:]
        self.version += 1

    def show(self, whole: Whole) -> None:
        """Hold another text."""
        self.text, self.start, self.dropped = whole.text, whole.start, whole.dropped
        self._ends, self._logprobs = whole.ends[:], whole.logprobs[:]
        self.tokens, self.complete = whole.tokens, whole.complete
        self.dropped_tokens = max(self.tokens - len(self._ends), 0)
        self.version += 1
        if self._ends and len(self.text) > MAX_CHARACTERS + MAX_CHARACTERS // 4:
            self._drop(len(self.text) - MAX_CHARACTERS)

    def write_to(self, branch: Branch) -> None:
        """Copy the kept text after a branch's fork to it."""
        begin = max(branch.at - self.dropped, 0)
        first = bisect_right(self._ends, begin) if begin > self.start else 0
        known = 0
        copied, *then = self._copied
        if copied is branch and then == [self.version, len(branch.ends)]:
            known = max(len(branch.ends) - 1, 0)  # the last token may have got another log-probability
        added = array("l", [end - begin for end in self._ends[first + known :]])
        branch.start = self.dropped + begin
        branch.text = self.text[begin:]
        branch.ends = branch.ends[:known] + added
        branch.logprobs = branch.logprobs[:known] + self._logprobs[first + known :]
        self._copied = branch, self.version, len(branch.ends)
        branch.tokens = self.tokens - branch.tokens_before
        branch.complete = self.complete

    def to_json(self) -> list[dict[str, object]]:
        """The kept tokens, each with its text and log-probability."""
        return [
            {"text": self.text[slice(*self.span(token))], "logprob": round(self._logprobs[token], 6)}
            for token in range(len(self._ends))
        ]

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
