"""Text of one sample as it is generated: bytes to characters, stop strings."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import final

from seqnlp.codecs.running_text import text_decoder
from seqnlp.results import Token


@final
class Pieces:
    """Spellings of the tokens of a vocabulary, in bytes."""

    def __init__(self, spelled: Sequence[bytes]) -> None:
        """Decode those that are whole characters."""
        self.spelled = spelled
        self.whole = [_whole_text(piece) for piece in spelled]
        """Text of each token; None where a character is spread over several."""


def _whole_text(piece: bytes) -> str | None:
    try:
        return piece.decode()
    except UnicodeDecodeError:
        return None


@final
class TextStream:
    """Passes tokens on unless a stop string may begin in them."""

    def __init__(self, pieces: Pieces, stop: Sequence[str] = ()) -> None:
        """Begin a text.

        Args:
            pieces: Spellings of its tokens.
            stop: Strings that end the text; they do not belong to it.
        """
        self.stop = stop
        self.ended = False
        self._spelled, self._whole = pieces.spelled, pieces.whole
        self._decoder, self._is_within = text_decoder(), False
        self._held: list[Token] = []

    def decode(self, token: int) -> str:
        """Characters that are whole with this token."""
        text = self._whole[token]
        if text is None or self._is_within:
            text = self._decoder.decode(self._spelled[token])
            self._is_within = bool(self._decoder.getstate()[0])
        return text

    def add(self, token: Token) -> Iterator[Token]:
        """Add a token; yield those that no stop string can begin in any more."""
        if not self.stop:
            yield token
            return
        self._held.append(token)
        text = "".join(held.text for held in self._held)
        found = [place for string in self.stop if (place := text.find(string)) >= 0]
        if found:
            self.ended = True
            yield from self._release(min(found), cut=True)
        else:
            yield from self._release(len(text) - max(_beginning(text, string) for string in self.stop))

    def end(self) -> Iterator[Token]:
        """Yield tokens held back, and the rest of an incomplete character."""
        if self.ended:
            return
        yield from self._held
        self._held = []
        if rest := self._decoder.decode(b"", final=True):
            yield Token(rest)

    def _release(self, length: int, cut: bool = False) -> Iterator[Token]:
        while self._held and len(self._held[0].text) <= length:
            token = self._held.pop(0)
            length -= len(token.text)
            yield token
        if cut and length:
            yield replace(self._held[0], text=self._held[0].text[:length])


def _beginning(text: str, string: str) -> int:
    """Length of the longest prefix of a string that ends the text."""
    longest = min(len(text), len(string) - 1)
    return next((length for length in range(longest, 0, -1) if text.endswith(string[:length])), 0)
