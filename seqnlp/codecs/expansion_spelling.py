"""Spelling of multiword tokens and their words: characters as numbers, and the edits between the two that train has."""

from collections.abc import Hashable, Mapping
from difflib import SequenceMatcher
from typing import Annotated, Any, NamedTuple, Self, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from seqnlp.codecs.expansions import Words
from seqnlp.codecs.running_text import CharacterTokenizer
from seqnlp.codecs.saved import SavedCodec
from seqnlp.codecs.sentences import Sentences
from seqnlp.codecs.text import Codec
from seqnlp.json_types import JsonObject

NOT_COPIED = -1
"""Place of a target character that is not copied."""

FEWEST = 20
"""Multiword tokens that a model of them needs."""


class Replaced(NamedTuple):
    """Characters of a token, and what its words have in their place."""

    removed: str
    written: str


class SavedSpelling(SavedCodec):
    """JSON of the spelling of multiword tokens."""

    sentences: dict[str, Any]
    edits: list[Annotated[list[str], Field(min_length=2, max_length=2)]]


@final
class ExpansionSpelling(Codec):
    """Multiword tokens and their words as numbers of characters; a blank stands between words."""

    def __init__(self, sentences: Sentences, edits: frozenset[Replaced]) -> None:
        """Store the codec of characters, and the edits of train."""
        self.sentences, self.edits = sentences, edits

    @classmethod
    def fit(cls, table: Mapping[str, Words]) -> Self:
        """Fit on multiword tokens and their words."""
        texts = [text for token, words in table.items() for text in (token, " ".join(words))]
        edits = {edit for token, words in table.items() for edit in replacements(token, words)}
        return cls(Sentences.fit(texts, CharacterTokenizer()), frozenset(edits))

    @classmethod
    def fit_enough(cls, table: Mapping[str, Words]) -> Self | None:
        """Fit on multiword tokens; None for fewer than a model can learn from."""
        return cls.fit(table) if len(table) >= FEWEST else None

    @property
    def row_names(self) -> list[Hashable]:
        return self.sentences.row_names

    def __len__(self) -> int:
        """Size of the vocabulary."""
        return len(self.sentences)

    def has_edits(self, token: str, words: Words) -> bool:
        """True if words differ from their token as in train."""
        return self.edits.issuperset(replacements(token, words))

    def to_json(self) -> dict[str, Any]:
        return {"sentences": self.sentences.to_json(), "edits": sorted(map(list, self.edits))}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        saved = SavedSpelling.read(data)
        sentences = Sentences.from_json(JsonObject.inside(data, "sentences"))
        return cls(sentences, frozenset(Replaced(*edit) for edit in saved.edits))


def replacements(token: str, words: Words) -> list[Replaced]:
    """Edits that make the words of a token, with blanks between them."""
    spaced = " ".join(words)
    return [
        Replaced(token[start:end], spaced[to:after])
        for kind, start, end, to, after in SequenceMatcher(None, token, spaced, autojunk=False).get_opcodes()
        if kind != "equal"
    ]


def copied_places(token: str, words: Words) -> NDArray[np.int64]:
    """Place in a token of each character of its words.

    The words have blanks between them; `NOT_COPIED` stands where the token has no such character.
    """
    spaced = " ".join(words)
    found = np.full(len(spaced), NOT_COPIED, np.int64)
    for start, to, size in SequenceMatcher(None, token, spaced, autojunk=False).get_matching_blocks():
        found[to : to + size] = np.arange(start, start + size)
    return found
