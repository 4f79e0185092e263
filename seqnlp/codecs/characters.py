"""Vocabulary of characters: words as rows of numbers."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Annotated, Any, Self, final

import numpy as np
from pydantic import Field

from seqnlp.arrays import Ragged
from seqnlp.codecs.saved import SavedCodec, SingleCharacters
from seqnlp.codecs.text import Codec, WordCodec
from seqnlp.json_types import LARGEST

PADDING, UNKNOWN, START, END = range(4)
SPECIAL = 4


class SavedCharacters(SavedCodec):
    """JSON of a vocabulary of characters."""

    characters: SingleCharacters
    max_length: Annotated[int, Field(ge=4, le=LARGEST)]


@final
class Characters(WordCodec):
    """Character <-> integer. A word is `START c1 c2 ... END`: prefixes and suffixes can be told apart."""

    def __init__(self, characters: Iterable[str], max_length: int = 40) -> None:
        """Store the characters that get a number, from 4 on; of words over `max_length` both ends are kept."""
        self.characters = list(characters)
        self.max_length = max_length
        self._number = {character: number for number, character in enumerate(self.characters, start=SPECIAL)}

    @classmethod
    def fit(cls, counts: Mapping[str, int], min_count: int = 1, max_length: int = 40) -> Self:
        """Number the characters that the words (with their counts) hold at least `min_count` times."""
        seen: Counter[str] = Counter()
        for word, count in counts.items():
            for character in word:
                seen[character] += count
        return cls(sorted(character for character, count in seen.items() if count >= min_count), max_length)

    def __len__(self) -> int:
        """Size of the vocabulary, special numbers included."""
        return len(self.characters) + SPECIAL

    def encode(self, words: Sequence[str]) -> Ragged:
        """One row of numbers per word, its ends marked."""
        half = self.max_length // 2
        cut = [word if len(word) <= self.max_length else word[:half] + word[-half:] for word in words]
        offsets = np.concatenate([[0], np.cumsum(np.fromiter(map(len, cut), np.int64, len(cut)))])
        number = self._number
        numbers = (number.get(character, UNKNOWN) for character in chain.from_iterable(cut))
        return Ragged(np.fromiter(numbers, np.int64, int(offsets[-1])), offsets).enclosed(START, END)

    def decode(self, numbers: Iterable[int], unknown: str = "\N{REPLACEMENT CHARACTER}") -> str:
        """Join the characters of some numbers."""
        special = {PADDING: "", UNKNOWN: unknown, START: "", END: ""}
        return "".join(special[n] if n < SPECIAL else self.characters[n - SPECIAL] for n in numbers)

    @property
    def row_names(self) -> list[Hashable]:
        return [*((number,) for number in range(SPECIAL)), *self.characters]

    def extending(self, before: Codec) -> Self:
        """Characters of the other vocabulary, then the new ones."""
        if not isinstance(before, Characters):
            return self
        return type(self)(dict.fromkeys([*before.characters, *self.characters]), self.max_length)

    def to_json(self) -> dict[str, Any]:
        return {"characters": self.characters, "max_length": self.max_length}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        saved = SavedCharacters.read(data)
        return cls(saved.characters, saved.max_length)
