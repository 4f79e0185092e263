"""What a translation shall begin with, from the token that one points at."""

from __future__ import annotations

from collections.abc import Sequence

BLANK = "\N{LOWER ONE EIGHTH BLOCK}"
"""What a blank is shown as in tokens; see `seqnlp.codecs.sentences`."""


def up_to(text: str, tokens: Sequence[str], number: int) -> str:
    """The text up to the end of the word that a token belongs to."""
    _, end = _place(text, tokens, number)
    following = text.find(" ", end)
    return text if following < 0 else text[:following]


def before(text: str, tokens: Sequence[str], number: int) -> str:
    """The text before that word, with the blank at its end."""
    begin, _ = _place(text, tokens, number)
    return text[: text.rfind(" ", 0, begin + 1) + 1] if begin < len(text) else text


def _place(text: str, tokens: Sequence[str], number: int) -> tuple[int, int]:
    """Where a token stands in a text that was written of tokens."""
    begin = end = 0
    for token in tokens[: number + 1]:
        letters = token.replace(BLANK, " ").strip(" ")
        found = text.find(letters, end)
        if found >= 0:  # else half of a character, which has no place of its own
            begin, end = found, found + len(letters)
    return begin, end
