"""Constraints on sampled text: bias for tokens, banned strings, and a regular expression that the text matches."""

import codecs
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray

from seqnlp.errors import UsageError
from seqnlp.nn.regular_expression import DEAD, RegularExpression, State
from seqnlp.nn.sampling import Floats, Steering

Mask = NDArray[np.bool_]

MOST_STEPS = 500_000
"""Tokens that a search for a possible end reads; beyond, there is supposed to be one."""


NEAR = 50
"""Tokens before the greatest length of a text in which it is led to its end."""


@final
class Vocabulary:
    """Spelling of a vocabulary's tokens in UTF-8; some may be parts of a character."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        """Store the pieces; number 0 is the unknown token, which is never sampled."""
        self.pieces = [b"", *pieces[1:]]
        self.texts = [_decoded(piece) for piece in self.pieces]
        """Whole characters of each token, and the bytes of an unfinished one; None for what can't begin a text."""

    def alphabet(self) -> set[str] | None:
        """Characters that texts can have; None for all, where each byte is a token."""
        if len({piece for piece in self.pieces if len(piece) == 1}) == 256:
            return None
        return {character for text in self.texts if text is not None for character in text[0]}


def _decoded(piece: bytes) -> tuple[str, bytes] | None:
    """Whole characters, and the bytes of an unfinished one; None for bytes that are no UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        text = decoder.decode(piece)
    except UnicodeDecodeError:
        return None
    return text, decoder.getstate()[0]


@final
class BannedStrings:
    """Automaton of strings that must not occur: for each end of a text, the tokens that would complete one."""

    def __init__(self, strings: Iterable[str], vocabulary: Vocabulary) -> None:
        self._strings = [string.encode("utf-8", "surrogatepass") for string in strings]
        self._prefixes = {string[:length] for string in self._strings for length in range(1, len(string))}
        self._longest = max(map(len, self._strings), default=0)
        self._vocabulary = vocabulary
        self._masks: dict[bytes, Mask] = {}

    def after(self, text: bytes) -> bytes:
        """End of a text in which a string may have begun."""
        for begin in range(max(len(text) - self._longest + 1, 0), len(text)):
            if text[begin:] in self._prefixes:
                return text[begin:]
        return b""

    def mask(self, end: bytes) -> Mask:
        """True for the tokens that may follow."""
        found = self._masks.get(end)
        if found is None:
            texts = [end + piece for piece in self._vocabulary.pieces]
            allowed = [not any(string in text for string in self._strings) for text in texts]
            found = self._masks[end] = np.array(allowed)
        return found


TextState = tuple[State, bytes]
"""State after whole characters, and the bytes of an unfinished one."""


@final
class TokenAutomaton:
    """Automaton of a regular expression over tokens: those that may follow, so that the text can still match."""

    def __init__(self, expression: RegularExpression, vocabulary: Vocabulary) -> None:
        self.expression, self._vocabulary = expression, vocabulary
        self.start: TextState = expression.start, b""
        self._next: dict[TextState, list[TextState | None]] = {}
        self._masks: dict[tuple[TextState, int], Mask] = {}
        self._distances: dict[TextState, float] = {}
        # where each character or byte is a token the expression has no dead ends: it knows the alphabet
        self._ends_always = vocabulary.alphabet() is None or all(len(text[0]) <= 1 for text in vocabulary.texts if text)

    def mask(self, state: TextState, left: int) -> Mask:
        """Mask of the tokens after which the text can end in time.

        Args:
            state: The state before them.
            left: Tokens that the text may have from here.
        """
        is_near = left <= NEAR
        key = state, left if is_near else NEAR + 1
        found = self._masks.get(key)
        if found is None:
            following = self._following(state)
            if is_near:
                allowed = [after is not None and self.distance(after) < left for after in following]
            else:
                allowed = [after is not None and self.can_end(after) for after in following]
            found = self._masks[key] = np.array(allowed)
        return found

    def step(self, state: TextState, token: int) -> TextState | None:
        """State after one more token; None if the text can't match any more."""
        return self._following(state)[token]

    def read(self, text: str) -> TextState:
        """State after a text."""
        return self.expression.walk(self.expression.start, text), b""

    def accepts(self, state: TextState) -> bool:
        """True if the text may end."""
        return state[0].accepts and not state[1]

    def can_end(self, state: TextState) -> bool:
        """True if some tokens lead to an end. Characters do by construction; tokens may be longer than what is left."""
        return self._ends_always or self.distance(state) < math.inf

    def distance(self, state: TextState) -> float:
        """Fewest tokens to an end; infinity if there is none. Where each byte is a token, a bound."""
        if self._ends_always:
            return self.expression.tokens_to_end(state[0]) + 4.0 * bool(state[1])
        known = self._distances.get(state)
        if known is not None:
            return known
        best, last = math.inf, state
        depths: dict[TextState, int] = {state: 0}
        came_from: dict[TextState, TextState] = {}
        waiting = [state]
        for here in waiting:
            depth = depths[here]
            if depth >= best:
                break
            to_end = 0.0 if self.accepts(here) else self._distances.get(here)
            if to_end is None and len(waiting) > MOST_STEPS // len(self._vocabulary.pieces):
                to_end = 0.0
            if to_end is not None:
                if depth + to_end < best:
                    best, last = depth + to_end, here
                continue
            for after in set(self._following(here)):
                if after is not None and after not in depths:
                    depths[after], came_from[after] = depth + 1, here
                    waiting.append(after)
        if best == math.inf:
            self._distances.update(dict.fromkeys(waiting, best))
            return best
        while True:
            self._distances[last] = best - depths[last]
            if last == state:
                return best
            last = came_from[last]

    def _following(self, state: TextState) -> list[TextState | None]:
        found = self._next.get(state)
        if found is None:
            found = self._next[state] = [self._after(state, number) for number in range(len(self._vocabulary.pieces))]
        return found

    def _after(self, state: TextState, token: int) -> TextState | None:
        piece = self._vocabulary.pieces[token]
        decoded = _decoded(state[1] + piece) if state[1] else self._vocabulary.texts[token]
        if decoded is None or not piece:
            return None
        text, rest = decoded
        after = self.expression.walk(state[0], text)
        if self.expression.is_dead(after) or after is DEAD:
            return None
        return (after, rest) if not rest or self.expression.can_read(after, rest) else None


