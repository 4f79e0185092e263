"""Writing: the text of one sample and what is known of its tokens, in little memory however long it gets."""

from __future__ import annotations

import tempfile
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import IO, final

KEPT = 200_000
"""Characters that can be looked at and gone back to; older ones wait in a temporary file until they are saved."""

UNDOS = 50
"""How many branchings can be undone, at most; fewer if they took away more than twice `KEPT` characters."""

CONTEXT = 4_000
"""Characters before a place that a model reads when it goes on from there."""


@dataclass(frozen=True)
class Tail:
    """What stood after a place before something else was written there; `at` counts from the text's beginning."""

    at: int
    text: str
    ends: array[int]
    logprobs: array[float]
    complete: bool


@final
class Writing:
    """A prompt and the tokens written after it. Offsets count characters from the beginning of `text`."""

    def __init__(self, prompt: str = "") -> None:
        self.text = prompt
        """What is kept: the prompt, as long as it is recent enough, and the tokens."""
        self.start = len(prompt)
        """Where the prompt ends in `text`."""
        self.dropped = 0
        """Characters that stood before `text`."""
        self.forgotten = 0
        """Tokens among them."""
        self.tokens = 0
        """Tokens written since the prompt, in all."""
        self.complete = False
        """Whether it has the length that it was to have."""
        self.version = 0
        """Grows with every change that is not an addition at the end."""
        self._ends: array[int] = array("l")
        self._logprobs: array[float] = array("f")
        self._undo: list[Tail] = []
        self._older: IO[bytes] | None = None

    @property
    def characters(self) -> int:
        """Characters written in all, prompt included."""
        return self.dropped + len(self.text)

    @property
    def can_undo(self) -> bool:
        """Whether there was a branching that can be taken back."""
        return bool(self._undo) and self._undo[-1].at >= self.dropped + self.start

    def add(self, text: str, lengths: Sequence[int], logprobs: Sequence[float]) -> None:
        """Add tokens at the end: their text, and of each how many characters it has and its log-probability."""
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
            else:  # a character's last byte comes with a later token: they are shown as one
                self._logprobs[-1] += logprob
        if len(self.text) > KEPT + KEPT // 4:
            self._forget(len(self.text) - KEPT)

    def token_at(self, offset: int) -> int | None:
        """The number of the token that a character belongs to; None in the prompt and after the end."""
        if not self.start <= offset < len(self.text):
            return None
        number = bisect_right(self._ends, offset)
        return number if number < len(self._ends) else None

    def span(self, token: int) -> tuple[int, int]:
        """Where a token begins and ends."""
        begin = self._ends[token - 1] if token else self.start
        return begin, self._ends[token]

    def logprob(self, token: int) -> float:
        """The log-probability of a token, in nats."""
        return self._logprobs[token]

    @property
    def count(self) -> int:
        """Tokens that are kept."""
        return len(self._ends)

    def pieces(self, begin: int, end: int) -> list[tuple[int, int, float | None]]:
        """Where in a part of the text tokens begin and end, with their log-probability; None for the prompt."""
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
        """What a model shall read before it goes on from a place, or from the end."""
        end = len(self.text) if offset is None else offset
        return self.text[max(0, end - CONTEXT) : end]

    def nats(self) -> float:
        """The mean surprise of the kept tokens, in nats; 0 without tokens."""
        return -sum(self._logprobs) / len(self._logprobs) if self._logprobs else 0.0

    def branch(self, token: int, text: str, logprob: float) -> None:
        """Put another token in a token's place, and take away all that followed; `undo` brings it back."""
        begin, _ = self.span(token)
        ends, logprobs = self._ends[token:], self._logprobs[token:]
        since = array("l", [end - begin for end in ends])
        self._undo.append(Tail(self.dropped + begin, self.text[begin:], since, logprobs, self.complete))
        self.complete = False
        while len(self._undo) > UNDOS or sum(len(old.text) for old in self._undo) > 2 * KEPT:
            del self._undo[0]
        self._cut(token, begin)
        self.add(text, [len(text)], [logprob])

    def undo(self) -> int | None:
        """Bring back what the last branching took away; where that was, or None if there is nothing to undo."""
        if not self.can_undo:
            return None
        tail = self._undo.pop()
        begin = tail.at - self.dropped
        self._cut(bisect_right(self._ends, begin), begin)
        lengths = [right - left for left, right in zip([0, *tail.ends], tail.ends, strict=False)]
        self.add(tail.text, lengths, tail.logprobs)
        self.complete = tail.complete
        return begin

    def whole(self) -> str:
        """All the text, what is no longer kept included."""
        if self._older is None:
            return self.text
        self._older.seek(0)
        return self._older.read().decode("utf-8", "surrogatepass") + self.text

    def close(self) -> None:
        """Nobody needs the text any more."""
        if self._older is not None:
            self._older.close()
            self._older = None

    def to_json(self) -> list[dict[str, object]]:
        """The kept tokens, each with its text and log-probability."""
        return [
            {"text": self.text[slice(*self.span(token))], "logprob": round(self._logprobs[token], 6)}
            for token in range(len(self._ends))
        ]

    def _cut(self, token: int, begin: int) -> None:
        self.tokens -= len(self._ends) - token
        self.text = self.text[:begin]
        del self._ends[token:], self._logprobs[token:]
        self.version += 1

    def _forget(self, most: int) -> None:
        """Put the beginning away, up to the end of a token."""
        token = bisect_left(self._ends, most)
        place = self._ends[token]
        if self._older is None:
            self._older = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as the text)
        self._older.seek(0, 2)
        self._older.write(self.text[:place].encode("utf-8", "surrogatepass"))
        self.text = self.text[place:]
        self._ends = array("l", [end - place for end in self._ends[token + 1 :]])
        self._logprobs = self._logprobs[token + 1 :]
        self.start = max(0, self.start - place)
        self.dropped += place
        self.forgotten += token + 1
        self.version += 1
