"""Texts as rows of numbered tokens, and the codec of these."""

from collections.abc import Sequence
from itertools import chain
from typing import Annotated, Any, Self, final

import numpy as np
from pydantic import Field

from seqnlp.arrays import Ragged, smallest
from seqnlp.codecs.running_text import RunningText, WordText
from seqnlp.codecs.saved import SavedCodec
from seqnlp.codecs.sentences import BLANK
from seqnlp.codecs.text import IDS, Column, TextCodec, TextFeatures, TokenizedText
from seqnlp.errors import DataError
from seqnlp.json_types import LARGEST


def tokenize(texts: Sequence[str], codec: RunningText) -> Column:
    """Tokenize texts. `codes` of the column are the numbers of the codec, `distinct` the spellings of all its tokens.

    No token goes over the end of a line, as in the text of a language model.
    """
    lines = [text.splitlines(keepends=True) for text in texts]
    rows = codec.encode_rows(list(chain.from_iterable(lines)))
    ends = np.cumsum(np.fromiter(map(len, lines), np.int64, len(lines)))
    return Column(Ragged(smallest(rows.values), np.concatenate([rows.offsets[:1], rows.offsets[ends]])), shown(codec))


def shown(codec: RunningText) -> list[str]:
    """Display texts of all tokens; two may have the same."""
    return shown_pieces(codec, codec.pieces)


def shown_pieces(codec: RunningText, pieces: Sequence[bytes]) -> list[str]:
    """Display texts of some tokens: words plain, in all else a sign for blanks."""
    texts = [piece.decode("utf-8", "replace") for piece in pieces]
    if isinstance(codec, WordText):
        return [text.strip(" ") for text in texts]
    return [text.replace(" ", BLANK) for text in texts]


class SavedTokens(SavedCodec):
    """JSON of the number of tokens."""

    tokens: Annotated[int, Field(ge=1, le=LARGEST)]


@final
class NumberedTokens(TextCodec):
    """Identity: a text's tokens have their numbers from `tokenize`."""

    def __init__(self, tokens: int) -> None:
        """Store the size of the vocabulary."""
        self.tokens = tokens

    def __len__(self) -> int:
        """Size of the vocabulary."""
        return self.tokens

    def features(self, text: TokenizedText) -> TextFeatures:
        found = len(text.words.distinct)
        if found != self.tokens:
            raise DataError(f"{found:,} tokens in the vocabulary of a text; expected {self.tokens:,}")
        return TextFeatures(words={IDS: np.arange(found, dtype=np.int64)})

    def to_json(self) -> dict[str, Any]:
        return {"tokens": self.tokens}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(SavedTokens.read(data).tokens)