@final
class TextSteering(Steering):
    """Bias, banned strings and a regular expression for one text."""

    def __init__(
        self,
        bias: Mapping[int, float],
        banned: BannedStrings | None = None,
        automaton: TokenAutomaton | None = None,
        *,
        length: int,
        before: bytes = b"",
        begun: str = "",
        pieces: Sequence[bytes] = (),
    ) -> None:
        """Begin.

        Args:
            bias: Added to the logits of some tokens.
            banned: Strings that must not occur, with their beginnings in `before` counted.
            automaton: The text matches it as a whole, except `before`.
            length: Tokens of the text, at most.
            before: The prompt.
            begun: End of the prompt that the automaton has read; if it can't go on from there, it begins anew.
            pieces: UTF-8 of the tokens.
        """
        self._biased = np.fromiter(bias, np.int64, len(bias))
        self._bias = np.fromiter(bias.values(), np.float32, len(bias))
        self._banned, self._automaton, self._pieces = banned, automaton, pieces
        self._end = b"" if banned is None else banned.after(before)
        self._state: TextState | None = None
        self._may_end: Mask | None = None
        """Tokens that may follow where the text may also end: then any other one ends it."""
        if automaton is not None:
            state = automaton.read(begun)
            self._state = automaton.start if automaton.expression.is_dead(state[0]) else state
            if automaton.distance(self._state) > length:
                pattern = automaton.expression.pattern
                raise UsageError(f"pattern {pattern!r}: no text matches it that has {length:,} tokens or fewer")
        self._left = length

    def apply(self, logits: Floats) -> bool:
        if len(self._biased):
            logits[self._biased] += self._bias
        if self._banned is not None:
            logits[~self._banned.mask(self._end)] = -np.inf
        self._may_end = None
        if self._automaton is not None and self._state is not None:
            mask = self._automaton.mask(self._state, self._left)
            if self._automaton.accepts(self._state):
                self._may_end = mask
                if not mask.any():
                    return False
            else:
                logits[~mask] = -np.inf
        return bool(np.isfinite(logits.max()))

    def take(self, token: int) -> bool:
        if self._may_end is not None and not self._may_end[token]:
            return False
        self._left -= 1
        if self._banned is not None:
            self._end = self._banned.after(self._end + self._pieces[token])
        if self._automaton is not None and self._state is not None:
            self._state = self._automaton.step(self._state, token)
            return self._state is not None
        return True
