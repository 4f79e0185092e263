"""Sentences of a text with their tokens: plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple


class Token(NamedTuple):
    """A token of a text: a word, or a multiword token such as `don't`."""

    text: str
    """Its characters, with single blanks for whitespace in it."""
    start: int
    """Index of its first character in the text."""
    end: int
    """Index of the character after its last one."""
    words: tuple[str, ...]
    """Syntactic words: the token itself, or several."""


@dataclass(frozen=True)
class SegmentedSentence:
    """A sentence of a text."""

    text: str
    """Its characters, with single blanks for whitespace."""
    tokens: list[Token]
    begins_paragraph: bool
    """True if a blank line, or nothing, comes before it."""
    space_after: bool
    """True if whitespace, or nothing, comes after it."""

    def __str__(self) -> str:
        return " ".join(token.text for token in self.tokens)

    @property
    def words(self) -> list[str]:
        """Syntactic words of all tokens."""
        return [word for token in self.tokens for word in token.words]

    def space_after_token(self, number: int) -> bool:
        """True if whitespace comes after a token."""
        if number == len(self.tokens) - 1:
            return self.space_after
        return self.tokens[number].end < self.tokens[number + 1].start

    def to_json(self) -> dict[str, Any]:
        """Convert to a JSON object; `words` only where they are not the token itself."""
        tokens = [
            {"text": text, "start": start, "end": end} | ({"words": list(words)} if words != (text,) else {})
            for text, start, end, words in self.tokens
        ]
        start, end = self.tokens[0].start, self.tokens[-1].end
        paragraph = self.begins_paragraph
        return {"text": self.text, "start": start, "end": end, "begins_paragraph": paragraph, "tokens": tokens}
